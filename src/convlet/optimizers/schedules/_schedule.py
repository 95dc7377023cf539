"""What all schedules share."""

from __future__ import annotations

import math
import numbers
from typing import Any

import numpy as np

from convlet._variable import Variable


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


def finite(name: str, value: Any) -> float:
    """`value` as a finite float."""
    if isinstance(value, (np.ndarray, np.generic, Variable)) and value.ndim == 0:
        value = np.asarray(value).item()
    if isinstance(value, bool) or not isinstance(value, numbers.Real):
        raise TypeError(f"{name} must be a number, got {value!r}")
    if not math.isfinite(value):
        raise ValueError(f"{name} must be finite, got {value!r}")
    return float(value)


def positive(name: str, value: Any) -> float:
    """`value` as a finite float above 0."""
    if finite(name, value) <= 0:
        raise ValueError(f"{name} must be above 0, got {value!r}")
    return finite(name, value)
