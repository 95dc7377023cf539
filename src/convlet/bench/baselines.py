"""The operators written in NumPy, the way a careful user would: no loop over pixels.

Arrays are channels-last with any number of spatial axes; padding is the same before and after each.
Convolution is a view of all windows and one matrix product over it, or, for one channel at a time,
one multiply-add for each tap; its gradient for the input, which NumPy has no function for, adds one
matrix product for each tap into a strided view. Pools go over the taps of the window with strided
views, which in NumPy beats a reduction over the short axes of a reshaped array.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

Array = np.ndarray
Shape = tuple[int, ...]

_LARGE = 1 << 28  # bytes; windows of a whole batch that take more are convolved image by image


def pad(x: Array, padding: int, value: float = 0.0) -> Array:
    """Return x with `padding` values before and after each spatial axis."""
    if not padding:
        return x
    widths = [(0, 0), *[(padding, padding)] * (x.ndim - 2), (0, 0)]
    return np.pad(x, widths, constant_values=value)


def windows(x: Array, size: int, stride: int, dilation: int = 1) -> Array:
    """Return the view (N, *out_spatial, CI, *sizes) of all windows of `x` (N, *spatial, CI)."""
    rank = x.ndim - 2
    extent = (dilation * (size - 1) + 1,) * rank
    view = sliding_window_view(x, extent, axis=tuple(range(1, rank + 1)))
    steps, taps_ = [slice(None, None, stride)] * rank, [slice(None, None, dilation)] * rank
    return view[(slice(None), *steps, slice(None), *taps_)]


def conv(
    x: Array,
    kernel: Array,
    bias: Array,
    stride: int,
    padding: int = 0,
    dilation: int = 1,
    groups: int = 1,
) -> Array:
    """Return x convolved with kernel (*sizes, CI / groups, CO), plus bias."""
    x, size, rank = pad(x, padding), len(kernel), x.ndim - 2
    if groups == x.shape[-1] == kernel.shape[-1] > 1:
        return _depthwise(x, kernel, bias, stride, dilation)
    view = windows(x, size, stride, dilation)
    if len(x) > 1 and view.size * view.itemsize > _LARGE:
        images = [
            conv(x[i : i + 1], kernel, bias, stride, 0, dilation, groups) for i in range(len(x))
        ]
        return np.concatenate(images)
    inner = (*range(rank + 2, 2 * rank + 2), rank + 1)
    parts = [
        np.tensordot(part, block, axes=(inner, tuple(range(rank + 1))))
        for part, block in zip(
            np.split(view, groups, axis=rank + 1), np.split(kernel, groups, axis=-1), strict=True
        )
    ]
    y: Array = parts[0] if groups == 1 else np.concatenate(parts, axis=-1)
    y += bias
    return y


def _depthwise(x: Array, kernel: Array, bias: Array, stride: int, dilation: int) -> Array:
    extent = dilation * (len(kernel) - 1) + 1
    lengths = ((n - extent) // stride + 1 for n in x.shape[1:-1])
    y = np.zeros((len(x), *lengths, x.shape[-1]), x.dtype)
    views = taps(x, len(kernel), stride, y.shape, dilation)
    for view, tap in zip(views, kernel.reshape(-1, x.shape[-1]), strict=True):
        y += view * tap
    y += bias
    return y


def conv_grad_x(
    grad: Array, kernel: Array, x_shape: Shape, stride: int, padding: int = 0, dilation: int = 1
) -> Array:
    """Return dx (N, *spatial, CI) for grad (N, *out_spatial, CO)."""
    padded = (x_shape[0], *(n + 2 * padding for n in x_shape[1:-1]), x_shape[-1])
    dx = np.zeros(padded, grad.dtype)
    channels, filters = kernel.shape[-2:]
    pixels = grad.reshape(-1, filters)  # one large product a tap; others would be many small
    views = taps(dx, len(kernel), stride, grad.shape, dilation)
    for view, tap in zip(views, kernel.reshape(-1, channels, filters), strict=True):
        view += (pixels @ tap.T).reshape(view.shape)
    inside = [slice(padding, n + padding) for n in x_shape[1:-1]]
    return dx[(slice(None), *inside)]


def conv_grad_kernel(
    grad: Array, x: Array, size: int, stride: int, padding: int = 0, dilation: int = 1
) -> tuple[Array, Array]:
    """Return (dkernel (*sizes, CI, CO), dbias (CO,))."""
    pixels = tuple(range(grad.ndim - 1))
    view = windows(pad(x, padding), size, stride, dilation)
    dkernel = np.tensordot(view, grad, axes=(pixels, pixels))
    return np.moveaxis(dkernel, 0, -2), grad.sum(axis=pixels)


def taps(x: Array, size: int, stride: int, out_shape: Shape, dilation: int = 1) -> Iterator[Array]:
    """Yield, for each tap of the window in row order, the view of `x` that it meets."""
    spans = [(n - 1) * stride + 1 for n in out_shape[1:-1]]
    for starts in itertools.product(range(0, size * dilation, dilation), repeat=len(spans)):
        steps = (
            slice(start, start + span, stride) for start, span in zip(starts, spans, strict=True)
        )
        yield x[(slice(None), *steps)]


def max_pool(x: Array, size: int, stride: int, out_shape: Shape) -> Array:
    """Return the maxima (N, *out_spatial, C)."""
    views = taps(x, size, stride, out_shape)
    y: Array = next(views).copy()
    for view in views:
        np.maximum(y, view, out=y)
    return y


def max_pool_grad(grad: Array, x: Array, size: int, stride: int) -> Array:
    """Return dx: each gradient goes to the first tap that holds its window's maximum."""
    y = max_pool(x, size, stride, grad.shape)
    dx = np.zeros_like(x)
    waiting = np.ones(y.shape, bool)
    views = zip(taps(x, size, stride, y.shape), taps(dx, size, stride, y.shape), strict=True)
    for x_view, dx_view in views:
        chosen = waiting & (x_view == y)
        dx_view += grad * chosen
        waiting &= ~chosen
    return dx


