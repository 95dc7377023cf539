"""A convolution and the maximum over 2 x 2 windows after it, in one call where that is possible."""

from __future__ import annotations

from typing import Any

import numpy as np

from convlet._cext import winograd
from convlet._reuse import empty
from convlet.ops._activation import NO_ACTIVATION, activation_code
from convlet.ops._arguments import Array
from convlet.ops._conv_checks import Geometry
from convlet.ops._conv_forms import Bound, Packed, bound
from convlet.ops._windows import Geometry as Windows
from convlet.ops._windows import bound_pool

# Activations that the compiled code applies in registers.
_IN_REGISTERS = {NO_ACTIVATION, activation_code("relu"), activation_code("relu6")}


def bound_pooled(
    geometry: Geometry, activation: str | None, dtype: np.dtype[Any], pool: Windows
) -> Bound:
    """`bound`'s result and its maxima over the windows of `pool`: the same bits, in one call.

    By tiles, whose outputs are whole windows of 2 x 2, only the maxima are written.
    """
    conv, maxima = bound(geometry, activation, dtype), bound_pool(pool, dtype)
    code = activation_code(activation)
    together = code in _IN_REGISTERS and _halves(pool) and 0 not in pool.shape

    def run(x: Array, kernel: Array, bias: Array | None, packed: Packed | None) -> Array:
        if not (together and type(packed) is winograd.Transformed):
            return maxima(conv(x, kernel, bias, packed))
        y = empty(pool.shape, dtype)
        winograd.forward(x, kernel, bias, y, geometry, code, packed, 2)
        return y

    return run


def _halves(pool: Windows) -> bool:
    """Whether windows are 2 x 2, side by side and all within the image, channels last."""
    return pool.data_format == "channels_last" and all(
        window.size == window.stride == 2
        and window.dilation == 1
        and window.before == 0
        and 2 * window.out <= window.length
        for window in pool.windows[1:]
    )
