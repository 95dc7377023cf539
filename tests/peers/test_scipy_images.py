"""`ops.correlate2d` and `ops.convolve2d` against `scipy.signal`."""

import itertools
from random import Random

import numpy as np
import pytest
from hypothesis import given
from scipy import signal

from comparison import assert_close
from convlet import ops
from strategies import SEEDS, often
from tally import agreed

TOLERANCE = {"float32": 2e-5, "float64": 1e-12}  # of the sum of magnitudes
BOUNDARIES = ("fill", "wrap", "symm", "circular", "symmetric")
OPTIONS = list(itertools.product(("full", "same", "valid"), BOUNDARIES, (0, 0.0, -2, 1.5)))


@often(8)
@given(SEEDS)
def test_values(dtype, seed):
    rng, draw = Random(seed), np.random.default_rng(seed)
    shapes = [(rng.randint(1, 19), rng.randint(1, 19)), (rng.randint(1, 9), rng.randint(1, 9))]
    if rng.random() < 0.2:
        shapes.reverse()
    in1, in2 = (draw.standard_normal(shape).astype(dtype) for shape in shapes)
    options = rng.choice(OPTIONS)
    for name in ("correlate2d", "convolve2d"):
        context = f"{name} {shapes} {options} seed {seed}"
        ours, theirs = getattr(ops, name), getattr(signal, name)
        try:
            expected = theirs(in1, in2, *options)
        except ValueError:
            with pytest.raises(ValueError, match="at least as large"):
                ours(in1, in2, *options)
            continue
        scale = theirs(np.abs(in1), np.abs(in2), *options[:2], abs(options[2]))
        actual = ours(in1, in2, *options)
        assert_close(actual, expected, TOLERANCE[dtype] * scale, context, dtype=dtype)
        agreed("SciPy", name, f"{dtype} {context}")


def test_signatures():
    """Names, order and defaults of the arguments."""
    for name in ("correlate2d", "convolve2d"):
        in1, in2 = np.ones((4, 5)), np.ones((2, 3))
        by_position = (in1, in2, "same", "symm", 2)
        by_name = {"in1": in1, "in2": in2, "mode": "same", "boundary": "symm", "fillvalue": 2}
        for module in (ops, signal):
            function = getattr(module, name)
            assert np.array_equal(function(*by_position), function(**by_name))
            assert np.array_equal(function(in1, in2), function(in1, in2, "full", "fill", 0))


@pytest.mark.parametrize("options", [("no",), ("full", "no")])
def test_both_refuse(options):
    for module in (ops, signal):
        with pytest.raises(ValueError):
            module.correlate2d(np.ones((3, 3)), np.ones((2, 2)), *options)
