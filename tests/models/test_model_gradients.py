"""Gradients of whole networks, against central differences in float64."""

import numpy as np
import pytest

from comparison import assert_same_bits
from convlet import Sequential
from convlet.layers import (
    Activation,
    AveragePooling2D,
    Conv2D,
    Dense,
    Dropout,
    Flatten,
    Input,
    MaxPooling2D,
)
from gradcheck import check_gradients

DOUBLE = {"dtype": "float64"}


def network(data_format="channels_last"):
    """Every layer there is, smooth but for maxima; 3 channels, and odd sizes."""
    format = {"data_format": data_format, **DOUBLE}
    shape = (9, 7, 3) if data_format == "channels_last" else (3, 9, 7)
    return Sequential(
        [
            Input(shape),
            Conv2D(4, (3, 2), padding="same", activation="tanh", **format),
            AveragePooling2D(2, strides=1, padding="same", **format),
            Conv2D(6, 3, strides=2, groups=2, use_bias=False, **format),
            Activation("softplus", **DOUBLE),
            Dropout(0.3, seed=5, **DOUBLE),
            MaxPooling2D((2, 1), strides=1, **format),
            Flatten(**format),
            Dense(5, activation="gelu", **DOUBLE),
            Dense(3, activation="softmax", **DOUBLE),
        ]
    )


def randomize(model, rng):
    model.set_weights([rng.standard_normal(weight.shape) for weight in model.weights])


def inputs(model, rng, count=3):
    return rng.standard_normal((count, *model.input_shape[1:]))


@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
def test_whole_network(data_format, rng):
    model = network(data_format)
    randomize(model, rng)
    weights = {weight.path: weight for weight in model.weights}
    arrays = {"x": inputs(model, rng), **{k: np.array(w.value) for k, w in weights.items()}}

    def function(x, **values):
        for name, value in values.items():
            weights[name].assign(value)
        return model.vjp(x, training=True)[0]  # the same dropout: nothing is committed

    y, pullback = model.vjp(arrays["x"], training=True)
    grad = rng.standard_normal(y.shape)
    dx, grads = pullback(grad)
    gradients = {"x": dx, **dict(zip(weights, grads, strict=True))}
    assert len(gradients) == 8
    check_gradients(function, arrays, gradients, grad, rng=rng)


def test_without_dx_the_rest_is_the_same(rng):
    model = network()
    y, pullback = model.vjp(inputs(model, rng), training=True)
    grad = rng.standard_normal(y.shape)
    dx, grads = pullback(grad)
    nothing, alone = pullback(grad, needs_dx=False)
    assert dx is not None
    assert nothing is None
    for a, b in zip(grads, alone, strict=True):
        assert_same_bits(a, b)


@pytest.mark.parametrize("needs_dx", [True, False])
def test_frozen_layers_leave_the_others_gradients_alone(needs_dx, rng):
    model = network()
    x = inputs(model, rng)
    y, pullback = model.vjp(x, training=True)
    grad = rng.standard_normal(y.shape)
    full = dict(zip((w.path for w in model.weights), pullback(grad)[1], strict=True))
    for frozen in (0, 2, 7, 8):
        for index, layer in enumerate(model.layers):
            layer.trainable = index > frozen if frozen < 8 else index < frozen
        dx, grads = model.vjp(x, training=True)[1](grad, needs_dx=needs_dx)
        assert (dx is not None) == needs_dx
        assert len(grads) == len(model.trainable_weights) < 7
        for weight, gradient in zip(model.trainable_weights, grads, strict=True):
            assert_same_bits(gradient, full[weight.path])
    model.trainable = False
    assert model.vjp(x)[1](grad, needs_dx=needs_dx)[1] == []


def test_models_within_models(rng):
    flat = network()
    parts = flat.layers
    nested = Sequential([Input((9, 7, 3)), parts[0], Sequential(parts[1:7]), Sequential(parts[7:])])
    x = inputs(flat, rng)
    results = []
    for model in (flat, nested):
        y, pullback = model.vjp(x, training=True)
        dx, grads = pullback(y)
        assert len(pullback.updates) == 1
        results.append([y, dx, *grads])
    assert nested.weights == flat.weights
    for a, b in zip(*results, strict=True):
        assert_same_bits(a, b)


def test_a_gradient_in_any_memory_layout(rng):
    model = network()
    y, pullback = model.vjp(inputs(model, rng))
    grad = rng.standard_normal(y.shape)
    expected = pullback(grad)[1]
    for layout in (np.asfortranarray(grad), np.repeat(grad, 2, axis=1)[:, ::2]):
        for a, b in zip(pullback(layout)[1], expected, strict=True):
            assert_same_bits(a, b)


def test_images_do_not_depend_on_their_batch(rng):
    model = network()
    x = inputs(model, rng, 7)
    whole, pullback = model.vjp(x)
    grad = rng.standard_normal(whole.shape)
    dx, _ = pullback(grad)
    for index in range(7):
        one = slice(index, index + 1)
        y, pullback = model.vjp(x[one])
        assert_same_bits(y, whole[one])
        assert_same_bits(model(x[one]), whole[one])
        assert_same_bits(pullback(grad[one])[0], dx[one])
