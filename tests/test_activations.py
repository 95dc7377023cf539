"""The public activation functions; their values are tested in tests/cext and beside Keras."""

import numpy as np
import pytest

import oracles
from comparison import assert_close, assert_same_bits
from convlet import activations, config, layers
from convlet.testing import check_gradients

ROWS = ("softmax", "log_softmax", "sparsemax")
NAMES = [name for name in activations._FUNCTIONS if name not in ("linear", *ROWS)]
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
        (activations.celu(x, 2.0), np.where(x > 0, X, 2 * np.expm1(np.minimum(X, 0) / 2))),
        (activations.squareplus(x, 1.0), (X + np.sqrt(X * X + 1)) / 2),
        (activations.hard_shrink(x, 2.0), np.where(np.abs(X) > 2, X, 0)),
        (activations.soft_shrink(x, 2.0), np.sign(X) * np.maximum(np.abs(X) - 2, 0)),
        (activations.threshold(x, 1.0, -3.0), np.where(X > 1, X, -3)),
        (activations.glu(x, 1), X[:, :2] / (1 + np.exp(-X[:, 2:]))),
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


def sparsemax(x):
    """The projection on the simplex: the threshold that leaves a sum of 1, by bisection."""
    low, high = x.max(-1, keepdims=True) - 1, x.max(-1, keepdims=True)
    for _ in range(80):
        middle = (low + high) / 2
        much = np.maximum(x - middle, 0).sum(-1, keepdims=True) > 1
        low, high = np.where(much, middle, low), np.where(much, high, middle)
    return np.maximum(x - low, 0)


ROW_ORACLES = {
    "softmax": lambda x: np.exp(x - np.logaddexp.reduce(x, -1, keepdims=True)),
    "log_softmax": lambda x: x - np.logaddexp.reduce(x, -1, keepdims=True),
    "sparsemax": sparsemax,
}


@pytest.mark.parametrize("name", ROWS)
def test_rows(name, dtype, rng):
    x = rng.standard_normal((7, 3, 11)).astype(dtype)
    for scale in (0.1, 1, 30):
        given = (scale * x).astype(dtype)
        tolerance = 4e-6 * scale if dtype == "float32" else 1e-13 * max(scale, 1)
        tolerance = max(tolerance, 1e-6 if dtype == "float32" else 0)
        expected = ROW_ORACLES[name](given.astype("float64"))
        assert_close(getattr(activations, name)(given), expected, tolerance, name, dtype=dtype)
        turned = getattr(activations, name)(given.transpose(0, 2, 1), 1)
        assert_same_bits(
            np.ascontiguousarray(turned.transpose(0, 2, 1)), getattr(activations, name)(given)
        )


@pytest.mark.parametrize("name", ROWS)
def test_rows_in_layers(name, rng):
    x = rng.standard_normal((3, 4, 4, 2))
    for layer in (
        layers.Activation(name, dtype="float64"),
        layers.Dense(5, activation=name, dtype="float64"),
        layers.Conv2D(5, 2, activation=name, dtype="float64"),
        layers.Conv2DTranspose(3, 2, activation=name, dtype="float64"),
        layers.DepthwiseConv2D(2, activation=name, depth_multiplier=3, dtype="float64"),
        layers.Conv2D(5, 2, activation=name, data_format="channels_first", dtype="float64"),
    ):
        check_gradients(layer, x)
        np.testing.assert_allclose(
            layer(x), activations.get(name)(type(layer).call(plain(layer), x)), rtol=1e-12
        )


def plain(layer):
    """The same layer without its activation."""
    settings = {**layer.get_config(), "activation": "linear"}
    twin = type(layer).from_config(settings)
    if layer.weights:
        twin.build(layer.input_shape)
        twin.set_weights(layer.get_weights())
    return twin


@pytest.mark.parametrize("name", ROWS)
def test_rows_of_special_values(name, dtype):
    x = np.zeros((3, 4), dtype)
    x[0, 1], x[1, 2] = np.nan, 1e30
    y, pullback = layers.Activation(name, dtype=dtype).vjp(x)
    assert np.isnan(y[0]).any() and np.isfinite(y[1:]).all()
    assert np.isnan(pullback(np.ones_like(y))[0][0]).any()
    assert getattr(activations, name)(np.ones((2, 1))).tolist() in ([[1.0]] * 2, [[0.0]] * 2)


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
            if name in ("glu", "threshold"):
                continue  # which are no layer's
            assert activations.get(activations.serialize(function)) is function
    assert activations.get(None) is activations.linear
    assert activations.swish is activations.silu


@pytest.mark.parametrize(
    "call,error,text",
    [
        (lambda: activations.get("rel"), ValueError, "one of celu, .*got 'rel'"),
        (lambda: activations.serialize(np.tanh), TypeError, "write a Layer with a vjp"),
        (lambda: layers.Dense(2, activation="glu"), TypeError, "write a Layer with a vjp"),
        (lambda: activations.glu(X[:, :, :3]), ValueError, "axis must be one of an even size"),
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
