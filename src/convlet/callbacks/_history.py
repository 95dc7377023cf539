"""The results of every epoch."""

from __future__ import annotations

from convlet.callbacks._callback import Callback, Logs


class History(Callback):
    """Keeps the results of every epoch; `fit` returns one.

    Attributes
    ----------
    epoch : list of int
    history : dict of str to list of float
        "loss", the metrics' names, and the same with "val_" for validation.
    """

    def __init__(self) -> None:
        super().__init__()
        self.epoch: list[int] = []
        self.history: dict[str, list[float]] = {}

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Keep the epoch's results."""
        self.epoch.append(epoch)
        for name, value in (logs or {}).items():
            self.history.setdefault(name, []).append(value)
