"""The losses of several outputs as one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from convlet import losses
from convlet.config import check_number
from convlet.layers._symbolic import flatten
from convlet.losses._loss import Loss
from convlet.models._several import by_output, weights_by_output


class JointLoss:
    """The weighted sum of the outputs' losses, with the methods of a `Loss` that training calls.

    `of` is what `compile` was given: for all outputs, or for each in a list or dict; None for an
    output that is not trained.
    """

    def __init__(self, outputs: list[str], of: Any, weights: Any) -> None:
        self.outputs = outputs
        each = by_output("loss", of, outputs) if isinstance(of, (list, tuple, dict)) else None
        self.losses = [losses.get(one) for one in each or [of] * len(outputs)]
        given = [None] * len(outputs)
        if weights is not None:
            given = by_output("loss_weights", weights, outputs)
        self.weights = [
            1.0 if weight is None else check_number("loss_weights", weight) for weight in given
        ]

    @property
    def names(self) -> list[str]:
        """Of the outputs that have a loss."""
        return [name for name, _ in self._used()]

    def _used(self) -> list[tuple[str, Loss]]:
        pairs = zip(self.outputs, self.losses, strict=True)
        return [(name, loss) for name, loss in pairs if loss is not None]

    def _parts(self, y_true: Any, y_pred: Any, sample_weight: Any) -> list[tuple[Any, ...]]:
        """Loss, target, output and sample weights, for each output."""
        targets = by_output("y", y_true, self.outputs)
        weights = weights_by_output(sample_weight, self.outputs)
        for name, loss, target in zip(self.outputs, self.losses, targets, strict=True):
            if loss is not None and target is None:
                raise ValueError(f"y must have targets for {name}, which has a loss")
        return list(zip(self.losses, targets, flatten(y_pred), weights, strict=True))

    def __call__(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> Total:
        """The sum of all losses."""
        parts = self._parts(y_true, y_pred, sample_weight)
        return self._total([part[0] and part[0](*part[1:]) for part in parts])

    def vjp(
        self, y_true: Any, y_pred: Any, sample_weight: Any = None
    ) -> tuple[Total, Callable[[], Any]]:
        """The sum, and a function that returns its gradients in the outputs; None without loss.

        They are a list where the outputs are a list or dict.
        """
        parts = self._parts(y_true, y_pred, sample_weight)
        found = [part[0] and part[0].vjp(*part[1:]) for part in parts]

        def gradients() -> Any:
            pairs = zip(self.weights, found, strict=True)
            grads = [one and _scaled(one[1](), weight) for weight, one in pairs]
            return grads if isinstance(y_pred, (list, tuple, dict)) else grads[0]

        return self._total([one and one[0] for one in found]), gradients

    def _total(self, values: list[float | None]) -> Total:
        pairs = zip(self.weights, values, strict=True)
        total = Total(sum(weight * value for weight, value in pairs if value is not None))
        total.parts = [value for value in values if value is not None]
        return total


class Total(float):
    """A sum that knows what it was made of."""

    parts: list[float]

    def __add__(self, more: float) -> Total:
        total = Total(float(self) + more)
        total.parts = self.parts
        return total


def _scaled(grad: Any, weight: float) -> Any:
    return grad if weight == 1 else grad * grad.dtype.type(weight)
