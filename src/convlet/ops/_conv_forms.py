"""Convolutions of checked arrays: what operators and layers compute with."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np

from convlet._cext import convolution as compiled
from convlet._cext import winograd
from convlet.ops import _arguments as arguments
from convlet.ops._activation import (
    activate_rows,
    activation_code,
)
from convlet.ops._arguments import Array
from convlet.ops._conv_checks import (
    Geometry,
    layer_geometry,
)
from convlet.ops._geometry import Padding
from convlet.ops._row_activations import ROWS

# A kernel as a forward pass reads it, for one dtype and instruction set.
Packed = compiled.Packed | winograd.Transformed
# A convolution of x, kernel, bias, and the kernel's packed form if there is one.
Bound = Callable[[Array, Array, Array | None, Packed | None], Array]
# By the algorithm that a kernel is packed for, if it is.
_DRIVERS: dict[type, Callable[..., object]] = {
    type(None): compiled.forward,
    compiled.Packed: compiled.forward,
    winograd.Transformed: winograd.forward,
}


def pack(kernel: Array, groups: int = 1, size: int = 0) -> Packed:
    """The kernel's panels for `conv_packed` and `dense`, with tiles of this size."""
    return winograd.transform(kernel, size) if size else compiled.pack(kernel, groups)


def forward(
    x: Array,
    kernel: Array,
    bias: Array | None,
    geometry: Geometry,
    activation: str | None,
    out: Any,
    packed: Packed | None = None,
) -> Array:
    """`conv` of checked arrays, x with channels last; activation and out are not checked yet."""
    code = activation_code(activation)
    if out is None and geometry.data_format == "channels_last":  # the rest is much of a small call
        result = view = arguments.new_array(geometry.shape, x.dtype)
    else:
        inputs = (("x", x), ("kernel", kernel), ("bias", x if bias is None else bias))
        result, view = arguments.output_array(out, geometry.shape, geometry.data_format, inputs)
    if view.size:
        _DRIVERS[type(packed)](x, kernel, bias, view, geometry, code, packed)
        if activation in ROWS:
            activate_rows(activation, view)
    return result


def conv_packed(
    x: Array,
    kernel: Array,
    bias: Array | None,
    geometry: Geometry,
    activation: str | None,
    packed: Packed | None,
) -> Array:
    """`conv` as layers compute it: by the algorithm that the kernel is packed for, if it is.

    `geometry` is `layer_geometry` of x's shape; kernel and bias are the layer's.
    """
    arguments.check_same_dtype("kernel", kernel, "x", x)
    x = arguments.to_channels_last(x, geometry.data_format)
    return forward(x, kernel, bias, geometry, activation, None, packed)


def bound(geometry: Geometry, activation: str | None, dtype: np.dtype[Any]) -> Bound:
    """`conv_packed` with all decided that follows from an input's shape.

    For a small image the deciding takes as long as the sums.
    """
    if geometry.data_format == "channels_first" or 0 in geometry.shape:
        return lambda x, kernel, bias, packed: conv_packed(
            x, kernel, bias, geometry, activation, packed
        )
    code, shape = activation_code(activation), geometry.shape
    by_row = ROWS[activation].value if activation in ROWS else None
    new = arguments.allocator("the result", shape, dtype)

    def run(x: Array, kernel: Array, bias: Array | None, packed: Packed | None) -> Array:
        y = new(shape, dtype)
        _DRIVERS[type(packed)](x, kernel, bias, y, geometry, code, packed)
        if by_row:
            rows = y.reshape(-1, shape[-1])
            by_row(rows, rows)
        return y

    return run


@lru_cache(maxsize=256)
def bound_to(
    x_shape: tuple[int, ...],
    kernel_shape: tuple[int, ...],
    strides: int | tuple[int, ...],
    padding: int | Padding,
    dilation_rate: int | tuple[int, ...],
    data_format: str,
    activation: str | None,
    dtype: np.dtype[Any],
) -> Bound:
    """`bound` for arrays of these shapes, which are checked, as are the options."""
    geometry = layer_geometry(x_shape, kernel_shape, strides, padding, dilation_rate, data_format)
    return bound(geometry, activation, dtype)


def dense(
    x: Array, kernel: Array, bias: Array | None, geometry: Geometry, activation: str | None
) -> Array:
    """x (N, CI) times kernel (CI, CO), plus bias, activated: a convolution of N single pixels.

    `geometry` is `plain_geometry((N, CO))`.
    """
    arguments.check_same_dtype("kernel", kernel, "x", x)
    return forward(x, kernel, bias, geometry, activation, None)
