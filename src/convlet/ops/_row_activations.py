"""Activations over rows (..., columns): values, and gradients from outputs."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from convlet._cext import pointwise
from convlet._sums import row_sums
from convlet.ops._arguments import Array


class RowActivation(NamedTuple):
    """Two functions of C-contiguous matrices, which write to their last argument."""

    value: Callable[[Array, Array], None]  # of x; y may be x
    gradient: Callable[[Array, Array, Array], None]  # of the output's gradient and the output


def _total(x: Array) -> Array:
    """Each row's sum in float64, in ascending order."""
    return row_sums(x)[:, None]


def _log_softmax(x: Array, y: Array) -> None:
    most = x.max(-1, keepdims=True)
    with np.errstate(invalid="ignore", divide="ignore"):  # of infinities, which become NaN
        shifted = x - most
        pointwise.softmax(x, y)
        # The largest probability is 1 over the sum of the shifted exponentials.
        np.add(shifted, np.log(y.max(-1, keepdims=True)), y)


def _log_softmax_gradient(grad: Array, y: Array, dx: Array) -> None:
    dx[...] = grad - np.exp(y) * _total(grad)


def _sparsemax(x: Array, y: Array) -> None:
    with np.errstate(invalid="ignore", divide="ignore"):
        shifted = x - x.max(-1, keepdims=True)
        falling = -np.sort(-shifted, -1).astype(np.float64)
        total, kept, count = np.zeros((3, len(x)))
        for place, part in enumerate(falling.T):  # so many of the largest: what is held is known
            total = total + part
            held = 1 + (place + 1) * part > total
            kept, count = np.where(held, total, kept), count + held
        y[...] = np.maximum(shifted - ((kept - 1) / count)[:, None], 0)


def _sparsemax_gradient(grad: Array, y: Array, dx: Array) -> None:
    held = ~(y <= 0)  # NaN's too
    part = np.where(held, grad, 0)
    mean = _total(part) / np.count_nonzero(held, -1, keepdims=True)
    dx[...] = np.where(held, grad - mean, 0) + 0 * y


ROWS = {
    "softmax": RowActivation(pointwise.softmax, pointwise.softmax_gradient),
    "log_softmax": RowActivation(_log_softmax, _log_softmax_gradient),
    "sparsemax": RowActivation(_sparsemax, _sparsemax_gradient),
}
