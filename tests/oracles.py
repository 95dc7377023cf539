"""What convlet.ops must compute: plain NumPy in float64, one tap at a time, for 1 to 3 axes.

Nothing here comes from the library, its padding arithmetic included. Inside, arrays have their
spatial axes first, (*spatial, N, C), so that an index grid over them leaves (N, C) rows.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Axis:
    """One spatial axis: its output o reads input o * stride + t * dilation - before at tap t."""

    length: int
    size: int
    stride: int
    dilation: int
    before: int
    after: int
    out: int

    def positions(self, tap):
        return np.arange(self.out) * self.stride + tap * self.dilation - self.before

    def inside(self, tap):
        """The outputs for which this tap lies on the input."""
        return (self.positions(tap) >= 0) & (self.positions(tap) < self.length)

    def inside_padded(self, tap):
        """The outputs for which this tap lies on the input or its padding."""
        positions = self.positions(tap)
        return (positions >= -self.before) & (positions < self.length + self.after)


def axis_padding(length, size, stride, dilation, padding):
    """(before, after) of one axis; `padding` is a name or the pair itself."""
    if not isinstance(padding, str):
        return padding
    reach = dilation * (size - 1)
    if padding == "valid":
        return 0, 0
    if padding == "causal":
        return reach, 0
    last_start = (math.ceil(length / stride) - 1) * stride
    total = max(last_start + reach + 1 - length, 0)
    small, large = total // 2, total - total // 2
    return (small, large) if padding == "same" else (large, small)


def axes_of(lengths, sizes, strides, padding, dilations, ceil_mode=False):
    rank = len(lengths)
    strides, dilations = per_axis(strides, rank), per_axis(dilations, rank)
    if isinstance(padding, int):
        padding = ((padding, padding),) * rank
    axes = []
    for i in range(rank):
        length, size, stride, dilation = lengths[i], sizes[i], strides[i], dilations[i]
        own = padding if isinstance(padding, str) else padding[i]
        before, after = axis_padding(length, size, stride, dilation, own)
        steps = (length + before + after - dilation * (size - 1) - 1) / stride
        out = (math.ceil(steps) if ceil_mode else math.floor(steps)) + 1
        if ceil_mode and (out - 1) * stride >= length + before:
            out -= 1
        axes.append(Axis(length, size, stride, dilation, before, after, out))
    return axes


def per_axis(value, rank):
    return (value,) * rank if isinstance(value, int) else tuple(value)


def taps(axes):
    """Every tap in ascending order: (tap, the outputs it serves, the inputs it reads for them)."""
    for tap in itertools.product(*(range(axis.size) for axis in axes)):
        served = [np.flatnonzero(axis.inside(t)) for axis, t in zip(axes, tap, strict=True)]
        read = [a.positions(t)[o] for a, t, o in zip(axes, tap, served, strict=True)]
        yield tap, np.ix_(*served), np.ix_(*read)


def spatial_first(x, data_format):
    x = np.asarray(x, np.float64)
    return np.moveaxis(x, (0, 1) if data_format == "channels_first" else (0, -1), (-2, -1))


def spatial_inside(x, data_format):
    return np.moveaxis(x, (-2, -1), (0, 1) if data_format == "channels_first" else (0, -1))


def group_slices(channels, groups):
    size = channels // groups
    return [slice(g * size, (g + 1) * size) for g in range(groups)]


def conv_setup(x, kernel, strides, padding, dilation_rate, data_format):
    """x with its spatial axes first, the kernel, its axes, and each group's channels in and out."""
    x, kernel = spatial_first(x, data_format), np.asarray(kernel, np.float64)
    axes = axes_of(x.shape[:-2], kernel.shape[:-2], strides, padding, dilation_rate)
    groups = x.shape[-1] // kernel.shape[-2]
    channels = zip(
        group_slices(x.shape[-1], groups), group_slices(kernel.shape[-1], groups), strict=True
    )
    return x, kernel, axes, list(channels)


