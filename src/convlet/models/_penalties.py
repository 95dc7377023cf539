"""What regularizers add to the loss, and to the gradients of the weights that have one."""

from __future__ import annotations

from typing import Any

from convlet._variable import Variable


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
