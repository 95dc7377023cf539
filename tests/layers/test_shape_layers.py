"""Layers without weights that keep or flatten: `Flatten`, `Activation`, `Input`."""

import json
from functools import partial

import numpy as np
import pytest
from hypothesis import given

from comparison import assert_same_bits
from convlet import activations
from convlet.layers import Activation, Flatten, Input, InputLayer
from convlet.ops._activation import activate
from gradcheck import separated
from layer_checks import check_vjp
from strategies import DATA_FORMATS, LAYOUTS, SEEDS

NAMES = [*activations._FUNCTIONS]
# Among them shapes that moving an axis leaves as they are.
SHAPES = [(2, 3, 4, 5), (2, 3, 3, 3), (2, 3, 4), (2, 4, 4), (2, 5), (2,), (0, 3, 4)]


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("data_format", DATA_FORMATS)
def test_flatten(shape, data_format, dtype, rng):
    x = rng.standard_normal(shape).astype(dtype)
    layer = Flatten(data_format, dtype=dtype)
    moved = np.moveaxis(x, 1, -1) if data_format == "channels_first" and x.ndim > 2 else x
    size = int(np.prod(shape[1:]))
    y, pullback = layer.vjp(x)
    assert_same_bits(y, moved.reshape(shape[0], size))
    assert_same_bits(layer(x), y)
    assert layer.compute_output_shape((None, *shape[1:])) == (None, size)
    dx, grads = pullback(y.copy())
    assert grads == [] and dx.flags.c_contiguous
    assert_same_bits(dx, x)  # a permutation's transpose is its inverse


def test_flatten_any_layout(rng):
    x = rng.standard_normal((2, 3, 4, 5))
    for data_format in DATA_FORMATS:
        layer = Flatten(data_format, dtype="float64")
        for name, layout in LAYOUTS.items():
            assert_same_bits(layer(layout(x)), layer(x), name)
    assert np.shares_memory(Flatten(dtype="float64")(x), x)


def test_flatten_unknown_sizes():
    assert Flatten().compute_output_shape((None, None, 3)) == (None, None)
    with pytest.raises(ValueError, match="data_format must be one of"):
        Flatten("rows")


@pytest.mark.parametrize("name", NAMES)
@given(SEEDS)
def test_activation(name, dtype, seed):
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((2, 3, 5)).astype(dtype)
    layer = Activation(name, dtype=dtype)
    assert_same_bits(layer(x), activate(activations.ops_name(activations.get(name)), x))
    assert_same_bits(layer.vjp(x)[0], layer(x))
    # Where separated numbers are 1 apart, sparsemax has a kink.
    points = rng.standard_normal if name == "sparsemax" else partial(separated, rng)
    check_vjp(Activation(name, dtype="float64"), points((2, 3, 5)), rng)


def test_activation_of_ones_own_is_refused():
    with pytest.raises(TypeError, match="activation must be one of"):
        Activation(lambda x: x)
    assert Activation(activations.relu).get_config()["activation"] == "relu"


@pytest.mark.parametrize("make", [Input, InputLayer])
def test_input(make):
    def layer_of(*arguments, **keywords):
        made = make(*arguments, **keywords)
        return made if make is InputLayer else made.node.layer

    assert layer_of((28, 28, 1)).batch_shape == (None, 28, 28, 1)
    assert layer_of([None, 3], batch_size=4).batch_shape == (4, None, 3)
    layer = layer_of(batch_shape=(2, 3), dtype="float64", name="pixels")
    assert (layer.batch_shape, layer.dtype, layer.name) == ((2, 3), "float64", "pixels")
    settings = json.loads(json.dumps(layer.get_config()))
    assert InputLayer.from_config(settings).get_config() == layer.get_config()
    x = np.ones((2, 3))
    assert layer(x) is x and layer.count_params() == 0
    tensor = layer.output
    assert (tensor.shape, tensor.ndim, tensor.dtype, tensor.name) == (
        (2, 3),
        2,
        "float64",
        "pixels",
    )


@pytest.mark.parametrize(
    ("keywords", "error", "message"),
    [
        ({}, ValueError, "give shape, with batch_size or without, or else batch_shape"),
        ({"shape": (3,), "batch_shape": (2, 3)}, ValueError, "give shape"),
        ({"batch_shape": (2, 3), "batch_size": 2}, ValueError, "give shape"),
        ({"batch_shape": ()}, ValueError, "batch_shape must have N first"),
        ({"batch_shape": (2, 0)}, ValueError, "batch_shape must be at least 1, got 0"),
        ({"shape": 28}, TypeError, "shape must be a tuple of sizes, without N, got 28"),
        ({"shape": (-1,)}, ValueError, "shape must be at least 1, got -1"),
        ({"shape": (2.5,)}, TypeError, "shape must be an int, got 2.5"),
        ({"shape": (3,), "batch_size": 0}, ValueError, "batch_size must be at least 1"),
    ],
)
def test_bad_inputs(keywords, error, message):
    with pytest.raises(error, match=message):
        Input(**keywords)
