"""NaN, infinities, signed zeros and denormal numbers."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import oracles
from comparison import assert_close, assert_same_bits, conv_grad_tolerances, conv_tolerance
from convlet import activations, layers, losses, ops
from strategies import CHANNELS, SEEDS, ConvConfig, PoolConfig, conv_configs, pool_configs

SPECIAL = st.lists(st.sampled_from([np.nan, np.inf, -np.inf]), min_size=1, max_size=3)


def spoiled(array, values, seed):
    """A copy with some elements replaced."""
    array = array.copy()
    places = np.random.default_rng(seed).integers(0, array.size, len(values))
    array.ravel()[places] = values
    return array


@given(conv_configs(), SEEDS, SPECIAL, st.sampled_from(["x", "kernel", "bias"]))
def test_conv(isa, dtype, config, seed, values, where):
    """As the oracle, which multiplies no padding: NaN and infinity spread as far and no further."""
    x, kernel, bias = config.arrays(seed, dtype)
    bias = np.ones(config.filters, dtype) if bias is None else bias
    arrays = {"x": x, "kernel": kernel, "bias": bias}
    tolerance = conv_tolerance(**arrays, dtype=dtype, **config.keywords)
    arrays[where] = spoiled(arrays[where], values, seed)
    with np.errstate(invalid="ignore"):
        expected = oracles.conv(**arrays, **config.keywords)
    context = f"{config} {values} in {where} seed {seed}"
    assert_close(ops.conv(**arrays, **config.keywords), expected, tolerance, context, dtype=dtype)


@given(conv_configs(), SEEDS, SPECIAL, st.sampled_from(["grad", "x", "kernel"]))
def test_conv_grad(isa, dtype, config, seed, values, where):
    x, kernel, _ = config.arrays(seed, dtype)
    arrays = {"grad": config.grad(seed, dtype), "x": x, "kernel": kernel}
    tolerances = conv_grad_tolerances(**arrays, dtype=dtype, **config.keywords)
    arrays[where] = spoiled(arrays[where], values, seed)
    with np.errstate(invalid="ignore"):
        expected = oracles.conv_grad(**arrays, **config.keywords)
    gradients = ops.conv_grad(**arrays, **config.keywords)
    for name, *rest in zip(("x", "kernel", "bias"), gradients, expected, tolerances, strict=True):
        context = f"d{name} of {config} {values} in {where} seed {seed}"
        assert_close(*rest, context, dtype=dtype)


@given(pool_configs(), SEEDS, SPECIAL)
def test_pools(isa, dtype, config, seed, values):
    x = spoiled(config.x(seed, dtype, ties=True), values, seed)
    size, keywords = config.pool_size, config.keywords
    context = f"{config} {values} seed {seed}"
    expected, where = oracles.max_pool(x, size, return_indices=True, **keywords)
    y, indices = ops.max_pool(x, size, return_indices=True, **keywords)
    assert_close(y, expected, 0.0, context, dtype=dtype)
    assert_close(indices, where, 0.0, context, dtype="int64")
    assert_same_bits(ops.max_pool(x, size, **keywords), y, context)
    with np.errstate(invalid="ignore"):
        expected = oracles.average_pool(x, size, **keywords)
    assert_close(ops.average_pool(x, size, **keywords), expected, 1e-5, context, dtype=dtype)
    grad = np.ones_like(y)
    expected = oracles.max_pool_grad(grad, x, size, **keywords)
    assert_close(ops.max_pool_grad(grad, x, size, **keywords), expected, 0.0, context, dtype=dtype)


@pytest.mark.parametrize("channels", CHANNELS)
def test_one_nan_in_every_channel_position(isa, dtype, channels):
    """In the vector body and in its tail alike, as input, as filter and in pools."""
    for spoilt in range(channels):
        x = np.ones((1, 4, 5, channels), dtype)
        x[0, 1, 2, spoilt] = np.nan
        meets = np.zeros((1, 3, 4, 1), bool)
        meets[:, :2, 1:3] = True
        y = ops.conv(x, np.ones((2, 2, channels, 3), dtype))
        assert np.array_equal(np.isnan(y), np.broadcast_to(meets, y.shape))
        kernel = np.ones((2, 2, 3, channels), dtype)
        kernel[1, 0, 1, spoilt] = np.nan
        y = ops.conv(np.ones((1, 4, 5, 3), dtype), kernel)
        assert np.array_equal(np.isnan(y).any((0, 1, 2)), np.arange(channels) == spoilt)
        for pool in (ops.max_pool, ops.average_pool):
            y = pool(x, 2, strides=1)
            assert np.array_equal(np.isnan(y[..., [spoilt]]), meets)
            assert np.isnan(y).sum() == 4


@pytest.mark.parametrize("value", [np.inf, -np.inf, np.nan])
def test_special_weights_over_padding(isa, dtype, value):
    """Padding is skipped, not multiplied: the border stays finite where that weight meets none."""
    for filters in (1, 7, 16, 33):
        config = ConvConfig(1, (4, 6), (3, 3), 5, 1, filters, padding="same")
        x, kernel, _ = config.arrays(0, dtype)
        kernel[0, 0] = value
        y = ops.conv(np.abs(x), kernel, padding="same")
        assert np.isfinite(y[:, 0]).all()
        assert np.isfinite(y[:, :, 0]).all()
        inner = y[:, 1:, 1:]
        assert np.array_equal(inner, np.full_like(inner, value), equal_nan=True)
        dx, _, _ = ops.conv_grad(np.abs(config.grad(0, dtype)), x, kernel, padding="same")
        assert np.isfinite(dx[:, -1]).all()
        assert np.isfinite(dx[:, :, -1]).all()
        inner = dx[:, :-1, :-1]
        assert np.array_equal(inner, np.full_like(inner, value), equal_nan=True)


@pytest.mark.parametrize("name", [*oracles.ACTIVATIONS, "softmax"])
def test_activations_hand_on_nan(isa, dtype, name):
    for width in (1, 5, 16, 37):
        x = np.ones((1, width, 1), dtype)
        x[0, -1] = np.nan
        y = ops.conv(x, np.ones((1, 1, 1), dtype), activation=name)
        assert np.array_equal(np.isnan(y), np.isnan(x))


@pytest.mark.parametrize(
    ("name", "below", "above"),
    [
        ("relu", 0, np.inf),
        ("relu6", 0, 6),
        ("leaky_relu", -np.inf, np.inf),
        ("elu", -1, np.inf),
        ("sigmoid", 0, 1),
        ("hard_sigmoid", 0, 1),
        ("softplus", 0, np.inf),
        ("tanh", -1, 1),
        ("exponential", 0, np.inf),
    ],
)
def test_activations_of_infinity(isa, dtype, name, below, above):
    x = np.array([-np.inf, np.inf] * 11, dtype).reshape(1, 22, 1)
    y = ops.conv(x, np.ones((1, 1, 1), dtype), activation=name)
    assert np.array_equal(y.ravel(), [below, above] * 11)


def test_signed_zeros(isa, dtype):
    """The accumulator starts at +0, so a sum of -0 is +0; a bias of -0 changes nothing."""
    x, kernel = np.full((1, 3, 3, 2), -0.0, dtype), np.ones((1, 1, 2, 19), dtype)
    for activation in (None, "relu"):
        y = ops.conv(x, kernel, np.full(19, -0.0, dtype), activation=activation)
        assert not np.signbit(y).any()
        assert not y.any()
    assert np.signbit(ops.max_pool(x, 3)).all()


OPERATORS = {
    "conv": lambda x, k: ops.conv(x, k, activation="tanh"),
    "conv_grad": lambda x, k: ops.conv_grad(x, x, k),
    "max_pool": lambda x, k: ops.max_pool(x, 2, return_indices=True),
    "max_pool_grad": lambda x, k: ops.max_pool_grad(x[:, :20, :20], x, 2),
    "average_pool": lambda x, k: ops.average_pool(x, 2),
    "average_pool_grad": lambda x, k: ops.average_pool_grad(x[:, :20, :20], x, 2),
}


@pytest.mark.parametrize("name", OPERATORS)
def test_floating_point_state_comes_back(isa, threads, dtype, name):
    """The caller's denormal numbers are what they were, on its own thread and after workers ran."""
    small = np.sqrt(np.finfo(dtype).tiny) / 4
    numbers = np.full(1000, small, dtype)
    before = numbers * numbers
    assert (before > 0).all()
    assert (before < np.finfo(dtype).tiny).all()
    x = np.full((2, 40, 40, 16), small, dtype)
    OPERATORS[name](x, np.full((1, 1, 16, 16), small, dtype))
    assert_same_bits(numbers * numbers, before)
    assert float(np.finfo(dtype).smallest_subnormal) > 0


