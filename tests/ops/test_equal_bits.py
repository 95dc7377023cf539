"""The same bits whatever the threads, strides, alignment, layout, `out` and rest of the batch."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import modes
from comparison import assert_same_bits
from convlet import ops
from convlet._cext import runtime
from strategies import (
    LAYOUTS,
    SEEDS,
    ConvConfig,
    PoolConfig,
    conv_configs,
    in_layouts,
    often,
    pool_configs,
)

# Large enough for several threads to share; odd enough for tails everywhere.
CONVS = [
    ConvConfig(2, (26, 26), (3, 3), 32, 1, 64),
    ConvConfig(3, (29, 31), (3, 5), 17, 1, 33, (1, 2), "same", (2, 1)),
    ConvConfig(1, (20, 21), (3, 3), 48, 3, 51, padding=((2, 1), (0, 1))),
    ConvConfig(1, (56, 56), (3, 3), 40, 40, 40, padding="same"),
    ConvConfig(5, (1, 1), (1, 1), 700, 1, 130),  # a dense layer
    ConvConfig(1, (100, 100), (5, 5), 3, 1, 8, padding="same"),
    ConvConfig(1, (6, 30, 10), (2, 3, 2), 9, 1, 20),
]
POOLS = [
    PoolConfig(2, (64, 65), 2, 37),
    PoolConfig(1, (60, 61), 3, 100, 2, 1, ceil_mode=True),
    PoolConfig(3, (20, 20), (20, 20), 130),
]


def conv_results(config, x, kernel, bias, grad, **keywords):
    """y, dx, dkernel, dbias."""
    keywords = {**config.keywords, **keywords}
    y = ops.conv(x, kernel, bias, activation="relu", **keywords)
    return [y, *ops.conv_grad(grad, x, kernel, **keywords)]


def conv_arrays(config, seed, dtype):
    x, kernel, _ = config.arrays(seed, dtype)
    bias = np.random.default_rng([seed, 2]).standard_normal(config.filters).astype(dtype)
    return x, kernel, bias, config.grad(seed, dtype)


def pool_results(config, x, grad, **keywords):
    """Maximum, indices, averages and the gradients."""
    keywords = {**config.keywords, **keywords}
    size = config.pool_size
    return [
        *ops.max_pool(x, size, return_indices=True, **keywords),
        ops.average_pool(x, size, **keywords),
        ops.average_pool(x, size, count_include_pad=True, **keywords),
        ops.max_pool_grad(grad, x, size, **keywords),
        ops.average_pool_grad(grad, x, size, **keywords),
    ]


def assert_all_same(results, expected, context):
    for number, pair in enumerate(zip(results, expected, strict=True)):
        assert_same_bits(*pair, f"result {number} of {context}")


@pytest.mark.parametrize("config", CONVS, ids=str)
def test_threads_conv(isa, dtype, config):
    arrays = conv_arrays(config, 0, dtype)
    with modes.num_threads(1):
        expected = conv_results(config, *arrays)
    for n in (2, 3, 7):
        with modes.num_threads(n):
            assert_all_same(conv_results(config, *arrays), expected, f"{config} at {n} threads")


@pytest.mark.parametrize("config", POOLS, ids=str)
def test_threads_pool(isa, dtype, config):
    x, grad = config.x(0, dtype), config.grad(0, dtype)
    with modes.num_threads(1):
        expected = pool_results(config, x, grad)
    for n in (2, 3, 7):
        with modes.num_threads(n):
            assert_all_same(pool_results(config, x, grad), expected, f"{config} at {n} threads")


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("config", CONVS, ids=str)
def test_layouts_conv(threads, dtype, layout, config):
    arrays = conv_arrays(config, 0, dtype)
    expected = conv_results(config, *arrays)
    strided = [LAYOUTS[layout](array) for array in arrays]
    assert_all_same(conv_results(config, *strided), expected, f"{config} {layout}")


@often(3)
@given(conv_configs(), SEEDS)
def test_layouts_of_random_convs(isa, dtype, config, seed):
    arrays = conv_arrays(config, seed, dtype)
    expected = conv_results(config, *arrays)
    strided, names = in_layouts(arrays, seed)
    assert_all_same(conv_results(config, *strided), expected, f"{config} {names} seed {seed}")


@often(3)
@given(pool_configs(), SEEDS)
def test_layouts_of_random_pools(isa, dtype, config, seed):
    arrays = config.x(seed, dtype), config.grad(seed, dtype)
    expected = pool_results(config, *arrays)
    strided, names = in_layouts(arrays, seed)
    assert_all_same(pool_results(config, *strided), expected, f"{config} {names} seed {seed}")


@pytest.mark.parametrize("axis", range(4))
def test_zero_strides(isa, dtype, axis):
    """Broadcast inputs equal their copies."""
    for config in (CONVS[1], CONVS[2]):
        arrays = conv_arrays(config, 0, dtype)
        repeated = [
            np.broadcast_to(np.take(array, [0], min(axis, array.ndim - 1)), array.shape)
            for array in arrays
        ]
        expected = conv_results(config, *(np.array(array) for array in repeated))
        assert_all_same(conv_results(config, *repeated), expected, config)
    config = POOLS[1]
    arrays = [config.x(0, dtype), config.grad(0, dtype)]
    repeated = [np.broadcast_to(np.take(array, [0], axis), array.shape) for array in arrays]
    expected = pool_results(config, *(np.array(array) for array in repeated))
    assert_all_same(pool_results(config, *repeated), expected, config)


def test_overlapping_input(isa, dtype, rng):
    """A view whose axes all step by one element."""
    flat = rng.standard_normal(100).astype(dtype)
    strides = (flat.itemsize,) * 4
    x = np.lib.stride_tricks.as_strided(flat, (2, 9, 10, 19), strides, writeable=False)
    kernel = rng.standard_normal((3, 3, 19, 21)).astype(dtype)
    grad = rng.standard_normal((2, 7, 8, 21)).astype(dtype)
    expected = ops.conv(np.array(x), kernel), *ops.conv_grad(grad, np.array(x), kernel)
    assert_all_same((ops.conv(x, kernel), *ops.conv_grad(grad, x, kernel)), expected, "")
    assert_same_bits(ops.max_pool(x, 2), ops.max_pool(np.array(x), 2))
    assert_same_bits(ops.average_pool(x, 2), ops.average_pool(np.array(x), 2))


@pytest.mark.parametrize("activation", [None, "relu", "tanh", "softmax"])
@often(3)
@given(conv_configs(), SEEDS, st.sampled_from([*LAYOUTS][:-1]))  # read-only last
def test_out_conv(dtype, activation, config, seed, layout):
    x, kernel, bias, _ = conv_arrays(config, seed, dtype)
    keywords = {**config.keywords, "activation": activation}
    expected = ops.conv(x, kernel, bias, **keywords)
    out = LAYOUTS[layout](np.full_like(expected, np.nan))
    assert ops.conv(x, kernel, bias, out=out, **keywords) is out
    assert_same_bits(out, expected, f"{config} {layout} seed {seed}")


@often(3)
@given(pool_configs(), SEEDS, st.sampled_from([*LAYOUTS][:-1]))
def test_out_pool(dtype, config, seed, layout):
    x = config.x(seed, dtype)
    for pool in (ops.max_pool, ops.average_pool):
        expected = pool(x, config.pool_size, **config.keywords)
        out = LAYOUTS[layout](np.full_like(expected, np.nan))
        assert pool(x, config.pool_size, out=out, **config.keywords) is out
        assert_same_bits(out, expected, f"{config} {layout} seed {seed}")


@given(conv_configs(), SEEDS)
def test_data_formats_conv(dtype, config, seed):
    x, kernel, bias, grad = conv_arrays(config, seed, dtype)
    expected = conv_results(config, x, kernel, bias, grad)
    source, target = (-1, 1) if config.data_format == "channels_last" else (1, -1)
    other = {-1: "channels_first", 1: "channels_last"}[source]
    moved = np.moveaxis(x, source, target), kernel, bias, np.moveaxis(grad, source, target)
    y, dx, dkernel, dbias = conv_results(config, *moved, data_format=other)
    back = np.moveaxis(y, target, source), np.moveaxis(dx, target, source), dkernel, dbias
    assert y.flags.c_contiguous
    assert_all_same(back, expected, f"{config} seed {seed}")


@given(pool_configs(), SEEDS)
def test_data_formats_pool(dtype, config, seed):
    x, grad = config.x(seed, dtype), config.grad(seed, dtype)
    expected = pool_results(config, x, grad)
    source, target = (-1, 1) if config.data_format == "channels_last" else (1, -1)
    other = {-1: "channels_first", 1: "channels_last"}[source]
    moved = np.moveaxis(x, source, target), np.moveaxis(grad, source, target)
    results = pool_results(config, *moved, data_format=other)
    back = [np.moveaxis(result, target, source) for result in results]
    assert_all_same(back, expected, f"{config} seed {seed}")


@pytest.mark.parametrize("config", [CONVS[0], CONVS[1], CONVS[4]], ids=str)
def test_batch_splits_conv(isa, threads, dtype, config):
    """Each image's output and input gradient are its own."""
    x, kernel, bias, grad = conv_arrays(config, 0, dtype)
    y, dx, _, _ = conv_results(config, x, kernel, bias, grad)
    for i in range(config.batch):
        one = slice(i, i + 1)
        own_y, own_dx, _, _ = conv_results(config, x[one], kernel, bias, grad[one])
        assert_same_bits(own_y, y[one], f"image {i} of {config}")
        assert_same_bits(own_dx, dx[one], f"image {i} of {config}")


