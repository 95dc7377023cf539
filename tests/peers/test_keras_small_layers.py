"""Layers that reshape, rescale or normalize, and penalties, against Keras's."""

from random import Random

import keras
import numpy as np
import pytest
from hypothesis import given

import convlet
from strategies import SEEDS
from tally import agreed
from test_keras_more_layers import build_and_compare, made


def configuration(kind, rng):
    sizes = [rng.randint(1, 6) for _ in range(rng.randint(1, 3))]
    if kind == "Reshape":
        target = list(sizes)
        rng.shuffle(target)
        if rng.random() < 0.5:
            target[rng.randrange(len(target))] = -1
        return (tuple(target),), {}, sizes
    if kind == "Permute":
        order = list(range(1, len(sizes) + 1))
        rng.shuffle(order)
        return (tuple(order),), {}, sizes
    if kind == "RepeatVector":
        return (rng.randint(1, 5),), {}, sizes[:1]
    if kind == "Rescaling":
        return (rng.choice([0.5, 1 / 255]), rng.choice([0.0, -1.0])), {}, sizes
    mean = [rng.random() for _ in range(sizes[-1])]
    options = {"mean": mean, "variance": [m + 0.5 for m in mean], "invert": rng.random() < 0.5}
    return (-1,), options, sizes


@pytest.mark.parametrize(
    "kind", ["Reshape", "Permute", "RepeatVector", "Rescaling", "Normalization"]
)
@given(SEEDS)
def test_layers(kind, dtype, seed):
    arguments, options, sizes = configuration(kind, Random(seed))
    x = np.random.default_rng(seed).standard_normal((2, *sizes)).astype(dtype)
    pair = made(kind, *arguments, dtype=dtype, **options)
    context = f"{kind} {arguments} {options} on {x.shape}"
    precision = "float32" if kind == "Normalization" else None  # of Keras's constants
    build_and_compare(pair, x, seed, context, precision)


@pytest.mark.parametrize("axis", [-1, 1, (1, 2), None])
def test_adapted_normalization(axis, rng):
    data = (2 + 3 * rng.standard_normal((50, 4, 5))).astype("float32")
    ours, theirs = made("Normalization", axis)
    for layer in (ours, theirs):
        layer.adapt(data)
    np.testing.assert_allclose(ours(data), theirs(data).numpy(), atol=1e-5)
    agreed("Keras", "Normalization", f"adapt {axis}")


@pytest.mark.parametrize(
    ("kind", "arguments"),
    [
        ("Reshape", ((2, 3),)),
        ("Permute", ((2, 1),)),
        ("RepeatVector", (3,)),
        ("Rescaling", (0.5, 1.0)),
        ("Normalization", ()),
        ("SpatialDropout1D", (0.5, 3)),
        ("SpatialDropout2D", (0.5, "channels_first", 3)),
        ("SpatialDropout3D", (0.5,)),
        ("GaussianNoise", (0.5, 3)),
    ],
)
def test_arguments_by_position_and_names(kind, arguments):
    ours, theirs = made(kind, *arguments, name="layer")
    config, expected = ours.get_config(), theirs.get_config()
    for key in set(config) & set(expected) - {"dtype"}:
        assert np.array_equal(np.ravel(config[key]), np.ravel(expected[key])), key
    ours, theirs = made(kind, *arguments)
    stems = [layer.name.rstrip("_0123456789") for layer in (ours, theirs)]
    assert stems[0] == stems[1]


@pytest.mark.parametrize("name", ["L1", "L2", "L1L2"])
def test_training_with_penalties(name, rng):
    """Loss curves over ten steps, evaluation included."""
    curves = []
    x = rng.standard_normal((32, 8, 8, 2)).astype("float32")
    y = rng.standard_normal((32, 3)).astype("float32")
    weights = None
    for library in (convlet, keras):
        layers = library.layers
        values = (0.01, 0.02) if name == "L1L2" else (0.02,)
        penalty = getattr(library.regularizers, name)(*values)
        model = library.Sequential(
            [
                layers.Input((8, 8, 2)),
                layers.Conv2D(4, 3, kernel_regularizer=penalty, bias_regularizer="l2"),
                layers.BatchNormalization(gamma_regularizer=penalty),
                layers.PReLU(shared_axes=[1, 2], alpha_regularizer="l1"),
                layers.DepthwiseConv2D(3, depthwise_regularizer=penalty),
                layers.Flatten(),
                layers.Dense(3, kernel_regularizer="l2", bias_initializer="ones"),
            ]
        )
        weights = model.get_weights() if weights is None else weights
        model.set_weights(weights)
        model.compile(library.optimizers.SGD(0.01), "mse")
        curve = [float(model.evaluate(x, y, verbose=0))]
        curve += [float(np.ravel(model.train_on_batch(x, y))[0]) for _ in range(10)]
        curves.append(
            [*curve, sum(float(getattr(v, "detach", lambda v=v: v)()) for v in model.losses)]
        )
    np.testing.assert_allclose(*curves, rtol=1e-4)
    agreed("Keras", "regularizers", name)
