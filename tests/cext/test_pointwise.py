"""Activations, softmax and dropout as compiled, against NumPy in float64."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import modes
import oracles
from comparison import assert_close, assert_same_bits
from convlet._cext import pointwise
from convlet.ops import _activation

NAMES = pointwise.ACTIVATIONS
CONSTANT = ("hard_tanh", "hard_shrink", "soft_shrink", "sparse_plus", "sparse_sigmoid")
SIZES = [1, 7, 16384, 16385, 50001]


def random(size, dtype, seed=0):
    x = 4 * np.random.default_rng(seed).standard_normal(size)
    x[: min(size, 5)] = [0.0, -0.0, 3.0, -3.0, 6.0][:size]
    return x.astype(dtype)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("size", SIZES)
def test_activation(name, size, dtype, threads):
    x = random(size, dtype)
    y = _activation.activate(name, x)
    expected = oracles.activate(name, x.astype(np.float64))
    tolerance = 16 * np.finfo(dtype).eps * np.maximum(1, np.abs(expected))
    assert_close(y, expected, tolerance, name, dtype=dtype)


@pytest.mark.parametrize("name", NAMES)
def test_derivative_is_the_slope(name, threads):
    """Central differences in float64, away from kinks."""
    x = random(40000, "float64")
    kinks = [-3, -1, -0.5, 0, 0.5, 1, 3, 6]
    x = x[np.min(np.abs(x[:, None] - kinks), axis=1) > 1e-3]
    step = 1e-5
    y = {s: oracles.activate(name, x + s) for s in (-step, step)}
    expected = (y[step] - y[-step]) / (2 * step)
    grad = random(x.size, "float64", seed=1)
    value = _activation.activate(name, x) if _activation.gradient_from_output(name) else x
    actual = _activation.activation_grad(name, grad, value)
    assert_close(
        actual,
        grad * expected,
        1e-7 * np.maximum(1, np.abs(grad * expected)),
        name,
        dtype="float64",
    )


@pytest.mark.parametrize("name", [*NAMES, "softmax"])
def test_nan_propagates(name, dtype):
    x = np.zeros((4, 3), dtype)
    x[1, 2] = np.nan
    y = _activation.activate(name, x)
    assert np.isnan(y[1, 2])
    assert not np.isnan(y[[0, 2, 3]]).any()
    value = y if _activation.gradient_from_output(name) else x
    dx = _activation.activation_grad(name, np.ones_like(x), value)
    # Of the others, the slope is a constant where it is not 0.
    if name not in ("relu", "relu6", "leaky_relu", "hard_sigmoid", "hard_silu", *CONSTANT):
        assert np.isnan(dx[1, 2])
    assert not np.isnan(dx[[0, 2, 3]]).any()
    poisoned = np.full_like(x, np.nan)
    assert np.isnan(_activation.activation_grad("tanh", poisoned, np.zeros_like(x))).all()


@given(rows=st.integers(1, 70), columns=st.integers(1, 40), seed=st.integers(0, 99))
def test_softmax_and_its_gradient(rows, columns, seed):
    rng = np.random.default_rng(seed)
    for dtype in ("float32", "float64"):
        x = (5 * rng.standard_normal((rows, columns))).astype(dtype)
        grad = rng.standard_normal((rows, columns)).astype(dtype)
        y, dx = np.empty_like(x), np.empty_like(x)
        pointwise.softmax(x, y)
        pointwise.softmax_gradient(grad, y, dx)
        e = np.exp(x.astype(np.float64) - x.max(axis=1, keepdims=True))
        expected = e / e.sum(axis=1, keepdims=True)
        eps = np.finfo(dtype).eps
        assert_close(y, expected, 8 * eps * (1 + np.abs(x).max()), dtype=dtype)
        g = grad.astype(np.float64)
        slope = expected * (g - (g * expected).sum(axis=1, keepdims=True))
        assert_close(dx, slope, 32 * eps * (1 + np.abs(x).max()) * np.abs(g).max(), dtype=dtype)


def test_softmax_of_extremes(dtype):
    x = np.array([[1000, -1000, 0], [-np.inf, 0, 0], [-1e4, -1e4, -1e4]], dtype)
    y = np.empty_like(x)
    pointwise.softmax(x, y)
    assert np.array_equal(y[0], [1, 0, 0])
    assert np.array_equal(y[1], [0, 0.5, 0.5])
    assert np.allclose(y[2], 1 / 3)


def philox(counter, key):
    """Philox4x32-10 in plain integers: four words."""
    a, b, c, d = counter
    for _ in range(10):
        first, second = a * 0xD2511F53, c * 0xCD9E8D57
        a, b, c, d = (
            (second >> 32) ^ b ^ key[0],
            second & 0xFFFFFFFF,
            (first >> 32) ^ d ^ key[1],
            first & 0xFFFFFFFF,
        )
        key = (key[0] + 0x9E3779B9) & 0xFFFFFFFF, (key[1] + 0xBB67AE85) & 0xFFFFFFFF
    return a, b, c, d


def test_philox_known_answers():
    """The oracle itself, against the vectors published with the algorithm (Random123)."""
    ones = 0xFFFFFFFF
    assert philox((0,) * 4, (0, 0)) == (0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8)
    assert philox((ones,) * 4, (ones, ones)) == (0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD)
    counter = (0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344)
    expected = (0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1)
    assert philox(counter, (0xA4093822, 0x299F31D0)) == expected


def halves(number):
    return number & 0xFFFFFFFF, number >> 32


@pytest.mark.parametrize("seed,step", [(0, 0), (2**64 - 1, 2**64 - 1), (123456789012, 7)])
@pytest.mark.parametrize("rate", [0.25, 0.5, 0.9])
def test_dropout_draws_from_philox(seed, step, rate, dtype):
    x = np.arange(1, 201).astype(dtype)
    out = np.empty_like(x)
    pointwise.dropout(x, out, rate, seed, step)
    for element in range(len(x)):
        block, place = divmod(element, 64)
        word, lane = divmod(place, 16)
        bits = philox((*halves(block * 16 + lane), *halves(step)), halves(seed))[word]
        kept = bits >= int(rate * 2**32)
        assert out[element] == (x[element] * np.array(1 / (1 - rate), dtype) if kept else 0)


@pytest.mark.parametrize("rate", [0.1, 0.5, 0.75])
def test_dropout_statistics(rate):
    """Frequency and independence of neighbours, within five standard deviations."""
    count = 400_000
    x = np.ones(count, "float32")
    out = np.empty_like(x)
    pointwise.dropout(x, out, rate, 3, 11)
    dropped = out == 0
    spread = 5 * math.sqrt(rate * (1 - rate) / count)
    assert abs(dropped.mean() - rate) < spread
    pairs = (dropped[1:] & dropped[:-1]).mean()
    assert abs(pairs - rate**2) < 5 * math.sqrt(rate**2 / count)
    again = np.empty_like(x)
    pointwise.dropout(x, again, rate, 3, 12)
    assert (again != out).any()


def test_same_bits_on_any_number_of_threads(dtype):
    x = random(200_001, dtype)
    for call in (
        lambda out: pointwise.dropout(x, out, 0.3, 5, 6),
        lambda out: pointwise.activation(pointwise.activation_code("gelu"), 0.0, x, out),
    ):
        results = []
        for n in (1, 2, 3):
            with modes.num_threads(n):
                results.append(np.empty_like(x))
                call(results[-1])
        assert_same_bits(results[1], results[0])
        assert_same_bits(results[2], results[0])


def test_bad_arguments():
    x = np.zeros(3, "float32")
    with pytest.raises(ValueError, match="same number of elements"):
        pointwise.dropout(x, np.zeros(4, "float32"), 0.5, 0, 0)
    with pytest.raises(ValueError, match="rate"):
        pointwise.dropout(x, x, 1.0, 0, 0)
    with pytest.raises(ValueError, match="code"):
        pointwise.activation(99, 0.0, x, x)
    with pytest.raises(ValueError):
        pointwise.activation_code("none")