def conv(
    x,
    kernel,
    bias=None,
    *,
    strides=1,
    padding="valid",
    dilation_rate=1,
    data_format="channels_last",
    activation=None,
):
    x, kernel, axes, groups = conv_setup(x, kernel, strides, padding, dilation_rate, data_format)
    y = np.zeros([axis.out for axis in axes] + [x.shape[-2], kernel.shape[-1]])
    for tap, served, read in taps(axes):
        for ci, co in groups:
            y[(*served, ..., co)] += x[(*read, ..., ci)] @ kernel[(*tap, ..., co)]
    if bias is not None:
        y += np.asarray(bias, np.float64)
    return spatial_inside(activate(activation, y), data_format)


def conv_grad(
    grad,
    x,
    kernel,
    *,
    strides=1,
    padding="valid",
    dilation_rate=1,
    data_format="channels_last",
):
    x, kernel, axes, groups = conv_setup(x, kernel, strides, padding, dilation_rate, data_format)
    grad = spatial_first(grad, data_format)
    dx, dkernel = np.zeros(x.shape), np.zeros(kernel.shape)
    for tap, served, read in taps(axes):
        for ci, co in groups:
            rows = grad[(*served, ..., co)]
            dx[(*read, ..., ci)] += rows @ kernel[(*tap, ..., co)].T
            dkernel[(*tap, ..., co)] = flat_rows(x[(*read, ..., ci)]).T @ flat_rows(rows)
    return spatial_inside(dx, data_format), dkernel, flat_rows(grad).sum(axis=0)


def flat_rows(x):
    # Not reshape(-1, ...): a tap that meets only padding has no rows, but still has columns.
    return x.reshape(math.prod(x.shape[:-1]), x.shape[-1])


def pool_setup(x, pool_size, strides, padding, dilation_rate, ceil_mode, data_format):
    x = spatial_first(x, data_format)
    rank = x.ndim - 2
    sizes = per_axis(pool_size, rank)
    strides = sizes if strides is None else strides
    return x, axes_of(x.shape[:-2], sizes, strides, padding, dilation_rate, ceil_mode)


def max_pool(
    x,
    pool_size,
    *,
    strides=None,
    padding="valid",
    dilation_rate=1,
    ceil_mode=False,
    data_format="channels_last",
    return_indices=False,
):
    """NaN wins, else the largest, else the first. ValueError for a window without an element."""
    x, axes = pool_setup(x, pool_size, strides, padding, dilation_rate, ceil_mode, data_format)
    spatial = x.shape[:-2]
    flat = np.arange(math.prod(spatial)).reshape(*spatial, 1, 1)
    y = np.full([axis.out for axis in axes] + list(x.shape[-2:]), -np.inf)
    indices = np.full(y.shape, -1)
    for _, served, read in taps(axes):
        candidate, best = x[read], y[served]
        wins = (candidate > best) | (np.isnan(candidate) & ~np.isnan(best))
        wins |= indices[served] == -1
        y[served] = np.where(wins, candidate, best)
        indices[served] = np.where(wins, flat[read], indices[served])
    if (indices == -1).any():
        raise ValueError("a window without an input element")
    y, indices = spatial_inside(y, data_format), spatial_inside(indices, data_format)
    return (y, indices) if return_indices else y


def max_pool_grad(grad, x, pool_size, *, data_format="channels_last", **keywords):
    _, indices = max_pool(x, pool_size, data_format=data_format, return_indices=True, **keywords)
    grad = spatial_first(grad, data_format)
    indices = spatial_first(indices, data_format).astype(np.intp)
    x = spatial_first(x, data_format)
    batch, channels = np.arange(x.shape[-2])[:, None], np.arange(x.shape[-1])
    dx = np.zeros((math.prod(x.shape[:-2]), *x.shape[-2:]))
    np.add.at(dx, (indices, batch, channels), grad)
    return spatial_inside(dx.reshape(x.shape), data_format)


def divisors(axes, count_include_pad):
    """How many elements each window averages, spatial axes first."""
    count = np.zeros([axis.out for axis in axes] + [1, 1])
    for tap in itertools.product(*(range(axis.size) for axis in axes)):
        inside = [
            axis.inside_padded(t) if count_include_pad else axis.inside(t)
            for axis, t in zip(axes, tap, strict=True)
        ]
        count[np.ix_(*inside)] += 1
    return count


