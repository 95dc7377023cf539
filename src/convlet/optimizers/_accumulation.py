"""Gradients of several steps as one."""

from __future__ import annotations

from typing import Any

import numpy as np

from convlet._integers import check_int
from convlet._variable import Array, Variable


class Accumulation:
    """Adds up gradients; every so many steps, their mean is due."""

    def __init__(self, steps: Any) -> None:
        self.steps = None if not steps else check_int("gradient_accumulation_steps", steps, 2)
        self.slots: list[Variable] = []

    def updates(self, iterations: int) -> int:
        """How many updates so many steps are."""
        return iterations // (self.steps or 1)

    def is_due(self, iteration: int) -> bool:
        """Whether the step, counted from 1, makes an update."""
        return iteration % (self.steps or 1) == 0

    def take(
        self, grads: list[Array], places: list[int], due: bool
    ) -> tuple[list[Array], list[tuple[Variable, Array]]]:
        """The mean gradients, if they are due, and what the sums are from now on."""
        if self.steps is None:
            return grads, []
        slots = [self.slots[place] for place in places]
        sums = [np.asarray(g + slot.value) for g, slot in zip(grads, slots, strict=True)]
        if not due:
            return [], list(zip(slots, sums, strict=True))
        means = [np.asarray(total / self.steps, total.dtype) for total in sums]
        return means, [(slot, np.zeros(slot.shape, slot.dtype)) for slot in self.slots]
