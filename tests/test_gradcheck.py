"""The gradient checker finds wrong gradients and accepts right ones."""

import doctest

import numpy as np
import pytest

import gradcheck
import oracles
from gradcheck import check_gradients, separated

KEYWORDS = {"strides": (2, 1), "padding": "same", "dilation_rate": (1, 2)}


def conv(x, kernel, bias):
    return oracles.conv(x, kernel, bias, **KEYWORDS)


@pytest.fixture
def case(rng):
    arrays = {
        "x": rng.standard_normal((2, 5, 7, 6)),
        "kernel": rng.standard_normal((3, 2, 3, 4)),
        "bias": rng.standard_normal(4),
    }
    grad = rng.standard_normal(conv(**arrays).shape)
    gradients = oracles.conv_grad(grad, arrays["x"], arrays["kernel"], **KEYWORDS)
    return arrays, dict(zip(arrays, gradients, strict=True)), grad


def test_accepts_a_right_gradient(case, rng):
    arrays, gradients, grad = case
    check_gradients(conv, arrays, gradients, grad, rng=rng)


@pytest.mark.parametrize("name", ["x", "kernel", "bias"])
@pytest.mark.parametrize(
    "spoil",
    [
        lambda g: g * (1 + 1e-4),
        lambda g: -g,
        lambda g: np.zeros_like(g),
        lambda g: g + 1e-2 * (np.arange(g.size).reshape(g.shape) == g.size // 2),
        lambda g: np.where(np.arange(g.size).reshape(g.shape) == 0, np.nan, g),
    ],
    ids=["scaled", "negated", "zero", "one element", "nan"],
)
def test_detects_a_wrong_gradient(case, rng, name, spoil):
    arrays, gradients, grad = case
    gradients[name] = spoil(gradients[name])
    with pytest.raises(AssertionError, match=rf"wrong gradient:\nd{name} of shape \("):
        check_gradients(conv, arrays, gradients, grad, rng=rng)


def test_names_every_wrong_gradient(case, rng):
    arrays, gradients, grad = case
    gradients["x"], gradients["bias"] = -gradients["x"], -gradients["bias"]
    with pytest.raises(AssertionError) as error:
        check_gradients(conv, arrays, gradients, grad, rng=rng)
    assert "\ndx of" in str(error.value)
    assert "\ndbias of" in str(error.value)
    assert "\ndkernel of" not in str(error.value)


def test_detects_a_wrong_shape_and_dtype(case, rng):
    arrays, gradients, grad = case
    with pytest.raises(AssertionError, match=r"dbias: \(4, 1\), not \(4,\)"):
        check_gradients(conv, arrays, {"bias": gradients["bias"][:, None]}, grad, rng=rng)
    arrays["x"] = arrays["x"].astype(np.float32)
    with pytest.raises(AssertionError, match="x must be float64"):
        check_gradients(conv, arrays, gradients, grad, rng=rng)


def test_max_pool_at_separated_values(rng):
    x = separated(rng, (2, 9, 8, 3))
    grad = rng.standard_normal((2, 4, 4, 3))
    gradient = oracles.max_pool_grad(grad, x, 2)
    check_gradients(lambda x: oracles.max_pool(x, 2), {"x": x}, {"x": gradient}, grad, rng=rng)


def test_separated_values_keep_their_distance(rng):
    values = np.sort(separated(rng, (7, 11)), axis=None)
    assert np.diff(values).min() > 0.005
    assert np.abs(values).min() > 0.002


def test_docstring():
    assert doctest.testmod(gradcheck).failed == 0
