"""`ops.average_pool` and `ops.average_pool_grad` against the oracle."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import oracles
from comparison import (
    assert_close,
    assert_dtype,
    assert_same_bits,
    average_pool_tolerance,
    pool_grad_tolerance,
)
from convlet import ops
from gradcheck import check_gradients
from strategies import CHANNELS, SEEDS, PoolConfig, often, pool_configs

FIXED = [
    PoolConfig(2, (24, 24), 2, 64),
    PoolConfig(2, (25, 23), 3, 17, 2, "same", data_format="channels_first"),
    PoolConfig(1, (9, 200), (2, 5), 3, (1, 2), ((1, 0), (2, 4)), (2, 1)),
    PoolConfig(3, (14, 15), 3, 33, 2, 1, ceil_mode=True),
    PoolConfig(1, (20, 20), (20, 20), 40),
    PoolConfig(2, (7, 8, 9), (2, 3, 2), 5, padding="same_lower"),
]


def check(config, seed, dtype, count_include_pad):
    keywords = {**config.keywords, "count_include_pad": count_include_pad}
    context = f"{config} count_include_pad {count_include_pad} seed {seed}"
    x, grad = config.x(seed, dtype), config.grad(seed, dtype)
    y = ops.average_pool(x, config.pool_size, **keywords)
    expected = oracles.average_pool(x, config.pool_size, **keywords)
    tolerance = average_pool_tolerance(x, config.pool_size, dtype=dtype, **keywords)
    assert_close(y, expected, tolerance, context, dtype=dtype)
    assert y.flags.c_contiguous

    dx = ops.average_pool_grad(grad, x, config.pool_size, **keywords)
    oracle = oracles.average_pool_grad
    expected = oracle(grad, x, config.pool_size, **keywords)
    tolerance = pool_grad_tolerance(oracle, grad, x, config.pool_size, dtype=dtype, **keywords)
    assert_close(dx, expected, tolerance, context, dtype=dtype)
    assert dx.flags.c_contiguous


@often()
@given(pool_configs(), SEEDS, st.booleans())
def test_random_configurations(isa, dtype, config, seed, count_include_pad):
    check(config, seed, dtype, count_include_pad)


@pytest.mark.parametrize("count_include_pad", [False, True])
@pytest.mark.parametrize("config", FIXED, ids=str)
def test_fixed_configurations(isa, dtype, config, count_include_pad):
    check(config, 0, dtype, count_include_pad)


@pytest.mark.parametrize("channels", [*CHANNELS, 63, 64, 65, 130])
@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
def test_channels_around_vector_widths(isa, dtype, channels, data_format):
    check(PoolConfig(1, (7, 6), 3, channels, 2, 1, data_format=data_format), 0, dtype, False)


@given(pool_configs(channels=(1, 2, 5)), SEEDS, st.booleans())
def test_differences(isa, config, seed, count_include_pad):
    keywords = {**config.keywords, "count_include_pad": count_include_pad}
    x, grad = config.x(seed, "float64"), config.grad(seed, "float64")
    dx = ops.average_pool_grad(grad, x, config.pool_size, **keywords)
    check_gradients(
        lambda x: ops.average_pool(x, config.pool_size, **keywords),
        {"x": x},
        {"x": dx},
        grad,
        step=1e-3,  # the function is linear
        tolerance=1e-10,
        rng=np.random.default_rng(seed),
    )


@given(pool_configs(), SEEDS, st.booleans())
def test_adjoint(config, seed, count_include_pad):
    """<average_pool(x), grad> = <x, dx>."""
    keywords = {**config.keywords, "count_include_pad": count_include_pad}
    x, grad = config.x(seed, "float64"), config.grad(seed, "float64")
    y = ops.average_pool(x, config.pool_size, **keywords)
    dx = ops.average_pool_grad(grad, x, config.pool_size, **keywords)
    scale = np.sum(oracles.average_pool(np.abs(x), config.pool_size, **keywords) * np.abs(grad))
    assert abs(np.sum(y * grad) - np.sum(x * dx)) <= 1e-12 * scale, config


def test_of_ones_is_one_up_to_padding(dtype):
    x = np.ones((1, 5, 5, 3), dtype)
    keywords = {"strides": 2, "padding": 1, "ceil_mode": True}
    assert_same_bits(ops.average_pool(x, 2, **keywords), np.ones((1, 3, 3, 3), dtype))
    y = ops.average_pool(x, 2, count_include_pad=True, **keywords)
    assert np.array_equal(y[0, ..., 0], [[0.25, 0.5, 0.5], [0.5, 1, 1], [0.5, 1, 1]])


def test_ceil_overhang_is_not_counted(dtype):
    x = np.arange(5, dtype=dtype).reshape(1, 5, 1)
    for include in (False, True):
        y = ops.average_pool(x, 2, ceil_mode=True, count_include_pad=include)
        assert np.array_equal(y.ravel(), [0.5, 2.5, 4])


def test_empty_batch(dtype):
    x = np.ones((0, 8, 6, 4), dtype)
    y = ops.average_pool(x, 2)
    assert y.shape == (0, 4, 3, 4)
    assert_dtype(y, dtype)
    assert ops.average_pool_grad(y, x, 2).shape == x.shape
