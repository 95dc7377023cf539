"""`ops.conv` against the oracle, and the identities that a convolution obeys."""

import numpy as np
import pytest
from hypothesis import example, given

import oracles
from comparison import assert_close, assert_dtype, assert_same_bits, conv_tolerance
from convlet import ops
from strategies import CHANNELS, SEEDS, ConvConfig, conv_configs, often

# Tile edges, long rows, deep channels, and the lecture's two layers.
FIXED = [
    ConvConfig(1, (28, 28), (3, 3), 1, 1, 32),
    ConvConfig(2, (26, 26), (3, 3), 32, 1, 64),
    ConvConfig(1, (7, 7), (3, 3), 130, 1, 70, padding="same"),
    ConvConfig(1, (14, 14), (1, 1), 300, 1, 40),
    ConvConfig(2, (15, 13), (5, 3), 7, 1, 9, (2, 3), "same", (2, 1), "channels_first"),
    ConvConfig(1, (4, 200), (2, 9), 3, 1, 5, padding=((0, 2), (9, 11))),
    ConvConfig(1, (9, 9), (3, 3), 24, 24, 24, padding="same"),
    ConvConfig(1, (9, 9), (3, 3), 24, 8, 48, 2, "same_lower", 2),
    ConvConfig(1, (1, 1), (3, 3), 4, 1, 4, padding=5, dilation_rate=3),
]


def check(config, seed, dtype, activation=None):
    x, kernel, bias = config.arrays(seed, dtype)
    keywords = {**config.keywords, "activation": activation}
    y = ops.conv(x, kernel, bias, **keywords)
    tolerance = conv_tolerance(x, kernel, bias, dtype=dtype, **keywords)
    expected = oracles.conv(x, kernel, bias, **keywords)
    assert_close(y, expected, tolerance, f"{config} {activation} seed {seed}", dtype=dtype)
    assert y.flags.c_contiguous


@often()
@given(conv_configs(), SEEDS)
def test_random_configurations(isa, dtype, config, seed):
    check(config, seed, dtype)


@pytest.mark.parametrize("config", FIXED, ids=str)
def test_fixed_configurations(isa, dtype, config):
    for activation in (None, "relu", "tanh"):
        check(config, 0, dtype, activation)


@pytest.mark.parametrize("channels", CHANNELS)
def test_channels_around_vector_widths(isa, dtype, channels):
    for filters in CHANNELS:
        check(ConvConfig(1, (5, 6), (2, 3), channels, 1, filters), 0, dtype)


@pytest.mark.parametrize("width", range(1, 30))
def test_row_lengths_around_tiles(isa, dtype, width):
    for padding in ("valid", "same"):
        check(ConvConfig(1, (2, width), (1, 1), 3, 1, 17, padding=padding), 0, dtype)
        check(ConvConfig(1, (2, width + 2), (2, 3), 2, 1, 33, padding=padding), 0, dtype)


@pytest.mark.parametrize("name", oracles.ACTIVATIONS)
@given(conv_configs(ranks=(2,)), SEEDS)
def test_activations(dtype, name, config, seed):
    check(config, seed, dtype, name)


@pytest.mark.parametrize("name", oracles.ACTIVATIONS)
def test_activations_on_each_instruction_set(isa, dtype, name):
    check(FIXED[4], 1, dtype, name)


@given(conv_configs(), SEEDS)
def test_linear_in_powers_of_two(config, seed):
    """Scaling by a power of two is exact, so it commutes with every rounding."""
    x, kernel, _ = config.arrays(seed, "float32")
    y = ops.conv(x, kernel, **config.keywords)
    assert_same_bits(ops.conv(x * 4, kernel / 2, **config.keywords), y * 2, config)


@given(conv_configs(channels=(1, 2, 5, 8)), SEEDS)
@example(ConvConfig(1, (6, 6), (2, 2), 3, 1, 4), 0)
def test_additive(config, seed):
    rng = np.random.default_rng(seed)  # small integers: sums are exact in any order
    x, other = rng.integers(-9, 10, (2, *config.x_shape)).astype("float32")
    kernel = rng.integers(-9, 10, config.kernel_shape).astype("float32")
    together = ops.conv(x + other, kernel, **config.keywords)
    apart = ops.conv(x, kernel, **config.keywords) + ops.conv(other, kernel, **config.keywords)
    assert np.array_equal(together, apart), config


@pytest.mark.parametrize("rank", [1, 2, 3])
def test_identity_kernel(dtype, rng, rank):
    x = rng.standard_normal((2, *(5, 4, 3)[:rank], 6)).astype(dtype)
    kernel = np.zeros((3,) * rank + (6, 6), dtype)
    kernel[(1,) * rank] = np.eye(6)
    assert_same_bits(ops.conv(x, kernel, padding="same"), x)


def test_shift(dtype, rng):
    """What is seen one pixel on is what was seen before."""
    x = rng.standard_normal((1, 12, 19, 5)).astype(dtype)
    kernel = rng.standard_normal((3, 2, 5, 7)).astype(dtype)
    assert_same_bits(ops.conv(x[:, 1:, 3:], kernel), ops.conv(x, kernel)[:, 1:, 3:])


def test_permuted_filters(dtype, rng):
    x = rng.standard_normal((1, 7, 9, 5)).astype(dtype)
    kernel = rng.standard_normal((3, 2, 5, 37)).astype(dtype)
    order = rng.permutation(37)
    assert_same_bits(ops.conv(x, kernel[..., order]), ops.conv(x, kernel)[..., order])


def test_groups_are_separate_convolutions(dtype, rng):
    x = rng.standard_normal((1, 7, 9, 15)).astype(dtype)
    kernel = rng.standard_normal((3, 3, 5, 21)).astype(dtype)
    parts = [ops.conv(x[..., 5 * g : 5 * g + 5], kernel[..., 7 * g : 7 * g + 7]) for g in range(3)]
    assert_same_bits(ops.conv(x, kernel), np.concatenate(parts, -1))


def test_empty_batch(dtype):
    kernel = np.ones((3, 3, 4, 5), dtype)
    for data_format, shape in (("channels_last", (0, 6, 4, 5)), ("channels_first", (0, 5, 6, 4))):
        x = np.ones((0, 8, 6, 4) if data_format == "channels_last" else (0, 4, 8, 6), dtype)
        y = ops.conv(x, kernel, data_format=data_format)
        assert y.shape == shape
        assert_dtype(y, dtype)


def test_output_of_padding_only_is_the_bias(dtype):
    """Windows may lie in the padding as a whole."""
    x, kernel = np.ones((1, 2, 2, 3), dtype), np.ones((2, 2, 3, 2), dtype)
    y = ops.conv(x, kernel, np.array([1, -2], dtype), padding=4)
    assert y.shape == (1, 9, 9, 2)
    assert np.array_equal(y[0, 0, 0], [1, -2])
    assert np.array_equal(y[0, -1, 4], [1, -2])
    assert np.array_equal(y[0, 4, 4], [13, 10])


def test_padding_longer_than_a_vector(isa):
    x, kernel = np.ones((1, 1, 3, 1), "float32"), np.ones((1, 50, 1, 20), "float32")
    y = ops.conv(x, kernel, padding=((0, 0), (60, 70)))
    assert_close(y, oracles.conv(x, kernel, padding=((0, 0), (60, 70))), 0.0, dtype="float32")
