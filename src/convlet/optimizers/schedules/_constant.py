"""Steps down a stair."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from typing import Any

from convlet._numbers import finite, not_negative
from convlet.optimizers.schedules._schedule import LearningRateSchedule


class PiecewiseConstantDecay(LearningRateSchedule):
    """One learning rate up to each of some steps, and one after the last.

    Parameters
    ----------
    boundaries : list of number
        Ascending; the last steps, inclusive, of all learning rates but the last.
    values : list of float
        The learning rates, one more than the boundaries.
    name : str, default "PiecewiseConstant"

    Raises
    ------
    ValueError, TypeError
        If their numbers do not fit, or boundaries do not ascend.

    Examples
    --------
    >>> from convlet.optimizers.schedules import PiecewiseConstantDecay
    >>> rate = PiecewiseConstantDecay([10, 20], [1.0, 0.5, 0.1])
    >>> rate(0), rate(10), rate(11), rate(21)
    (1.0, 1.0, 0.5, 0.1)
    """

    def __init__(
        self, boundaries: Sequence[Any], values: Sequence[Any], name: str = "PiecewiseConstant"
    ) -> None:
        if len(boundaries) != len(values) - 1:
            raise ValueError(
                f"values must be one more than boundaries, got {len(values)} and {len(boundaries)}"
            )
        self.boundaries = [finite("boundaries", boundary) for boundary in boundaries]
        self.values = [finite("values", value) for value in values]
        if sorted(self.boundaries) != self.boundaries:
            raise ValueError(f"boundaries must ascend, got {list(boundaries)}")
        self.name = name

    def __call__(self, step: Any) -> float:
        """The learning rate after `step` steps."""
        return self.values[bisect_left(self.boundaries, not_negative("step", step))]

    def get_config(self) -> dict[str, Any]:
        """Constructor arguments, as plain values."""
        return {"boundaries": self.boundaries, "values": self.values, "name": self.name}
