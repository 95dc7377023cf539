"""The public activation functions; their values are tested in tests/cext and beside Keras."""

import numpy as np
import pytest

import oracles
from comparison import assert_close, assert_same_bits
from convlet import activations, config

NAMES = [name for name in activations._FUNCTIONS if name not in ("linear", "softmax")]
X = np.linspace(-7, 7, 60).reshape(3, 4, 5)


@pytest.mark.parametrize("name", NAMES)
def test_values(name, dtype):
    x = X.astype(dtype)
    expected = oracles.activate(name, x.astype(np.float64))
    tolerance = 16 * np.finfo(dtype).eps * np.maximum(1, np.abs(expected))
    for given in (x, x[::-1, :, ::2], np.asfortranarray(x)):
        want = oracles.activate(name, given.astype(np.float64))
        bound = np.broadcast_to(tolerance.max(), want.shape)
        assert_close(getattr(activations, name)(given), want, bound, name, dtype=dtype)


def test_parameters(dtype):
    x = X.astype(dtype)
    cases = [
        (activations.relu(x, negative_slope=0.1), np.where(x < 0, 0.1 * X, X)),
        (activations.relu(x, max_value=2.5), np.clip(X, 0, 2.5)),
        (activations.relu(x, threshold=1.0), np.where(X >= 1, X, 0)),
        (activations.leaky_relu(x, 0.5), np.where(x < 0, 0.5 * X, X)),
        (activations.elu(x, alpha=2.0), np.where(x > 0, X, 2 * np.expm1(np.minimum(X, 0)))),
        (activations.gelu(x, approximate=True), oracles.activate("gelu_tanh", X)),
    ]
    for number, (actual, expected) in enumerate(cases):
        assert_close(actual, expected, 1e-5 if dtype == "float32" else 1e-12, number, dtype=dtype)


def test_relu_of_special_values(dtype):
    x = np.array([-np.inf, -2, 1, 2, np.inf, np.nan], dtype)
    cases = [
        ({"threshold": 1.0}, [0, 0, 0, 2, np.inf, np.nan]),
        ({"threshold": 1.0, "max_value": 1.5}, [0, 0, 0, 1.5, 1.5, np.nan]),
        ({"threshold": 1.0, "negative_slope": 0.5}, [-np.inf, -1.5, 0, 2, np.inf, np.nan]),
        ({"negative_slope": 0.5}, [-np.inf, -1, 1, 2, np.inf, np.nan]),
    ]
    for keywords, expected in cases:
        assert_close(
            activations.relu(x, **keywords), np.array(expected), 0.0, keywords, dtype=dtype
        )


def test_softmax_of_nothing():
    for shape in ((0, 3), (3, 0), (0,)):
        assert activations.softmax(np.ones(shape)).shape == shape


@pytest.mark.parametrize("axis", [0, 1, 2, -1, -2])
def test_softmax_along_an_axis(axis, dtype):
    x = X.astype(dtype)
    e = np.exp(X - X.max(axis=axis, keepdims=True))
    expected = e / e.sum(axis=axis, keepdims=True)
    assert_close(activations.softmax(x, axis), expected, 1e-6, dtype=dtype)


def test_integers_become_floatx():
    assert activations.relu([1, -1]).dtype == np.float32
    config.set_floatx("float64")
    try:
        assert activations.linear([1, -1]).dtype == np.float64
    finally:
        config.set_floatx("float32")


def test_get_and_serialize():
    for name in activations.__all__:
        if name not in ("get", "serialize"):
            function = activations.get(name)
            assert function is getattr(activations, name)
            assert activations.get(activations.serialize(function)) is function
    assert activations.get(None) is activations.linear
    assert activations.swish is activations.silu


@pytest.mark.parametrize(
    "call,error,text",
    [
        (lambda: activations.get("rel"), ValueError, "one of elu, .*got 'rel'"),
        (lambda: activations.serialize(np.tanh), TypeError, "write a Layer with a vjp"),
        (lambda: activations.relu(np.array(["a"])), TypeError, "x must be real numbers"),
        (lambda: activations.softmax(X, axis=3), ValueError, "axis must be one of x's 3 axes"),
    ],
)
def test_bad_input(call, error, text):
    with pytest.raises(error, match=text):
        call()


def test_input_is_left_alone(dtype):
    x = X.astype(dtype)
    before = x.copy()
    for name in NAMES:
        getattr(activations, name)(x)
    assert_same_bits(x, before)
