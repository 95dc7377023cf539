"""Random configurations of convolutions and pools, and makers of strided arrays.

A configuration is a small frozen dataclass whose repr is the failure's full parameter set; its
`arrays(seed, dtype)` are a function of the seed, so a failure is reproduced from what it prints.
Each is built from one seed that Hypothesis draws: drawn number by number, most of a bounded set
of examples would be variations of a few.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from random import Random

import numpy as np
from hypothesis import settings
from hypothesis import strategies as st

import oracles

# Around the widths of vectors (4, 8, 16) and of register tiles.
CHANNELS = (1, 2, 3, 5, 8, 15, 16, 17, 31, 33)
DATA_FORMATS = ("channels_last", "channels_first")
SEEDS = st.integers(0, 2**32 - 1)


@dataclass(frozen=True)
class ConvConfig:
    """A convolution: shapes and keyword arguments."""

    batch: int
    lengths: tuple[int, ...]
    kernel_size: tuple[int, ...]
    channels: int
    groups: int
    filters: int
    strides: int | tuple[int, ...] = 1
    padding: object = "valid"
    dilation_rate: int | tuple[int, ...] = 1
    data_format: str = "channels_last"
    use_bias: bool = True

    @property
    def keywords(self):
        """What `conv` and `conv_grad` take beside their arrays."""
        return {
            "strides": self.strides,
            "padding": self.padding,
            "dilation_rate": self.dilation_rate,
            "data_format": self.data_format,
        }

    @property
    def x_shape(self):
        return in_format((self.batch, *self.lengths, self.channels), self.data_format)

    @property
    def kernel_shape(self):
        return (*self.kernel_size, self.channels // self.groups, self.filters)

    @property
    def y_shape(self):
        axes = oracles.axes_of(
            self.lengths, self.kernel_size, self.strides, self.padding, self.dilation_rate
        )
        return in_format((self.batch, *(a.out for a in axes), self.filters), self.data_format)

    def arrays(self, seed, dtype):
        """x, kernel, and bias or None."""
        rng = np.random.default_rng(seed)
        x, kernel, bias = (
            rng.standard_normal(shape).astype(dtype)
            for shape in (self.x_shape, self.kernel_shape, (self.filters,))
        )
        return x, kernel, bias if self.use_bias else None

    def grad(self, seed, dtype):
        """What `conv_grad` takes first."""
        return np.random.default_rng([seed, 1]).standard_normal(self.y_shape).astype(dtype)


@dataclass(frozen=True)
class PoolConfig:
    """A pooling: shapes and keyword arguments."""

    batch: int
    lengths: tuple[int, ...]
    pool_size: int | tuple[int, ...]
    channels: int
    strides: int | tuple[int, ...] | None = None
    padding: object = "valid"
    dilation_rate: int | tuple[int, ...] = 1
    ceil_mode: bool = False
    data_format: str = "channels_last"

    @property
    def keywords(self):
        """What all pools take beside their arrays and the pool size."""
        return {
            "strides": self.strides,
            "padding": self.padding,
            "dilation_rate": self.dilation_rate,
            "ceil_mode": self.ceil_mode,
            "data_format": self.data_format,
        }

    @property
    def axes(self):
        sizes = oracles.per_axis(self.pool_size, len(self.lengths))
        strides = sizes if self.strides is None else self.strides
        return oracles.axes_of(
            self.lengths, sizes, strides, self.padding, self.dilation_rate, self.ceil_mode
        )

    @property
    def windows_meet_input(self):
        """Whether each window has an input element, as pools demand."""
        return all(
            axis.out > 0 and np.any([axis.inside(t) for t in range(axis.size)], axis=0).all()
            for axis in self.axes
        )

    @property
    def x_shape(self):
        return in_format((self.batch, *self.lengths, self.channels), self.data_format)

    @property
    def y_shape(self):
        lengths = (axis.out for axis in self.axes)
        return in_format((self.batch, *lengths, self.channels), self.data_format)

    def x(self, seed, dtype, *, ties=False):
        """With `ties`, small integers, so that most windows hold several maxima."""
        rng = np.random.default_rng(seed)
        if ties:
            return rng.integers(-1, 2, self.x_shape).astype(dtype)
        return rng.standard_normal(self.x_shape).astype(dtype)

    def grad(self, seed, dtype):
        return np.random.default_rng([seed, 1]).standard_normal(self.y_shape).astype(dtype)


def in_format(shape, data_format):
    """A channels-last shape in the given data format."""
    return shape if data_format == "channels_last" else (shape[0], shape[-1], *shape[1:-1])


def often(factor=4):
    """Settings for tests that are to see many examples: so many times the profile's."""
    return settings(max_examples=factor * settings().max_examples)


def conv_configs(ranks=(1, 2, 3), channels=CHANNELS, *, padding=None):
    """Strategy of `ConvConfig`.

    `padding(rng, sizes)` chooses one; without, any that there is.
    """
    return SEEDS.map(lambda seed: random_conv(Random(seed), ranks, channels, padding))


def pool_configs(ranks=(1, 2, 3), channels=CHANNELS, *, dilation=True, ceil=True, padding=None):
    """Strategy of `PoolConfig` whose windows all meet the input."""
    return SEEDS.map(
        lambda seed: random_pool(Random(seed), ranks, channels, dilation, ceil, padding)
    )


