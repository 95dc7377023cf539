"""Convolution and its gradients on arrays, and the private forms that layers use."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np

from convlet._cext import convolution as compiled
from convlet._cext import winograd
from convlet._reuse import LEAST_BYTES, empty
from convlet.ops import _arguments as arguments
from convlet.ops._activation import NO_ACTIVATION, activate_rows, activation_code
from convlet.ops._arguments import Array
from convlet.ops._geometry import (
    NO_AXIS,
    Padding,
    Window,
    normalize_padding,
    normalize_tuple,
    windows,
)
from convlet.ops._row_activations import ROWS
from convlet.ops._winograd import DIRECT, Tiles, allowed, tile_sizes

NEEDS = ("x", "kernel", "bias")
Gradients = tuple[Array | None, Array | None, Array | None]


class Geometry(NamedTuple):
    """A checked convolution: what the compiled code needs to know beside its arrays."""

    strides: tuple[int, int, int]
    dilations: tuple[int, int, int]
    before: tuple[int, int, int]
    groups: int
    shape: tuple[int, ...]  # of the output, channels last
    data_format: str
    tiles: Tiles = DIRECT  # by Winograd's algorithm, where that is allowed


# A kernel as a forward pass reads it, for one dtype and instruction set.
Packed = compiled.Packed | winograd.Transformed
# By the algorithm that it is packed for, if it is.
_DRIVERS: dict[type, Callable[..., None]] = {
    type(None): compiled.forward,
    compiled.Packed: compiled.forward,
    winograd.Transformed: winograd.forward,
}


@lru_cache(maxsize=256)
def plain_geometry(shape: tuple[int, ...]) -> Geometry:
    """Of a convolution with one tap, whose output has this shape."""
    return Geometry((1, 1, 1), (1, 1, 1), (0, 0, 0), 1, shape, "channels_last")


def conv(
    x: Any,
    kernel: Any,
    bias: Any = None,
    *,
    strides: int | tuple[int, ...] = 1,
    padding: Any = "valid",
    dilation_rate: int | tuple[int, ...] = 1,
    data_format: str = "channels_last",
    activation: str | None = None,
    out: Array | None = None,
) -> Array:
    """Convolve a batch of 1-D, 2-D or 3-D inputs with a kernel.

    out[n, oh, ow, co] = activation(bias[co] + sum over kh, kw, ci of
    x[n, oh * SH + kh * DH - PH, ow * SW + kw * DW - PW, ci] * kernel[kh, kw, ci, co])

    where taps that fall outside of `x` contribute nothing. (A cross-correlation, as in every
    neural network library: the kernel is not flipped.)

    Parameters
    ----------
    x : array (N, *spatial, CI)
        One, two or three spatial axes (W, H W or D H W); (N, CI, *spatial) with
        ``data_format="channels_first"``. float32 or float64, any strides.
    kernel : array (*size, CI / groups, CO)
        Of x's dtype. The number of groups follows from the shapes.
    bias : array (CO,), optional
        Added to each output channel.
    strides, dilation_rate : int or one int for each spatial axis, default 1
        Step of the window, and distance between its taps, in elements of `x`.
    padding : str, int or pairs, default "valid"
        "valid" (none), "same" (output of ceil(size / stride), an odd element at the end),
        "same_lower" (an odd element at the start), "causal" (1-D: all of it at the start),
        an int for both sides of each axis, or one (before, after) pair for each axis.
    data_format : {"channels_last", "channels_first"}
        Layout of `x` and of the result.
    activation : str, optional
        Name of an activation function (``convlet.activations``) applied to the result;
        "softmax", "log_softmax" and "sparsemax" are over the channels, in either data format.
    out : ndarray, optional
        Where to write the result: exact shape and dtype, not overlapping an input.

    Returns
    -------
    ndarray (N, *out_spatial, CO)
        C-contiguous in `data_format`, or `out`.

    Raises
    ------
    TypeError
        If an array is not float32 or float64, dtypes differ, or an option is of a wrong kind.
    ValueError
        If shapes do not fit each other, or an option has a value that it cannot have.

    Notes
    -----
    The accumulator has x's dtype and starts at zero; taps are added in ascending order
    (kd, kh, kw, ci) by fused multiply-adds where the processor has them, then the bias. So the
    result has the same bits for any thread count, strides and rest of the batch. Subnormal
    numbers count as zero. The formula is (9.6) of Goodfellow, Bengio, Courville, "Deep
    Learning" (2016), with strides and channels as in section 9.5.

    Examples
    --------
    >>> import numpy as np
    >>> from convlet import ops
    >>> x = np.arange(16, dtype=np.float32).reshape(1, 4, 4, 1)
    >>> edge = np.array([-1, 1], dtype=np.float32).reshape(1, 2, 1, 1)
    >>> ops.conv(x, edge, strides=2)[0, :, :, 0]
    array([[1., 1.],
           [1., 1.]], dtype=float32)
    """
    x, kernel, geometry = check_operands(x, kernel, strides, padding, dilation_rate, data_format)
    bias = check_bias(bias, x, kernel.shape[-1])
    return forward(x, kernel, bias, geometry, activation, out)


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


def bound(
    geometry: Geometry, activation: str | None, dtype: np.dtype[Any]
) -> Callable[[Array, Array, Array | None, Packed | None], Array]:
    """`conv_packed` with all decided that follows from an input's shape.

    For a small image the deciding takes as long as the sums.
    """
    if geometry.data_format == "channels_first" or 0 in geometry.shape:
        return lambda x, kernel, bias, packed: conv_packed(
            x, kernel, bias, geometry, activation, packed
        )
    code, shape, rows = activation_code(activation), geometry.shape, activation in ROWS
    new = empty if math.prod(shape) * dtype.itemsize >= LEAST_BYTES else np.empty

    def run(x: Array, kernel: Array, bias: Array | None, packed: Packed | None) -> Array:
        y = new(shape, dtype)
        _DRIVERS[type(packed)](x, kernel, bias, y, geometry, code, packed)
        if rows:
            activate_rows(activation, y)
        return y

    return run


def conv_packed_grad(
    grad: Array,
    x: Array,
    kernel: Array,
    geometry: Geometry,
    needs: Iterable[str],
) -> Gradients:
    """The gradients of `conv_packed`, by any algorithm."""
    arguments.check_same_dtype("kernel", kernel, "x", x)
    x = arguments.to_channels_last(x, geometry.data_format)
    grad = check_grad(grad, x, geometry)
    return _gradients(grad, x, kernel, geometry, frozenset(needs), allowed(geometry.tiles))


def pack(kernel: Array, groups: int = 1, size: int = 0) -> Packed:
    """The kernel's panels for `conv_packed` and `dense`, with tiles of this size."""
    return winograd.transform(kernel, size) if size else compiled.pack(kernel, groups)


