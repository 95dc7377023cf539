"""Batches by number."""

from __future__ import annotations

from typing import Any


class PyDataset:
    """Base class of data sets that make their batches one by one, for `fit` and its like.

    Notes
    -----
    Define `__len__`, the number of batches, and `__getitem__(index)`, one batch: (x, y) or
    (x, y, sample_weight). With ``shuffle=True`` each epoch takes the batches in an order of its
    own. Batches are made in the calling thread, when they are needed.

    Examples
    --------
    >>> import numpy as np
    >>> from convlet import utils
    >>> class Squares(utils.PyDataset):
    ...     def __len__(self):
    ...         return 3
    ...     def __getitem__(self, index):
    ...         x = np.full((2, 1), float(index))
    ...         return x, x**2
    >>> Squares()[2][1].ravel()
    array([4., 4.])
    """

    def __len__(self) -> int:
        raise NotImplementedError(f"{type(self).__name__} must define __len__")

    def __getitem__(self, index: int) -> Any:
        raise NotImplementedError(f"{type(self).__name__} must define __getitem__")

    def on_epoch_begin(self) -> None:
        """Before each pass."""

    def on_epoch_end(self) -> None:
        """After each pass."""
