"""`ops.conv_grad` against the oracle, against differences, and as the adjoint of `conv`."""

import itertools

import numpy as np
import pytest
from hypothesis import given

import oracles
from comparison import assert_close, assert_dtype, assert_same_bits, conv_grad_tolerances
from convlet import ops
from gradcheck import check_gradients
from strategies import CHANNELS, SEEDS, ConvConfig, conv_configs, often

NAMES = ("dx", "dkernel", "dbias")
FIXED = [
    ConvConfig(2, (28, 28), (3, 3), 1, 1, 32),
    ConvConfig(1, (26, 26), (3, 3), 32, 1, 64),
    ConvConfig(1, (7, 7), (3, 3), 130, 1, 70, padding="same"),
    ConvConfig(2, (15, 13), (5, 3), 7, 1, 9, (2, 3), "same", (2, 1), "channels_first"),
    ConvConfig(1, (4, 200), (2, 9), 3, 1, 5, padding=((0, 2), (9, 11))),
    ConvConfig(1, (9, 9), (3, 3), 24, 24, 24, padding="same"),
    ConvConfig(1, (9, 9), (3, 3), 24, 8, 48, 2, "same_lower", 2),
    ConvConfig(1, (1, 1), (3, 3), 4, 1, 4, padding=5, dilation_rate=3),
    ConvConfig(1, (9, 11), (2, 2), 5, 1, 6, strides=4),  # pixels that no tap reads
]


def check(config, seed, dtype):
    x, kernel, _ = config.arrays(seed, dtype)
    grad = config.grad(seed, dtype)
    gradients = ops.conv_grad(grad, x, kernel, **config.keywords)
    expected = oracles.conv_grad(grad, x, kernel, **config.keywords)
    tolerances = conv_grad_tolerances(grad, x, kernel, dtype=dtype, **config.keywords)
    for name, *rest in zip(NAMES, gradients, expected, tolerances, strict=True):
        assert_close(*rest, f"{name} of {config} seed {seed}", dtype=dtype)
        assert rest[0].flags.c_contiguous


@often()
@given(conv_configs(), SEEDS)
def test_random_configurations(isa, dtype, config, seed):
    check(config, seed, dtype)


@pytest.mark.parametrize("config", FIXED, ids=str)
def test_fixed_configurations(isa, dtype, config):
    check(config, 0, dtype)


@pytest.mark.parametrize("channels", CHANNELS)
def test_channels_around_vector_widths(isa, dtype, channels):
    for filters in CHANNELS:
        check(ConvConfig(1, (5, 6), (2, 3), channels, 1, filters), 0, dtype)


@pytest.mark.parametrize("width", range(1, 30))
def test_row_lengths_around_tiles(isa, dtype, width):
    for padding in ("valid", "same"):
        check(ConvConfig(1, (2, width + 2), (2, 3), 17, 1, 3, padding=padding), 0, dtype)


@given(conv_configs(channels=(1, 2, 3, 5)), SEEDS)
def test_differences(isa, config, seed):
    x, kernel, _ = config.arrays(seed, "float64")
    bias = np.zeros(config.filters)
    grad = config.grad(seed, "float64")
    gradients = ops.conv_grad(grad, x, kernel, **config.keywords)
    check_gradients(
        lambda x, kernel, bias: ops.conv(x, kernel, bias, **config.keywords),
        {"x": x, "kernel": kernel, "bias": bias},
        dict(zip(("x", "kernel", "bias"), gradients, strict=True)),
        grad,
        step=1e-3,  # the function is linear in each array, so a long step costs nothing
        tolerance=1e-10,
        rng=np.random.default_rng(seed),
    )


@given(conv_configs(), SEEDS)
def test_adjoint(isa, config, seed):
    """<conv(x, kernel), grad> = <x, dx> = <kernel, dkernel>, and <bias 1, grad> = sum of dbias."""
    x, kernel, _ = config.arrays(seed, "float64")
    grad = config.grad(seed, "float64")
    dx, dkernel, dbias = ops.conv_grad(grad, x, kernel, **config.keywords)
    product = np.sum(ops.conv(x, kernel, **config.keywords) * grad)
    scale = np.sum(oracles.conv(np.abs(x), np.abs(kernel), **config.keywords) * np.abs(grad))
    assert abs(np.sum(x * dx) - product) <= 1e-12 * scale, config
    assert abs(np.sum(kernel * dkernel) - product) <= 1e-12 * scale, config
    assert abs(np.sum(dbias) - np.sum(grad)) <= 1e-12 * np.sum(np.abs(grad)), config


@pytest.mark.parametrize("needs", [c for n in range(4) for c in itertools.combinations("xkb", n)])
def test_needs(dtype, needs):
    """What is not needed is None; what is needed has the bits that it has beside the others."""
    config = FIXED[3]
    x, kernel, _ = config.arrays(0, dtype)
    grad = config.grad(0, dtype)
    names = {"x": "x", "k": "kernel", "b": "bias"}
    gradients = ops.conv_grad(
        grad, x, kernel, needs=tuple(names[letter] for letter in needs), **config.keywords
    )
    everything = ops.conv_grad(grad, x, kernel, **config.keywords)
    assert isinstance(gradients, tuple)
    for letter, gradient, full in zip("xkb", gradients, everything, strict=True):
        if letter in needs:
            assert_same_bits(gradient, full)
        else:
            assert gradient is None


def test_empty_batch(dtype):
    """No images: an empty dx, and gradients of zero."""
    x, kernel = np.ones((0, 8, 6, 4), dtype), np.ones((3, 3, 4, 5), dtype)
    dx, dkernel, dbias = ops.conv_grad(np.ones((0, 6, 4, 5), dtype), x, kernel)
    assert dx.shape == (0, 8, 6, 4)
    assert np.array_equal(dkernel, np.zeros(kernel.shape))
    assert np.array_equal(dbias, np.zeros(5))
    for gradient in (dx, dkernel, dbias):
        assert_dtype(gradient, dtype)


def test_long_sums_stay_exact_enough():
    """dbias over 200 000 pixels: runs keep the error far below that of one float32 chain."""
    grad = np.full((2, 100_000, 1), 0.1, "float32")
    x, kernel = np.ones((2, 100_000, 1), "float32"), np.ones((1, 1, 1), "float32")
    _, dkernel, dbias = ops.conv_grad(grad, x, kernel, needs=("kernel", "bias"))
    exact = 200_000 * float(np.float32(0.1))
    for total in (dkernel.item(), dbias.item()):
        assert abs(total / exact - 1) <= 2e-4


def test_pixels_that_no_tap_reads_get_zero(dtype):
    config = FIXED[-1]
    x, kernel, _ = config.arrays(0, dtype)
    dx, _, _ = ops.conv_grad(config.grad(0, dtype), x, kernel, **config.keywords)
    for skipped in (dx[:, 2:4], dx[:, :, 2:4], dx[:, 6:8], dx[:, :, 6:8], dx[:, :, 10:]):
        assert_same_bits(skipped, np.zeros(skipped.shape, dtype))