def conv_grad(
    grad: Any,
    x: Any,
    kernel: Any,
    *,
    strides: int | tuple[int, ...] = 1,
    padding: Any = "valid",
    dilation_rate: int | tuple[int, ...] = 1,
    data_format: str = "channels_last",
    needs: Iterable[str] = NEEDS,
) -> tuple[Array | None, Array | None, Array | None]:
    """Gradients of `conv` with respect to its input, kernel and bias.

    Parameters
    ----------
    grad : array (N, *out_spatial, CO)
        Gradient of a scalar with respect to conv's result before its activation.
    x, kernel, strides, padding, dilation_rate, data_format
        As given to `conv`.
    needs : iterable of {"x", "kernel", "bias"}
        Which gradients to compute.

    Returns
    -------
    dx, dkernel, dbias : ndarray or None
        Shaped as x, kernel and (CO,), C-contiguous; None for what was not needed.

    Raises
    ------
    TypeError, ValueError
        As `conv`; also if `grad` does not have the shape of conv's result.

    Notes
    -----
    Accumulators have x's dtype. dx sums over (kd, kh, kw, co) ascending. dkernel and dbias sum
    over (n, od, oh, ow) ascending, cut by shape alone into runs of at most 256, each summed from
    zero and then added in order: the same bits for any thread count and strides.

    Examples
    --------
    >>> import numpy as np
    >>> from convlet import ops
    >>> x, kernel = np.ones((1, 3, 3, 1)), np.ones((2, 2, 1, 1))
    >>> dx, dkernel, dbias = ops.conv_grad(np.ones((1, 2, 2, 1)), x, kernel)
    >>> dx[0, :, :, 0]
    array([[1., 2., 1.],
           [2., 4., 2.],
           [1., 2., 1.]])
    >>> dkernel[:, :, 0, 0]
    array([[4., 4.],
           [4., 4.]])
    >>> dbias
    array([4.])
    """
    x, kernel, geometry = check_operands(x, kernel, strides, padding, dilation_rate, data_format)
    wanted = check_needs(needs)
    grad = check_grad(grad, x, geometry)
    return _gradients(grad, x, kernel, geometry, wanted, DIRECT)


