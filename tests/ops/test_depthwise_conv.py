"""`ops.depthwise_conv` and `ops.separable_conv`, and their gradients."""

from dataclasses import replace
from random import Random

import numpy as np
import pytest
from hypothesis import given

import modes
import oracles
from comparison import assert_close, assert_same_bits, chain, magnitude
from convlet import ops
from convlet.ops import _blocks
from gradcheck import check_gradients
from strategies import LAYOUTS, SEEDS, ConvConfig, conv_configs, in_layouts, often

FIXED = [
    ConvConfig(1, (56, 57), (3, 3), 33, 1, 7, padding="same"),
    ConvConfig(2, (15, 13), (5, 3), 16, 1, 9, (2, 3), "same", (2, 1), "channels_first"),
    ConvConfig(1, (40,), (7,), 3, 1, 5, padding="causal", dilation_rate=2),
    ConvConfig(1, (9, 200), (2, 5), 1, 1, 1, padding=((1, 0), (2, 4))),
    ConvConfig(2, (5, 6, 7), (3, 2, 3), 17, 1, 4, 2, "same_lower"),
    ConvConfig(1, (1, 1), (3, 3), 4, 1, 3, padding=5, dilation_rate=3),
    ConvConfig(1, (5, 4), (3, 3), 261, 1, 2, padding="same"),  # more channels than a panel holds
]


def arrays(config, seed, dtype):
    """x, depthwise kernel and its bias, pointwise kernel and its bias."""
    rng = np.random.default_rng(seed)
    channels, multiplier = config.channels, Random(seed).choice([1, 1, 2, 3])
    shapes = (
        config.x_shape,
        (*config.kernel_size, channels, multiplier),
        (channels * multiplier,),
        (*[1] * len(config.lengths), channels * multiplier, config.filters),
        (config.filters,),
    )
    return [rng.standard_normal(shape).astype(dtype) for shape in shapes]


def check(config, seed, dtype):
    x, depthwise, inner, pointwise, bias = arrays(config, seed, dtype)
    keywords = config.keywords
    context = f"{config} multiplier {depthwise.shape[-1]} seed {seed}"
    taps = np.prod(config.kernel_size) + 1

    y = ops.depthwise_conv(x, depthwise, inner, **keywords)
    expected = oracles.depthwise_conv(x, depthwise, inner, **keywords)
    magnitudes = oracles.depthwise_conv(*map(magnitude, (x, depthwise, inner)), **keywords)
    assert_close(y, expected, chain(taps, magnitudes, dtype), context, dtype=dtype)
    assert y.flags.c_contiguous
    grouped = depthwise.reshape(*config.kernel_size, 1, -1)
    assert_same_bits(y, ops.conv(x, grouped, inner, **keywords), context)

    z = ops.separable_conv(x, depthwise, pointwise, bias, **keywords)
    expected = oracles.separable_conv(x, depthwise, pointwise, bias, **keywords)
    both = map(magnitude, (x, depthwise, pointwise, bias))
    magnitudes = oracles.separable_conv(*both, **keywords)
    terms = taps + pointwise.shape[-2] + 1
    assert_close(z, expected, chain(terms, magnitudes, dtype), context, dtype=dtype)


@often()
@given(conv_configs(), SEEDS)
def test_random_configurations(isa, dtype, config, seed):
    check(config, seed, dtype)


@pytest.mark.parametrize("config", FIXED, ids=str)
def test_fixed_configurations(isa, dtype, config):
    check(config, 0, dtype)


@pytest.mark.parametrize("stride", [1, 2, 3])
@pytest.mark.parametrize("size", [2, 3, 5])
def test_row_lengths_around_tiles(isa, dtype, size, stride):
    """Where neighbouring outputs share what is read of x; with tails of channels, too."""
    for outputs in (1, 2, 3, 4, 5, 6, 7, 8, 9, 13):
        width, channels = size + (outputs - 1) * stride, 21 if outputs % 4 else 16
        config = ConvConfig(1, (size + 1, width), (size, size), channels, 1, 1, stride)
        if outputs % 2:
            config = replace(config, padding="same")
        if outputs % 3 == 0:
            config = replace(config, data_format="channels_first")
        check(config, width, dtype)


