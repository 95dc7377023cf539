"""Maximum and average pooling on arrays, and their gradients."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from math import gcd
from typing import Any, Literal, overload

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
from convlet.ops._windows import Geometry, averages, averages_grad, bound_pool, maxima, maxima_grad

Sizes = int | tuple[int, ...]
# Pool size, strides, padding, dilation rate, ceil mode, data format.
Options = tuple[Sizes, Sizes, Padding, Sizes, bool, str]


@overload
def max_pool(
    x: Any,
    pool_size: int | tuple[int, ...],
    *,
    strides: int | tuple[int, ...] | None = ...,
    padding: Any = ...,
    dilation_rate: int | tuple[int, ...] = ...,
    ceil_mode: bool = ...,
    data_format: str = ...,
    return_indices: Literal[False] = ...,
    out: Array | None = ...,
) -> Array: ...


@overload
def max_pool(
    x: Any,
    pool_size: int | tuple[int, ...],
    *,
    strides: int | tuple[int, ...] | None = ...,
    padding: Any = ...,
    dilation_rate: int | tuple[int, ...] = ...,
    ceil_mode: bool = ...,
    data_format: str = ...,
    return_indices: Literal[True],
    out: Array | None = ...,
) -> tuple[Array, Array]: ...


def max_pool(
    x: Any,
    pool_size: int | tuple[int, ...],
    *,
    strides: int | tuple[int, ...] | None = None,
    padding: Any = "valid",
    dilation_rate: int | tuple[int, ...] = 1,
    ceil_mode: bool = False,
    data_format: str = "channels_last",
    return_indices: bool = False,
    out: Array | None = None,
) -> Array | tuple[Array, Array]:
    """Take the maximum over windows of a batch of 1-D, 2-D or 3-D inputs.

    out[n, oh, ow, c] = max over kh, kw of
    x[n, oh * SH + kh * DH - PH, ow * SW + kw * DW - PW, c]

    where taps that fall outside of `x` are left out.

    Parameters
    ----------
    x : array (N, *spatial, C)
        One, two or three spatial axes (W, H W or D H W); (N, C, *spatial) with
        ``data_format="channels_first"``. float32 or float64, any strides.
    pool_size : int or one int for each spatial axis
        Taps of the window.
    strides : int or one int for each spatial axis, default `pool_size`
        Step of the window, in elements of `x`.
    padding : str, int or pairs, default "valid"
        "valid" (none), "same" (output of ceil(size / stride), an odd element at the end),
        "same_lower" (an odd element at the start), an int for both sides of each axis, or one
        (before, after) pair for each axis.
    dilation_rate : int or one int for each spatial axis, default 1
        Distance between the window's taps, in elements of `x`.
    ceil_mode : bool, default False
        Round the output's size up instead of down: the last window may then reach beyond the
        padded input. It is dropped where it would start beyond the input and its left padding.
    data_format : {"channels_last", "channels_first"}
        Layout of `x` and of the results.
    return_indices : bool, default False
        Return the maxima's positions too.
    out : ndarray, optional
        Where to write the result: exact shape and dtype, not overlapping `x`.

    Returns
    -------
    y : ndarray (N, *out_spatial, C)
        C-contiguous in `data_format`, or `out`.
    indices : ndarray of int64, shaped as y
        Only with `return_indices`: where in x's spatial axes, without padding and flattened in
        row-major order, each maximum stands, for its image and channel.

    Raises
    ------
    TypeError
        If `x` is not float32 or float64, or an option is of a wrong kind.
    ValueError
        If an option has a value that it cannot have, or a window contains no element of `x`.

    Notes
    -----
    NaN is greater than every number. Of equal values (-0 and +0 are) the first is taken, in
    ascending order of taps (kd, kh, kw). Subnormal numbers count as zero where they are compared.

    Examples
    --------
    >>> import numpy as np
    >>> from convlet import ops
    >>> x = np.arange(16, dtype=np.float32).reshape(1, 4, 4, 1)
    >>> y, indices = ops.max_pool(x, 2, return_indices=True)
    >>> y[0, :, :, 0]
    array([[ 5.,  7.],
           [13., 15.]], dtype=float32)
    >>> indices[0, :, :, 0]
    array([[ 5,  7],
           [13, 15]])
    """
    x, options = _check(x, pool_size, strides, padding, dilation_rate, ceil_mode, data_format)
    if out is None and not arguments.check_flag("return_indices", return_indices):
        return _bound_to(x.shape, x.dtype, options)(x)
    y, indices = maxima(x, fit(x.shape, *options), return_indices, out)
    return y if indices is None else (y, indices)


def max_pool_grad(
    grad: Any,
    x: Any,
    pool_size: int | tuple[int, ...],
    *,
    strides: int | tuple[int, ...] | None = None,
    padding: Any = "valid",
    dilation_rate: int | tuple[int, ...] = 1,
    ceil_mode: bool = False,
    data_format: str = "channels_last",
    indices: Array | None = None,
) -> Array:
    """Gradient of `max_pool` with respect to its input.

    Parameters
    ----------
    grad : array (N, *out_spatial, C)
        Gradient of a scalar with respect to max_pool's result; of x's dtype.
    x, pool_size, strides, padding, dilation_rate, ceil_mode, data_format
        As given to `max_pool`.
    indices : ndarray of int64, optional
        As `max_pool` returned them. Without, the maxima are found again.

    Returns
    -------
    ndarray (N, *spatial, C)
        Shaped as `x`, C-contiguous. Each element of `grad` is added at the position of the
        maximum of its window.

    Raises
    ------
    TypeError, ValueError
        As `max_pool`; also if `grad` or `indices` does not have the shape of max_pool's result,
        or an index is out of range.

    Notes
    -----
    Gradients of windows that share a maximum are added in ascending order of windows, so the
    result has the same bits for any thread count, strides and rest of the batch.

    Examples
    --------
    >>> import numpy as np
    >>> from convlet import ops
    >>> x = np.array([1., 3., 2., 5., 4.]).reshape(1, 5, 1)
    >>> ops.max_pool_grad(np.ones((1, 4, 1)), x, 2, strides=1).ravel()
    array([0., 2., 0., 2., 0.])
    """
    x, options = _check(x, pool_size, strides, padding, dilation_rate, ceil_mode, data_format)
    return maxima_grad(grad, x, fit(x.shape, *options), indices)


def average_pool(
    x: Any,
    pool_size: int | tuple[int, ...],
    *,
    strides: int | tuple[int, ...] | None = None,
    padding: Any = "valid",
    dilation_rate: int | tuple[int, ...] = 1,
    ceil_mode: bool = False,
    count_include_pad: bool = False,
    data_format: str = "channels_last",
    out: Array | None = None,
) -> Array:
    """Average over windows of a batch of 1-D, 2-D or 3-D inputs.

    out[n, oh, ow, c] = 1 / count * sum over kh, kw of
    x[n, oh * SH + kh * DH - PH, ow * SW + kw * DW - PW, c]

    where taps that fall outside of `x` add nothing.

    Parameters
    ----------
    x, pool_size, strides, padding, dilation_rate, ceil_mode, data_format, out
        As `max_pool` takes them.
    count_include_pad : bool, default False
        Whether `count` includes the window's taps in the padding. What reaches beyond the
        padding, with `ceil_mode`, never counts.

    Returns
    -------
    ndarray (N, *out_spatial, C)
        C-contiguous in `data_format`, or `out`.

    Raises
    ------
    TypeError
        If `x` is not float32 or float64, or an option is of a wrong kind.
    ValueError
        If an option has a value that it cannot have, or a window contains no element of `x`.

    Notes
    -----
    The sum has x's dtype and runs over the taps (kd, kh, kw) in ascending order; it is divided
    once. Subnormal numbers count as zero.

    Examples
    --------
    >>> import numpy as np
    >>> from convlet import ops
    >>> x = np.array([2., 4., 6.]).reshape(1, 3, 1)
    >>> ops.average_pool(x, 2, padding="same").ravel()
    array([3., 6.])
    >>> ops.average_pool(x, 2, padding="same", count_include_pad=True).ravel()
    array([3., 3.])
    """
    x, options = _check(x, pool_size, strides, padding, dilation_rate, ceil_mode, data_format)
    include_pad = arguments.check_flag("count_include_pad", count_include_pad)
    if out is None:
        return _bound_to(x.shape, x.dtype, options, include_pad)(x)
    return averages(x, fit(x.shape, *options), include_pad, out)


def average_pool_grad(
    grad: Any,
    x: Any,
    pool_size: int | tuple[int, ...],
    *,
    strides: int | tuple[int, ...] | None = None,
    padding: Any = "valid",
    dilation_rate: int | tuple[int, ...] = 1,
    ceil_mode: bool = False,
    count_include_pad: bool = False,
    data_format: str = "channels_last",
) -> Array:
    """Gradient of `average_pool` with respect to its input.

    Parameters
    ----------
    grad : array (N, *out_spatial, C)
        Gradient of a scalar with respect to average_pool's result; of x's dtype.
    x, pool_size, strides, padding, dilation_rate, ceil_mode, count_include_pad, data_format
        As given to `average_pool`. Of `x`, only shape and dtype matter.

    Returns
    -------
    ndarray (N, *spatial, C)
        Shaped as `x`, C-contiguous. Each element of `grad`, divided by its window's count, is
        added to all elements of its window.

    Raises
    ------
    TypeError, ValueError
        As `average_pool`; also if `grad` does not have the shape of average_pool's result.

    Notes
    -----
    Gradients of windows that share an element are added in ascending order of windows, so the
    result has the same bits for any thread count, strides and rest of the batch.

    Examples
    --------
    >>> import numpy as np
    >>> from convlet import ops
    >>> x = np.zeros((1, 3, 1))
    >>> ops.average_pool_grad(np.ones((1, 2, 1)), x, 2, strides=1).ravel()
    array([0.5, 1. , 0.5])
    """
    x, options = _check(x, pool_size, strides, padding, dilation_rate, ceil_mode, data_format)
    return averages_grad(grad, x, fit(x.shape, *options), count_include_pad)


def _check(
    x: Any,
    pool_size: Any,
    strides: Any,
    padding: Any,
    dilation_rate: Any,
    ceil_mode: Any,
    data_format: Any,
) -> tuple[Array, Options]:
    """x as an array, and options for `fit`, which checks their values."""
    x = arguments.as_array(x, "x")
    steps = pool_size if strides is None else strides
    numbers = type(pool_size) is type(steps) is type(dilation_rate) is int
    if not (numbers and type(padding) is type(data_format) is str):
        # A key of the cache must be hashable, and True or 1.0 must not find what 1 has left there.
        arguments.check_choice("data_format", data_format, arguments.DATA_FORMATS)
        rank = arguments.spatial_rank("x", x.shape)
        pool_size = normalize_tuple(pool_size, rank, "pool_size")
        steps = pool_size if strides is None else normalize_tuple(strides, rank, "strides")
        padding = normalize_padding(padding, rank)
        dilation_rate = normalize_tuple(dilation_rate, rank, "dilation_rate")
    ceil = arguments.check_flag("ceil_mode", ceil_mode)
    return x, (pool_size, steps, padding, dilation_rate, ceil, data_format)


@lru_cache(maxsize=256)
def _bound_to(
    shape: tuple[int, ...],
    dtype: np.dtype[Any],
    options: Options,
    count_include_pad: bool | None = None,
) -> Callable[[Array], Array]:
    """`bound_pool` for arrays of this shape."""
    return bound_pool(fit(shape, *options), dtype, count_include_pad)


@lru_cache(maxsize=256)
def fit(
    shape: tuple[int, ...],
    pool_size: Sizes,
    strides: Sizes,
    padding: Padding,
    dilation_rate: Sizes,
    ceil_mode: bool,
    data_format: str,
) -> Geometry:
    """The geometry of a pooling of arrays of this shape. Cached: a small pool takes less time."""
    arguments.check_choice("data_format", data_format, arguments.DATA_FORMATS)
    rank = arguments.spatial_rank("x", shape)
    arguments.check_not_empty("x", shape, first=1)
    shape = arguments.channels_last_shape(shape, data_format)
    fitted = windows(
        shape[1:-1],
        normalize_tuple(pool_size, rank, "pool_size"),
        normalize_tuple(strides, rank, "strides"),
        normalize_padding(padding, rank),
        normalize_tuple(dilation_rate, rank, "dilation_rate"),
        ceil_mode=ceil_mode,
        window="pool",
    )
    for axis, window in enumerate(fitted):
        _check_inputs(axis, window)
    axes = (NO_AXIS,) * (3 - rank) + tuple(map(_simplest, fitted))
    out = (shape[0], *(window.out for window in fitted), shape[-1])
    return Geometry(axes, out, data_format)


def _check_inputs(axis: int, w: Window) -> None:
    """A ValueError unless every window contains an input element: the maximum of none is none."""
    empty = (w.out - 1) * w.stride - w.before >= w.length
    # Windows that begin in the padding, until their position relative to the dilation recurs.
    beginning_before = -(-w.before // w.stride)
    different = w.dilation // gcd(w.stride, w.dilation)
    for window in range(min(beginning_before, w.out, different)):
        start = window * w.stride - w.before
        first_tap = -(start // w.dilation)
        empty = empty or first_tap >= w.size or first_tap * w.dilation + start >= w.length
        if empty:
            break
    if empty:
        raise ValueError(
            f"spatial axis {axis}: every pooling window must contain an input element, got a pool "
            f"of {w.size} with stride {w.stride} and dilation {w.dilation} on an input of "
            f"{w.length} padded by {w.before} and {w.after}"
        )


def _simplest(w: Window) -> Window:
    """A stride without a second window, or a dilation without a second tap, is 1."""
    stride = w.stride if w.out > 1 else 1
    return w._replace(stride=stride, dilation=w.dilation if w.size > 1 else 1)