def average_pool(x: Array, size: int, stride: int, out_shape: Shape) -> Array:
    """Return the means (N, *out_spatial, C)."""
    views = taps(x, size, stride, out_shape)
    y: Array = next(views).copy()
    for view in views:
        y += view
    y *= x.dtype.type(1 / size**2)
    return y


def average_pool_grad(grad: Array, x_shape: Shape, size: int, stride: int) -> Array:
    """Return dx: each gradient is shared equally among its window's taps."""
    share = grad * grad.dtype.type(1 / size**2)
    dx = np.zeros(x_shape, grad.dtype)
    for view in taps(dx, size, stride, grad.shape):
        view += share
    return dx


def dense(x: Array, kernel: Array, bias: Array) -> Array:
    """Return x @ kernel + bias."""
    y = x @ kernel
    y += bias
    return y


def dense_grad(grad: Array, x: Array, kernel: Array) -> tuple[Array, Array, Array]:
    """Return (dx, dkernel, dbias)."""
    return grad @ kernel.T, x.T @ grad, grad.sum(axis=0)


def relu(x: Array) -> Array:
    """Return max(x, 0), in place."""
    return np.maximum(x, 0, out=x)


def softmax(x: Array) -> Array:
    """Return each row's probabilities."""
    y = np.exp(x - x.max(axis=1, keepdims=True))
    y /= y.sum(axis=1, keepdims=True)
    return y


def cnn(x: Array, weights: list[Array]) -> Array:
    """Return the lecture's CNN's probabilities (N, 10) for images (N, 28, 28, 1)."""
    return _cnn_layers(x, weights)[-1]


def _cnn_layers(x: Array, weights: list[Array]) -> tuple[Array, ...]:
    k1, b1, k2, b2, k3, b3, k4, b4 = weights
    maps1 = relu(conv(x, k1, b1, 1))
    maps2 = relu(conv(maps1, k2, b2, 1))
    pooled = max_pool(maps2, 2, 2, (len(x), 12, 12, 64))
    hidden = relu(dense(pooled.reshape(len(x), -1), k3, b3))
    return maps1, maps2, pooled, hidden, softmax(dense(hidden, k4, b4))


def cnn_grad(x: Array, labels: Array, weights: list[Array]) -> tuple[float, list[Array]]:
    """Return (mean cross-entropy, gradients in the order of `weights`)."""
    _, _, k2, _, k3, _, k4, _ = weights
    maps1, maps2, pooled, hidden, y = _cnn_layers(x, weights)
    loss = -np.log(np.maximum(y[labels.astype(bool)], 1e-7)).mean()
    d_hidden, dk4, db4 = dense_grad((y - labels) / x.dtype.type(len(x)), hidden, k4)
    d_hidden *= hidden > 0
    d_flat, dk3, db3 = dense_grad(d_hidden, pooled.reshape(len(x), -1), k3)
    d_maps2 = max_pool_grad(d_flat.reshape(pooled.shape), maps2, 2, 2)
    d_maps2 *= maps2 > 0
    dk2, db2 = conv_grad_kernel(d_maps2, maps1, 3, 1)
    d_maps1 = conv_grad_x(d_maps2, k2, maps1.shape, 1)
    d_maps1 *= maps1 > 0
    dk1, db1 = conv_grad_kernel(d_maps1, x, 3, 1)
    return loss, [dk1, db1, dk2, db2, dk3, db3, dk4, db4]


class Adadelta:
    """Keras's Adadelta on a list of arrays, changed in place (Zeiler 2012)."""

    def __init__(
        self,
        weights: list[Array],
        learning_rate: float = 1.0,
        rho: float = 0.95,
        epsilon: float = 1e-7,
    ) -> None:
        self.weights = weights
        self.squares = [np.zeros_like(w) for w in weights]
        self.steps = [np.zeros_like(w) for w in weights]
        self.learning_rate, self.rho, self.epsilon = learning_rate, rho, epsilon

    def apply(self, gradients: list[Array]) -> None:
        """Take one step."""
        rho, epsilon = self.rho, self.epsilon
        for weight, gradient, square, step in zip(
            self.weights, gradients, self.squares, self.steps, strict=True
        ):
            square *= rho
            square += (1 - rho) * gradient * gradient
            delta = np.sqrt((step + epsilon) / (square + epsilon)) * gradient
            step *= rho
            step += (1 - rho) * delta * delta
            weight -= self.learning_rate * delta
