"""Gradients of convolutions of checked arrays: what operators and layers compute with."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from convlet._cext import convolution as compiled
from convlet._cext import winograd
from convlet._reuse import empty
from convlet.ops import _arguments as arguments
from convlet.ops._activation import NO_ACTIVATION, Slope, activation_code, multiply
from convlet.ops._arguments import Array
from convlet.ops._conv_checks import NEEDS, Geometry, check_grad, plain_geometry
from convlet.ops._groups import equal_groups, groups_of_tiles
from convlet.ops._winograd import Tiles, allowed

Gradients = tuple[Array | None, Array | None, Array | None]  # of x, kernel, bias


def conv_packed_grad(
    grad: Array,
    x: Array,
    kernel: Array,
    geometry: Geometry,
    needs: Iterable[str],
    slope: Slope | None = None,
) -> Gradients:
    """The gradients of `conv_packed`, by any algorithm; that of x times a slope."""
    arguments.check_same_dtype("kernel", kernel, "x", x)
    x = arguments.to_channels_last(x, geometry.data_format)
    grad = check_grad(grad, x, geometry)
    return gradients(grad, x, kernel, geometry, frozenset(needs), allowed(geometry.tiles), slope)


def dense_grad(grad: Array, x: Array, kernel: Array, needs: Iterable[str] = NEEDS) -> Gradients:
    """Gradients of `dense` with respect to x, kernel and bias; None for what is not needed."""
    arguments.check_same_dtype("x", x, "grad", grad)
    geometry = plain_geometry(grad.shape)
    dx = None
    if "x" in needs:
        dx = empty(x.shape, x.dtype)
        input_gradient(grad, kernel, dx, geometry)
    return dx, *_weight_gradients(grad, x, kernel, geometry, needs)


def gradients(
    grad: Array,
    x: Array,
    kernel: Array,
    geometry: Geometry,
    wanted: frozenset[str],
    tiles: Tiles,
    slope: Slope | None = None,
) -> Gradients:
    dx, size = None, tiles.input_gradient
    if "x" in wanted:
        dx, view = arguments.output_array(None, x.shape, geometry.data_format, (("x", x),))
        driven = by_driver(slope, view, geometry.data_format) if size else None
        input_gradient(grad, kernel, view, geometry, size, driven)
        if driven is None:
            multiply(dx, slope)
    return dx, *_weight_gradients(grad, x, kernel, geometry, wanted, tiles.kernel_gradient)


def by_driver(slope: Slope | None, dx: Array, data_format: str) -> tuple[int, Array] | None:
    """A slope as the driver by tiles takes it, or None where it does not."""
    if slope is None or slope.name not in ("relu", "relu6"):
        return None
    value = arguments.to_channels_last(slope.value, data_format)
    return (activation_code(slope.name)[0], value) if value.strides == dx.strides else None


def _weight_gradients(
    grad: Array, x: Array, kernel: Array, geometry: Geometry, wanted: Iterable[str], size: int = 0
) -> tuple[Array | None, Array | None]:
    """Those of kernel and bias; one pass over grad where the direct algorithm makes both."""
    dkernel = dbias = None
    apart = size or geometry.groups > 1 or "kernel" not in wanted
    if "bias" in wanted:
        dbias = bias_gradient(grad) if apart else empty(grad.shape[-1:], x.dtype)
    if "kernel" in wanted:
        dkernel = empty(kernel.shape, x.dtype)
        kernel_gradient(x, grad, dkernel, geometry, size, None if apart else dbias)
    return dkernel, dbias


def input_gradient(
    grad: Array,
    kernel: Array,
    out: Array,
    geometry: Geometry,
    size: int = 0,
    slope: tuple[int, Array] | None = None,
) -> None:
    """Write conv's gradient with respect to x into `out`; all checked, channels last.

    By tiles (a `size`) times a slope, if there is one: see `by_driver`.
    """
    if not out.size:
        return
    if size == 0:
        compiled.input_gradient(grad, kernel, None, out, geometry, NO_ACTIVATION)
    else:
        input_gradient_by_tiles(grad, kernel, out, geometry, size, None, slope)


def input_gradient_by_tiles(
    grad: Array,
    kernel: Array,
    out: Array,
    geometry: Geometry,
    size: int,
    places: Array | None,
    slope: tuple[int, Array] | None = None,
) -> bool:
    """The convolution of `grad` with the kernel turned around, its channels swapped.

    `places` and `slope` are those of `winograd.forward`, as is the result.
    """
    turned = kernel[::-1, ::-1].swapaxes(-1, -2)
    _, above, left = geometry.before
    around = geometry._replace(before=(0, 2 - above, 2 - left))
    transformed = winograd.transform(turned, size)
    return winograd.forward(
        grad, turned, None, out, around, NO_ACTIVATION, transformed, False, places, slope
    )


def kernel_gradient(
    x: Array,
    grad: Array,
    out: Array,
    geometry: Geometry,
    size: int = 0,
    dbias: Array | None = None,
) -> None:
    """Write conv's gradient with respect to its kernel into `out`; all checked, channels last.

    The direct algorithm (size 0) also writes `bias_gradient`'s result into `dbias`, of one group.
    """
    if x.shape[0] == 0:
        out[...] = 0
        if dbias is not None:
            dbias[...] = 0
    elif size:
        kernel_gradient_by_tiles(x, grad, out, geometry)
    else:
        _kernel_gradient_directly(x, grad, out, geometry, dbias)


def _kernel_gradient_directly(
    x: Array, grad: Array, out: Array, geometry: Geometry, dbias: Array | None
) -> None:
    """The sum, in order, of the gradients of a few groups of images, for threads to share."""
    groups = equal_groups(grad.shape, out) if geometry.groups == 1 else 1
    if groups == 1:
        compiled.kernel_gradient(x, grad, out, dbias, geometry)
        return
    kernel = (*(1,) * (5 - out.ndim), *out.shape)
    parts = empty((groups, *kernel), out.dtype)
    totals = None if dbias is None else np.empty((groups, *dbias.shape), out.dtype)
    stacked = parts.reshape(groups * kernel[0], *kernel[1:])
    compiled.kernel_gradient(x, grad, stacked, totals, geometry, groups)
    _add_in_order(parts.reshape(groups, *out.shape), out)
    if totals is not None and dbias is not None:
        _add_in_order(totals, dbias)


def kernel_gradient_by_tiles(
    x: Array, grad: Array, out: Array, geometry: Geometry, places: Array | None = None
) -> bool:
    """The sum, in order, of the gradients of a few groups of images, for threads to share.

    `places` are those of `winograd.kernel_gradient`, as is the result.
    """
    groups = groups_of_tiles(geometry.shape, out)
    if groups == 1:
        return winograd.kernel_gradient(x, grad, out, geometry, places)
    parts = empty((groups, *out.shape), out.dtype)
    finite = winograd.kernel_gradient(x, grad, parts, geometry, places)
    _add_in_order(parts, out)
    return finite


def _add_in_order(parts: Array, out: Array) -> None:
    with np.errstate(over="ignore", invalid="ignore"):  # as in compiled sums
        np.add(parts[0], parts[1], out=out)
        for part in parts[2:]:
            np.add(out, part, out=out)


def bias_gradient(grad: Array) -> Array:
    """Sums of grad (N, *spatial, CO) over all but its channels.

    The kernel gradient of a convolution whose input is 1 and has one channel.
    """
    dbias = np.empty((1,) * (grad.ndim - 1) + grad.shape[-1:], grad.dtype)
    one = np.ones(1, grad.dtype)  # with strides of 0; np.broadcast_to takes ten times as long
    ones = np.ndarray((*grad.shape[:-1], 1), grad.dtype, one, strides=(0,) * grad.ndim)
    kernel_gradient(ones, grad, dbias, plain_geometry(grad.shape))
    return dbias.reshape(-1)
