"""Batch normalization and activations that inference folds into the convolution before them."""

import copy
import pickle

import numpy as np
import pytest

import convlet
from comparison import assert_same_bits
from convlet import Input, Model, Sequential, layers
from convlet.models import _folding
from convlet.models._parts import Bound
from convlet.ops import _pooled


def images(shape=(5, 9, 8, 6), dtype="float32", seed=0):
    return np.random.default_rng(seed).standard_normal(shape).astype(dtype)


def randomized(model, seed=1):
    rng = np.random.default_rng(seed)
    for weight in model.weights:
        value = rng.standard_normal(weight.shape)
        weight.assign(value**2 + 0.1 if "variance" in weight.name else value)
    return model


def one_by_one(model, x):
    for layer in model.layers:
        x = layer(x)
    return x


def count_calls(model):
    return sum(
        isinstance(bound, Bound)
        for part in model._graph._parts
        for bounds in part._bound.values()
        for bound in bounds
    )


CONVS = {
    "Conv2D": lambda **k: layers.Conv2D(16, 3, **k),
    "Conv2D strided": lambda **k: layers.Conv2D(7, 2, strides=2, **k),
    "Conv2D groups": lambda **k: layers.Conv2D(8, 3, groups=2, **k),
    "DepthwiseConv2D": lambda **k: layers.DepthwiseConv2D(3, **k),
    "DepthwiseConv2D twice": lambda **k: layers.DepthwiseConv2D(3, depth_multiplier=2, **k),
}


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
@pytest.mark.parametrize("use_bias", [True, False])
@pytest.mark.parametrize("options", [{}, {"center": False}, {"scale": False}])
@pytest.mark.parametrize("kind", CONVS)
def test_folded_is_nearly_and_direct_exactly_the_layers(
    kind, options, use_bias, data_format, dtype
):
    axis = -1 if data_format == "channels_last" else 1
    model = Sequential(
        [
            CONVS[kind](padding="same", data_format=data_format, use_bias=use_bias, dtype=dtype),
            layers.BatchNormalization(axis=axis, dtype=dtype, **options),
            layers.ReLU(dtype=dtype),
        ]
    )
    x = images(dtype=dtype) if axis == -1 else images((5, 6, 9, 8), dtype)
    model(x)
    randomized(model)
    expected = one_by_one(model, x)
    error = np.abs(model(x) - expected).max() / np.abs(expected).max()
    assert error <= 40 * np.finfo(dtype).eps
    assert count_calls(model) == 1
    try:
        convlet.set_algorithm("direct")
        assert_same_bits(model(x), one_by_one(model, x), kind)
    finally:
        convlet.set_algorithm("auto")


ACTIVATIONS = [lambda n=n: layers.Activation(n) for n in ("relu", "relu6", "sigmoid", "gelu")]


@pytest.mark.parametrize("last", [*ACTIVATIONS, layers.ReLU, lambda: layers.ReLU(max_value=6)])
def test_an_activation_alone_changes_no_bit(last):
    model = Sequential([layers.Conv2D(20, 3), last(), layers.DepthwiseConv2D(3), last()])
    x = images(seed=2)
    x[0, 3, 3, 0], x[1, 2, 2, 1], x[2] = np.nan, np.inf, 0
    with np.errstate(invalid="ignore"):
        assert_same_bits(model(x), one_by_one(model, x), "activation")
    assert count_calls(model) == 2


def test_changes_of_weights_are_seen():
    model = Sequential([layers.Conv2D(4, 3), layers.BatchNormalization(), layers.ReLU()])
    x = images()
    model(x)
    randomized(model)
    for weight in model.weights:
        before = model(x)
        weight.assign(weight.value * 1.5 + 0.25)
        after, expected = model(x), one_by_one(model, x)
        assert not np.array_equal(before, after), weight.path
        np.testing.assert_allclose(after, expected, rtol=1e-4, atol=1e-4)


def test_training_and_statistics_of_the_batch_are_not_folded():
    model = Sequential([layers.Conv2D(4, 3), layers.BatchNormalization()])
    x = images()
    model(x)
    assert np.abs(model(x, training=True).mean(axis=(0, 1, 2))).max() < 1e-5
    image = Input(x.shape[1:])
    always = Model(image, layers.BatchNormalization()(layers.Conv2D(4, 3)(image), training=True))
    assert np.abs(always(x).mean(axis=(0, 1, 2))).max() < 1e-5


def test_what_others_read_stays():
    image = Input((9, 8, 6))
    conv = layers.Conv2D(4, 3)(image)
    norm = layers.BatchNormalization()(conv)
    model = Model(image, [conv, norm, layers.ReLU()(norm), layers.Add()([conv, norm])])
    x = images()
    model(x)
    randomized(model)
    first = layers_of(model, layers.Conv2D)(x)
    second = layers_of(model, layers.BatchNormalization)(first)
    wanted = [first, second, np.maximum(second, 0), first + second]
    for y, expected in zip(model(x), wanted, strict=True):
        assert_same_bits(y, expected, "read by others")


def layers_of(model, kind):
    return next(layer for layer in model.layers if isinstance(layer, kind))


