"""The arguments of convolutions and their gradients: checked once, and what follows from them."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np

from convlet.ops import _arguments as arguments
from convlet.ops._arguments import Array
from convlet.ops._geometry import (
    NO_AXIS,
    Padding,
    Window,
    normalize_padding,
    normalize_tuple,
    windows,
)
from convlet.ops._winograd import DIRECT, Tiles, tile_sizes

NEEDS = ("x", "kernel", "bias")


class Geometry(NamedTuple):
    """A checked convolution: what the compiled code needs to know beside its arrays."""

    strides: tuple[int, int, int]
    dilations: tuple[int, int, int]
    before: tuple[int, int, int]
    groups: int
    shape: tuple[int, ...]  # of the output, channels last
    data_format: str
    tiles: Tiles = DIRECT  # by Winograd's algorithm, where that is allowed


@lru_cache(maxsize=256)
def plain_geometry(shape: tuple[int, ...]) -> Geometry:
    """Of a convolution with one tap, whose output has this shape."""
    return Geometry((1, 1, 1), (1, 1, 1), (0, 0, 0), 1, shape, "channels_last")


def check_operands(
    x: Any, kernel: Any, strides: Any, padding: Any, dilation_rate: Any, data_format: Any
) -> tuple[Array, Array, Geometry]:
    """x with channels last, kernel, and the geometry of their convolution."""
    x, kernel = check_arrays(x, kernel, data_format)
    options = hashable(x.shape, strides, padding, dilation_rate)
    geometry = layer_geometry(x.shape, kernel.shape, *options, data_format)
    return arguments.to_channels_last(x, data_format), kernel, geometry


def hashable(
    x_shape: tuple[int, ...], strides: Any, padding: Any, dilation_rate: Any
) -> tuple[int | tuple[int, ...], int | Padding, int | tuple[int, ...]]:
    """Options as parts of a cache's key: True or 1.0 must not find what 1 has left there."""
    if type(strides) is type(dilation_rate) is int and type(padding) in (str, int):
        return strides, padding, dilation_rate
    rank = arguments.spatial_rank("x", x_shape)
    return (
        normalize_tuple(strides, rank, "strides"),
        normalize_padding(padding, rank, causal=True),
        normalize_tuple(dilation_rate, rank, "dilation_rate"),
    )


def check_arrays(
    x: Any, kernel: Any, data_format: Any, name: str = "kernel"
) -> tuple[Array, Array]:
    """x and a kernel as arrays of one dtype; `check_shapes` has the rest."""
    if type(data_format) is not str:
        arguments.check_choice("data_format", data_format, arguments.DATA_FORMATS)
    if type(x) is type(kernel) is np.ndarray and x.dtype is kernel.dtype in arguments.DTYPES:
        return x, kernel
    x, kernel = arguments.as_array(x, "x"), arguments.as_array(kernel, name)
    arguments.check_same_dtype("x", x, name, kernel)
    return x, kernel


def check_shapes(
    x_shape: tuple[int, ...], kernel_shape: tuple[int, ...], data_format: str, name: str = "kernel"
) -> tuple[int, ...]:
    """x's shape with channels last; a kernel has x's rank, and neither is empty but for N."""
    arguments.check_choice("data_format", data_format, arguments.DATA_FORMATS)
    rank = arguments.spatial_rank("x", x_shape)
    arguments.check_rank(name, kernel_shape, rank + 2)
    arguments.check_not_empty("x", x_shape, first=1)
    arguments.check_not_empty(name, kernel_shape)
    return arguments.channels_last_shape(x_shape, data_format)


def check_grad(grad: Any, x: Array, geometry: Geometry) -> Array:
    """`grad` with channels last, of x's dtype and the result's shape."""
    grad = arguments.as_array(grad, "grad", x.ndim)
    arguments.check_same_dtype("x", x, "grad", grad)
    shape = arguments.in_format(geometry.shape, geometry.data_format)
    arguments.check_shape("grad", grad, shape, "the result's shape")
    return arguments.to_channels_last(grad, geometry.data_format)


def check_bias(bias: Any, x: Array, filters: int) -> Array | None:
    if bias is None:
        return None
    if type(bias) is np.ndarray and bias.dtype is x.dtype and bias.shape == (filters,):
        return bias
    bias = arguments.as_array(bias, "bias", 1)
    arguments.check_same_dtype("x", x, "bias", bias)
    arguments.check_shape("bias", bias, (filters,), "shape")
    return bias


def check_needs(needs: Iterable[str], choices: tuple[str, ...] = NEEDS) -> frozenset[str]:
    quoted = ", ".join(f'"{choice}"' for choice in choices)
    rule = f"needs must be some of {quoted}, got {needs!r}"
    try:
        wanted = frozenset((needs,)) if isinstance(needs, str) else frozenset(needs)
    except TypeError:
        raise TypeError(rule) from None
    if not wanted <= frozenset(choices):
        raise ValueError(rule)
    return wanted


@lru_cache(maxsize=256)  # a network calls with the same few shapes again and again
def layer_geometry(
    x_shape: tuple[int, ...],
    kernel_shape: tuple[int, ...],
    strides: int | tuple[int, ...],
    padding: int | Padding,
    dilation_rate: int | tuple[int, ...],
    data_format: str,
) -> Geometry:
    """The geometry of a convolution."""
    x_shape = check_shapes(x_shape, kernel_shape, data_format)
    rank = len(x_shape) - 2
    groups = _count_groups(x_shape[-1], kernel_shape)
    fitted = windows(
        x_shape[1:-1],
        kernel_shape[:-2],
        normalize_tuple(strides, rank, "strides"),
        normalize_padding(padding, rank, causal=True),
        normalize_tuple(dilation_rate, rank, "dilation_rate"),
    )
    shape = (x_shape[0], *(window.out for window in fitted), kernel_shape[-1])
    axes = three_axes(fitted)
    tiles = DIRECT
    if rank == 2:
        tiles = tile_sizes(kernel_shape, *axes[:2], groups, *x_shape[1:3], *shape[1:3])
    return Geometry(*axes, groups, shape, data_format, tiles)


def _count_groups(channels: int, kernel_shape: tuple[int, ...]) -> int:
    if channels % kernel_shape[-2]:
        raise ValueError(
            f"x's channels must be a multiple of kernel.shape[-2], got {channels} channels and "
            f"kernel shape {kernel_shape}"
        )
    groups = channels // kernel_shape[-2]
    if kernel_shape[-1] % groups:
        raise ValueError(
            f"kernel.shape[-1] must be a multiple of the number of groups, got kernel shape "
            f"{kernel_shape} for {groups} groups ({channels} channels of x)"
        )
    return groups


def three_axes(fitted: tuple[Window, ...]) -> tuple[Any, Any, Any]:
    """Strides, dilations and padding before, of three axes.

    A stride is no matter where there is one output, nor a dilation where there is one tap: 1 then,
    so that no product of the two leaves 64 bits.
    """
    axes = (NO_AXIS,) * (3 - len(fitted)) + fitted
    return (
        tuple(axis.stride if axis.out > 1 else 1 for axis in axes),
        tuple(axis.dilation if axis.size > 1 else 1 for axis in axes),
        tuple(axis.before for axis in axes),
    )
