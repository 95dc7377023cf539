"""A smaller learning rate when training no longer helps."""

from __future__ import annotations

import warnings
from typing import Any

from convlet.callbacks._callback import Logs
from convlet.callbacks._monitor import MonitorCallback, say


class ReduceLROnPlateau(MonitorCallback):
    """Reduce the learning rate when a result has not become better for some epochs.

    Parameters
    ----------
    monitor : str, default "val_loss"
        The result's name.
    factor : float, default 0.1
        What the learning rate is multiplied by; below 1.
    patience : int, default 10
        After how many epochs without a better result.
    verbose : int, default 0
        Above 0, says what it does.
    mode : {"auto", "min", "max"}, default "auto"
        Which way is better; "auto" asks the metric.
    min_delta : float, default 0.0001
        By how much the result has to become better.
    cooldown : int, default 0
        For how many epochs after a reduction results do not count.
    min_lr : float, default 0.0
        The smallest learning rate.

    Raises
    ------
    ValueError
        If `factor` is 1 or more, or `mode` none of these.

    Notes
    -----
    It adds "learning_rate" to the epoch's results, as it was in the epoch.

    Examples
    --------
    >>> from convlet.callbacks import ReduceLROnPlateau
    >>> ReduceLROnPlateau(factor=0.5, patience=2).factor
    0.5
    """

    def __init__(
        self,
        monitor: str = "val_loss",
        factor: float = 0.1,
        patience: int = 10,
        verbose: int = 0,
        mode: str = "auto",
        min_delta: float = 1e-4,
        cooldown: int = 0,
        min_lr: float = 0.0,
    ) -> None:
        super().__init__(monitor, mode, min_delta=min_delta)
        if not factor < 1:
            raise ValueError(f"factor must be below 1, got {factor!r}")
        self.factor, self.patience, self.verbose = factor, patience, verbose
        self.cooldown, self.min_lr = cooldown, min_lr
        self.on_train_begin()

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Begin anew."""
        self.best: Any = None
        self.cooldown_counter = self.wait = 0

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Compare with the best so far."""
        logs = {} if logs is None else logs
        logs["learning_rate"] = float(self.model.optimizer.learning_rate)
        value = logs.get(self.monitor)
        if value is None:
            warnings.warn(
                f"ReduceLROnPlateau: there is no {self.monitor}, only {self.available(logs)}",
                stacklevel=2,
            )
            return
        if self.cooldown_counter > 0:
            self.cooldown_counter -= 1
            self.wait = 0
        if self.is_improvement(value, self.best):
            self.best = value
            self.wait = 0
        elif self.cooldown_counter <= 0:
            self.wait += 1
            if self.wait >= self.patience:
                self._reduce(epoch)

    def _reduce(self, epoch: int) -> None:
        rate = self.model.optimizer.learning_rate
        old = float(rate)
        if old <= float(rate.dtype.type(self.min_lr)):
            return
        new = max(old * self.factor, self.min_lr)
        self.model.optimizer.learning_rate = new
        say(f"Epoch {epoch + 1}: reducing the learning rate to {new:g}", self.verbose)
        self.cooldown_counter = self.cooldown
        self.wait = 0