@pytest.mark.parametrize(
    "after",
    [
        lambda: layers.BatchNormalization(axis=1),
        lambda: layers.BatchNormalization(dtype="float64"),
        lambda: layers.ReLU(negative_slope=0.5),
        lambda: layers.ReLU(threshold=1),
        lambda: layers.Activation("softmax"),
    ],
)
def test_what_does_not_fit_runs_alone(after):
    model = Sequential([layers.Conv2D(4, 3), after()])
    x = images()
    model(x)
    randomized(model)
    assert_same_bits(model(x), one_by_one(model, x), "alone")
    assert count_calls(model) == 2


def test_an_exchanged_activation():
    model = Sequential([layers.Conv2D(4, 3), layers.BatchNormalization(), layers.ReLU()])
    x = images()
    model(x)
    randomized(model)
    model.layers[0].activation = "tanh"
    assert_same_bits(model(x), one_by_one(model, x), "tanh before the normalization")


def test_a_chain_is_not_cut_where_slices_end():
    image = Input((9, 8, 80))
    x = layers.Conv2D(8, 1)(image)
    for _ in range(2):
        x = layers.Conv2D(96, 3)(layers.Conv2D(80, 3, padding="same")(x))  # too large for slices
        x = layers.ReLU()(layers.BatchNormalization()(x))
    model = Model(image, x)
    model(images((2, 9, 8, 80)))
    assert len(model._graph._parts) == 2
    assert count_calls(model) == 5


def test_inputs_of_all_shapes_share_what_is_folded(monkeypatch):
    made = []
    fold = _folding.Folded._fold
    monkeypatch.setattr(_folding.Folded, "_fold", lambda self: made.append(self) or fold(self))
    model = Sequential([layers.Conv2D(16, 3), layers.BatchNormalization(), layers.ReLU()])
    for count in (1, 2, 3):
        model(images((count, 9 + count, 8, 6)))
    assert len(made) == 1
    model.layers[1].beta.assign(np.ones(16))
    model(images())
    assert len(made) == 2


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda m: pickle.loads(pickle.dumps(m))])
def test_a_copy_folds_weights_of_its_own(copied):
    model = Sequential([layers.Conv2D(4, 3), layers.BatchNormalization(), layers.ReLU()])
    x = images()
    before = model(x)
    second = copied(model)
    assert_same_bits(second(x), before, "the copy")
    second.layers[1].beta.assign(np.full(4, 1e6, np.float32))
    assert (second(x) > 1e5).all()
    assert_same_bits(model(x), before, "the one that was copied")


POOLED = {
    "in one call": ({"activation": "relu"}, {}),
    "of no activation": ({}, {}),
    "of odd maps": ({"activation": "relu", "kernel_size": 3, "padding": "same"}, {}),
    "activated afterwards": ({"activation": "tanh"}, {}),
    "windows that overlap": ({"activation": "relu"}, {"pool_size": 3, "strides": 2}),
    "padded windows": ({"activation": "relu", "padding": "same"}, {"padding": "same"}),
    "by the direct algorithm": ({"activation": "relu", "strides": 2}, {}),
}


@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
@pytest.mark.parametrize("kind", POOLED)
def test_a_maximum_after_a_convolution_changes_no_bit(kind, data_format):
    conv, pool = POOLED[kind]
    model = Sequential(
        [
            layers.Conv2D(**{"filters": 20, "kernel_size": 3, "data_format": data_format, **conv}),
            layers.MaxPooling2D(data_format=data_format, **pool),
        ]
    )
    shape = (5, 13, 12, 18) if data_format == "channels_last" else (5, 18, 13, 12)
    x = images(shape)
    x[0, 3, 3, 3], x[1, 2, 2, 1], x[2] = np.nan, np.inf, 0
    with np.errstate(invalid="ignore"):
        assert_same_bits(model(x), one_by_one(model, x), kind)
        assert count_calls(model) == 1
        model.layers[0].activation = "sigmoid"
        assert_same_bits(model(x), one_by_one(model, x), "exchanged")


@pytest.mark.parametrize("activation", ["softmax", "log_softmax"])
def test_a_maximum_after_an_activation_over_channels(activation):
    model = Sequential([layers.Conv2D(20, 3, activation=activation), layers.MaxPooling2D()])
    x = images((5, 13, 12, 18))
    assert_same_bits(model(x), one_by_one(model, x), activation)


def test_a_maximum_after_all_that_is_folded():
    model = Sequential(
        [layers.Conv2D(20, 3), layers.BatchNormalization(), layers.ReLU(), layers.MaxPooling2D()]
    )
    x = images((5, 13, 12, 18))
    model(x)
    randomized(model)
    together = Sequential(model.layers[:3])(x)
    assert_same_bits(model(x), layers.MaxPooling2D()(together), "with and without the maximum")
    assert count_calls(model) == 1


def test_only_the_maxima_are_written(monkeypatch):
    """By tiles; a layer whose algorithm is the direct one makes its output first."""
    made = []
    empty = _pooled.empty
    monkeypatch.setattr(_pooled, "empty", lambda *given: made.append(given[0]) or empty(*given))
    model = Sequential([layers.Conv2D(20, 3, activation="relu"), layers.MaxPooling2D()])
    model(images((5, 13, 12, 18)))
    assert made == [(5, 5, 5, 20)]
    try:
        convlet.set_algorithm("direct")
        model(images((5, 13, 12, 18)))
    finally:
        convlet.set_algorithm("auto")
    assert len(made) == 1
