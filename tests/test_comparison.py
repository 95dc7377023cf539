"""Comparisons fail when they must."""

import numpy as np
import pytest

import oracles
from comparison import assert_close, assert_same_bits, conv_grad_tolerances, conv_tolerance

ONE = np.ones(3)


@pytest.mark.parametrize(
    ("actual", "message"),
    [
        (ONE[:2], r"shape \(2,\), not \(3,\)"),
        (ONE.astype(np.float32), "dtype float32, not float64"),
        (ONE + np.array([0, 0.2, 0.1]), r"1 of 3 elements differ, the worst at \(1,\)"),
        (ONE * [1, 1, np.nan], "1 of 3 elements differ.*nan"),
        (ONE * [1, np.inf, np.nan], "2 of 3 elements differ"),
    ],
)
def test_assert_close_fails(actual, message):
    with pytest.raises(AssertionError, match=message) as error:
        assert_close(actual, ONE, 0.11, "seed 5", dtype="float64")
    assert "seed 5" in str(error.value)


def test_assert_close_passes():
    special = np.array([np.nan, np.inf, -np.inf, 1.0])
    assert_close(special, special + 0.1, np.full(4, 0.2), dtype="float64")


@pytest.mark.parametrize("expected", [[np.inf], [-np.inf], [np.nan], [np.finfo("f8").max]])
def test_assert_close_needs_the_same_special_value(expected):
    for actual in ([np.inf], [-np.inf], [np.nan], [np.finfo("f8").max]):
        if actual is not expected and actual != expected:
            with pytest.raises(AssertionError, match="1 of 1"):
                assert_close(np.array(actual), np.array(expected), 1.0, dtype="float64")


def test_same_bits_tells_zeros_apart():
    zero = np.zeros(2, np.float32)
    assert_same_bits(zero, zero.copy())
    with pytest.raises(AssertionError, match="1 of 2 elements differ in their bits"):
        assert_same_bits(zero, np.array([0.0, -0.0], np.float32))
    with pytest.raises(AssertionError, match="dtype float32, not float64"):
        assert_same_bits(zero, zero.astype(np.float64))


def test_tolerances_hold_for_float32_and_are_not_wide(rng):
    x = rng.standard_normal((2, 6, 6, 5)).astype(np.float32)
    kernel = rng.standard_normal((3, 3, 5, 4)).astype(np.float32)
    grad = rng.standard_normal((2, 4, 4, 4)).astype(np.float32)
    pairs = [(oracles.conv(x, kernel), conv_tolerance(x, kernel, dtype="float32"))]
    gradients = oracles.conv_grad(grad, x, kernel)
    tolerances = conv_grad_tolerances(grad, x, kernel, dtype="float32")
    pairs += zip(gradients, tolerances, strict=True)
    for exact, tolerance in pairs:
        assert (np.abs(exact.astype(np.float32) - exact) <= tolerance).all()
        assert tolerance.max() < 1e-3 * np.abs(exact).max()
