"""A learning rate for each epoch."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from convlet.callbacks._callback import Callback, Logs
from convlet.callbacks._monitor import say


class LearningRateScheduler(Callback):
    """Set the learning rate at the beginning of each epoch.

    Parameters
    ----------
    schedule : callable
        ``schedule(epoch, learning_rate)``, or ``schedule(epoch)``, returns the new one; epochs
        count from 0.
    verbose : int, default 0
        Above 0, says what it sets.

    Raises
    ------
    TypeError
        If `schedule` cannot be called; in `fit`, if it returns no number.

    Notes
    -----
    It adds "learning_rate" to the epoch's results.

    Examples
    --------
    >>> from convlet.callbacks import LearningRateScheduler
    >>> halving = LearningRateScheduler(lambda epoch, rate: rate * 0.5)
    """

    def __init__(self, schedule: Callable[..., float], verbose: int = 0) -> None:
        super().__init__()
        if not callable(schedule):
            raise TypeError(f"schedule must be callable, got {type(schedule).__name__}")
        self.schedule, self.verbose = schedule, verbose

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        """Set the learning rate."""
        rate = float(self.model.optimizer.learning_rate)
        rate = self.schedule(*((epoch, rate) if _takes_two(self.schedule) else (epoch,)))
        self.model.optimizer.learning_rate = rate
        say(f"Epoch {epoch + 1}: setting the learning rate to {rate:g}", self.verbose)

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Report the learning rate."""
        if logs is not None:
            logs["learning_rate"] = float(self.model.optimizer.learning_rate)


def _takes_two(function: Callable[..., Any]) -> bool:
    import inspect

    try:
        inspect.signature(function).bind(0, 0.0)
    except TypeError:
        return False
    except ValueError:  # a compiled function that does not say
        return True
    return True
