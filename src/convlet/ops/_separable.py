"""Separable convolution: a depthwise one, then one of 1 x 1; and its gradients."""

from __future__ import annotations

from collections.abc import Iterable
from math import prod
from typing import Any

import numpy as np

from convlet.ops import _arguments as arguments
from convlet.ops import _conv_checks as conv_checks
from convlet.ops import _conv_forms as conv_forms
from convlet.ops import _conv_gradients as conv_gradients
from convlet.ops._activation import activation_code
from convlet.ops._arguments import Array
from convlet.ops._blocks import Block, blocks
from convlet.ops._conv_checks import Geometry
from convlet.ops._depthwise import check_depthwise, grouped

NEEDS = ("x", "depthwise_kernel", "pointwise_kernel", "bias")


def separable_conv(
    x: Any,
    depthwise_kernel: Any,
    pointwise_kernel: Any,
    bias: Any = None,
    *,
    strides: int | tuple[int, ...] = 1,
    padding: Any = "valid",
    dilation_rate: int | tuple[int, ...] = 1,
    data_format: str = "channels_last",
    activation: str | None = None,
    out: Array | None = None,
) -> Array:
    """Convolve each channel by itself, then mix the channels of each pixel.

    Parameters
    ----------
    x : array (N, *spatial, C)
        One, two or three spatial axes; (N, C, *spatial) with ``data_format="channels_first"``.
        float32 or float64, any strides.
    depthwise_kernel : array (*size, C, multiplier)
        As `depthwise_conv` takes it.
    pointwise_kernel : array (1, ..., 1, C * multiplier, CO)
        A kernel of `conv` with one tap.
    bias : array (CO,), optional
        Added to each output channel.
    strides, padding, dilation_rate
        As for `depthwise_conv`, of the depthwise part.
    data_format, activation, out
        As for `conv`.

    Returns
    -------
    ndarray (N, *out_spatial, CO)
        C-contiguous in `data_format`, or `out`.

    Raises
    ------
    TypeError, ValueError
        As `depthwise_conv`; also if `pointwise_kernel` does not have the shape above.

    Notes
    -----
    The same bits as `depthwise_conv`, then `conv`; the result of the first is made block by block,
    and never held as a whole. F. Chollet, "Xception" (2017), section 2.

    Examples
    --------
    >>> import numpy as np
    >>> from convlet import ops
    >>> x = np.array([[1., 10.], [2., 20.], [3., 30.]]).reshape(1, 3, 2)
    >>> sums, mix = np.ones((2, 2, 1)), np.array([[1.], [0.1]]).reshape(1, 2, 1)
    >>> ops.separable_conv(x, sums, mix).ravel()
    array([ 6., 10.])
    """
    x = arguments.as_array(x, "x")
    options = (strides, padding, dilation_rate, data_format)
    rows, depthwise, pointwise, middle = _check(x, depthwise_kernel, pointwise_kernel, options)
    bias = conv_checks.check_bias(bias, x, pointwise.shape[-1])
    activation_code(activation)
    inputs = [("x", x), ("depthwise_kernel", depthwise), ("pointwise_kernel", pointwise)]
    inputs += [("bias", bias)] if bias is not None else []
    shape = (*middle.shape[:-1], pointwise.shape[-1])
    result, view = arguments.output_array(out, shape, data_format, inputs)
    pixels = tuple(slice(0, size) for size in middle.shape[:-1])
    for block in blocks(pixels, middle.shape[-1] * x.itemsize):
        part = conv_forms.forward(
            rows[block[0]], depthwise, None, _geometry_of(block, middle), None, None
        )
        mixing = _pointwise_geometry(part.shape, pointwise)
        conv_forms.forward(part, pointwise, bias, mixing, activation, view[block])
    return result


