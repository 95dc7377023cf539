"""What all losses share: how the samples' losses become one number, and its gradient."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Self

import numpy as np

from convlet._cext import runtime
from convlet._names import to_snake_case
from convlet._sums import ordered_sum
from convlet._variable import Array
from convlet.losses._arrays import aligned_weights, floating

_REDUCTIONS = ("sum_over_batch_size", "sum", "mean", "mean_with_sample_weight", "none", None)


class Loss:
    """Base of all losses.

    Parameters
    ----------
    name : str, optional
        Default: the class's name in snake case.
    reduction : str or None, default "sum_over_batch_size"
        How the samples' losses become one number: "sum_over_batch_size" or "mean" (their mean),
        "sum", "mean_with_sample_weight" (divided by the sum of the weights, or 0 where that is 0),
        "none" or None (not).

    Notes
    -----
    A loss of your own defines `value_and_grad(y_true, y_pred, want_grad=True)`: the loss of each
    sample, and its gradient in y_pred (or None where that is not wanted). Sums over samples are in
    float64, in order; they are divided once.
    """

    axis: Any = -1  # of y_pred, that the samples' losses do not have; several, or None for all

    def __init__(
        self, name: str | None = None, reduction: str | None = "sum_over_batch_size"
    ) -> None:
        if reduction not in _REDUCTIONS:
            raise ValueError(f"reduction must be one of {_REDUCTIONS}, got {reduction!r}")
        self.reduction = reduction
        self.name = name or to_snake_case(type(self).__name__)

    def value_and_grad(self, y_true: Any, y_pred: Array, want_grad: bool = True) -> Any:
        """(loss of each sample, its gradient in y_pred), the gradient shaped as y_pred."""
        raise NotImplementedError(f"{type(self).__name__} must define value_and_grad")

    def call(self, y_true: Any, y_pred: Any) -> Array:
        """The loss of each sample: the shape of y_pred without its last axis."""
        return self.value_and_grad(y_true, floating(y_pred), False)[0]

    def __call__(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> Any:
        """The loss of all samples, reduced: a float, or an array where there is no reduction."""
        values = self.call(y_true, y_pred)
        weights, divisor = self._weighting(values, sample_weight, self.counted(y_true, values))
        if self.reduction in ("none", None):
            return values if sample_weight is None else values * weights.astype(values.dtype)
        return _quotient(ordered_sum(values * weights), divisor)

    def vjp(
        self, y_true: Any, y_pred: Any, sample_weight: Any = None
    ) -> tuple[float, Callable[[], Array]]:
        """The loss, and a function that returns its gradient in y_pred."""
        if self.reduction in ("none", None):
            raise ValueError("reduction must make one number to have a gradient, got none")
        y_pred = floating(y_pred)
        values, grad = self.value_and_grad(y_true, y_pred)
        weights, divisor = self._weighting(values, sample_weight, self.counted(y_true, values))
        factors = weights * _quotient(1.0, divisor)
        if self.axis == -1:
            factors = factors[..., None]
        elif self.axis is not None:
            factors = np.expand_dims(factors, self.axis)
        scale = factors.astype(y_pred.dtype)
        value = _quotient(ordered_sum(values * weights), divisor)

        def gradient() -> Array:
            with runtime.flushing():
                return np.multiply(grad, scale, order="C")

        return value, gradient

    def counted(self, y_true: Any, values: Array) -> Array | None:
        """Which samples count at all, True or False for each; None for all."""
        return None

    def _weighting(
        self, values: Array, sample_weight: Any, counted: Array | None
    ) -> tuple[Array, float]:
        """What each sample's loss is multiplied by, and what their sum is divided by."""
        weights = aligned_weights(sample_weight, values.shape)
        weights = weights if counted is None else weights * counted
        if self.reduction in ("sum", "none", None):
            return weights, 1.0
        if self.reduction == "mean_with_sample_weight":
            return weights, ordered_sum(weights)
        return weights, float(values.size if counted is None else np.count_nonzero(counted))

    def get_config(self) -> dict[str, Any]:
        """Constructor arguments, as plain values."""
        return {"name": self.name, "reduction": self.reduction}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Self:
        """A new loss from what `get_config` returned."""
        return cls(**config)


def _quotient(total: float, divisor: float) -> float:
    """0 where there is nothing to divide by."""
    return total / divisor if divisor else 0.0
