"""Nothing is written around a result, nothing of it is left out, nothing read around an input."""

from inspect import signature

import numpy as np
import pytest

from comparison import assert_same_bits
from convlet import ops
from examples import arguments
from guarded import CANARY, beside_forbidden_page, canaried, canaried_gaps, mprotect
from strategies import CHANNELS, ConvConfig, PoolConfig

CONVS = [
    ConvConfig(2, (5, 9), (3, 3), channels, 1, filters, padding="same", data_format=data_format)
    for channels, filters in zip(CHANNELS, reversed(CHANNELS), strict=True)
    for data_format in ("channels_last", "channels_first")
] + [
    ConvConfig(1, (9, 7), (3, 2), 15, 5, 10, 2, 3, 2),
    ConvConfig(1, (6, 1), (4, 1), 33, 33, 33, padding=((3, 3), (0, 0))),
    ConvConfig(1, (40,), (5,), 3, 1, 31, strides=3),
    ConvConfig(7, (1, 1), (1, 1), 19, 1, 37),
]
POOLS = [
    PoolConfig(2, (5, 9), 3, channels, 2, "same", data_format=data_format)
    for channels in CHANNELS
    for data_format in ("channels_last", "channels_first")
] + [PoolConfig(1, (17,), 4, 19, 3, ((2, 1),), 2, ceil_mode=True)]

WITH_OUT = [name for name in ops.__all__ if "out" in signature(getattr(ops, name)).parameters]


def calls(config, dtype):
    """Functions of `out`, one for each operator that has it, and their results."""
    if isinstance(config, ConvConfig):
        arrays = config.arrays(0, dtype)
        operators = [
            lambda out, name=name: ops.conv(*arrays, out=out, activation=name, **config.keywords)
            for name in (None, "relu", "gelu")
        ]
    else:
        x = config.x(0, dtype)
        operators = [
            lambda out, pool=pool: pool(x, config.pool_size, out=out, **config.keywords)
            for pool in (ops.max_pool, ops.average_pool)
        ]
    return [(operator, operator(None)) for operator in operators]


@pytest.mark.parametrize("config", CONVS + POOLS, ids=str)
def test_canaries_around_out(isa, dtype, config):
    for operator, expected in calls(config, dtype):
        out, canaries = canaried(expected.shape, dtype)
        operator(out)
        assert_same_bits(out, expected, config)
        assert (canaries == CANARY).all(), config


@pytest.mark.parametrize("config", CONVS + POOLS, ids=str)
def test_canaries_between_elements_of_out(isa, dtype, config):
    for operator, expected in calls(config, dtype):
        out, memory = canaried_gaps(expected.shape, dtype)
        operator(out)
        assert_same_bits(out, expected, config)
        out[...] = CANARY
        assert (memory == CANARY).all(), config


@pytest.mark.parametrize("name", WITH_OUT)
def test_canaries_of_every_operator(isa, dtype, threads, name):
    given = arguments(name, dtype)
    y = getattr(ops, name)(**given)
    expected = y[0] if isinstance(y, tuple) else y
    out, canaries = canaried(expected.shape, dtype)
    getattr(ops, name)(**given, out=out)
    assert_same_bits(out, expected, name)
    assert (canaries == CANARY).all()
    out, memory = canaried_gaps(expected.shape, dtype)
    getattr(ops, name)(**given, out=out)
    assert_same_bits(out, expected, name)
    out[...] = CANARY
    assert (memory == CANARY).all()


if mprotect():

    @pytest.mark.parametrize("at_end", [False, True])
    @pytest.mark.parametrize("name", ops.__all__)
    def test_forbidden_pages_of_every_operator(isa, dtype, name, at_end):
        given = arguments(name, dtype)
        guarded = {
            key: beside_forbidden_page(value, at_end=at_end)
            if isinstance(value, np.ndarray)
            else value
            for key, value in given.items()
        }
        results = [getattr(ops, name)(**chosen) for chosen in (given, guarded)]
        one, other = (r if isinstance(r, tuple) else (r,) for r in results)
        for pair in zip(one, other, strict=True):
            assert_same_bits(*pair, name)

    @pytest.mark.parametrize("at_end", [False, True])
    @pytest.mark.parametrize("config", CONVS, ids=str)
    def test_forbidden_pages_conv(isa, dtype, config, at_end):
        """Inputs and `out` beside memory whose reading would end the process."""
        x, kernel, bias = config.arrays(0, dtype)
        grad = config.grad(0, dtype)
        expected = ops.conv(x, kernel, bias, **config.keywords)
        gradients = ops.conv_grad(grad, x, kernel, **config.keywords)
        x, kernel, bias, grad, out = (
            beside_forbidden_page(array, at_end=at_end)
            for array in (x, kernel, bias, grad, np.full_like(expected, np.nan))
        )
        assert_same_bits(ops.conv(x, kernel, bias, out=out, **config.keywords), expected, config)
        again = ops.conv_grad(grad, x, kernel, **config.keywords)
        for one, other in zip(again, gradients, strict=True):
            assert_same_bits(one, other, config)

    @pytest.mark.parametrize("at_end", [False, True])
    @pytest.mark.parametrize("config", POOLS, ids=str)
    def test_forbidden_pages_pool(isa, dtype, config, at_end):
        x, grad = config.x(0, dtype), config.grad(0, dtype)
        size, keywords = config.pool_size, config.keywords
        guarded_x, guarded_grad = (
            beside_forbidden_page(array, at_end=at_end) for array in (x, grad)
        )
        for pool, gradient in (
            (ops.max_pool, ops.max_pool_grad),
            (ops.average_pool, ops.average_pool_grad),
        ):
            expected = pool(x, size, **keywords)
            out = beside_forbidden_page(np.full_like(expected, np.nan), at_end=at_end)
            assert_same_bits(pool(guarded_x, size, out=out, **keywords), expected, config)
            dx = gradient(guarded_grad, guarded_x, size, **keywords)
            assert_same_bits(dx, gradient(grad, x, size, **keywords), config)
