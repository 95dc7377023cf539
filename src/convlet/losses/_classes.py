"""What losses share that look along one axis, and those of them that compare probabilities."""

from __future__ import annotations

from typing import Any

import numpy as np

from convlet._integers import is_integer
from convlet._variable import Array
from convlet.losses._arrays import rows
from convlet.losses._loss import Loss


class AlongAxis(Loss):
    """A loss along `axis` of y_pred."""

    def __init__(self, axis: int, reduction: str | None, name: str | None) -> None:
        super().__init__(name, reduction)
        if not is_integer(axis):
            raise TypeError(f"axis must be an integer, got {axis!r}")
        self.axis = axis.__index__()

    def axis_last(self, array: Array) -> Array:
        """The array with the axis moved to the end."""
        if not -array.ndim <= self.axis < array.ndim:
            raise ValueError(f"axis must be one of y_pred's {array.ndim}, got {self.axis}")
        return array if self.axis == -1 else np.moveaxis(array, self.axis, -1)

    def compare(
        self, kind: str, target: Array, y_pred: Array, want_grad: bool, *numbers: float
    ) -> Any:
        """Of targets with the axis last; the gradient as y_pred had it."""
        values, grad = rows(kind, target, self.axis_last(y_pred), want_grad, *numbers)
        if grad is not None and self.axis != -1:
            grad = np.moveaxis(grad, -1, self.axis)
        return values, grad

    def get_config(self) -> dict[str, Any]:
        """Constructor arguments, as plain values."""
        return {"axis": self.axis, **super().get_config()}


class Crossentropy(AlongAxis):
    """The arguments that cross-entropies share."""

    def __init__(
        self,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        axis: int = -1,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = None,
    ) -> None:
        super().__init__(axis, reduction, name)
        if not 0 <= label_smoothing <= 1:
            raise ValueError(f"label_smoothing must be from 0 to 1, got {label_smoothing!r}")
        self.from_logits = bool(from_logits)
        self.label_smoothing = float(label_smoothing)

    def smoothed(self, target: Array, classes: int) -> Array:
        """Targets with the smoothing's share given to all of so many classes."""
        smoothing = self.label_smoothing
        return target * (1 - smoothing) + smoothing / classes if smoothing else target

    def compare(
        self, kind: str, target: Array, y_pred: Array, want_grad: bool, *numbers: float
    ) -> Any:
        """Of probabilities or logits."""
        kind += "_logits" * self.from_logits
        return super().compare(kind, target, y_pred, want_grad, *numbers)

    def get_config(self) -> dict[str, Any]:
        """Constructor arguments, as plain values."""
        return {
            "from_logits": self.from_logits,
            "label_smoothing": self.label_smoothing,
            **super().get_config(),
        }
