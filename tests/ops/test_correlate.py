"""`ops.correlate2d` and `ops.convolve2d` against an oracle; SciPy's own are in tests/peers."""

import itertools
from random import Random

import numpy as np
import pytest
from hypothesis import given

import modes
import oracles
from comparison import assert_close, assert_same_bits, chain
from convlet import ops
from convlet.ops import _blocks
from strategies import LAYOUTS, SEEDS, often

OPTIONS = list(itertools.product(("full", "same", "valid"), ("fill", "wrap", "symm"), (0, -1.5)))


def images(seed, dtype):
    """Two of them, where the second is sometimes the larger, and options."""
    rng = Random(seed)
    large, small = (rng.choice([9, 20, 33]), rng.choice([7, 40])), (4, 5)
    shapes = [tuple(rng.randint(1, most) for most in sizes) for sizes in (large, small)]
    mode, boundary, fill = rng.choice(OPTIONS)
    if mode == "valid" and rng.random() < 0.3:
        shapes.reverse()
    draw = np.random.default_rng(seed)
    in1, in2 = (draw.standard_normal(shape).astype(dtype) for shape in shapes)
    pairs = list(zip(*shapes, strict=True))
    if mode == "valid" and not (all(a >= b for a, b in pairs) or all(a <= b for a, b in pairs)):
        mode = "same"
    return in1, in2, (mode, boundary, fill)


def oracle(name, in1, in2, options):
    if name == "correlate2d":
        return oracles.correlate2d(in1, in2, *options)
    if options[0] == "valid" and in1.shape < in2.shape and in1.shape[1] <= in2.shape[1]:
        in1, in2 = in2, in1
    turned = in2[::-1, ::-1]
    return oracles.correlate2d(in1, turned, *options, same_before=lambda size: size // 2)


@often()
@given(SEEDS)
def test_random_configurations(isa, dtype, seed):
    in1, in2, options = images(seed, dtype)
    mode, boundary, fill = options
    for name in ("correlate2d", "convolve2d"):
        context = f"{name} {in1.shape} {in2.shape} {options} seed {seed}"
        actual = getattr(ops, name)(in1, in2, *options)
        absolute = np.abs(in1), np.abs(in2), (mode, boundary, abs(fill))
        magnitudes = oracle(name, *absolute)
        tolerance = chain(min(in1.size, in2.size) + 1, magnitudes, dtype)
        assert_close(actual, oracle(name, in1, in2, options), tolerance, context, dtype=dtype)
        assert actual.flags.c_contiguous


@given(SEEDS)
def test_bits(dtype, seed):
    """Layouts, blocks and instruction sets of a kind change none."""
    in1, in2, options = images(seed, dtype)
    for function in (ops.correlate2d, ops.convolve2d):
        expected = function(in1, in2, *options)
        context = f"{function.__name__} {in1.shape} {in2.shape} {options} seed {seed}"
        for maker in LAYOUTS.values():
            assert_same_bits(function(maker(in1), maker(in2), *options), expected, context)
        whole = _blocks.BLOCK_BYTES
        try:
            _blocks.BLOCK_BYTES = 100
            assert_same_bits(function(in1, in2, *options), expected, context)
        finally:
            _blocks.BLOCK_BYTES = whole
        on_each = modes.results_to_agree(lambda call=function: [call(in1, in2, *options)])
        for *pair, which in on_each:
            assert_same_bits(*pair, f"{which}: {context}")


@pytest.mark.parametrize("boundary", ["fill", "wrap", "symm"])
def test_threads(isa, dtype, boundary):
    rng = np.random.default_rng(0)
    in1, in2 = (
        rng.standard_normal((301, 203)).astype(dtype),
        rng.standard_normal((7, 5)).astype(dtype),
    )
    with modes.num_threads(1):
        expected = ops.correlate2d(in1, in2, "same", boundary, 1)
    for n in (2, 3):
        with modes.num_threads(n):
            assert_same_bits(ops.correlate2d(in1, in2, "same", boundary, 1), expected)


def test_boundaries_have_two_names(dtype, rng):
    in1, in2 = rng.standard_normal((5, 6)).astype(dtype), rng.standard_normal((3, 4)).astype(dtype)
    for short, long in (("wrap", "circular"), ("symm", "symmetric")):
        assert_same_bits(
            ops.convolve2d(in1, in2, boundary=long), ops.convolve2d(in1, in2, boundary=short)
        )


def test_filling_with_infinity(dtype):
    out = ops.correlate2d(np.ones((2, 2), dtype), np.ones((2, 2), dtype), "full", "fill", np.inf)
    assert np.isinf(out).sum() == 8
    assert out[1, 1] == 4


GOOD = {"in1": np.ones((4, 5)), "in2": np.ones((2, 3))}


@pytest.mark.parametrize("function", [ops.correlate2d, ops.convolve2d])
@pytest.mark.parametrize(
    ("changes", "error", "text"),
    [
        ({"in1": [[1.0]]}, TypeError, "in1"),
        ({"in1": np.ones((4, 5), int)}, TypeError, "in1"),
        ({"in2": np.ones((2, 3), "f")}, TypeError, "in2"),
        ({"in2": np.ones(3)}, ValueError, "in2 must have 2 axes"),
        ({"in1": np.ones((0, 3))}, ValueError, "in1"),
        ({"in2": np.ones((3, 0))}, ValueError, "in2"),
        ({"mode": "reflect"}, ValueError, "mode"),
        ({"mode": 2}, TypeError, "mode"),
        ({"boundary": "pad"}, ValueError, "boundary"),
        ({"boundary": None}, TypeError, "boundary"),
        ({"fillvalue": 1j}, TypeError, "fillvalue"),
        ({"fillvalue": "1"}, TypeError, "fillvalue"),
        ({"fillvalue": None}, TypeError, "fillvalue"),
        ({"fillvalue": np.ones(2)}, TypeError, "fillvalue"),
        ({"in1": np.ones((1, 9)), "mode": "valid"}, ValueError, "at least as large"),
    ],
)
def test_bad_arguments(function, changes, error, text):
    with pytest.raises(error) as raised:
        function(**{**GOOD, **changes})
    assert text in str(raised.value)