def _gradients(
    grad: Array, x: Array, kernel: Array, geometry: Geometry, wanted: frozenset[str], tiles: Tiles
) -> Gradients:
    dx = None
    if "x" in wanted:
        dx, view = arguments.output_array(None, x.shape, geometry.data_format, (("x", x),))
        input_gradient(grad, kernel, view, geometry, tiles.input_gradient)
    return dx, *_weight_gradients(grad, x, kernel, geometry, wanted, tiles.kernel_gradient)


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
    grad: Array, kernel: Array, out: Array, geometry: Geometry, size: int = 0
) -> None:
    """Write conv's gradient with respect to x into `out`; all checked, channels last.

    By tiles it is the convolution of `grad` with the kernel turned around, its channels swapped.
    """
    if not out.size:
        return
    if size == 0:
        compiled.input_gradient(grad, kernel, None, out, geometry, NO_ACTIVATION)
        return
    turned = kernel[::-1, ::-1].swapaxes(-1, -2)
    _, above, left = geometry.before
    around = geometry._replace(before=(0, 2 - above, 2 - left))
    transformed = winograd.transform(turned, size)
    winograd.forward(grad, turned, None, out, around, NO_ACTIVATION, transformed)


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
        winograd.kernel_gradient(x, grad, out, geometry)
    else:
        compiled.kernel_gradient(x, grad, out, dbias, geometry)


def bias_gradient(grad: Array) -> Array:
    """Sums of grad (N, *spatial, CO) over all but its channels.

    The kernel gradient of a convolution whose input is 1 and has one channel.
    """
    dbias = np.empty((1,) * (grad.ndim - 1) + grad.shape[-1:], grad.dtype)
    one = np.ones(1, grad.dtype)  # with strides of 0; np.broadcast_to takes ten times as long
    ones = np.ndarray((*grad.shape[:-1], 1), grad.dtype, one, strides=(0,) * grad.ndim)
    kernel_gradient(ones, grad, dbias, plain_geometry(grad.shape))
    return dbias.reshape(-1)


def dense(
    x: Array, kernel: Array, bias: Array | None, geometry: Geometry, activation: str | None
) -> Array:
    """x (N, CI) times kernel (CI, CO), plus bias, activated: a convolution of N single pixels.

    `geometry` is `plain_geometry((N, CO))`.
    """
    arguments.check_same_dtype("kernel", kernel, "x", x)
    return forward(x, kernel, bias, geometry, activation, None)


def dense_grad(
    grad: Array, x: Array, kernel: Array, needs: Iterable[str] = NEEDS
) -> tuple[Array | None, Array | None, Array | None]:
    """Gradients of `dense` with respect to x, kernel and bias; None for what is not needed."""
    arguments.check_same_dtype("x", x, "grad", grad)
    geometry = plain_geometry(grad.shape)
    dx = None
    if "x" in needs:
        dx = empty(x.shape, x.dtype)
        input_gradient(grad, kernel, dx, geometry)
    return dx, *_weight_gradients(grad, x, kernel, geometry, needs)


def check_operands(
    x: Any, kernel: Any, strides: Any, padding: Any, dilation_rate: Any, data_format: Any
) -> tuple[Array, Array, Geometry]:
    """x with channels last, kernel, and the geometry of their convolution."""
    x, kernel = check_arrays(x, kernel, data_format)
    if not (type(strides) is type(dilation_rate) is int and type(padding) in (str, int)):
        # A key of the cache must be hashable, and True or 1.0 must not find what 1 has left there.
        rank = arguments.spatial_rank("x", x.shape)
        strides = normalize_tuple(strides, rank, "strides")
        padding = normalize_padding(padding, rank, causal=True)
        dilation_rate = normalize_tuple(dilation_rate, rank, "dilation_rate")
    geometry = layer_geometry(x.shape, kernel.shape, strides, padding, dilation_rate, data_format)
    if data_format != "channels_last":  # a call for nothing would be a tenth of a small convolution
        x = arguments.to_channels_last(x, data_format)
    return x, kernel, geometry


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


def check_bias(bias: Any, x: Array, filters: int) -> Array | None:
    if bias is None:
        return None
    if type(bias) is np.ndarray and bias.dtype is x.dtype and bias.shape == (filters,):
        return bias
    bias = arguments.as_array(bias, "bias", 1)
    arguments.check_same_dtype("x", x, "bias", bias)
    arguments.check_shape("bias", bias, (filters,), "shape")
    return bias


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
