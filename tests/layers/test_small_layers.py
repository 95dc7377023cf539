"""Layers that reshape, rescale, or add noise."""

import json

import numpy as np
import pytest

import modes
from comparison import assert_close, assert_same_bits
from convlet import Input, Sequential, utils
from convlet.layers import (
    Dense,
    GaussianNoise,
    Normalization,
    Permute,
    RepeatVector,
    Rescaling,
    Reshape,
    SpatialDropout1D,
    SpatialDropout2D,
    SpatialDropout3D,
)
from layer_checks import check_bits, check_vjp
from strategies import LAYOUTS

MEAN, VARIANCE = [1.0, 2.0, 3.0], [4.0, 1.0, 0.25]
LAYERS = {
    "reshape": (lambda **k: Reshape((3, -1), **k), (2, 4, 3, 3), lambda x: x.reshape(2, 3, 12)),
    "flat": (lambda **k: Reshape((36,), **k), (2, 4, 3, 3), lambda x: x.reshape(2, 36)),
    "permute": (
        lambda **k: Permute((3, 1, 2), **k),
        (2, 4, 5, 3),
        lambda x: x.transpose(0, 3, 1, 2),
    ),
    "repeat": (lambda **k: RepeatVector(3, **k), (2, 4), lambda x: np.stack([x] * 3, 1)),
    "rescaling": (lambda **k: Rescaling(0.5, -1, **k), (2, 4, 3), lambda x: x * 0.5 - 1),
    "rescaling, channels": (
        lambda **k: Rescaling([1, 2, 3], [[0, 1, 0]], **k),
        (2, 4, 3),
        lambda x: x * [1, 2, 3] + [0, 1, 0],
    ),
    "normalization": (
        lambda **k: Normalization(mean=MEAN, variance=VARIANCE, **k),
        (2, 4, 3),
        lambda x: (x - MEAN) / np.sqrt(VARIANCE),
    ),
    "normalization, inverse": (
        lambda **k: Normalization(mean=MEAN, variance=VARIANCE, invert=True, **k),
        (2, 4, 3),
        lambda x: x * np.sqrt(VARIANCE) + MEAN,
    ),
    "normalization, one": (
        lambda **k: Normalization(None, 2.0, 9.0, **k),
        (2, 4, 3),
        lambda x: (x - 2) / 3,
    ),
    "normalization, not adapted": (lambda **k: Normalization(1, **k), (2, 4, 3), lambda x: x),
}


@pytest.mark.parametrize("name", LAYERS)
def test_values_and_gradients(name, dtype, rng):
    make, shape, oracle = LAYERS[name]
    x = rng.standard_normal(shape).astype(dtype)
    layer = make(dtype=dtype)
    tolerance = 1e-6 if dtype == "float32" else 1e-14
    y = layer(x)
    assert_close(y, oracle(x.astype("float64")), tolerance, dtype=dtype)
    assert layer.compute_output_shape((None, *shape[1:])) == (None, *y.shape[1:])
    check_bits(layer, x, {"plain": np.array, **LAYOUTS}, (1, 2))
    check_vjp(make(dtype="float64"), x.astype("float64"), rng)
    assert layer(x[:0]).shape == (0, *y.shape[1:])
    settings = json.loads(json.dumps(make(name="a").get_config()))
    twin = type(layer).from_config(settings)
    assert json.loads(json.dumps(twin.get_config())) == settings
    assert_same_bits(twin(x), make()(x))


def test_reshape_of_unknown_sizes():
    assert Reshape((-1, 2)).compute_output_shape((None, None, 4)) == (None, None, 2)


@pytest.mark.parametrize("axis", [-1, 1, [1, 2], None])
def test_adapt(axis, dtype, rng):
    data = (3 + 2 * rng.standard_normal((300, 4, 5))).astype(dtype)
    layer = Normalization(axis, dtype=dtype)
    layer.adapt(data)
    y = layer(data)
    given = [] if axis is None else axis if isinstance(axis, list) else [axis % 3]
    over = tuple(i for i in range(3) if i not in given)
    assert np.abs(y.mean(over)).max() <= 1e-5
    assert np.abs(y.std(over) - 1).max() <= 1e-5
    assert layer.trainable_weights == [] and len(layer.weights) == 2
    again = Normalization(axis, dtype=dtype)
    again.adapt(np.asfortranarray(data))
    for one, other in zip(layer.get_weights(), again.get_weights(), strict=True):
        assert_same_bits(one, other)
    layer.adapt(2 * data)  # anew, not on top
    assert np.abs(layer(2 * data).mean()) <= 1e-5


def test_constant_data_does_not_divide_by_zero():
    layer = Normalization()
    layer.adapt(np.ones((5, 2)))
    assert np.isfinite(layer(np.ones((1, 2)))).all()


