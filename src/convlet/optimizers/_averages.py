"""The moving average of the weights."""

from __future__ import annotations

from typing import Any

import numpy as np

from convlet._integers import positive_int
from convlet._variable import Array, Variable
from convlet.optimizers._arguments import flag, number


class Averages:
    """Keras's exponential moving average (EMA) of each weight, and when it takes its place."""

    def __init__(self, use: Any, momentum: Any, frequency: Any) -> None:
        self.use = flag("use_ema", use)
        self.momentum = number("ema_momentum", momentum, 1.0)
        self.frequency = (
            None if frequency is None else positive_int("ema_overwrite_frequency", frequency)
        )
        self.slots: list[Variable] = []

    def arguments(self, first: bool) -> dict[str, Any]:
        """What the compiled step takes; the first average is the weight itself."""
        return {"averages": self.slots, "momentum": 0.0 if first else self.momentum}

    def overwriting(self, variables: list[Variable], updates: int) -> list[tuple[Variable, Array]]:
        """The assignments after so many updates: all averages to their weights, or nothing."""
        if not (self.frequency and updates % self.frequency == 0):
            return []
        return self.final(variables)

    def final(self, variables: list[Variable]) -> list[tuple[Variable, Array]]:
        """All averages as assignments to their weights."""
        return [(v, slot.value) for v, slot in zip(variables, self.slots, strict=True)]

    def exchanged(self, variables: list[Variable]) -> list[tuple[Variable, Array]]:
        """Weights and averages as assignments to each other."""
        pairs = list(zip(variables, self.slots, strict=True))
        both = [*pairs, *(pair[::-1] for pair in pairs)]
        return [(into, np.array(of.value)) for into, of in both]

    def get_config(self) -> dict[str, Any]:
        """Constructor arguments of an optimizer."""
        return {
            "use_ema": self.use,
            "ema_momentum": self.momentum,
            "ema_overwrite_frequency": self.frequency,
        }
