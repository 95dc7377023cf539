"""`ops.max_pool` and `ops.max_pool_grad` against the oracle: values, indices, gradients."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import oracles
from comparison import assert_close, assert_dtype, assert_same_bits, pool_grad_tolerance
from convlet import ops
from gradcheck import check_gradients, separated
from strategies import CHANNELS, SEEDS, PoolConfig, often, pool_configs

FIXED = [
    PoolConfig(2, (24, 24), 2, 64),
    PoolConfig(2, (25, 23), 3, 17, 2, "same", data_format="channels_first"),
    PoolConfig(1, (9, 200), (2, 5), 3, (1, 2), ((1, 0), (2, 4)), (2, 1)),
    PoolConfig(3, (14, 15), 3, 33, 2, 1, ceil_mode=True),
    PoolConfig(1, (20, 20), (20, 20), 40),
    PoolConfig(2, (7, 8, 9), (2, 3, 2), 5, padding="same_lower"),
]


def check(config, seed, dtype, ties):
    x = config.x(seed, dtype, ties=ties)
    context = f"{config} seed {seed} ties {ties}"
    expected, where = oracles.max_pool(x, config.pool_size, return_indices=True, **config.keywords)
    y = ops.max_pool(x, config.pool_size, **config.keywords)
    assert_close(y, expected, 0.0, context, dtype=dtype)
    again, indices = ops.max_pool(x, config.pool_size, return_indices=True, **config.keywords)
    assert_same_bits(again, y, context)
    assert_close(indices, where, 0.0, context, dtype="int64")
    assert y.flags.c_contiguous
    assert indices.flags.c_contiguous

    grad = config.grad(seed, dtype)
    dx = ops.max_pool_grad(grad, x, config.pool_size, **config.keywords)
    oracle = oracles.max_pool_grad
    tolerance = pool_grad_tolerance(
        oracle, grad, x, config.pool_size, dtype=dtype, **config.keywords
    )
    expected = oracle(grad, x, config.pool_size, **config.keywords)
    assert_close(dx, expected, tolerance, context, dtype=dtype)
    assert dx.flags.c_contiguous
    given_indices = ops.max_pool_grad(grad, x, config.pool_size, indices=indices, **config.keywords)
    assert_same_bits(given_indices, dx, context)


@often()
@given(pool_configs(), SEEDS, st.booleans())
def test_random_configurations(isa, dtype, config, seed, ties):
    check(config, seed, dtype, ties)


@pytest.mark.parametrize("config", FIXED, ids=str)
def test_fixed_configurations(isa, dtype, config):
    check(config, 0, dtype, ties=False)
    check(config, 0, dtype, ties=True)


@pytest.mark.parametrize("channels", [*CHANNELS, 63, 64, 65, 130])
@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
def test_channels_around_vector_widths(isa, dtype, channels, data_format):
    check(PoolConfig(1, (7, 6), 3, channels, 2, 1, data_format=data_format), 0, dtype, ties=True)


@pytest.mark.parametrize("rank", [1, 2, 3])
def test_differences(isa, rng, rank):
    config = PoolConfig(2, (9, 8, 7)[:rank], 3, 4, 2, "same", ceil_mode=True)
    x, grad = separated(rng, config.x_shape), config.grad(0, "float64")
    dx = ops.max_pool_grad(grad, x, 3, **config.keywords)
    check_gradients(
        lambda x: ops.max_pool(x, 3, **config.keywords), {"x": x}, {"x": dx}, grad, rng=rng
    )


def test_first_of_equals_wins(isa, dtype):
    """In the SIMD body and in its tail alike; +0 and -0 are equal."""
    for channels in (1, 19, 40):
        x = np.zeros((1, 4, 4, channels), dtype)
        x[:, 0] = -0.0
        y, indices = ops.max_pool(x, 4, return_indices=True)
        assert not indices.any()
        assert np.signbit(y).all()
        dx = ops.max_pool_grad(np.ones_like(y), x, 4)
        assert np.array_equal(dx[0, 0, 0], np.ones(channels))
        assert np.sum(dx) == channels


def test_padding_never_wins(isa, dtype):
    x = np.full((1, 3, 3, 21), -np.inf, dtype)
    y, indices = ops.max_pool(x, 2, strides=2, padding=1, return_indices=True)
    assert np.array_equal(y, np.full((1, 2, 2, 21), -np.inf))
    assert np.array_equal(indices[0, ..., 0], [[0, 1], [3, 4]])


def test_indices_are_flat_over_the_unpadded_spatial_axes(dtype):
    x = np.zeros((2, 3, 5, 7, 2), dtype)
    x[0, 2, 4, 6, 0], x[1, 1, 0, 3, 1] = 1, 1
    for data_format in ("channels_last", "channels_first"):
        array = x if data_format == "channels_last" else np.moveaxis(x, -1, 1)
        _, indices = ops.max_pool(array, (3, 5, 7), data_format=data_format, return_indices=True)
        assert_dtype(indices, "int64")
        assert np.array_equal(indices.reshape(2, 2), [[2 * 35 + 4 * 7 + 6, 0], [0, 35 + 3]])


def test_indices_decide_where_the_gradient_goes(dtype):
    x, grad = np.zeros((1, 4, 2), dtype), np.array([[[1, 2], [3, 4]]], dtype)
    indices = np.array([[[1, 0], [3, 1]]])
    dx = ops.max_pool_grad(grad, x, 2, indices=indices)
    assert np.array_equal(dx, [[[0, 2], [1, 4], [0, 0], [3, 0]]])


@pytest.mark.parametrize("bad", [-1, 4, 2**62, -(2**63)])
def test_indices_are_range_checked(dtype, bad):
    x, grad = np.zeros((1, 4, 2), dtype), np.zeros((1, 2, 2), dtype)
    indices = np.zeros((1, 2, 2), np.int64)
    indices[0, 1, 1] = bad
    with pytest.raises(ValueError, match="indices"):
        ops.max_pool_grad(grad, x, 2, indices=indices)


def test_out_with_indices(dtype, rng):
    x = rng.standard_normal((2, 6, 6, 5)).astype(dtype)
    out = np.full((2, 3, 3, 5), np.nan, dtype)
    y, indices = ops.max_pool(x, 2, out=out, return_indices=True)
    assert y is out
    assert_same_bits(y, ops.max_pool(x, 2))
    assert indices.shape == y.shape


def test_empty_batch(dtype):
    x = np.ones((0, 8, 6, 4), dtype)
    y, indices = ops.max_pool(x, 2, return_indices=True)
    assert y.shape == indices.shape == (0, 4, 3, 4)
    assert_dtype(y, dtype)
    assert_dtype(indices, "int64")
    assert ops.max_pool_grad(y, x, 2).shape == x.shape
    assert ops.max_pool_grad(y, x, 2, indices=indices).shape == x.shape


@pytest.mark.parametrize("size", [2, 3])
def test_gradients_of_minus_zero_have_the_bits_of_a_sum(isa, dtype, size):
    """In any layout, and where no other window sees an input."""
    x, grad = np.arange(19 * 49, dtype=dtype).reshape(1, 7, 7, 19), np.full((1, 3, 3, 19), -0.0)
    grad = grad.astype(dtype)
    dx = ops.max_pool_grad(grad, x, size, strides=2)
    assert not np.signbit(dx).any()
    _, indices = ops.max_pool(x, size, strides=2, return_indices=True)
    assert_same_bits(ops.max_pool_grad(grad, x, size, strides=2, indices=indices), dx)
    first = (np.moveaxis(array, -1, 1) for array in (grad, x))
    dx_first = ops.max_pool_grad(*first, size, strides=2, data_format="channels_first")
    assert_same_bits(np.moveaxis(dx_first, 1, -1), dx)
    assert not np.signbit(ops.average_pool_grad(grad, x, size, strides=2)).any()