def random_conv(rng, ranks, channels, padding):
    rank = rng.choice(ranks)
    choose = padding or (any_padding if rank > 1 else any_padding_of_1d)
    lengths, sizes, strides, padding, dilations = random_windows(rng, rank, choose)
    groups = rng.choice([1, 1, 1, 2, 3, 17])
    few = [count for count in channels if groups * count <= 2 * max(channels)] or [1]
    return ConvConfig(
        batch=rng.randint(1, 3),
        lengths=lengths,
        kernel_size=sizes,
        channels=groups * rng.choice(few),
        groups=groups,
        filters=groups * rng.choice(few),
        strides=strides,
        padding=padding,
        dilation_rate=dilations,
        data_format=rng.choice(DATA_FORMATS),
        use_bias=rng.random() < 0.5,
    )


def random_pool(rng, ranks, channels, dilation, ceil, padding):
    rank = rng.choice(ranks)
    lengths, sizes, strides, padding, dilations = random_windows(rng, rank, padding or any_padding)
    config = PoolConfig(
        batch=rng.randint(1, 3),
        lengths=lengths,
        pool_size=sizes[0] if len(set(sizes)) == 1 else sizes,
        channels=rng.choice(channels),
        strides=rng.choice([None, strides]),
        padding=padding,
        dilation_rate=dilations if dilation else 1,
        ceil_mode=ceil and rng.random() < 0.5,
        data_format=rng.choice(DATA_FORMATS),
    )
    if not config.windows_meet_input:  # too much padding: use as little as always does
        config = replace(config, padding="same", dilation_rate=1)
    return config


def random_windows(rng, rank, choose):
    """Lengths, sizes, strides, padding and dilations such that a window fits on each axis."""
    sizes = tuple(rng.randint(1, {1: 7, 2: 4, 3: 3}[rank]) for _ in range(rank))
    strides = one_or_each(rng, (1, 1, 2, 3), rank)
    dilations = one_or_each(rng, (1, 1, 2, 3), rank)
    padding = choose(rng, sizes)
    lengths = []
    for axis, size in enumerate(sizes):
        reach = oracles.per_axis(dilations, rank)[axis] * (size - 1) + 1
        shortest = 1
        if padding == "valid":
            shortest = reach
        elif not isinstance(padding, str):
            pair = (padding, padding) if isinstance(padding, int) else padding[axis]
            shortest = max(reach - sum(pair), 1)
        lengths.append(shortest + rng.randint(0, {1: 40, 2: 13, 3: 6}[rank]))
    return tuple(lengths), sizes, strides, padding, dilations


def any_padding(rng, sizes, names=("valid", "same", "same_lower")):
    """A name, an int, or pairs up to one beyond the window's size."""
    kind = rng.choice([*names, "int", "pairs"])
    if kind == "int":
        return rng.randint(0, max(sizes))
    if kind == "pairs":
        return tuple((rng.randint(0, size + 1), rng.randint(0, size + 1)) for size in sizes)
    return kind


def any_padding_of_1d(rng, sizes):
    return any_padding(rng, sizes, ("valid", "same", "same_lower", "causal"))


def keras_padding(rng, sizes):
    return rng.choice(["valid", "same"])


def symmetric_padding(rng, sizes):
    """What PyTorch's pools take: both sides alike, by half a window at most."""
    return tuple((pad, pad) for pad in (rng.randint(0, size // 2) for size in sizes))


def smaller_padding(rng, sizes):
    """What ONNX Runtime's pools take: less than the window, on each side for itself."""
    return tuple((rng.randint(0, size - 1), rng.randint(0, size - 1)) for size in sizes)


def one_or_each(rng, values, rank):
    """One for all axes, or a tuple with one for each."""
    return rng.choice([rng.choice(values), tuple(rng.choice(values) for _ in range(rank))])


def fortran(array):
    return np.asfortranarray(array)


def sliced(array):
    """Every second element of a larger array on each axis."""
    between = np.nan if array.dtype.kind == "f" else -(2**31)
    base = np.full([2 * size + 1 for size in array.shape], between, array.dtype)
    view = base[tuple(slice(1, 2 * size + 1, 2) for size in array.shape)]
    view[...] = array
    return view


def reversed_axes(array):
    """Negative strides on all axes."""
    back = (slice(None, None, -1),) * array.ndim
    return np.ascontiguousarray(array[back])[back]


def transposed_axes(array):
    """Memory order of the axes rotated by one: channels-first memory under channels-last axes."""
    return np.moveaxis(np.ascontiguousarray(np.moveaxis(array, -1, 0)), 0, -1)


def record_field(array):
    """A field of packed records: unaligned, with strides that are no multiple of the item size."""
    records = np.zeros(array.shape, np.dtype([("tag", "u1"), ("value", array.dtype), ("x", "u2")]))
    records["value"] = array
    return records["value"]


def unaligned(array):
    """Contiguous, one byte off."""
    memory = np.zeros(array.nbytes + 1, np.uint8)
    view = memory[1:].view(array.dtype).reshape(array.shape)
    view[...] = array
    return view


def read_only(array):
    array = array.copy()
    array.flags.writeable = False
    return array


def in_layouts(arrays, seed):
    """Copies of the arrays, each in a layout of its own; and the layouts' names."""
    rng = Random(seed)
    names = [rng.choice(list(LAYOUTS)) for _ in arrays]
    return [LAYOUTS[name](array) for name, array in zip(names, arrays, strict=True)], names


LAYOUTS = {
    maker.__name__: maker
    for maker in (
        fortran,
        sliced,
        reversed_axes,
        transposed_axes,
        record_field,
        unaligned,
        read_only,
    )
}
