"""Activations that are layers: rectifiers, with and without weights, and softmax."""

import json

import numpy as np
import pytest
from hypothesis import given

from comparison import assert_close, assert_same_bits
from convlet.layers import ELU, LeakyReLU, PReLU, ReLU, Softmax
from gradcheck import separated
from layer_checks import check_bits, check_vjp
from strategies import LAYOUTS, SEEDS


def rectified(x, top=np.inf, slope=0.0, threshold=0.0):
    return np.minimum(np.where(x > threshold, x, slope * (x - threshold)), top)


def exponential(x, axes):
    shifted = np.exp(x - x.max(axes, keepdims=True))
    return shifted / shifted.sum(axes, keepdims=True)


LAYERS = {
    "relu": (lambda **k: ReLU(**k), rectified),
    "relu6": (lambda **k: ReLU(6, **k), lambda x: rectified(x, 6)),
    "relu, all": (lambda **k: ReLU(1, 0.25, 0.13, **k), lambda x: rectified(x, 1, 0.25, 0.13)),
    "relu, threshold": (
        lambda **k: ReLU(threshold=0.5, **k),
        lambda x: rectified(x, threshold=0.5),
    ),
    "leaky": (lambda **k: LeakyReLU(**k), lambda x: rectified(x, slope=0.3)),
    "leaky, 0": (lambda **k: LeakyReLU(0, **k), rectified),
    "elu": (lambda **k: ELU(**k), lambda x: np.where(x > 0, x, np.expm1(x))),
    "elu, 2": (lambda **k: ELU(2.5, **k), lambda x: np.where(x > 0, x, 2.5 * np.expm1(x))),
    "prelu": (lambda **k: PReLU(fixed, **k), lambda x: np.where(x > 0, x, fixed(x.shape[1:]) * x)),
    "prelu, shared": (
        lambda **k: PReLU(fixed, [1, 2], **k),
        lambda x: np.where(x > 0, x, fixed((1, 1, x.shape[3])) * x),
    ),
    "softmax": (lambda **k: Softmax(**k), lambda x: exponential(x, -1)),
    "softmax, 1": (lambda **k: Softmax(1, **k), lambda x: exponential(x, 1)),
    "softmax, 1 and 3": (lambda **k: Softmax([3, 1], **k), lambda x: exponential(x, (1, 3))),
}


def fixed(shape, dtype="float64"):
    return (np.arange(np.prod(shape)).reshape(shape) % 5 / 4 + 0.1).astype(dtype)


@pytest.mark.parametrize("name", LAYERS)
@given(SEEDS)
def test_values_and_gradients(name, dtype, seed):
    make, oracle = LAYERS[name]
    rng = np.random.default_rng(seed)
    x = separated(rng, (2, *rng.integers(1, 6, 3)))
    layer = make(dtype=dtype)
    single = x.astype(dtype)
    tolerance = 1e-6 if dtype == "float32" else 1e-14
    assert_close(layer(single), oracle(single.astype("float64")), tolerance, dtype=dtype)
    assert layer(single).flags.c_contiguous
    assert_same_bits(layer.vjp(single, True)[0], layer(single))
    check_vjp(make(dtype="float64"), x, rng)


@pytest.mark.parametrize("name", LAYERS)
def test_the_same_bits(name, dtype, rng):
    layer = LAYERS[name][0](dtype=dtype)
    x = rng.standard_normal((30, 9, 7, 5)).astype(dtype)
    layer.build(x.shape)
    check_bits(layer, x, {"plain": np.array, **LAYOUTS}, (1, 3))


@pytest.mark.parametrize("name", LAYERS)
def test_special_values_and_empty_batches(name):
    layer = LAYERS[name][0]()
    x = np.ones((1, 2, 2, 2), "float32")
    x[0, 0, 0, 0] = np.nan
    y, pullback = layer.vjp(x) if layer(x) is not None else None
    assert np.isnan(y[0, 0, 0, 0])
    assert pullback(np.ones_like(y))[0].shape == x.shape
    assert layer(x[:0]).shape == (0, 2, 2, 2)
    if "prelu" not in name:
        settings = json.loads(json.dumps(LAYERS[name][0](name="a").get_config()))
        assert type(layer).from_config(settings).get_config() == settings


def test_prelu_learns_one_slope_for_each_channel():
    layer = PReLU(shared_axes=(1, 2))
    layer.build((None, 8, 8, 3))
    assert layer.alpha.shape == (1, 1, 3)
    assert layer(np.full((1, 2, 2, 3), -1.0)).any() == False  # noqa: E712
    assert layer(np.ones((1, 5, 6, 3))).shape == (1, 5, 6, 3)
    with pytest.raises(ValueError, match="the input must fit alpha's shape"):
        layer(np.ones((1, 5, 6, 4)))
    layer.trainable = False
    y, pullback = layer.vjp(np.ones((1, 2, 2, 3), "float32"))
    assert pullback(y)[1] == []


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: ReLU(-1), ValueError, "max_value must be at least 0, got -1"),
        (lambda: ReLU(negative_slope=-0.1), ValueError, "negative_slope must be at least 0"),
        (lambda: ReLU(threshold=-1), ValueError, "threshold must be at least 0"),
        (lambda: LeakyReLU(-1), ValueError, "negative_slope must be at least 0"),
        (lambda: LeakyReLU("a"), TypeError, "negative_slope must be a number"),
        (lambda: ELU(-1), ValueError, "alpha must be at least 0"),
        (lambda: PReLU(shared_axes=0), ValueError, "shared_axes must be at least 1, got 0"),
        (lambda: PReLU(shared_axes=5).build((1, 2)), ValueError, "must have a known size"),
        (lambda: PReLU().build((1, None)), ValueError, "must have a known size above 0"),
        (lambda: PReLU().build((1,)), ValueError, "must have a known size above 0"),
        (lambda: Softmax("a"), TypeError, "axis must be an int"),
        (lambda: Softmax(0)(np.ones((2, 3))), ValueError, "axis must name different axes after N"),
        (lambda: Softmax([1, -1])(np.ones((2, 3))), ValueError, "axis must name different axes"),
        (lambda: Softmax(3)(np.ones((2, 3))), ValueError, "axis must name different axes"),
    ],
)
def test_errors(make, error, message):
    with pytest.raises(error, match=message):
        make()
