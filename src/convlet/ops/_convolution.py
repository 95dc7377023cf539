"""Convolution and its gradients on arrays."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from convlet.ops._activation import activation_code
from convlet.ops._arguments import Array
from convlet.ops._conv_checks import (
    NEEDS,
    check_arrays,
    check_bias,
    check_grad,
    check_needs,
    check_operands,
    hashable,
)
from convlet.ops._conv_forms import bound_to, forward
from convlet.ops._conv_gradients import gradients
from convlet.ops._winograd import DIRECT


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
    if out is not None:
        x, kernel, geometry = check_operands(
            x, kernel, strides, padding, dilation_rate, data_format
        )
        bias = check_bias(bias, x, kernel.shape[-1])
        return forward(x, kernel, bias, geometry, activation, out)
    if activation is not None:
        activation_code(activation)
    x, kernel = check_arrays(x, kernel, data_format)
    if not (type(strides) is type(padding) is type(dilation_rate) is int):  # a call saved
        strides, padding, dilation_rate = hashable(x.shape, strides, padding, dilation_rate)
    compute = bound_to(
        x.shape, kernel.shape, strides, padding, dilation_rate, data_format, activation, x.dtype
    )
    return compute(x, kernel, check_bias(bias, x, kernel.shape[-1]), None)


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
    zero and then added in order; of many pixels and few weights in groups of images, which are
    added in order, too: the same bits for any thread count and strides.

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
    return gradients(grad, x, kernel, geometry, wanted, DIRECT)