def separable_conv_grad(
    grad: Any,
    x: Any,
    depthwise_kernel: Any,
    pointwise_kernel: Any,
    *,
    strides: int | tuple[int, ...] = 1,
    padding: Any = "valid",
    dilation_rate: int | tuple[int, ...] = 1,
    data_format: str = "channels_last",
    needs: Iterable[str] = NEEDS,
) -> tuple[Array | None, Array | None, Array | None, Array | None]:
    """Gradients of `separable_conv` with respect to its input, kernels and bias.

    Parameters
    ----------
    grad : array (N, *out_spatial, CO)
        Gradient of a scalar with respect to separable_conv's result before its activation.
    x, depthwise_kernel, pointwise_kernel, strides, padding, dilation_rate, data_format
        As given to `separable_conv`.
    needs : iterable of {"x", "depthwise_kernel", "pointwise_kernel", "bias"}
        Which gradients to compute.

    Returns
    -------
    dx, ddepthwise_kernel, dpointwise_kernel, dbias : ndarray or None
        Shaped as x, the kernels and (CO,), C-contiguous; None for what was not needed.

    Raises
    ------
    TypeError, ValueError
        As `separable_conv`; also if `grad` does not have the shape of its result.

    Notes
    -----
    Sums are in the orders that `conv_grad` states. The depthwise result, computed again, and its
    gradient are held while they are needed.

    Examples
    --------
    >>> import numpy as np
    >>> from convlet import ops
    >>> x, depthwise, pointwise = np.ones((1, 3, 2)), np.ones((2, 2, 1)), np.ones((1, 2, 1))
    >>> gradients = ops.separable_conv_grad(np.ones((1, 2, 1)), x, depthwise, pointwise)
    >>> [gradient.ravel().tolist() for gradient in gradients]
    [[1.0, 1.0, 2.0, 2.0, 1.0, 1.0], [2.0, 2.0, 2.0, 2.0], [4.0, 4.0], [2.0]]
    """
    x = arguments.as_array(x, "x")
    options = (strides, padding, dilation_rate, data_format)
    rows, depthwise, pointwise, middle = _check(x, depthwise_kernel, pointwise_kernel, options)
    wanted = conv_checks.check_needs(needs, NEEDS)
    mixing = _pointwise_geometry(middle.shape, pointwise)._replace(data_format=data_format)
    grad = conv_checks.check_grad(grad, x, mixing)
    dx = ddepthwise = dpointwise = dbias = None
    if "pointwise_kernel" in wanted:
        part = conv_forms.forward(
            rows, depthwise, None, middle._replace(data_format="channels_last"), None, None
        )
        dpointwise = np.empty(pointwise.shape, x.dtype)
        conv_gradients.kernel_gradient(part, grad, dpointwise, mixing)
        del part
    if wanted & {"x", "depthwise_kernel"}:
        dmiddle = np.empty(middle.shape, x.dtype)
        conv_gradients.input_gradient(grad, pointwise, dmiddle, mixing)
    if "x" in wanted:
        dx, view = arguments.output_array(None, rows.shape, data_format, (("x", x),))
        conv_gradients.input_gradient(dmiddle, depthwise, view, middle)
    if "depthwise_kernel" in wanted:
        wide = np.empty(depthwise.shape, x.dtype)
        conv_gradients.kernel_gradient(rows, dmiddle, wide, middle)
        ddepthwise = wide.reshape(*depthwise.shape[:-2], rows.shape[-1], -1)
    if "bias" in wanted:
        dbias = conv_gradients.bias_gradient(grad)
    return dx, ddepthwise, dpointwise, dbias


def _check(
    x: Array, depthwise: Any, pointwise: Any, options: tuple[Any, Any, Any, Any]
) -> tuple[Array, Array, Array, Geometry]:
    """x with channels last, the kernels, and the geometry of the depthwise part."""
    _, depthwise = check_depthwise(x, depthwise, options[-1], "depthwise_kernel")
    pointwise = arguments.as_array(pointwise, "pointwise_kernel", x.ndim)
    arguments.check_same_dtype("x", x, "pointwise_kernel", pointwise)
    arguments.check_not_empty("pointwise_kernel", pointwise.shape)
    shape = (1,) * (x.ndim - 2) + (prod(depthwise.shape[-2:]), pointwise.shape[-1])
    arguments.check_shape("pointwise_kernel", pointwise, shape, "shape")
    rows, kernel, middle = conv_checks.check_operands(x, grouped(depthwise), *options)
    arguments.check_size("the depthwise result", middle.shape, x.itemsize)
    return rows, kernel, pointwise, middle


def _pointwise_geometry(shape: tuple[int, ...], kernel: Array) -> Geometry:
    return conv_checks.plain_geometry((*shape[:-1], kernel.shape[-1]))


def _geometry_of(block: Block, whole: Geometry) -> Geometry:
    """Of the same windows, those of a block: the first one's taps begin further on."""
    starts = (0,) * (4 - len(block)) + tuple(part.start for part in block[1:])
    depth, height, width = (
        pad - start * stride
        for pad, start, stride in zip(whole.before, starts, whole.strides, strict=True)
    )
    shape = (*(part.stop - part.start for part in block), whole.shape[-1])
    return whole._replace(before=(depth, height, width), shape=shape, data_format="channels_last")
