"""Results as TensorBoard's scalars."""

from __future__ import annotations

import os
import time
from typing import Any

import numpy as np

from convlet._integers import positive_int
from convlet.callbacks._callback import Callback, Logs


class TensorBoard(Callback):
    """Write results to files that TensorBoard shows as curves.

    Parameters
    ----------
    log_dir : str or path, default "logs"
        Training's results go into its folder "train", those of validation into "validation".
    histogram_freq, write_images, profile_batch, embeddings_freq, embeddings_metadata : optional
        Of Keras's; there are none of these pictures here, so they must be 0, False or None.
    write_graph : bool, default True
        Taken as Keras takes it, and of no effect.
    write_steps_per_second : bool, default False
        Whether to write how fast training is.
    update_freq : "epoch", "batch" or int, default "epoch"
        "batch", or after how many batches, to write the results of the epoch so far as well.

    Raises
    ------
    ImportError
        If neither tensorboardX (extra ``tensorboard``) nor PyTorch with tensorboard is installed.
    ValueError, TypeError
        If an argument asks for what is not there.

    Notes
    -----
    Names are Keras's: "epoch_loss" and so on with the learning rate, "batch_loss",
    "evaluation_loss_vs_iterations".

    Examples
    --------
    >>> from convlet.callbacks import TensorBoard
    >>> TensorBoard("runs/first", update_freq=100).log_dir
    'runs/first'
    """

    def __init__(
        self,
        log_dir: Any = "logs",
        histogram_freq: int = 0,
        write_graph: bool = True,
        write_images: bool = False,
        write_steps_per_second: bool = False,
        update_freq: Any = "epoch",
        profile_batch: Any = 0,
        embeddings_freq: int = 0,
        embeddings_metadata: Any = None,
    ) -> None:
        super().__init__()
        self.log_dir = os.fspath(log_dir)
        for name, value in (
            ("histogram_freq", histogram_freq),
            ("write_images", write_images),
            ("profile_batch", profile_batch),
            ("embeddings_freq", embeddings_freq),
            ("embeddings_metadata", embeddings_metadata),
        ):
            if value:
                raise ValueError(f"{name} must be 0, False or None: only scalars, got {value!r}")
        self.write_graph = write_graph
        self.write_steps_per_second = bool(write_steps_per_second)
        self.update_freq = 1 if update_freq == "batch" else update_freq
        if self.update_freq != "epoch":
            positive_int("update_freq", self.update_freq)
        self._writers: dict[str, Any] = {}
        self._batches = 0
        self._begun: tuple[float, int] = (0.0, 0)  # time and steps

    def _write(self, folder: str, prefix: str, logs: Logs, step: int, suffix: str = "") -> None:
        if folder not in self._writers:
            self._writers[folder] = _writer(os.path.join(self.log_dir, folder))
        for name, value in logs.items():
            if np.ndim(value) == 0:
                tag = f"{prefix}_{name}{suffix}"
                self._writers[folder].add_scalar(tag, float(value), step)

    def _close(self) -> None:
        for writer in self._writers.values():
            writer.close()
        self._writers = {}

    def _steps(self) -> int:
        return int(self.model.optimizer.iterations)

    # ------------------------------------------------------------------------------------- hooks

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Count batches from 1 on."""
        self._batches = 0

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        """Note the time."""
        self._begun = time.time(), self._steps()

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """Write the means of the epoch so far, if they are due."""
        self._batches += 1
        if self.update_freq != "epoch" and self._batches % self.update_freq == 0:
            self._write("train", "batch", logs or {}, self._batches)

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Write the epoch's results."""
        logs = logs or {}
        trained = {name: value for name, value in logs.items() if not name.startswith("val_")}
        trained["learning_rate"] = float(self.model.optimizer.learning_rate)
        if self.write_steps_per_second:
            start, steps = self._begun
            trained["steps_per_second"] = (self._steps() - steps) / (time.time() - start)
        self._write("train", "epoch", trained, epoch)
        measured = {name[4:]: value for name, value in logs.items() if name.startswith("val_")}
        if measured:
            self._write("validation", "epoch", measured, epoch)

    def on_test_end(self, logs: Logs | None = None) -> None:
        """Write an evaluation's results."""
        self._write("validation", "evaluation", logs or {}, self._steps(), "_vs_iterations")

    def on_train_end(self, logs: Logs | None = None) -> None:
        """Close the files."""
        self._close()


def _writer(folder: str) -> Any:
    """What has `add_scalar(tag, value, step)` and `close()`."""
    try:
        from tensorboardX import SummaryWriter
    except ImportError:
        try:
            from torch.utils.tensorboard import SummaryWriter
        except ImportError as error:
            raise ImportError(
                'TensorBoard needs tensorboardX: pip install "convlet[tensorboard]"'
            ) from error
    return SummaryWriter(folder)
