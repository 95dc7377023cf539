"""A layer that is called several times in one pass: each call goes on from the one before."""

import numpy as np
import pytest

import convlet
from comparison import assert_same_bits
from convlet import Input, Model, Sequential, layers
from convlet.layers import Layer, Pullback
from convlet.testing import check_gradients

NOISY = [
    lambda **k: layers.Dropout(0.5, seed=3, **k),
    lambda **k: layers.SpatialDropout1D(0.5, seed=3, **k),
    lambda **k: layers.GaussianNoise(1.0, seed=3, **k),
]


def twice(layer, nested=False, **options):
    """Two inputs through one layer, directly or as part of a model."""
    inputs = [Input((6, 4), **options), Input((6, 4), **options)]
    shared = Sequential([Input((6, 4), **options), layer]) if nested else layer
    return Model(inputs, [shared(one) for one in inputs])


@pytest.mark.parametrize("nested", [False, True])
@pytest.mark.parametrize("make", NOISY)
def test_noise_is_new_for_each_call(make, nested):
    x = np.ones((2, 6, 4), "float32")
    alone = make()
    expected = [alone(x, training=True) for _ in range(4)]
    layer = make()
    model = twice(layer, nested)
    for first in (0, 2):
        y, pullback = model.vjp([x, x], True)
        for one, other in zip(y, expected[first:], strict=False):
            assert_same_bits(one, other)
        assert not np.array_equal(*y)
        assert [(v.name, int(value)) for v, value in pullback.updates] == [("passes", first + 2)]
        assert int(layer.passes) == first  # the pass has not been committed
        layer.passes.assign(first + 2)
    layer.passes.assign(0)
    for one, other in zip(model([x, x], training=True), expected, strict=False):
        assert_same_bits(one, other)


@pytest.mark.parametrize("make", NOISY)
def test_gradients_pass_through_the_noise_of_their_own_call(make):
    rng = np.random.default_rng(0)
    x = [rng.standard_normal((2, 6, 4)) for _ in range(2)]
    check_gradients(twice(make(dtype="float64"), dtype="float64"), x, training=True)


@pytest.mark.parametrize("nested", [False, True])
def test_moving_statistics_follow_each_call(nested):
    rng = np.random.default_rng(0)
    x = [rng.standard_normal((2, 6, 4)) + 3 * place for place in range(2)]
    layer = layers.BatchNormalization(momentum=0.75, dtype="float64")
    model = twice(layer, nested, dtype="float64")
    model.compile(convlet.optimizers.SGD(0.0), ["mse", "mse"])
    mean, variance = np.zeros(4), np.ones(4)
    for _ in range(3):
        model.train_on_batch(x, x)
        for part in x:
            mean = 0.75 * mean + 0.25 * part.mean((0, 1))
            variance = 0.75 * variance + 0.25 * part.var((0, 1))
    np.testing.assert_allclose(layer.moving_mean.value, mean, rtol=1e-12)
    np.testing.assert_allclose(layer.moving_variance.value, variance, rtol=1e-12)
    check_gradients(model, x, training=True)


def test_a_call_that_infers_takes_what_a_training_call_left():
    layer = layers.BatchNormalization(momentum=0.5, epsilon=0, dtype="float64")
    a = Input((2,), dtype="float64")
    model = Model(a, [layer(a, training=True), layer(a, training=False)])
    x = np.array([[1.0, 2.0], [3.0, 6.0]])
    (_, y), pullback = model.vjp(x)
    np.testing.assert_allclose(y, (x - [1.0, 2.0]) / np.sqrt([1.0, 2.5]), rtol=1e-14)
    assert not layer.moving_mean.value.any() and len(pullback.updates) == 2


def test_within_a_layer_of_ones_own():
    class Twice(Layer):
        """As a user writes one, without knowing what its part changes."""

        def __init__(self):
            super().__init__()
            self.part = layers.Dropout(0.5, seed=1)

        def compute_output_shape(self, input_shape):
            return input_shape

        def vjp(self, x, training=False):
            (a, one), (b, two) = (self.part.vjp(x, training) for _ in range(2))

            def gradients(dy, needs_dx):
                return one(dy)[0] + two(dy)[0], []

            return a + b, Pullback(gradients, [*one.updates, *two.updates])

    x = np.ones((1, 64), "float32")
    layer, alone = Twice(), layers.Dropout(0.5, seed=1)
    for _ in range(2):
        expected = alone(x, training=True) + alone(x, training=True)
        assert_same_bits(layer(x, training=True), expected)
    assert int(layer.part.passes) == 4
    layer.part.passes.assign(0)
    assert set(layer.vjp(x, True)[0].ravel().tolist()) == {0, 2, 4}


def test_a_failed_pass_leaves_nothing_behind():
    layer = layers.Dropout(0.5, seed=1)

    class Failing(Layer):
        def compute_output_shape(self, input_shape):
            return input_shape

        def vjp(self, x, training=False):
            raise RuntimeError("no")

    a = Input((4,))
    model = Model(a, Failing()(layer(a)))
    x = np.ones((1, 4), "float32")
    with pytest.raises(RuntimeError, match="no"):
        model.vjp(x, True)
    assert int(layer.passes.latest) == int(layer.passes) == 0
    assert_same_bits(layer.vjp(x, True)[0], layers.Dropout(0.5, seed=1)(x, training=True))
