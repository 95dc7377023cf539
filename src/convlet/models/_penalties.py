"""What regularizers add to the loss, and to the gradients of weights and activities."""

from __future__ import annotations

from typing import Any

from convlet._variable import Variable
from convlet.layers._layer import Layer
from convlet.layers._pullback import Gradients, Pullback
from convlet.layers._symbolic import flatten, restore
from convlet.regularizers import Regularizer


def penalties(weights: list[Variable]) -> list[float]:
    """Of each weight that has a regularizer."""
    return [w.regularizer(w.value) for w in weights if w.regularizer is not None]


def penalized(value: Any, grads: list[Any] | None, weights: list[Variable]) -> tuple[Any, Any]:
    """The loss, and unless that is None the gradients, with the penalties of the weights."""
    regularized = [place for place, w in enumerate(weights) if w.regularizer is not None]
    if not regularized:
        return value, grads
    total, grads = 0.0, None if grads is None else list(grads)
    for place in regularized:
        weight = weights[place]
        penalty, slope = weight.regularizer.value_and_grad(weight.value)
        total += penalty
        if grads is not None:
            grads[place] = slope if grads[place] is None else grads[place] + slope
    return value + total, grads


def has_activity_penalty(layer: Layer) -> bool:
    """Whether it, or a part of it, has a regularizer for what it returns."""
    return layer.activity_regularizer is not None or any(
        has_activity_penalty(part) for part in getattr(layer, "layers", ())
    )


def with_activity(regularizer: Regularizer, y: Any, pullback: Pullback) -> Pullback:
    """The pullback, and the penalty for each output over N in its losses and gradients."""
    parts = flatten(y)
    found = [regularizer.value_and_grad(part) for part in parts]
    counts = [max(len(part), 1) for part in parts]

    def gradients(dy: Any, needs_dx: bool) -> Gradients:
        dys = [
            one + slope / slope.dtype.type(count)
            for one, (_, slope), count in zip(flatten(dy), found, counts, strict=True)
        ]
        return pullback(restore(y, dys), needs_dx=needs_dx)

    losses = [value / count for (value, _), count in zip(found, counts, strict=True)]
    return Pullback(gradients, pullback.updates, [*pullback.losses, *losses])
