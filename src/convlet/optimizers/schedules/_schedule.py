"""What all schedules share."""

from __future__ import annotations

import math
from typing import Any

from convlet._numbers import not_negative


class LearningRateSchedule:
    """Base class of learning rates that depend on the number of steps.

    Notes
    -----
    One of your own defines `__call__(step)`, the learning rate after so many steps, and
    `get_config`. Those here compute in double precision; an optimizer then rounds to
    `convlet.config.floatx()`.

    Examples
    --------
    >>> from convlet import optimizers
    >>> class Halving(optimizers.schedules.LearningRateSchedule):
    ...     def __call__(self, step):
    ...         return 0.5**step
    >>> float(optimizers.SGD(Halving()).learning_rate)
    1.0
    """

    def __call__(self, step: Any) -> float:
        """The learning rate after `step` steps."""
        raise NotImplementedError(f"{type(self).__name__} must define __call__")

    def get_config(self) -> dict[str, Any]:
        """Constructor arguments, as plain values."""
        raise NotImplementedError(f"{type(self).__name__} must define get_config")

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> LearningRateSchedule:
        """A new schedule from what `get_config` returned."""
        return cls(**config)


def periods(step: Any, length: float) -> float:
    """How many times `length` steps have passed."""
    count = not_negative("step", step) / length
    if count == math.inf:
        raise ValueError(f"step must be a finite number of periods, got {step!r} for {length!r}")
    return count


def power(base: float, exponent: float) -> float:
    """Base to the exponent; infinity where that is too large a number."""
    try:
        return math.pow(base, exponent)
    except OverflowError:
        return math.inf
