"""What pools of every kind compute, once their windows are known; and their gradients."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from convlet._cext import pooling as compiled
from convlet._reuse import empty
from convlet.ops import _arguments as arguments
from convlet.ops._arguments import Array, to_channels_last
from convlet.ops._geometry import Window


class Geometry(NamedTuple):
    """A checked pooling: what the compiled code needs to know beside its arrays."""

    windows: tuple[Window, ...]  # of three spatial axes
    shape: tuple[int, ...]  # of the output, channels last
    data_format: str


def maxima(
    x: Array, geometry: Geometry, return_indices: Any, out: Any
) -> tuple[Array, Array | None]:
    """Each window's maximum, and its position where asked for."""
    with_indices = arguments.check_flag("return_indices", return_indices)
    form = geometry.data_format
    result, view = arguments.output_array(out, geometry.shape, form, (("x", x),))
    indices = np.empty(result.shape, np.int64) if with_indices else None
    if view.size:
        positions = None if indices is None else to_channels_last(indices, form)
        compiled.max_pool(to_channels_last(x, form), view, positions, geometry.windows)
    return result, indices


def bound_pool(
    geometry: Geometry, dtype: np.dtype[Any], count_include_pad: bool | None = None
) -> Callable[[Array], Array]:
    """`averages`, or without a flag `maxima`, with all decided that follows from x's shape."""
    shape, fitted, flag = geometry.shape, geometry.windows, count_include_pad
    if geometry.data_format == "channels_first" or 0 in shape:
        if flag is None:
            return lambda x: maxima(x, geometry, False, None)[0]
        return lambda x: averages(x, geometry, flag, None)
    compute: Callable[..., None] = compiled.max_pool if flag is None else compiled.average_pool
    new = arguments.allocator("the result", shape, dtype)

    def run(x: Array) -> Array:
        y = new(shape, dtype)
        compute(x, y, flag, fitted)
        return y

    return run


def maxima_grad(grad: Any, x: Array, geometry: Geometry, indices: Any) -> Array:
    """The gradient of `maxima`, found again unless `indices` are given."""
    grad = _check_grad(grad, x, geometry)
    form = geometry.data_format
    if indices is not None:
        return _scatter(grad, x, _check_indices(indices, grad.shape), form)
    dx = empty(x.shape, x.dtype)
    if dx.size:
        compiled.max_pool_gradient(
            to_channels_last(grad, form),
            to_channels_last(x, form),
            to_channels_last(dx, form),
            geometry.windows,
        )
    return dx


def averages(x: Array, geometry: Geometry, count_include_pad: Any, out: Any) -> Array:
    """Each window's average."""
    include_pad = arguments.check_flag("count_include_pad", count_include_pad)
    form = geometry.data_format
    result, view = arguments.output_array(out, geometry.shape, form, (("x", x),))
    if view.size:
        compiled.average_pool(to_channels_last(x, form), view, include_pad, geometry.windows)
    return result


def averages_grad(grad: Any, x: Array, geometry: Geometry, count_include_pad: Any) -> Array:
    """The gradient of `averages`; of x, only shape and dtype matter."""
    include_pad = arguments.check_flag("count_include_pad", count_include_pad)
    grad = _check_grad(grad, x, geometry)
    form = geometry.data_format
    dx = empty(x.shape, x.dtype)
    if dx.size:
        compiled.average_pool_gradient(
            to_channels_last(grad, form), to_channels_last(dx, form), include_pad, geometry.windows
        )
    return dx


def _check_grad(grad: Any, x: Array, geometry: Geometry) -> Array:
    grad = arguments.as_array(grad, "grad", x.ndim)
    arguments.check_same_dtype("x", x, "grad", grad)
    shape = arguments.in_format(geometry.shape, geometry.data_format)
    arguments.check_shape("grad", grad, shape, "the pooling's shape")
    return grad


def _check_indices(indices: Any, shape: tuple[int, ...]) -> Array:
    plain = isinstance(indices, np.ndarray) and not np.ma.isMA(indices)
    if not plain or indices.dtype != np.int64:
        kind = indices.dtype if plain else type(indices).__name__
        raise TypeError(f"indices must be an int64 ndarray, got {kind}")
    arguments.check_shape("indices", indices, shape, "grad's shape")
    return indices


def _scatter(grad: Array, x: Array, indices: Array, data_format: str) -> Array:
    dx = np.zeros(x.shape, x.dtype)
    if dx.size:
        batch, *_, channels = to_channels_last(dx, data_format).shape
        first = data_format == "channels_first"
        flat = dx.reshape((batch, channels, -1) if first else (batch, -1, channels))
        compiled.max_pool_gradient_at(
            to_channels_last(grad, data_format),
            to_channels_last(indices, data_format),
            to_channels_last(flat, data_format),
        )
    return dx
