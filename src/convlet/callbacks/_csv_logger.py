"""The results of every epoch in a file."""

from __future__ import annotations

import os
from typing import Any

from convlet.callbacks._callback import Callback, Logs


class CSVLogger(Callback):
    """Write each epoch's results to a CSV file, as a line that is there at once.

    Parameters
    ----------
    filename : str or path
    separator : str, default ","
    append : bool, default False
        Whether to go on with a file that is there.

    Notes
    -----
    The columns are "epoch", the first epoch's results by name, and the same with "val_" if that
    epoch had no validation; "NA" stands where there is no value.

    Examples
    --------
    >>> import os, tempfile
    >>> from convlet.callbacks import CSVLogger
    >>> path = os.path.join(tempfile.mkdtemp(), "log.csv")
    >>> logger = CSVLogger(path)
    >>> logger.on_train_begin()
    >>> logger.on_epoch_end(0, {"loss": 0.5, "val_loss": 0.75})
    >>> with open(path) as file:
    ...     file.read().split()
    ['epoch,loss,val_loss', '0,0.5,0.75']
    """

    def __init__(self, filename: Any, separator: str = ",", append: bool = False) -> None:
        super().__init__()
        self.filename, self.sep, self.append = os.fspath(filename), separator, append
        self.keys: list[str] | None = None

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Empty the file, or see that it can be written."""
        with open(self.filename, "a" if self.append else "w"):
            self.keys = None

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Write a line."""
        import csv

        logs = logs or {}
        if self.keys is None:
            self.keys = sorted(logs)
            if not any(key.startswith("val_") for key in self.keys):
                self.keys += [f"val_{key}" for key in self.keys]
        with open(self.filename, "a", newline="") as file:
            writer = csv.DictWriter(file, ["epoch", *self.keys], "NA", delimiter=self.sep)
            if file.tell() == 0:
                writer.writeheader()
            writer.writerow({"epoch": epoch, **{k: logs[k] for k in self.keys if k in logs}})