@given(conv_configs(channels=(1, 2, 3, 5)), SEEDS)
def test_differences(isa, config, seed):
    x, depthwise, inner, pointwise, bias = arrays(config, seed, "float64")
    keywords, rng = config.keywords, np.random.default_rng([seed, 1])
    exact = {"step": 1e-3, "tolerance": 1e-10, "rng": rng}  # linear in each array

    grad = rng.standard_normal(ops.depthwise_conv(x, depthwise, **keywords).shape)
    gradients = ops.depthwise_conv_grad(grad, x, depthwise, **keywords)
    named = {"x": x, "kernel": depthwise, "bias": inner}
    check_gradients(
        lambda x, kernel, bias: ops.depthwise_conv(x, kernel, bias, **keywords),
        named,
        dict(zip(named, gradients, strict=True)),
        grad,
        **exact,
    )

    grad = rng.standard_normal(ops.separable_conv(x, depthwise, pointwise, **keywords).shape)
    gradients = ops.separable_conv_grad(grad, x, depthwise, pointwise, **keywords)
    named = {"x": x, "depthwise_kernel": depthwise, "pointwise_kernel": pointwise, "bias": bias}
    check_gradients(
        lambda **given: ops.separable_conv(**given, **keywords),
        named,
        dict(zip(named, gradients, strict=True)),
        grad,
        **exact,
    )


@given(conv_configs(), SEEDS)
def test_separable_is_one_after_the_other(isa, dtype, config, seed):
    """The same bits, gradients too, though the first result is never held as a whole."""
    x, depthwise, _, pointwise, bias = arrays(config, seed, dtype)
    keywords = config.keywords
    form = {"data_format": config.data_format}
    middle = ops.depthwise_conv(x, depthwise, **keywords)
    y = ops.conv(middle, pointwise, bias, activation="tanh", **form)
    whole = _blocks.BLOCK_BYTES
    try:
        for _blocks.BLOCK_BYTES in (whole, 1000, 1):
            z = ops.separable_conv(x, depthwise, pointwise, bias, activation="tanh", **keywords)
            assert_same_bits(z, y, f"{config} seed {seed} blocks of {_blocks.BLOCK_BYTES}")
    finally:
        _blocks.BLOCK_BYTES = whole
    grad = np.random.default_rng([seed, 1]).standard_normal(y.shape).astype(dtype)
    dmiddle, dpointwise, dbias = ops.conv_grad(grad, middle, pointwise, **form)
    dx, ddepthwise, _ = ops.depthwise_conv_grad(dmiddle, x, depthwise, **keywords)
    gradients = ops.separable_conv_grad(grad, x, depthwise, pointwise, **keywords)
    for pair in zip(gradients, (dx, ddepthwise, dpointwise, dbias), strict=True):
        assert_same_bits(*pair, f"{config} seed {seed}")


def results(config, x, depthwise, inner, pointwise, bias, out=None):
    """Of both operators, and their gradients."""
    keywords = config.keywords
    y = ops.depthwise_conv(x, depthwise, inner, activation="relu", **keywords)
    z = ops.separable_conv(x, depthwise, pointwise, bias, activation="relu", out=out, **keywords)
    gradients = ops.separable_conv_grad(z, x, depthwise, pointwise, **keywords)
    return [y, z, *gradients, *ops.depthwise_conv_grad(y, x, depthwise, **keywords)]


@often(3)
@given(conv_configs(), SEEDS)
def test_layouts(isa, dtype, config, seed):
    given_arrays = arrays(config, seed, dtype)
    expected = results(config, *given_arrays)
    strided, names = in_layouts(given_arrays, seed)
    for pair in zip(results(config, *strided), expected, strict=True):
        assert_same_bits(*pair, f"{config} {names} seed {seed}")


@given(conv_configs(), SEEDS)
def test_instruction_sets(dtype, config, seed):
    given_arrays = arrays(config, seed, dtype)
    for *pair, which in modes.results_to_agree(lambda: results(config, *given_arrays)):
        assert_same_bits(*pair, f"{which}: {config} seed {seed}")