def average_pool(
    x,
    pool_size,
    *,
    strides=None,
    padding="valid",
    dilation_rate=1,
    ceil_mode=False,
    count_include_pad=False,
    data_format="channels_last",
):
    x, axes = pool_setup(x, pool_size, strides, padding, dilation_rate, ceil_mode, data_format)
    y = np.zeros([axis.out for axis in axes] + list(x.shape[-2:]))
    for _, served, read in taps(axes):
        y[served] += x[read]
    return spatial_inside(y / divisors(axes, count_include_pad), data_format)


def average_pool_grad(
    grad,
    x,
    pool_size,
    *,
    strides=None,
    padding="valid",
    dilation_rate=1,
    ceil_mode=False,
    count_include_pad=False,
    data_format="channels_last",
):
    x, axes = pool_setup(x, pool_size, strides, padding, dilation_rate, ceil_mode, data_format)
    share = spatial_first(grad, data_format) / divisors(axes, count_include_pad)
    dx = np.zeros(x.shape)
    for _, served, read in taps(axes):
        dx[read] += share[served]
    return spatial_inside(dx, data_format)


def depthwise_conv(x, kernel, bias=None, *, data_format="channels_last", **keywords):
    """Each channel with its own kernels (*size, C, multiplier), one after the other."""
    axis = 1 if data_format == "channels_first" else -1
    channels = [
        conv(np.take(x, [c], axis), kernel[..., c : c + 1, :], data_format=data_format, **keywords)
        for c in range(kernel.shape[-2])
    ]
    y = np.concatenate(channels, axis)
    if bias is None:
        return y
    shape = [1] * y.ndim
    shape[axis] = -1
    return y + np.asarray(bias, np.float64).reshape(shape)


def separable_conv(x, depthwise, pointwise, bias=None, *, data_format="channels_last", **keywords):
    middle = depthwise_conv(x, depthwise, data_format=data_format, **keywords)
    return conv(middle, pointwise, bias, data_format=data_format)


def bins(length, out):
    """The inputs of each output of an adaptive pool, as slices."""
    return [
        slice(math.floor(i * length / out), math.ceil((i + 1) * length / out)) for i in range(out)
    ]


def adaptive_windows(x, output_size, data_format):
    """For each output's index, spatial axes first: its part of x, and where that is."""
    x = spatial_first(x, data_format)
    rank = x.ndim - 2
    sizes = (output_size,) * rank if not isinstance(output_size, tuple) else output_size
    sizes = [size or length for size, length in zip(sizes, x.shape, strict=False)]
    parts = [bins(length, size) for length, size in zip(x.shape, sizes, strict=False)]
    for index in itertools.product(*(range(size) for size in sizes)):
        where = tuple(part[i] for part, i in zip(parts, index, strict=True))
        yield index, where, x[where].reshape(-1, *x.shape[-2:])


def adaptive_pool(reduce, x, output_size, data_format="channels_last"):
    """`reduce` over the first axis of each window."""
    windows = list(adaptive_windows(x, output_size, data_format))
    shape = np.max([index for index, _, _ in windows], axis=0) + 1
    y = np.zeros((*shape, *windows[0][2].shape[-2:]))
    for index, _, values in windows:
        y[index] = reduce(values)
    return spatial_inside(y, data_format)


def adaptive_average_pool_grad(grad, x, output_size, data_format="channels_last"):
    grad, dx = spatial_first(grad, data_format), np.zeros(spatial_first(x, data_format).shape)
    for index, where, values in adaptive_windows(x, output_size, data_format):
        dx[where] += grad[index] / len(values)
    return spatial_inside(dx, data_format)


def adaptive_max_pool_grad(grad, x, output_size, data_format="channels_last"):
    """Of x without NaN."""
    grad, dx = spatial_first(grad, data_format), np.zeros(spatial_first(x, data_format).shape)
    batch, channels = np.ogrid[: dx.shape[-2], : dx.shape[-1]]
    for index, where, values in adaptive_windows(x, output_size, data_format):
        flat = np.zeros(values.shape)
        flat[np.argmax(values, axis=0), batch, channels] = grad[index]
        dx[where] += flat.reshape(dx[where].shape)
    return spatial_inside(dx, data_format)


