"""Going on after an interruption."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import Any

from convlet._integers import positive_int
from convlet.callbacks._callback import Callback, Logs


class BackupAndRestore(Callback):
    """Keep the state of training in a file, from which the next run of the same program goes on.

    Parameters
    ----------
    backup_dir : str or path
        A folder for this callback alone; made if it is missing.
    save_freq : "epoch" or int, default "epoch"
        After how many batches to save, counted through all epochs. Training goes on at the
        beginning of an epoch: that of the batch, if one was saved within it.
    double_checkpoint : bool, default False
        Whether to keep the file before as well, for a file that cannot be read.
    delete_checkpoint : bool, default True
        Whether to delete the files when training ends.

    Raises
    ------
    ValueError, TypeError
        If an argument cannot be; when training begins, if a file is not of this model, or damaged.

    Notes
    -----
    The file has weights, random states and the optimizer's state, and is replaced whole or not at
    all. A run that is interrupted after an epoch, and goes on under the same seed of
    `convlet.utils.set_random_seed`, ends with the bits of one that is not.

    Examples
    --------
    >>> from convlet.callbacks import BackupAndRestore
    >>> BackupAndRestore("backup").save_freq
    'epoch'
    """

    def __init__(
        self,
        backup_dir: Any,
        save_freq: Any = "epoch",
        double_checkpoint: bool = False,
        delete_checkpoint: bool = True,
    ) -> None:
        super().__init__()
        self.backup_dir = os.fspath(backup_dir)
        if not self.backup_dir:
            raise ValueError("backup_dir must be a folder's name, got an empty one")
        self.save_freq = save_freq if save_freq == "epoch" else positive_int("save_freq", save_freq)
        self.double_checkpoint = double_checkpoint
        self.delete_checkpoint = delete_checkpoint
        self._latest = os.path.join(self.backup_dir, "latest.state")
        self._before = os.path.join(self.backup_dir, "before.state")
        self._epoch = self._batches = 0

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Go on from the file, if there is one."""
        from convlet.saving._training_state import read_state

        paths = [path for path in (self._latest, self._before) if os.path.exists(path)]
        for path in paths:
            try:
                self._epoch = read_state(self.model, path)
            except (OSError, ValueError):
                if path == paths[-1]:
                    raise
            else:
                self.model.resume_at(self._epoch)
                return

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        """Note the epoch."""
        self._epoch = epoch

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """Save after every so many batches."""
        self._batches += 1
        if self.save_freq != "epoch" and self._batches % self.save_freq == 0:
            self._save()

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Save after the epoch."""
        self._epoch = epoch + 1
        if self.save_freq == "epoch":
            self._save()

    def _save(self) -> None:
        from convlet.saving._training_state import write_state

        os.makedirs(self.backup_dir, exist_ok=True)
        if self.double_checkpoint and os.path.exists(self._latest):
            os.replace(self._latest, self._before)
        write_state(self.model, self._latest, self._epoch)

    def on_train_end(self, logs: Logs | None = None) -> None:
        """Delete the files, if that is wanted."""
        if self.delete_checkpoint:
            for path in (self._latest, self._before):
                with suppress(FileNotFoundError):
                    os.unlink(path)
            with suppress(OSError):  # there are other files in it
                os.rmdir(self.backup_dir)
