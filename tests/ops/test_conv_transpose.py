"""`ops.conv_transpose` and its gradients: an oracle that scatters, differences, bits, arguments."""

import itertools
from dataclasses import dataclass
from random import Random

import numpy as np
import pytest
from hypothesis import given

import modes
from comparison import assert_close, assert_same_bits, chain
from convlet import ops
from gradcheck import check_gradients
from oracles import activate, per_axis
from strategies import LAYOUTS, SEEDS, in_format


@dataclass(frozen=True)
class Config:
    """A transposed convolution: shapes and keyword arguments."""

    batch: int
    lengths: tuple[int, ...]
    kernel_size: tuple[int, ...]
    channels: int
    filters: int
    groups: int = 1
    strides: int | tuple[int, ...] = 1
    padding: object = "valid"
    output_padding: int | tuple[int, ...] | None = None
    dilation_rate: int | tuple[int, ...] = 1
    data_format: str = "channels_last"

    @property
    def keywords(self):
        names = ("strides", "padding", "output_padding", "dilation_rate", "groups", "data_format")
        return {name: getattr(self, name) for name in names}

    @property
    def axes(self):
        """(input length, output length, elements cropped before) of each axis."""
        rank = len(self.lengths)
        extras = self.output_padding
        extras = (None,) * rank if extras is None else per_axis(extras, rank)
        rows = zip(
            self.lengths,
            self.kernel_size,
            per_axis(self.strides, rank),
            per_axis(self.dilation_rate, rank),
            extras,
            strict=True,
        )
        return [axis_of(self.padding, number, *row) for number, row in enumerate(rows)]

    def arrays(self, seed, dtype):
        """x, kernel, bias, and a gradient of the result."""
        rng = np.random.default_rng(seed)
        lengths = [out for _, out, _ in self.axes]
        shapes = (
            in_format((self.batch, *self.lengths, self.channels), self.data_format),
            (*self.kernel_size, self.filters // self.groups, self.channels),
            (self.filters,),
            in_format((self.batch, *lengths, self.filters), self.data_format),
        )
        return [rng.standard_normal(shape).astype(dtype) for shape in shapes]


def axis_of(padding, number, length, size, stride, dilation, extra):
    """Sizes as Keras documents them for names, and PyTorch for numbers."""
    reach = dilation * (size - 1) + 1
    if padding == "valid":
        extra = max(stride - reach, 0) if extra is None else extra
        return length, (length - 1) * stride + reach + extra, 0
    if isinstance(padding, str):
        out = length * stride if extra is None else (length - 1) * stride + reach % 2 + extra
        cropped = max((length - 1) * stride + reach - out, 0)
        return length, out, cropped // 2 if padding == "same" else -(-cropped // 2)
    before, after = (padding, padding) if isinstance(padding, int) else padding[number]
    return length, (length - 1) * stride + reach - before - after + (extra or 0), before


def last(array, config):
    array = np.asarray(array, np.float64)
    return np.moveaxis(array, 1, -1) if config.data_format == "channels_first" else array


def places(config):
    """(tap, input position, output position) of every product that is not cropped."""
    rank = len(config.lengths)
    strides, dilations = per_axis(config.strides, rank), per_axis(config.dilation_rate, rank)
    for tap in itertools.product(*map(range, config.kernel_size)):
        for position in itertools.product(*map(range, config.lengths)):
            place = tuple(
                position[i] * strides[i] + tap[i] * dilations[i] - config.axes[i][2]
                for i in range(rank)
            )
            if all(0 <= p < axis[1] for p, axis in zip(place, config.axes, strict=True)):
                yield tap, (slice(None), *position), (slice(None), *place)


def blocks(config):
    """Each group's filters and channels."""
    filters, channels = config.filters // config.groups, config.channels // config.groups
    for g in range(config.groups):
        yield slice(g * filters, (g + 1) * filters), slice(g * channels, (g + 1) * channels)


def oracle(config, x, kernel, bias):
    x, kernel = last(x, config), np.asarray(kernel, np.float64)
    y = np.zeros((config.batch, *(out for _, out, _ in config.axes), config.filters))
    for tap, position, place in places(config):
        for filters, channels in blocks(config):
            y[(*place, filters)] += x[(*position, channels)] @ kernel[tap][:, channels].T
    y += bias
    return np.moveaxis(y, -1, 1) if config.data_format == "channels_first" else y


def oracle_grad(config, x, kernel, grad):
    x, kernel, grad = last(x, config), np.asarray(kernel, np.float64), last(grad, config)
    dx, dkernel = np.zeros(x.shape), np.zeros(kernel.shape)
    for tap, position, place in places(config):
        for filters, channels in blocks(config):
            rows = grad[(*place, filters)]
            dx[(*position, channels)] += rows @ kernel[tap][:, channels]
            dkernel[tap][:, channels] += rows.T @ x[(*position, channels)]
    dbias = grad.reshape(-1, config.filters).sum(axis=0)
    return np.moveaxis(dx, -1, 1) if config.data_format == "channels_first" else dx, dkernel, dbias


def random_config(seed):
    rng = Random(seed)
    rank, groups = rng.choice([1, 1, 2, 2, 3]), rng.choice([1, 1, 1, 2, 3])

    def each(values):
        return tuple(rng.choice(values) for _ in range(rank))

    size, strides, dilations = each((1, 2, 3, 4)), each((1, 1, 2, 3)), each((1, 1, 2))
    kind = rng.choice(["valid", "same", "same_lower", "int", "pairs"])
    padding = kind
    if kind == "int":
        padding = rng.randint(0, 2)
    if kind == "pairs":
        padding = tuple((rng.randint(0, 3), rng.randint(0, 3)) for _ in range(rank))
    extra = rng.choice([None, None, 0, 1, each((1, 2))])
    if padding in ("same", "same_lower") and extra == 0:
        extra = 1  # of even kernels and stride 1 nothing would be left
    shortest = 1 if isinstance(padding, str) else 8  # enough for what is cropped
    lengths = tuple(shortest + rng.randint(0, {1: 9, 2: 4, 3: 2}[rank]) for _ in range(rank))
    return Config(
        rng.randint(1, 2),
        lengths,
        size,
        groups * rng.choice([1, 2, 3, 9]),
        groups * rng.choice([1, 2, 3, 17]),
        groups,
        strides,
        padding,
        extra,
        dilations,
        rng.choice(["channels_last", "channels_first"]),
    )


FIXED = [
    Config(2, (9, 8), (3, 3), 16, 24, strides=2, padding="same"),
    Config(1, (5, 7), (4, 4), 33, 17, strides=2, padding=1),
    Config(1, (4, 4), (2, 2), 8, 8, strides=3),  # gaps between the kernels
    Config(1, (6,), (5,), 3, 4, strides=2, padding="same", output_padding=1),
    Config(1, (3, 3, 3), (2, 3, 2), 4, 6, 2, (1, 2, 2), ((0, 1), (1, 1), (0, 0)), (0, 1, 1)),
    Config(3, (1, 1), (3, 3), 5, 7, strides=7, padding="same_lower", dilation_rate=2),
]


def check(config, seed, dtype):
    x, kernel, bias, grad = config.arrays(seed, dtype)
    context = f"{config} seed {seed}"
    y = ops.conv_transpose(x, kernel, bias, **config.keywords)
    magnitude = oracle(config, np.abs(x), np.abs(kernel), np.abs(bias))
    terms = kernel[..., 0, :].size + 1
    assert_close(
        y, oracle(config, x, kernel, bias), chain(terms, magnitude, dtype), context, dtype=dtype
    )
    assert y.flags.c_contiguous
    gradients = ops.conv_transpose_grad(grad, x, kernel, **config.keywords)
    expected = oracle_grad(config, x, kernel, grad)
    magnitudes = oracle_grad(config, np.abs(x), np.abs(kernel), np.abs(grad))
    terms = kernel[..., 0].size, x.size, grad.size
    for name, actual, wanted, bound, count in zip(
        ("dx", "dkernel", "dbias"), gradients, expected, magnitudes, terms, strict=True
    ):
        assert_close(actual, wanted, chain(count, bound, dtype), f"{name} {context}", dtype=dtype)
        assert actual.flags.c_contiguous


@given(SEEDS)
def test_random_configurations(isa, dtype, seed):
    check(random_config(seed), seed, dtype)


@pytest.mark.parametrize("config", FIXED, ids=str)
def test_fixed_configurations(isa, dtype, config):
    check(config, 0, dtype)


@given(SEEDS)
def test_differences(isa, seed):
    config = random_config(seed)
    x, kernel, bias, grad = config.arrays(seed, "float64")
    gradients = ops.conv_transpose_grad(grad, x, kernel, **config.keywords)
    check_gradients(
        lambda x, kernel, bias: ops.conv_transpose(x, kernel, bias, **config.keywords),
        {"x": x, "kernel": kernel, "bias": bias},
        dict(zip(("x", "kernel", "bias"), gradients, strict=True)),
        grad,
        step=1e-3,  # the function is linear in each array, so a long step costs nothing
        tolerance=1e-10,
        rng=np.random.default_rng(seed),
    )


def test_it_is_the_gradient_of_conv(dtype, rng):
    """With the same kernel, bit for bit."""
    x = rng.standard_normal((2, 11, 13, 6)).astype(dtype)
    kernel = rng.standard_normal((3, 4, 3, 10)).astype(dtype)
    keywords = {"strides": (2, 3), "padding": ((1, 0), (2, 1)), "dilation_rate": 1}
    y = ops.conv(x, kernel, **keywords)
    dx, _, _ = ops.conv_grad(y, x, kernel, **keywords)
    back = ops.conv_transpose(y, kernel, groups=2, output_padding=(1, 0), **keywords)
    assert_same_bits(back, dx)


@pytest.mark.parametrize("name", ["relu", "tanh", "silu", "softmax"])
@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
def test_activation(name, data_format, dtype):
    config = Config(2, (4, 5), (3, 3), 4, 6, strides=2, data_format=data_format)
    x, kernel, bias, _ = config.arrays(0, dtype)
    y = ops.conv_transpose(x, kernel, bias, activation=name, **config.keywords)
    plain = np.asarray(ops.conv_transpose(x, kernel, bias, **config.keywords), np.float64)
    if name == "softmax":
        axis = 1 if data_format == "channels_first" else -1
        e = np.exp(plain - plain.max(axis=axis, keepdims=True))
        expected = e / e.sum(axis=axis, keepdims=True)
    else:
        expected = activate(name, plain)
    assert_close(
        y, expected, 16 * np.finfo(dtype).eps * np.maximum(1, np.abs(expected)), dtype=dtype
    )


def results(config, x, kernel, bias, grad):
    return [
        ops.conv_transpose(x, kernel, bias, **config.keywords),
        *ops.conv_transpose_grad(grad, x, kernel, **config.keywords),
    ]


@pytest.mark.parametrize("config", [FIXED[0], FIXED[1], Config(2, (30, 31), (3, 3), 32, 40)])
def test_same_bits(isa, dtype, config):
    """Whatever the threads, the layout in memory, and the rest of the batch."""
    arrays = config.arrays(0, dtype)
    with modes.num_threads(1):
        expected = results(config, *arrays)
    for n in (2, 3):
        with modes.num_threads(n):
            for pair in zip(results(config, *arrays), expected, strict=True):
                assert_same_bits(*pair, f"{n} threads")
    for name, layout in LAYOUTS.items():
        for pair in zip(results(config, *map(layout, arrays)), expected, strict=True):
            assert_same_bits(*pair, name)
    x, kernel, bias, grad = arrays
    alone = Config(1, *list(config.__dict__.values())[1:])
    for i in range(len(x)):
        y, dx, _, _ = results(alone, x[i : i + 1], kernel, bias, grad[i : i + 1])
        assert_same_bits(y, expected[0][i : i + 1])
        assert_same_bits(dx, expected[1][i : i + 1])


@given(SEEDS)
def test_instruction_sets(dtype, seed):
    config = random_config(seed)
    arrays = config.arrays(seed, dtype)
    for *pair, which in modes.results_to_agree(lambda: results(config, *arrays)):
        assert_same_bits(*pair, f"{which}: {config} seed {seed}")


def test_out(dtype):
    config = FIXED[0]
    x, kernel, bias, _ = config.arrays(0, dtype)
    expected = ops.conv_transpose(x, kernel, bias, **config.keywords)
    room = np.full((*expected.shape[:-1], 2 * expected.shape[-1]), np.nan, dtype)
    out = room[..., ::2]
    assert ops.conv_transpose(x, kernel, bias, out=out, **config.keywords) is out
    assert_same_bits(np.ascontiguousarray(out), expected)
    assert np.isnan(room[..., 1::2]).all()


def test_no_images():
    x, kernel = np.zeros((0, 4, 4, 2), "float32"), np.ones((3, 3, 5, 2), "float32")
    assert ops.conv_transpose(x, kernel, strides=2).shape == (0, 9, 9, 5)
    dx, dkernel, dbias = ops.conv_transpose_grad(np.zeros((0, 9, 9, 5), "f4"), x, kernel, strides=2)
    assert dx.shape == x.shape
    assert np.array_equal(dkernel, np.zeros_like(kernel))
    assert np.array_equal(dbias, np.zeros(5))


def test_needs():
    config = FIXED[0]
    x, kernel, _, grad = config.arrays(0, "float32")
    whole = ops.conv_transpose_grad(grad, x, kernel, **config.keywords)
    for number, name in enumerate(("x", "kernel", "bias")):
        some = ops.conv_transpose_grad(grad, x, kernel, needs=(name,), **config.keywords)
        for other in range(3):
            if other == number:
                assert_same_bits(some[other], whole[other])
            else:
                assert some[other] is None


X, KERNEL = np.zeros((1, 4, 4, 6), "float32"), np.zeros((3, 3, 2, 6), "float32")


@pytest.mark.parametrize(
    "changes,error,text",
    [
        ({"x": X[..., :5]}, ValueError, r"x must have kernel\.shape\[-1\] channels.*got 5"),
        ({"groups": 4}, ValueError, "multiple of groups.*4 groups"),
        ({"groups": 0}, ValueError, "groups must be at least 1"),
        ({"groups": 1.5}, TypeError, "groups must be an int"),
        ({"padding": 9}, ValueError, "output must have at least 1"),
        ({"padding": "causal"}, ValueError, 'padding must be one of "valid"'),
        ({"padding": -1}, ValueError, "padding must be at least 0"),
        ({"output_padding": -1}, ValueError, "output_padding must be at least 0"),
        ({"output_padding": (1, 2, 3)}, ValueError, "output_padding must be an int or 2 ints"),
        ({"strides": 2**60}, ValueError, "below 2\\*\\*61 elements"),
        ({"dilation_rate": 2**60}, ValueError, "below 2\\*\\*61 elements"),
        ({"strides": 2**50}, ValueError, r"below 2\*\*63 bytes"),
        ({"kernel": KERNEL.astype("float64")}, TypeError, "kernel must have x's dtype"),
        ({"kernel": KERNEL[0]}, ValueError, "kernel must have 4 axes"),
        ({"x": X[:, :0]}, ValueError, "x must have no axis of size 0"),
        ({"bias": np.zeros(3, "float32")}, ValueError, r"bias must have shape \(2,\)"),
        ({"out": np.zeros((1, 4, 4, 2), "f4")}, ValueError, "out must have shape"),
        ({"activation": "none"}, ValueError, "activation must be one of"),
        ({"data_format": "last"}, ValueError, "data_format must be one of"),
    ],
)
def test_bad_arguments(changes, error, text):
    arguments = {"x": X, "kernel": KERNEL, **changes}
    with pytest.raises(error, match=text):
        ops.conv_transpose(**arguments)


def test_bad_gradients():
    with pytest.raises(ValueError, match="grad must have the result's shape"):
        ops.conv_transpose_grad(X[..., :2], X, KERNEL)
    with pytest.raises(TypeError, match="needs must be some of"):
        ops.conv_transpose_grad(X[..., :2], X, KERNEL, needs=3)
