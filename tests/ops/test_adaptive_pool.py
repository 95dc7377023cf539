"""Adaptive pools and their gradients: oracle, differences, bits, errors."""

from random import Random

import numpy as np
import pytest
from hypothesis import given

import modes
import oracles
from comparison import assert_close, assert_same_bits, chain
from convlet import ops
from convlet._cext import runtime
from gradcheck import check_gradients, separated
from strategies import CHANNELS, DATA_FORMATS, LAYOUTS, SEEDS, in_format, often


def random_case(seed):
    """x's shape, output size, data format."""
    rng = Random(seed)
    rank = rng.choice([1, 2, 3])
    lengths = tuple(rng.randint(1, {1: 40, 2: 13, 3: 7}[rank]) for _ in range(rank))
    sizes = tuple(rng.choice([None, *range(1, length + 3)]) for length in lengths)
    data_format = rng.choice(DATA_FORMATS)
    shape = in_format((rng.randint(1, 3), *lengths, rng.choice(CHANNELS)), data_format)
    size = rng.randint(1, 5) if rng.random() < 0.3 else sizes
    return shape, size, {"data_format": data_format}


def values(shape, seed, dtype, ties=False):
    rng = np.random.default_rng(seed)
    return (rng.integers(-1, 2, shape) if ties else rng.standard_normal(shape)).astype(dtype)


def results(x, size, keywords):
    """Maximum, indices, average, and gradients of the outputs themselves."""
    y, indices = ops.adaptive_max_pool(x, size, return_indices=True, **keywords)
    average = ops.adaptive_average_pool(x, size, **keywords)
    return [
        y,
        indices,
        average,
        ops.adaptive_max_pool_grad(y, x, size, **keywords),
        ops.adaptive_max_pool_grad(y, x, size, indices=indices, **keywords),
        ops.adaptive_average_pool_grad(average, x, size, **keywords),
    ]


@often()
@given(SEEDS)
def test_random_configurations(isa, dtype, seed):
    shape, size, keywords = random_case(seed)
    x = values(shape, seed, dtype, ties=seed % 2)
    context = f"{shape} to {size} {keywords} seed {seed}"
    terms = x.size  # more than any window has
    y, _, average, dmax, dagain, daverage = results(x, size, keywords)
    assert_close(
        y, oracles.adaptive_pool(lambda v: v.max(0), x, size, **keywords), 0.0, context, dtype=dtype
    )
    for actual, oracle, arguments in (
        (average, lambda x: oracles.adaptive_pool(lambda v: v.mean(0), x, size, **keywords), [x]),
        (dmax, lambda g: oracles.adaptive_max_pool_grad(g, x, size, **keywords), [y]),
        (daverage, lambda g: oracles.adaptive_average_pool_grad(g, x, size, **keywords), [average]),
    ):
        tolerance = chain(terms, oracle(*map(np.abs, arguments)), dtype)
        assert_close(actual, oracle(*arguments), tolerance, context, dtype=dtype)
        assert actual.flags.c_contiguous
    assert_same_bits(dagain, dmax, context)


@given(SEEDS)
def test_differences(isa, seed):
    shape, size, keywords = random_case(seed)
    rng = np.random.default_rng(seed)
    x = separated(rng, shape)
    grad = rng.standard_normal(ops.adaptive_max_pool(x, size, **keywords).shape)
    for name in ("adaptive_max_pool", "adaptive_average_pool"):
        forward, backward = getattr(ops, name), getattr(ops, name + "_grad")
        dx = backward(grad, x, size, **keywords)
        check_gradients(
            lambda x, f=forward: f(x, size, **keywords), {"x": x}, {"x": dx}, grad, rng=rng
        )


@given(SEEDS)
def test_bits(dtype, seed):
    """Instruction sets, layouts, threads and the rest of the batch change none."""
    shape, size, keywords = random_case(seed)
    x = values(shape, seed, dtype)
    expected = results(x, size, keywords)
    context = f"{shape} to {size} {keywords} seed {seed}"
    variants = [results(maker(x), size, keywords) for maker in LAYOUTS.values()]
    for isa in runtime.available_isas():
        with modes.instruction_set(isa):
            variants.append(results(x, size, keywords))
    for variant in variants:
        for pair in zip(variant, expected, strict=True):
            assert_same_bits(*pair, context)
    first = [result[:1] for result in expected]
    for pair in zip(results(x[:1], size, keywords), first, strict=True):
        assert_same_bits(*pair, context)


def test_threads(isa, dtype, threads):
    x = values((3, 61, 50, 35), 0, dtype)
    with modes.num_threads(1):
        expected = results(x, (7, 9), {})
    for pair in zip(results(x, (7, 9), {}), expected, strict=True):
        assert_same_bits(*pair)


def test_divisors_are_ordinary_pools(dtype):
    x = values((2, 12, 15, 19), 0, dtype)
    for size, window in (((3, 5), (4, 3)), ((1, 1), (12, 15)), ((12, 15), 1)):
        assert_same_bits(ops.adaptive_max_pool(x, size), ops.max_pool(x, window))
        assert_same_bits(ops.adaptive_average_pool(x, size), ops.average_pool(x, window))


def test_nan_and_out(isa, dtype):
    x = values((1, 7, 5, 33), 0, dtype)
    x[0, 3, 2] = np.nan
    y = ops.adaptive_max_pool(x, (2, 2))
    assert np.isnan(y).all()  # rows 3 and columns 2 are in both parts
    out = LAYOUTS["sliced"](np.zeros_like(y))
    assert ops.adaptive_average_pool(x, 2, out=out) is out
    assert np.isnan(out).all()


def test_no_images(dtype):
    x = np.ones((0, 5, 3), dtype)
    assert [r.shape for r in results(x, 2, {})] == [(0, 2, 3)] * 3 + [x.shape] * 3


@pytest.mark.parametrize(
    ("size", "error"),
    [
        (0, ValueError),
        (-1, ValueError),
        ((1, 2, 3), ValueError),
        ((), ValueError),
        ((2, 0), ValueError),
        (2**61, ValueError),
        (2**63, ValueError),
        (1.5, TypeError),
        ("2", TypeError),
        (True, TypeError),
        ((2, "a"), TypeError),
        (np.ones(2), TypeError),
    ],
)
def test_bad_output_sizes(size, error):
    x = np.ones((1, 4, 5, 3))
    for pool in (ops.adaptive_max_pool, ops.adaptive_average_pool):
        with pytest.raises(error, match="output_size"):
            pool(x, size)
    for grad in (ops.adaptive_max_pool_grad, ops.adaptive_average_pool_grad):
        with pytest.raises(error, match="output_size"):
            grad(x, x, size)


def test_bad_gradients_and_indices():
    x, grad = np.ones((1, 4, 5, 3)), np.ones((1, 2, 2, 3))
    for pool in (ops.adaptive_max_pool_grad, ops.adaptive_average_pool_grad):
        with pytest.raises(ValueError, match="grad must have"):
            pool(x, x, 2)
    for bad in (-1, 20):
        with pytest.raises(ValueError, match="indices must be between 0 and 19"):
            ops.adaptive_max_pool_grad(grad, x, 2, indices=np.full(grad.shape, bad))
