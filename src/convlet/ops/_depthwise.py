"""Depthwise convolution: each channel with kernels of its own; and its gradients."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from convlet.ops import _conv_checks as conv_checks
from convlet.ops import _convolution as convolution
from convlet.ops._arguments import Array
from convlet.ops._conv_checks import NEEDS


def depthwise_conv(
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
    """Convolve each channel of 1-D, 2-D or 3-D inputs with `multiplier` kernels of its own.

    out[n, oh, ow, c * multiplier + m] = activation(bias[c * multiplier + m] + sum over kh, kw of
    x[n, oh * SH + kh * DH - PH, ow * SW + kw * DW - PW, c] * kernel[kh, kw, c, m])

    Parameters
    ----------
    x : array (N, *spatial, C)
        One, two or three spatial axes; (N, C, *spatial) with ``data_format="channels_first"``.
        float32 or float64, any strides.
    kernel : array (*size, C, multiplier)
        Of x's dtype.
    bias : array (C * multiplier,), optional
        Added to each output channel.
    strides, padding, dilation_rate, data_format, activation, out
        As for `conv`.

    Returns
    -------
    ndarray (N, *out_spatial, C * multiplier)
        C-contiguous in `data_format`, or `out`.

    Raises
    ------
    TypeError, ValueError
        As `conv`; also if `kernel` is not for x's channels.

    Notes
    -----
    The same as `conv` with a kernel (*size, 1, C * multiplier), hence with C groups: same order of
    summation, same bits. L. Sifre, "Rigid-motion scattering for image classification" (PhD thesis,
    2014), section 6.2; A. Howard et al., "MobileNets" (2017), section 3.1.

    Examples
    --------
    >>> import numpy as np
    >>> from convlet import ops
    >>> x = np.array([[1., 10.], [2., 20.], [3., 30.]]).reshape(1, 3, 2)
    >>> kernel = np.array([[1., 1.], [1., -1.]]).reshape(2, 2, 1)  # a sum and a difference
    >>> ops.depthwise_conv(x, kernel)[0]
    array([[  3., -10.],
           [  5., -10.]])
    """
    x, kernel = check_depthwise(x, kernel, data_format)
    return convolution.conv(
        x,
        grouped(kernel),
        bias,
        strides=strides,
        padding=padding,
        dilation_rate=dilation_rate,
        data_format=data_format,
        activation=activation,
        out=out,
    )


def depthwise_conv_grad(
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
    """Gradients of `depthwise_conv` with respect to its input, kernel and bias.

    Parameters
    ----------
    grad : array (N, *out_spatial, C * multiplier)
        Gradient of a scalar with respect to depthwise_conv's result before its activation.
    x, kernel, strides, padding, dilation_rate, data_format
        As given to `depthwise_conv`.
    needs : iterable of {"x", "kernel", "bias"}
        Which gradients to compute.

    Returns
    -------
    dx, dkernel, dbias : ndarray or None
        Shaped as x, kernel and (C * multiplier,), C-contiguous; None for what was not needed.

    Raises
    ------
    TypeError, ValueError
        As `depthwise_conv`; also if `grad` does not have the shape of its result.

    Notes
    -----
    Sums are in the orders that `conv_grad` states.

    Examples
    --------
    >>> import numpy as np
    >>> from convlet import ops
    >>> x, kernel = np.ones((1, 3, 2)), np.ones((2, 2, 1))
    >>> dx, dkernel, dbias = ops.depthwise_conv_grad(np.ones((1, 2, 2)), x, kernel)
    >>> dx[0], dbias
    (array([[1., 1.],
           [2., 2.],
           [1., 1.]]), array([2., 2.]))
    """
    x, kernel = check_depthwise(x, kernel, data_format)
    dx, dkernel, dbias = convolution.conv_grad(
        grad,
        x,
        grouped(kernel),
        strides=strides,
        padding=padding,
        dilation_rate=dilation_rate,
        data_format=data_format,
        needs=needs,
    )
    return dx, None if dkernel is None else dkernel.reshape(kernel.shape), dbias


def check_depthwise(
    x: Any, kernel: Any, data_format: Any, name: str = "kernel"
) -> tuple[Array, Array]:
    """x as it lies, and a kernel (*size, C, multiplier) for its channels."""
    x, kernel = conv_checks.check_arrays(x, kernel, data_format, name)
    channels = conv_checks.check_shapes(x.shape, kernel.shape, data_format, name)[-1]
    if kernel.shape[-2] != channels:
        raise ValueError(
            f"{name}.shape[-2] must be the {channels} channels of x, got shape {kernel.shape}"
        )
    return x, kernel


def grouped(kernel: Array) -> Array:
    """A depthwise kernel (*size, C, multiplier) as that of a convolution in C groups."""
    return kernel.reshape(*kernel.shape[:-2], 1, -1)
