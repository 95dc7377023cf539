"""Graphs beside Keras's: names, order of layers and weights, configurations, summaries, results."""

import json

import keras
import numpy as np
import pytest

import convlet
from convlet import Model


def residual(k):
    layers = k.layers
    image = k.Input((8, 8, 3), name="image")
    x = layers.Conv2D(4, 3, padding="same", activation="relu")(image)
    y = layers.Conv2D(4, 1)(image)
    x = layers.Add()([x, y])
    x = layers.Concatenate()([layers.MaxPooling2D()(x), layers.AveragePooling2D(2)(x)])
    return k.Model(image, layers.Dense(5)(layers.Flatten()(x)))


def shared(k):
    """A layer at two depths, a nested model, two inputs and outputs, one of them unused."""
    layers = k.layers
    a, b = k.Input((8, 8, 3), name="image"), k.Input((4,), name="extra")
    c = k.Input((2,), name="unused")
    pooled = layers.GlobalAveragePooling2D()(layers.Conv2D(4, 3)(a))
    dense = layers.Dense(4)
    joined = layers.Concatenate()([dense(dense(pooled)), dense(b)])
    start = k.Input((8,), name="start")
    inner = k.Model(start, layers.Dense(3)(start), name="inner")
    chain = k.Sequential([layers.Dense(4), layers.Dense(2)])
    last = layers.Dense(2, name="two")(layers.Maximum()([pooled, dense(b)]))
    return k.Model([a, b, c], [inner(joined), last, chain(pooled)], name="outer")


def chain(k):
    image = k.Input((8, 8, 3))
    return k.Model(image, k.layers.Flatten()(k.layers.Conv2D(4, 3)(image)))


def uneven(k):
    """A short way beside a long one; the deepest layer is not called first."""
    layers = k.layers
    image = k.Input((4,))
    late = layers.Dense(3, name="late")(image)
    x = image
    for number in range(3):
        x = layers.Dense(3, name=f"step{number}")(x)
    return k.Model(image, layers.Subtract()([late, x]))


def siamese(k):
    """Two images through one network, whose normalization is called twice in a pass."""
    layers = k.layers
    a, b = k.Input((6, 6, 2), name="left"), k.Input((6, 6, 2), name="right")
    conv, norm = layers.Conv2D(3, 3), layers.BatchNormalization(momentum=0.9)
    image = k.Input((6, 6, 2), name="image")
    arm = k.Model(image, layers.Flatten()(layers.ReLU()(norm(conv(image)))), name="arm")
    return k.Model([a, b], layers.Dense(1)(layers.Subtract()([arm(a), arm(b)])), name="siamese")


NETS = [residual, shared, chain, uneven, siamese]


def pair(make):
    nets = []
    for library in (convlet, keras):
        library.backend.clear_session()
        nets.append(make(library))
    ours, theirs = nets
    theirs.set_weights(ours.get_weights())
    return ours, theirs


def inputs(model, count=3):
    rng = np.random.default_rng(1)
    return [rng.standard_normal((count, *t.shape[1:])).astype("float32") for t in model.inputs]


@pytest.mark.parametrize("make", NETS)
def test_the_same_network(make):
    ours, theirs = pair(make)
    assert ours.name == theirs.name
    assert [layer.name for layer in ours.layers] == [layer.name for layer in theirs.layers]
    assert [w.shape for w in ours.weights] == [w.shape for w in theirs.weights]
    assert [w.path.split("/")[-2:] for w in ours.weights] == [
        w.path.split("/")[-2:] for w in theirs.weights
    ]
    assert ours.output_shape == theirs.output_shape and ours.input_shape == theirs.input_shape
    assert ours.output_names == theirs.output_names
    x = inputs(ours)
    x = x if len(x) > 1 else x[0]
    mine, other = ours(x), theirs(x)
    for one, two in zip(as_list(mine), as_list(other), strict=True):
        np.testing.assert_allclose(one, two.detach().numpy(), atol=1e-6)


def as_list(value):
    return value if isinstance(value, list) else [value]


@pytest.mark.parametrize("make", NETS)
def test_the_same_configuration(make):
    """But for what the two libraries' layers have of their own."""
    ours, theirs = (json.loads(json.dumps(model.get_config())) for model in pair(make))
    for key in ("name", "trainable", "input_layers", "output_layers"):
        assert ours[key] == theirs[key]
    for one, two in zip(ours["layers"], theirs["layers"], strict=True):
        assert (one["class_name"], one["name"]) == (two["class_name"], two["name"])
        assert history(one) == history(two)
    twin = Model.from_config(ours)
    assert json.loads(json.dumps(twin.get_config())) == ours


def history(layer):
    found = []
    for node in layer["inbound_nodes"]:
        (given,) = node["args"]
        given = given if isinstance(given, list) else [given]
        found.append([(t["config"]["keras_history"], t["config"]["shape"]) for t in given])
    return found


@pytest.mark.parametrize("nested", [False, True])
@pytest.mark.parametrize("make", NETS)
def test_the_same_summary(make, nested, monkeypatch):
    """Cell by cell; columns are as wide as their texts here."""
    monkeypatch.setenv("COLUMNS", "500")
    texts = []
    for model in pair(make):
        chained = make is chain
        options = {"line_length": 400, "positions": [0.5, 0.8, 1.0] if chained else None}
        model.summary(print_fn=texts.append, expand_nested=nested, **options)
    ours, theirs = (cells(text) for text in texts)
    if nested and make is shared:  # Keras counts the calls of a nested model's layers twice
        ours, theirs = [row[:3] for row in ours], [row[:3] for row in theirs]
    assert ours == theirs


def cells(text):
    lines = [line for line in text.splitlines() if line and not line.startswith(tuple("┏┡├└"))]
    return [[cell.strip() for cell in line.replace("┃", "│").split("│")] for line in lines]


def test_statistics_of_a_layer_that_is_called_twice():
    """Three steps of training, each of which moves them twice."""
    ours, theirs = pair(siamese)
    x = [part + 2 * place for place, part in enumerate(inputs(ours, 8))]
    y = np.linspace(-1, 1, 8, dtype="float32")[:, None]
    for model, library in ((ours, convlet), (theirs, keras)):
        model.compile(library.optimizers.SGD(0.01), "mse")
    for _ in range(3):
        assert ours.train_on_batch(x, y) == pytest.approx(
            float(theirs.train_on_batch(x, y)), rel=1e-5
        )
    for one, two in zip(ours.get_weights(), theirs.get_weights(), strict=True):
        np.testing.assert_allclose(one, two, rtol=1e-5, atol=1e-6)
