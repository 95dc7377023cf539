"""The end of training when it no longer helps."""

from __future__ import annotations

import warnings
from typing import Any

from convlet.callbacks._callback import Logs
from convlet.callbacks._monitor import MonitorCallback, say


class EarlyStopping(MonitorCallback):
    """Stop training when a result has not become better for some epochs.

    Parameters
    ----------
    monitor : str, default "val_loss"
        The result's name.
    min_delta : float, default 0
        By how much it has to become better.
    patience : int, default 0
        After how many epochs without that to stop.
    verbose : int, default 0
        Above 0, says that it stops and what it restores.
    mode : {"auto", "min", "max"}, default "auto"
        Which way is better; "auto" asks the metric.
    baseline : float, optional
        Epochs count as no better until the result has surpassed this.
    restore_best_weights : bool, default False
        Whether the model ends with the weights of its best epoch, also if nothing stopped it.
    start_from_epoch : int, default 0
        Epochs before this one do not count.

    Raises
    ------
    ValueError
        If `mode` is none of these; at the end of an epoch, if "auto" knows no direction.

    Examples
    --------
    >>> from convlet.callbacks import EarlyStopping
    >>> EarlyStopping(patience=3, restore_best_weights=True).patience
    3
    """

    def __init__(
        self,
        monitor: str = "val_loss",
        min_delta: float = 0,
        patience: int = 0,
        verbose: int = 0,
        mode: str = "auto",
        baseline: float | None = None,
        restore_best_weights: bool = False,
        start_from_epoch: int = 0,
    ) -> None:
        super().__init__(monitor, mode, min_delta=min_delta)
        self.patience = patience
        self.verbose = verbose
        self.baseline = baseline
        self.restore_best_weights = restore_best_weights
        self.start_from_epoch = start_from_epoch
        self.on_train_begin()

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Begin anew."""
        self.wait = self.stopped_epoch = self.best_epoch = 0
        self.best: Any = None
        self.best_weights: Any = None

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Compare with the best so far."""
        value = (logs or {}).get(self.monitor)
        if value is None:
            warnings.warn(
                f"EarlyStopping: there is no {self.monitor}, only {self.available(logs or {})}",
                stacklevel=2,
            )
        if value is None or epoch < self.start_from_epoch:
            return
        if self.best_weights is None:
            self._keep(epoch)
        self.wait += 1
        if self.is_improvement(value, self.best):
            self.best = value
            self._keep(epoch)
            if self.baseline is None or self.is_improvement(value, self.baseline):
                self.wait = 0
        elif self.wait >= self.patience and epoch > 0:
            self.stopped_epoch = epoch
            self.model.stop_training = True

    def _keep(self, epoch: int) -> None:
        self.best_epoch = epoch
        if self.restore_best_weights:
            self.best_weights = self.model.get_weights()

    def on_train_end(self, logs: Logs | None = None) -> None:
        """Restore the best weights, if that is wanted."""
        if self.stopped_epoch > 0:
            say(f"Epoch {self.stopped_epoch + 1}: early stopping", self.verbose)
        if self.best_weights is not None:
            say(f"Restoring the weights of the best epoch: {self.best_epoch + 1}", self.verbose)
            self.model.set_weights(self.best_weights)