@pytest.mark.parametrize("config", POOLS, ids=str)
def test_batch_splits_pool(isa, threads, dtype, config):
    x, grad = config.x(0, dtype), config.grad(0, dtype)
    expected = pool_results(config, x, grad)
    for i in range(config.batch):
        one = slice(i, i + 1)
        parts = [result[one] for result in expected]
        assert_all_same(pool_results(config, x[one], grad[one]), parts, f"image {i} of {config}")


@given(conv_configs(), SEEDS)
def test_instruction_sets_conv(dtype, config, seed):
    """Those with fused multiply-add agree among each other, and so do those without."""
    arrays = conv_arrays(config, seed, dtype)
    for *pair, which in modes.results_to_agree(lambda: conv_results(config, *arrays)):
        assert_same_bits(*pair, f"{which}: {config} seed {seed}")


@given(pool_configs(), SEEDS)
def test_instruction_sets_pool(dtype, config, seed):
    """Pools multiply nothing, so all agree."""
    arrays = config.x(seed, dtype), config.grad(seed, dtype)
    with modes.instruction_set("scalar"):
        expected = pool_results(config, *arrays)
    for isa in runtime.available_isas():
        with modes.instruction_set(isa):
            assert_all_same(pool_results(config, *arrays), expected, f"{isa} {config} seed {seed}")


def test_same_call_same_bits(isa, dtype):
    for config in CONVS:
        arrays = conv_arrays(config, 0, dtype)
        first = conv_results(config, *arrays)
        assert_all_same(conv_results(config, *arrays), first, config)
