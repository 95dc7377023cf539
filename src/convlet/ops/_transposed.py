"""Transposed convolution: the adjoint of `conv`, and its gradients."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import Any

import numpy as np

from convlet._cext import convolution as compiled
from convlet.ops import _arguments as arguments
from convlet.ops import _conv_checks as conv_checks
from convlet.ops import _conv_gradients as conv_gradients
from convlet.ops._activation import NO_ACTIVATION, activate_rows, activation_code
from convlet.ops._arguments import Array
from convlet.ops._conv_checks import NEEDS, Geometry
from convlet.ops._geometry import (
    Padding,
    normalize_padding,
    normalize_tuple,
    transposed_windows,
)


def conv_transpose(
    x: Any,
    kernel: Any,
    bias: Any = None,
    *,
    strides: int | tuple[int, ...] = 1,
    padding: Any = "valid",
    output_padding: int | tuple[int, ...] | None = None,
    dilation_rate: int | tuple[int, ...] = 1,
    groups: int = 1,
    data_format: str = "channels_last",
    activation: str | None = None,
    out: Array | None = None,
) -> Array:
    """Transposed convolution of a batch of 1-D, 2-D or 3-D inputs.

    Each element of x is multiplied by the kernel, and the products are added at
    out[n, h * SH + kh * DH - PH, w * SW + kw * DW - PW, co]; what falls outside is dropped. With
    the same kernel it is the adjoint of `conv`, hence the same as the gradient of conv's input.

    Parameters
    ----------
    x : array (N, *spatial, CI)
        One, two or three spatial axes; (N, CI, *spatial) with ``data_format="channels_first"``.
        float32 or float64, any strides.
    kernel : array (*size, CO / groups, CI)
        Of x's dtype.
    bias : array (CO,), optional
        Added to each output channel.
    strides, dilation_rate : int or one int for each spatial axis, default 1
        Distance in the output between neighbours of the input, and between the kernel's taps.
    padding : str, int or pairs, default "valid"
        "valid" (nothing is cropped), "same" (the output has size * stride elements; the crop's odd
        element is at the end), "same_lower" (at the start), an int that is cropped from both sides
        of each axis, or one (before, after) pair for each axis.
    output_padding : int or one int for each spatial axis, optional
        Elements added at the end. With "valid" and "same" it makes the sizes that Keras's layers
        make: (n - 1) * stride + k + it, and (n - 1) * stride + k % 2 + it, k being the kernel's
        dilated size. With numbers as padding PyTorch's (n - 1) * stride + k - before - after + it.
    groups : int, default 1
        Blocks of channels that are treated apart; divides CI.
    data_format : {"channels_last", "channels_first"}
        Layout of `x` and of the result.
    activation : str, optional
        As for `conv`.
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
    Each output is a sum from zero over the taps (kd, kh, kw, ci ascending) that reach it, by fused
    multiply-adds where the processor has them, then the bias: the same bits for any thread count,
    strides and rest of the batch. V. Dumoulin, F. Visin, "A guide to convolution arithmetic for
    deep learning" (2016), chapter 4.

    Examples
    --------
    >>> import numpy as np
    >>> from convlet import ops
    >>> x = np.array([1., 2.]).reshape(1, 2, 1)
    >>> kernel = np.array([1., 10., 100.]).reshape(3, 1, 1)
    >>> ops.conv_transpose(x, kernel, strides=2).ravel()
    array([  1.,  10., 102.,  20., 200.])
    """
    options = (strides, padding, output_padding, dilation_rate, groups)
    x, kernel, geometry = _check_operands(x, kernel, *options, data_format)
    bias = conv_checks.check_bias(bias, x, geometry.shape[-1])
    inputs = [("x", x), ("kernel", kernel)] + ([] if bias is None else [("bias", bias)])
    code = activation_code(activation)
    result, view = arguments.output_array(out, geometry.shape, data_format, inputs)
    if view.size:
        compiled.input_gradient(x, kernel, bias, view, geometry, code)
        activate_rows(activation, view)
    return result


def conv_transpose_grad(
    grad: Any,
    x: Any,
    kernel: Any,
    *,
    strides: int | tuple[int, ...] = 1,
    padding: Any = "valid",
    output_padding: int | tuple[int, ...] | None = None,
    dilation_rate: int | tuple[int, ...] = 1,
    groups: int = 1,
    data_format: str = "channels_last",
    needs: Iterable[str] = NEEDS,
) -> tuple[Array | None, Array | None, Array | None]:
    """Gradients of `conv_transpose` with respect to its input, kernel and bias.

    Parameters
    ----------
    grad : array (N, *out_spatial, CO)
        Gradient of a scalar with respect to conv_transpose's result before its activation.
    x, kernel, strides, padding, output_padding, dilation_rate, groups, data_format
        As given to `conv_transpose`.
    needs : iterable of {"x", "kernel", "bias"}
        Which gradients to compute.

    Returns
    -------
    dx, dkernel, dbias : ndarray or None
        Shaped as x, kernel and (CO,), C-contiguous; None for what was not needed.

    Raises
    ------
    TypeError, ValueError
        As `conv_transpose`; also if `grad` does not have the shape of its result.

    Notes
    -----
    dx is `conv` of grad with the same kernel; dkernel is conv's, with x and grad in each other's
    places. Sums are in the orders that `conv` and `conv_grad` state.

    Examples
    --------
    >>> import numpy as np
    >>> from convlet import ops
    >>> x, kernel = np.ones((1, 2, 1)), np.ones((3, 1, 1))
    >>> dx, dkernel, dbias = ops.conv_transpose_grad(np.ones((1, 5, 1)), x, kernel, strides=2)
    >>> dx.ravel(), dkernel.ravel(), dbias
    (array([3., 3.]), array([2., 2., 2.]), array([5.]))
    """
    options = (strides, padding, output_padding, dilation_rate, groups)
    x, kernel, geometry = _check_operands(x, kernel, *options, data_format)
    wanted = conv_checks.check_needs(needs)
    grad = conv_checks.check_grad(grad, x, geometry)
    dx = dkernel = dbias = None
    if "x" in wanted:
        dx, view = arguments.output_array(None, x.shape, data_format, (("x", x),))
        if view.size:
            compiled.forward(grad, kernel, None, view, geometry, NO_ACTIVATION)
    if "kernel" in wanted:
        dkernel = np.empty(kernel.shape, x.dtype)
        conv_gradients.kernel_gradient(grad, x, dkernel, geometry)
    if "bias" in wanted:
        dbias = conv_gradients.bias_gradient(grad)
    return dx, dkernel, dbias


def _check_operands(
    x: Any,
    kernel: Any,
    strides: Any,
    padding: Any,
    output_padding: Any,
    dilation_rate: Any,
    groups: Any,
    data_format: Any,
) -> tuple[Array, Array, Geometry]:
    """x with channels last, kernel, and the geometry of the convolution they are the adjoint of."""
    x, kernel = conv_checks.check_arrays(x, kernel, data_format)
    shape = conv_checks.check_shapes(x.shape, kernel.shape, data_format)
    rank = len(shape) - 2
    extra = None
    if output_padding is not None:
        extra = normalize_tuple(output_padding, rank, "output_padding", minimum=0)
    geometry = _fit(
        shape,
        kernel.shape,
        normalize_tuple(strides, rank, "strides"),
        normalize_padding(padding, rank),
        extra,
        normalize_tuple(dilation_rate, rank, "dilation_rate"),
        normalize_tuple(groups, 1, "groups")[0],
        data_format,
    )
    return arguments.to_channels_last(x, data_format), kernel, geometry


@lru_cache(maxsize=256)
def _fit(
    x_shape: tuple[int, ...],
    kernel_shape: tuple[int, ...],
    strides: tuple[int, ...],
    padding: Padding,
    output_padding: tuple[int, ...] | None,
    dilations: tuple[int, ...],
    groups: int,
    data_format: str,
) -> Geometry:
    """The geometry of the convolution, whose `shape` is the transposed one's output."""
    if x_shape[-1] != kernel_shape[-1] or x_shape[-1] % groups:
        raise ValueError(
            f"x must have kernel.shape[-1] channels, a multiple of groups, got {x_shape[-1]} "
            f"channels, kernel shape {kernel_shape} and {groups} groups"
        )
    fitted = transposed_windows(
        x_shape[1:-1], kernel_shape[:-2], strides, padding, dilations, output_padding
    )
    shape = (x_shape[0], *(window.length for window in fitted), kernel_shape[-2] * groups)
    return Geometry(*conv_checks.three_axes(fitted), groups, shape, data_format)
