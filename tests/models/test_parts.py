"""What inference binds to shapes, and cuts into slices of the batch, changes no bit."""

import copy
import pickle

import numpy as np
import pytest

import convlet
from comparison import assert_same_bits
from convlet import Input, Model, Sequential, layers
from convlet.models import _parts


def images(count, seed=0):
    return np.random.default_rng(seed).standard_normal((count, 12, 12, 3)).astype(np.float32)


def branching():
    image = Input((12, 12, 3))
    x = layers.Conv2D(16, 3, padding="same", activation="relu")(image)
    y = layers.Dropout(0.5)(layers.Conv2D(16, 3, padding="same")(x))
    y = layers.BatchNormalization()(layers.Add()([x, y]))
    pooled = layers.MaxPooling2D()(y)
    wide = layers.Dense(700)(layers.Flatten()(pooled))  # too many weights for slices
    scores = layers.Dense(3, activation="softmax")(layers.Dropout(0.5)(wide))
    means = layers.GlobalAveragePooling2D()(pooled)
    return Model(image, [scores, means, y])


def test_slices_are_used_where_they_pay():
    sizes = [bool(part.image_bytes) for part in branching()._graph._parts]
    assert sizes == [True, False, True]


@pytest.mark.parametrize("count", [1, 4, 5, 13])
def test_slices_and_whole_batches_have_the_same_bits(count, monkeypatch):
    model, x = branching(), images(count)
    whole = model(x)
    largest = max(part.image_bytes for part in model._graph._parts)
    for slices in (1, 4):
        monkeypatch.setattr(_parts, "SLICE_BYTES", slices * largest // convlet.get_num_threads())
        for place, (y, expected) in enumerate(zip(model(x), whole, strict=True)):
            assert_same_bits(y, expected, f"output {place}, {count} images, slices of {slices}")


def test_one_pass_layer_by_layer_has_the_same_bits():
    model, x = branching(), images(3)
    expected, _ = model.vjp(x, False)
    for y, other in zip(model(x), expected, strict=True):
        assert_same_bits(y, other, "call and vjp")


def test_shapes_alternate():
    model = Sequential([layers.Conv2D(4, 3), layers.MaxPooling2D(), layers.GlobalMaxPooling2D()])
    made = {}
    for _ in range(2):
        for size in range(6, 26):
            x = np.ones((2, size, size + 1, 1), np.float32)
            y = model(x)
            assert_same_bits(y, made.setdefault(size, y), f"size {size}")
            assert_same_bits(y, model.vjp(x, False)[0], f"size {size}")


def test_weights_activation_and_algorithm_may_change():
    model, x = Sequential([layers.Conv2D(16, 3), layers.Conv2D(16, 3)]), images(2)
    model(x)
    try:
        convlet.set_algorithm("direct")
        direct = model(x)
        maps = convlet.ops.conv(x, *model.layers[0].get_weights())
        assert_same_bits(direct, convlet.ops.conv(maps, *model.layers[1].get_weights()), "direct")
        for weight in model.weights:
            weight.assign(2 * weight.value)
        assert_same_bits(model(x), 4 * direct, "twice the weights, biases of zero")
        model.layers[1].activation = "relu"
        assert_same_bits(model(x), np.maximum(4 * direct, 0), "another activation")
    finally:
        convlet.set_algorithm("auto")


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda m: pickle.loads(pickle.dumps(m))])
@pytest.mark.parametrize("kind", ["layer", "model"])
def test_copies_have_weights_of_their_own(copied, kind):
    layer, x = layers.Dense(4), np.ones((2, 3), np.float32)
    first = layer if kind == "layer" else Sequential([layer])
    before = first(x)
    second = copied(first)
    second.set_weights([np.zeros_like(weight) for weight in second.get_weights()])
    assert not second(x).any()
    assert_same_bits(first(x), before, "the one that was copied")


def test_layers_of_other_types_and_of_ones_own():
    class Half(layers.Layer):
        def compute_output_shape(self, input_shape):
            return input_shape

        def vjp(self, x, training=False):
            y = x[: len(x) // 2] if len(x) > 1 else x  # not image by image
            return y, layers.Pullback(lambda dy, needs_dx: (dy, []))

    model = Sequential(
        [
            layers.Conv2D(4, 3),
            layers.Conv2D(4, 3, dtype="float64"),
            Half(),
            layers.Conv2D(2, 3, dtype="float64"),
            layers.Activation("relu"),
        ]
    )
    x = images(4)
    assert model(x).dtype == np.float32 and len(model(x)) == 2
    assert_same_bits(model(x), model.vjp(x, False)[0], "types and batches that change")


def test_a_call_that_always_trains():
    image = Input((5,))
    model = Model(image, layers.Dropout(0.5, seed=3)(image, training=True))
    assert not model(np.ones((4, 5), np.float32)).all()