def beyond(length, before, after, boundary):
    """Positions on an axis that goes on past both ends; -1 where "fill" has none."""
    at = np.arange(-before, length + after)
    if boundary == "wrap":
        return at % length
    if boundary == "symm":
        return np.where(at % (2 * length) < length, at, -1 - at) % (2 * length) % length
    return np.where((at >= 0) & (at < length), at, -1)


def correlate2d(in1, in2, mode="full", boundary="fill", fillvalue=0, *, same_before=None):
    """Tap by tap over an extended copy; `same_before` is where the centre lies."""
    in1, in2 = np.asarray(in1, np.float64), np.asarray(in2, np.float64)
    if mode == "valid" and any(
        one < other for one, other in zip(in1.shape, in2.shape, strict=True)
    ):
        return correlate2d(in2, in1, mode)[::-1, ::-1]
    pads = []
    for size in in2.shape:
        centre = (size - 1) // 2 if same_before is None else same_before(size)
        pads.append(
            {"full": (size - 1,) * 2, "same": (centre, size - 1 - centre), "valid": (0, 0)}[mode]
        )
    rows, columns = (
        beyond(length, *pair, boundary) for length, pair in zip(in1.shape, pads, strict=True)
    )
    extended = np.where((rows[:, None] < 0) | (columns < 0), fillvalue, in1[np.ix_(rows, columns)])
    height, width = (
        length - size + 1 for length, size in zip(extended.shape, in2.shape, strict=True)
    )
    out = np.zeros((height, width))
    for k, line in enumerate(in2):
        for j, weight in enumerate(line):
            out += extended[k : k + height, j : j + width] * weight
    return out


SELU_SCALE, SELU_ALPHA = 1.0507009873554805, 1.6732632423543772

ACTIVATIONS = {
    "relu": lambda x: np.maximum(x, 0),
    "relu6": lambda x: np.clip(x, 0, 6),
    "leaky_relu": lambda x: np.where(x > 0, x, 0.2 * x),
    "elu": lambda x: np.where(x > 0, x, np.expm1(np.minimum(x, 0))),
    "selu": lambda x: SELU_SCALE * np.where(x > 0, x, SELU_ALPHA * np.expm1(np.minimum(x, 0))),
    "gelu": lambda x: x / 2 * (1 + np.vectorize(math.erf, "d")(x / math.sqrt(2))),
    "gelu_tanh": lambda x: x / 2 * (1 + np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3))),
    "sigmoid": lambda x: np.exp(-np.logaddexp(0, -x)),
    "hard_sigmoid": lambda x: np.clip(x + 3, 0, 6) / 6,
    "silu": lambda x: x * np.exp(-np.logaddexp(0, -x)),
    "hard_silu": lambda x: x * np.clip(x + 3, 0, 6) / 6,
    "softplus": lambda x: np.logaddexp(0, x),
    "softsign": lambda x: x / (1 + np.abs(x)),
    "tanh": np.tanh,
    "exponential": np.exp,
    "celu": lambda x: np.where(x > 0, x, np.expm1(np.minimum(x, 0))),
    "hard_tanh": lambda x: np.clip(x, -1, 1),
    "hard_shrink": lambda x: np.where(np.abs(x) > 0.5, x, 0),
    "soft_shrink": lambda x: np.sign(x) * np.maximum(np.abs(x) - 0.5, 0),
    "tanh_shrink": lambda x: x - np.tanh(x),
    "squareplus": lambda x: (x + np.sqrt(x * x + 4)) / 2,
    "sparse_plus": lambda x: np.where(x <= -1, 0, np.where(x >= 1, x, (x + 1) ** 2 / 4)),
    "sparse_sigmoid": lambda x: np.clip((x + 1) / 2, 0, 1),
    "mish": lambda x: x * np.tanh(np.logaddexp(0, x)),
    "log_sigmoid": lambda x: -np.logaddexp(0, -x),
}


def activate(name, x):
    """Keras 3's definitions, with its default parameters."""
    return x if name is None else ACTIVATIONS[name](x)