def test_denormal_results_are_flushed(isa, threads, dtype):
    small = np.sqrt(np.finfo(dtype).tiny) / 4
    x, kernel = np.full((1, 40, 40, 5), small, dtype), np.full((1, 1, 5, 19), small, dtype)
    assert not ops.conv(x, kernel).any()
    dx, dkernel, _ = ops.conv_grad(np.full((1, 40, 40, 19), small, dtype), x, kernel)
    assert not dx.any()
    assert not dkernel.any()
    assert not ops.average_pool(np.full((1, 40, 40, 5), np.finfo(dtype).tiny / 2, dtype), 2).any()


def gradient_of_squares(x):
    _, gradient = losses.MeanSquaredError().vjp(np.zeros_like(x), x)
    return gradient()


@pytest.mark.parametrize(
    "compute",
    [
        lambda x: layers.UpSampling2D(2, interpolation="bilinear", dtype=x.dtype.name)(x),
        lambda x: layers.UpSampling2D(2, interpolation="bilinear", dtype=x.dtype.name).vjp(
            x[:, :2, :2]
        )[1](x)[0],
        lambda x: activations.leaky_relu(x),
        lambda x: activations.relu(x, negative_slope=0.5, threshold=0.0),
        lambda x: activations.elu(x, alpha=0.5),
        gradient_of_squares,
    ],
)
def test_denormal_numbers_beside_the_operators(dtype, compute):
    """They cost nothing because they are zero there, too, and stay what they are elsewhere."""
    x = np.full((1, 4, 4, 3), -np.finfo(dtype).tiny / 4, dtype)
    assert not compute(x).any()
    assert (x * np.dtype(dtype).type(0.5) != 0).all()


def test_all_denormal_input_keeps_the_order_of_a_pool(isa, dtype):
    config = PoolConfig(1, (4, 4), 2, 19)
    x = np.full(config.x_shape, np.finfo(dtype).tiny / 4, dtype)
    _, indices = ops.max_pool(x, 2, return_indices=True)
    assert np.array_equal(indices[0, ..., 0], [[0, 2], [8, 10]])
