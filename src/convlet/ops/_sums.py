"""Sums of gradients over axes that were broadcast."""

from __future__ import annotations

import math

import numpy as np

from convlet._variable import Array
from convlet.ops._conv_gradients import bias_gradient


def sum_to(grad: Array, shape: tuple[int, ...]) -> Array:
    """Sums over the axes that are 1 in `shape`, in the order of a convolution's dbias."""
    if grad.shape == shape:
        return grad
    kept = [axis for axis, size in enumerate(shape) if size == grad.shape[axis]]
    summed = [axis for axis in range(grad.ndim) if axis not in kept]
    rows = math.prod(grad.shape[axis] for axis in summed)
    if grad.size == 0:
        return np.zeros(shape, grad.dtype)
    return bias_gradient(grad.transpose(summed + kept).reshape(rows, 1, -1)).reshape(shape)