@pytest.mark.parametrize("config", FIXED, ids=str)
def test_threads_batch_and_out(isa, dtype, config):
    x, *weights = arrays(config, 0, dtype)
    with modes.num_threads(1):
        expected = results(config, x, *weights)
    for n in (2, 3):
        with modes.num_threads(n):
            for pair in zip(results(config, x, *weights), expected, strict=True):
                assert_same_bits(*pair, f"{config} at {n} threads")
    for i in range(config.batch):
        own = results(config, x[i : i + 1], *weights)
        for number in (0, 1, 2, 6):  # outputs and input gradients
            assert_same_bits(own[number], expected[number][i : i + 1], f"image {i} of {config}")
    out = LAYOUTS["sliced"](np.full_like(expected[1], np.nan))
    assert results(config, x, *weights, out=out)[1] is out
    assert_same_bits(out, expected[1], config)


def test_data_formats(isa, dtype):
    config = replace(FIXED[1], data_format="channels_last")
    x, *weights = arrays(config, 0, dtype)
    other = replace(config, data_format="channels_first")
    expected = results(config, x, *weights)
    again = results(other, np.moveaxis(x, -1, 1), *weights)
    for number, pair in enumerate(zip(again, expected, strict=True)):
        one = np.moveaxis(pair[0], 1, -1) if number in (0, 1, 2, 6) else pair[0]
        assert_same_bits(one, pair[1], f"result {number}")


def test_no_images(dtype):
    x, depthwise, pointwise = (
        np.ones((0, 5, 3), dtype),
        np.ones((2, 3, 2), dtype),
        np.ones((1, 6, 4), dtype),
    )
    assert ops.depthwise_conv(x, depthwise).shape == (0, 4, 6)
    y = ops.separable_conv(x, depthwise, pointwise)
    assert y.shape == (0, 4, 4)
    dx, *rest = ops.separable_conv_grad(y, x, depthwise, pointwise)
    assert dx.shape == x.shape
    assert [r.shape for r in rest] == [depthwise.shape, pointwise.shape, (4,)]
    assert not any(r.any() for r in rest)


X, DEPTHWISE, POINTWISE = np.ones((2, 6, 5, 4)), np.ones((3, 2, 4, 2)), np.ones((1, 1, 8, 3))


@pytest.mark.parametrize(
    ("changes", "error", "text"),
    [
        ({"depthwise_kernel": np.ones((3, 2, 2, 2))}, ValueError, "depthwise_kernel.shape[-2]"),
        ({"depthwise_kernel": np.ones((3, 2, 4, 2), "f")}, TypeError, "depthwise_kernel"),
        ({"depthwise_kernel": np.ones((3, 0, 4, 2))}, ValueError, "depthwise_kernel"),
        ({"pointwise_kernel": np.ones((1, 1, 4, 3))}, ValueError, "(1, 1, 8, 3)"),
        ({"pointwise_kernel": np.ones((2, 1, 8, 3))}, ValueError, "pointwise_kernel"),
        ({"pointwise_kernel": np.ones((1, 1, 8, 0))}, ValueError, "pointwise_kernel"),
        ({"pointwise_kernel": [1]}, TypeError, "pointwise_kernel"),
        ({"bias": np.ones(8)}, ValueError, "bias"),
        ({"activation": "no"}, ValueError, "activation"),
        ({"strides": 0}, ValueError, "strides"),
        ({"out": np.ones((2, 4, 4, 3), "f")}, TypeError, "out"),
        ({"out": np.ones((2, 4, 4, 4))}, ValueError, "out"),
    ],
)
def test_bad_arguments(changes, error, text):
    arguments = {"x": X, "depthwise_kernel": DEPTHWISE, "pointwise_kernel": POINTWISE} | changes
    with pytest.raises(error) as raised:
        ops.separable_conv(**arguments)
    assert text in str(raised.value)


def test_bad_kernels_and_gradients():
    with pytest.raises(ValueError, match=r"kernel.shape\[-2\] must be the 4 channels of x"):
        ops.depthwise_conv(X, np.ones((3, 2, 1, 4)))
    with pytest.raises(ValueError, match="grad must have"):
        ops.depthwise_conv_grad(np.ones((2, 4, 4, 4)), X, DEPTHWISE)
    with pytest.raises(ValueError, match="grad must have"):
        ops.separable_conv_grad(np.ones((2, 4, 4, 8)), X, DEPTHWISE, POINTWISE)
    with pytest.raises(ValueError, match='"pointwise_kernel"'):
        ops.separable_conv_grad(np.ones((2, 4, 4, 3)), X, DEPTHWISE, POINTWISE, needs=("kernel",))
