"""Averages of weights in the weights' places, while they are measured."""

from __future__ import annotations

from typing import Any

from convlet.callbacks._callback import Callback, Logs


class SwapEMAWeights(Callback):
    """Evaluate and predict with the moving averages of an optimizer with ``use_ema=True``.

    Parameters
    ----------
    swap_on_epoch : bool, default False
        Whether averages stay in the weights' places from the end of an epoch to the beginning of
        the next: callbacks after this one, such as `ModelCheckpoint`, then save them.

    Raises
    ------
    ValueError
        When it is used, if the optimizer keeps no averages.

    Notes
    -----
    Before the first step there are no averages, and weights stay.

    Examples
    --------
    >>> from convlet.callbacks import SwapEMAWeights
    >>> SwapEMAWeights(swap_on_epoch=True).swap_on_epoch
    True
    """

    def __init__(self, swap_on_epoch: bool = False) -> None:
        super().__init__()
        self.swap_on_epoch = swap_on_epoch
        self._swapped = False

    def _swap(self, averages: bool) -> None:
        """Have the averages in the model, or the weights."""
        if averages != self._swapped:
            self._averages().exchange_averages()
            self._swapped = averages

    def _averages(self) -> Any:
        optimizer = self.model.optimizer
        if optimizer is None or not optimizer.use_ema:
            raise ValueError("SwapEMAWeights needs an optimizer with use_ema=True")
        return optimizer

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        """Go on with the weights."""
        self._swap(False)

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Leave the averages in the model, if that is wanted."""
        if self.swap_on_epoch:
            self._swap(True)
            if epoch == self.params["epochs"] - 1 or self.model.stop_training:
                # Training ends with the averages as weights: so they are.
                self._averages().keep_weights_as_averages()

    def on_test_begin(self, logs: Logs | None = None) -> None:
        """Take the averages."""
        self._swap(True)

    def on_test_end(self, logs: Logs | None = None) -> None:
        """Give them back."""
        self._swap(False)

    def on_predict_begin(self, logs: Logs | None = None) -> None:
        """Take the averages."""
        self._swap(True)

    def on_predict_end(self, logs: Logs | None = None) -> None:
        """Give them back."""
        self._swap(False)
