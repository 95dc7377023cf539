"""Gradients made smaller before they are used."""

from __future__ import annotations

import math

import numpy as np

from convlet._cext.updates import sum_of_squares
from convlet._sums import ordered_sum
from convlet._variable import Array


def clipped(
    grads: list[Array], value: float | None, norm: float | None, global_norm: float | None
) -> list[Array]:
    """Elements clipped, or each gradient's norm, or that of all together; new arrays, if any."""
    if value:
        return [_clipped_elements(grad, value) for grad in grads]
    if norm:
        return [_scaled(grad, norm, sum_of_squares(grad)) for grad in grads]
    if global_norm:
        squares = ordered_sum([sum_of_squares(grad) for grad in grads])
        if not math.isfinite(squares):
            squares = math.nan
        return [_scaled(grad, global_norm, squares) for grad in grads]
    return grads


def _clipped_elements(grad: Array, limit: float) -> Array:
    with np.errstate(over="ignore"):  # a limit beyond the element type is none
        highest = np.float64(limit).astype(grad.dtype)
    return np.clip(grad, -highest, highest, out=np.empty_like(grad))


def _scaled(grad: Array, limit: float, squares: float) -> Array:
    """`grad` times limit / norm if the norm, the root of `squares`, is above the limit."""
    norm = math.sqrt(squares)
    if norm <= limit:
        return grad
    with np.errstate(invalid="ignore", under="ignore"):  # infinity times 0 is NaN
        return np.multiply(grad, grad.dtype.type(limit / norm), out=np.empty_like(grad))