@pytest.mark.parametrize(
    ("layer", "shape", "axes"),
    [
        (lambda: SpatialDropout1D(0.5, seed=3), (4, 5, 32), (1,)),
        (lambda: SpatialDropout2D(0.5, seed=3), (4, 5, 6, 32), (1, 2)),
        (lambda: SpatialDropout2D(0.5, "channels_first", 3), (4, 32, 5, 6), (2, 3)),
        (lambda: SpatialDropout3D(0.5, seed=3), (4, 3, 5, 6, 16), (1, 2, 3)),
    ],
)
def test_spatial_dropout(layer, shape, axes):
    x = np.ones(shape, "float32")
    layer = layer()
    y, pullback = layer.vjp(x, True)
    assert set(np.unique(y)) == {0.0, 2.0}
    first = tuple(slice(0, 1) if i in axes else slice(None) for i in range(len(shape)))
    assert (y == y[first]).all()
    assert_same_bits(pullback(x)[0], y)
    assert_same_bits(layer(x), x)
    assert_same_bits(layer.vjp(x, True)[0], y)  # until the pass is committed
    layer(x, training=True)
    assert not np.array_equal(layer.vjp(x, True)[0], y)
    twin = type(layer).from_config(json.loads(json.dumps(layer.get_config())))
    assert_same_bits(twin.vjp(x, True)[0], y)


def test_gaussian_noise(dtype):
    layer = GaussianNoise(0.5, seed=7, dtype=dtype)
    x = np.zeros((200, 300), dtype)
    y, pullback = layer.vjp(x, True)
    assert abs(y.mean()) <= 0.01 and abs(y.std() - 0.5) <= 0.01 and y.dtype == dtype
    assert_same_bits(pullback(x)[0], x)
    assert_same_bits(layer(x), x)
    for count in (1, 3):
        with modes.num_threads(count):
            assert_same_bits(layer.vjp(x, True)[0], y)
    assert_same_bits(layer(x, training=True), y)
    other = layer(x, training=True)
    assert abs(np.corrcoef(y.ravel(), other.ravel())[0, 1]) <= 0.02
    assert_same_bits(GaussianNoise(0, dtype=dtype)(x, training=True), x)


def test_one_seed_repeats_a_run():
    results = []
    for _ in range(2):
        utils.set_random_seed(4)
        model = Sequential([Input((5,)), GaussianNoise(0.1), Dense(2)])
        model.compile("sgd", "mse")
        model.fit(np.ones((40, 5)), np.ones((40, 2)), verbose=0)
        results.append(model.get_weights())
    for one, other in zip(*results, strict=True):
        assert_same_bits(one, other)


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: Reshape(3), TypeError, "target_shape must be a tuple of int, got 3"),
        (lambda: Reshape((0, 2)), ValueError, "target_shape must be sizes from 1 on"),
        (lambda: Reshape((-1, -1)), ValueError, "of which one may be -1"),
        (lambda: Reshape((1.5,)), TypeError, "target_shape must be an int, got 1.5"),
        (lambda: Reshape((5,))(np.ones((2, 6))), ValueError, "must have as many elements"),
        (lambda: Reshape((5, -1))(np.ones((2, 6))), ValueError, "must have as many elements"),
        (lambda: Reshape((2,))(np.ones(())), ValueError, "must have an axis N"),
        (lambda: Permute(1), TypeError, "dims must be a tuple of int, got 1"),
        (lambda: Permute((1, 1)), ValueError, "dims must have each axis from 1 on once"),
        (lambda: Permute((0, 1)), ValueError, "dims must be at least 1"),
        (lambda: Permute((2, 1))(np.ones((2, 3))), ValueError, "must have 3 axes"),
        (lambda: RepeatVector(0), ValueError, "n must be at least 1"),
        (lambda: RepeatVector(2)(np.ones((2, 3, 4))), ValueError, "must have 2 axes"),
        (lambda: Rescaling("a"), ValueError, "scale must be finite numbers"),
        (lambda: Rescaling(np.nan), ValueError, "scale must be finite numbers"),
        (lambda: Rescaling([1, 2])(np.ones((2, 3))), ValueError, "must fit the input's last axes"),
        (lambda: Normalization(mean=1), ValueError, "mean and variance must be given both or none"),
        (lambda: Normalization(0)(np.ones((2, 3))), ValueError, "axis must name different axes"),
        (lambda: Normalization(5)(np.ones((2, 3))), ValueError, "axis must name different axes"),
        (
            lambda: Normalization(-1, [1, 2], [1, 2])(np.ones((2, 3))),
            ValueError,
            "mean and variance must broadcast to shape",
        ),
        (lambda: Normalization(-1, 1, 1).adapt(np.ones((2, 3))), ValueError, "adapt needs a layer"),
        (lambda: Normalization().adapt(np.ones((0, 3))), ValueError, "must have rows"),
        (lambda: GaussianNoise(-1), ValueError, "stddev must be at least 0"),
        (lambda: GaussianNoise("a"), TypeError, "stddev must be a number"),
        (lambda: SpatialDropout2D(2), ValueError, "rate must be at least 0 and at most 1"),
        (lambda: SpatialDropout2D(0.5, data_format="rows"), ValueError, "data_format must be one"),
    ],
)
def test_errors(make, error, message):
    with pytest.raises(error, match=message):
        make()
