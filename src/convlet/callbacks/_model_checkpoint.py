"""The model in a file, after each epoch or some batches."""

from __future__ import annotations

import os
import warnings
from typing import Any

from convlet._integers import positive_int
from convlet.callbacks._callback import Logs
from convlet.callbacks._monitor import MonitorCallback, say


class ModelCheckpoint(MonitorCallback):
    """Save the model, or its weights, while it is trained.

    Parameters
    ----------
    filepath : str or path
        May have places for the epoch, counted from 1, and for results, as
        "{epoch:02d}-{val_loss:.2f}.keras"; with `save_freq` also for "batch". Ends in ".keras", or
        for weights in ".weights.h5" or ".npz". Missing folders are made.
    monitor : str, default "val_loss"
        The result that says what is best.
    verbose : int, default 0
        Above 0, says what it saves and why.
    save_best_only : bool, default False
        Whether to save only when the result has become better.
    save_weights_only : bool, default False
        Whether to call `model.save_weights` rather than `model.save`.
    mode : {"auto", "min", "max"}, default "auto"
        Which way is better; "auto" asks the metric.
    save_freq : "epoch" or int, default "epoch"
        After how many batches to save, counted through all epochs.
    initial_value_threshold : float, optional
        What the first result has to surpass.

    Raises
    ------
    ValueError
        If `filepath` ends otherwise, or `mode` or `save_freq` is none of these; when saving, if
        `filepath` names a result that is not there.

    Examples
    --------
    >>> from convlet.callbacks import ModelCheckpoint
    >>> ModelCheckpoint("best.keras", save_best_only=True).filepath
    'best.keras'
    """

    def __init__(
        self,
        filepath: Any,
        monitor: str = "val_loss",
        verbose: int = 0,
        save_best_only: bool = False,
        save_weights_only: bool = False,
        mode: str = "auto",
        save_freq: Any = "epoch",
        initial_value_threshold: float | None = None,
    ) -> None:
        super().__init__(monitor, mode, initial_value_threshold)
        self.filepath = os.fspath(filepath)
        ends = (".weights.h5", ".npz") if save_weights_only else (".keras",)
        if not self.filepath.endswith(ends):
            raise ValueError(
                f"filepath must end in {' or '.join(ends)} with "
                f"save_weights_only={save_weights_only}, got {self.filepath!r}"
            )
        self.save_freq = save_freq if save_freq == "epoch" else positive_int("save_freq", save_freq)
        self.verbose = verbose
        self.save_best_only, self.save_weights_only = save_best_only, save_weights_only
        self._batches = self._epoch = 0

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        """Note the epoch."""
        self._epoch = epoch

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """Save after every so many batches."""
        self._batches += 1
        if self.save_freq != "epoch" and self._batches >= self.save_freq:
            self._batches = 0
            self._save({"batch": batch + 1, **(logs or {})})

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Save after the epoch."""
        if self.save_freq == "epoch":
            self._save(logs or {})

    def _save(self, logs: Logs) -> None:
        try:
            path = self.filepath.format(epoch=self._epoch + 1, **logs)
        except KeyError as error:
            names = ", ".join(["epoch", *logs])
            raise ValueError(
                f"filepath must have places for {names} only, got {self.filepath!r}"
            ) from error
        if not self._is_due(logs, path):
            return
        folder = os.path.dirname(path)
        if folder:
            os.makedirs(folder, exist_ok=True)
        save = self.model.save_weights if self.save_weights_only else self.model.save
        save(path, overwrite=True)

    def _is_due(self, logs: Logs, path: str) -> bool:
        head = f"Epoch {self._epoch + 1}:"
        if not self.save_best_only:
            say(f"{head} saving model to {path}", self.verbose)
            return True
        value = logs.get(self.monitor)
        if value is None:
            warnings.warn(
                f"ModelCheckpoint: there is no {self.monitor}, only {self.available(logs)}: "
                "saving anyway",
                stacklevel=2,
            )
            return True
        best = self.best
        if not self.is_improvement(value, best):
            say(f"{head} {self.monitor} did not improve from {best:.5f}", self.verbose)
            return False
        self.best = value
        before = "None" if best is None else f"{best:.5f}"
        say(
            f"{head} {self.monitor} improved from {before} to {value:.5f}, saving model to {path}",
            self.verbose,
        )
        return True
