"""A convolution and the maximum over 2 x 2 windows after it, in one call where that is possible."""

from __future__ import annotations

from typing import Any

import numpy as np

from convlet._cext import winograd
from convlet._reuse import empty
from convlet.ops._activation import Slope, activation_code, multiply
from convlet.ops._arguments import Array, check_same_dtype
from convlet.ops._conv_checks import Geometry
from convlet.ops._conv_forms import Bound, Packed, bound
from convlet.ops._conv_gradients import (
    Gradients,
    bias_gradient,
    by_driver,
    input_gradient,
    input_gradient_by_tiles,
    kernel_gradient,
    kernel_gradient_by_tiles,
)
from convlet.ops._windows import Geometry as Windows
from convlet.ops._windows import bound_pool
from convlet.ops._winograd import allowed

_IN_REGISTERS = {None, "linear", "relu", "relu6"}  # activations that tiles apply


def bound_pooled(
    geometry: Geometry, activation: str | None, dtype: np.dtype[Any], pool: Windows
) -> Bound:
    """`bound`'s result and its maxima over the windows of `pool`: the same bits, in one call.

    By tiles, whose outputs are whole windows of 2 x 2, only the maxima are written.
    """
    conv, maxima = bound(geometry, activation, dtype), bound_pool(pool, dtype)
    code = activation_code(activation)
    together = _is_together(activation, pool)

    def run(x: Array, kernel: Array, bias: Array | None, packed: Packed | None) -> Array:
        if not (together and type(packed) is winograd.Transformed):
            return maxima(conv(x, kernel, bias, packed))
        y = empty(pool.shape, dtype)
        winograd.forward(x, kernel, bias, y, geometry, code, packed, True)
        return y

    return run


def keeps_places(geometry: Geometry, activation: str | None, pool: Windows) -> bool:
    """Whether `maxima_and_places` is for such a convolution and pool."""
    return all(allowed(geometry.tiles)) and _is_together(activation, pool)


def maxima_and_places(
    x: Array,
    kernel: Array,
    bias: Array | None,
    geometry: Geometry,
    activation: str | None,
    pool: Windows,
    packed: winograd.Transformed,
) -> tuple[Array, Array] | None:
    """`bound_pooled`'s result, and which of its window's four elements each maximum is.

    The places, a byte each, take the place of the convolution's result: its gradients need no more.
    None where sums are not finite.
    """
    check_same_dtype("kernel", kernel, "x", x)
    y, places = empty(pool.shape, x.dtype), empty(pool.shape, np.dtype(np.uint8))
    code = activation_code(activation)
    finite = winograd.forward(x, kernel, bias, y, geometry, code, packed, True, places)
    return (y, places) if finite else None


def maxima_gradients(
    grad: Array,
    places: Array,
    x: Array,
    kernel: Array,
    geometry: Geometry,
    needs: tuple[str, ...],
    slope: Slope | None,
) -> Gradients:
    """Gradients of x (times a slope), kernel and bias.

    `grad`, C-contiguous, is that of maxima, not activated yet.
    The same bits as those of the convolution at all elements, but for the bias: its gradient is
    summed over the maxima.
    """
    tiles = geometry.tiles
    dx = empty(x.shape, x.dtype) if "x" in needs else None
    dkernel = empty(kernel.shape, x.dtype) if "kernel" in needs else None
    driven = None if dx is None else by_driver(slope, dx, geometry.data_format)
    finite = dx is None or input_gradient_by_tiles(
        grad, kernel, dx, geometry, tiles.input_gradient, places, driven
    )
    if finite and dkernel is not None:
        finite = kernel_gradient_by_tiles(x, grad, dkernel, geometry, places)
    if not finite:
        everywhere = _spread(grad, places, geometry.shape)
        if dx is not None:
            input_gradient(everywhere, kernel, dx, geometry, tiles.input_gradient, driven)
        if dkernel is not None:
            kernel_gradient(x, everywhere, dkernel, geometry, tiles.kernel_gradient)
    if driven is None:
        multiply(dx, slope)
    return dx, dkernel, bias_gradient(grad) if "bias" in needs else None


def _spread(grad: Array, places: Array, shape: tuple[int, ...]) -> Array:
    """Gradients of maxima over 2 x 2, at the elements that they are."""
    everywhere = np.zeros(shape, grad.dtype)
    _, height, width, _ = grad.shape
    for place in range(4):
        rows = slice(place // 2, 2 * height, 2)
        columns = slice(place % 2, 2 * width, 2)
        everywhere[:, rows, columns] = np.where(places == place, grad, 0)
    return everywhere


def _is_together(activation: str | None, pool: Windows) -> bool:
    """Whether tiles can activate and pool: windows 2 x 2, side by side, all within the image."""
    halves = pool.data_format == "channels_last" and all(
        window.size == window.stride == 2
        and window.dilation == 1
        and window.before == 0
        and 2 * window.out <= window.length
        for window in pool.windows[1:]
    )
    return halves and 0 not in pool.shape and activation in _IN_REGISTERS
