"""Transposed, depthwise and separable convolutions, global and adaptive pools against Keras's."""

import warnings
from random import Random

import keras
import numpy as np
import pytest
from hypothesis import assume, given

from convlet import layers
from strategies import DATA_FORMATS, SEEDS
from test_keras_layers import compare, compare_shapes


def made(kind, *arguments, **keywords):
    """Our layer of this name, and Keras's."""
    return tuple(getattr(module, kind)(*arguments, **keywords) for module in (layers, keras.layers))


def images(seed, shape, data_format, dtype):
    x = np.random.default_rng(seed).standard_normal(shape).astype(dtype)
    return np.moveaxis(x, -1, 1).copy() if data_format == "channels_first" else x


def windows(seed, rank):
    """Lengths, sizes, and strides or dilations, of which Keras takes one at a time."""
    rng = Random(seed)

    def each(values):
        return tuple(rng.choice(values) for _ in range(rank))

    one = (1,) * rank
    steps, size = each((1, 2, 3)), each((1, 2, 3, 4))
    strides, dilations = (steps, one) if rng.random() < 0.6 else (one, steps)
    return each((10, 11, 12) if rank < 3 else (7, 8)), size, strides, dilations, rng


def common(rng, dtype):
    return {
        "data_format": rng.choice(DATA_FORMATS),
        "activation": rng.choice([None, "relu", "tanh"]),
        "use_bias": rng.random() < 0.7,
        "bias_initializer": "random_normal",
        "dtype": dtype,
    }


def build_and_compare(pair, x, seed, context, precision=None):
    for layer in pair:
        layer.build(x.shape)
    assert [w.name for w in pair[0].weights] == [w.name for w in pair[1].weights]
    assert [w.shape for w in pair[0].weights] == [w.shape for w in pair[1].weights]
    compare(*pair, x, seed, context, precision)


@pytest.mark.parametrize("rank", [1, 2, 3])
@given(SEEDS)
def test_transposed(rank, dtype, seed):
    lengths, size, strides, dilations, rng = windows(seed, rank)
    extra = rng.choice([None, tuple(rng.randrange(stride) for stride in strides)])
    arguments = {
        **common(rng, dtype),
        "strides": strides,
        "padding": rng.choice(["valid", "same"]),
        "output_padding": extra,
        "dilation_rate": dilations,
    }
    x = images(seed, (2, *(n - 5 for n in lengths), 3), arguments["data_format"], dtype)
    pair = made(f"Conv{rank}DTranspose", rng.choice([1, 4]), size, **arguments)
    for layer in pair:
        layer.build(x.shape)
    context = f"Conv{rank}DTranspose {size} {arguments} on {x.shape}"
    compare_shapes(*pair, x.shape, context)
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        pair[1](x)
    # On PyTorch Keras cannot express some of its own sizes and paddings, and says so.
    assume(not any("output_padding" in str(warning.message) for warning in warned))
    compare(*pair, x, seed, context)


@pytest.mark.parametrize("rank", [1, 2])
@pytest.mark.parametrize("kind", ["DepthwiseConv", "SeparableConv"])
@given(SEEDS)
def test_depthwise_and_separable(kind, rank, dtype, seed):
    lengths, size, strides, dilations, rng = windows(seed, rank)
    arguments = {
        **common(rng, dtype),
        "strides": strides,
        "padding": rng.choice(["valid", "same"]),
        "dilation_rate": dilations,
        "depth_multiplier": rng.choice([1, 2, 3]),
    }
    x = images(seed, (2, *lengths, rng.choice([1, 3, 8])), arguments["data_format"], dtype)
    first = [rng.choice([1, 5])] if kind == "SeparableConv" else []
    context = f"{kind}{rank}D {first} {size} {arguments} on {x.shape}"
    build_and_compare(made(f"{kind}{rank}D", *first, size, **arguments), x, seed, context)


@pytest.mark.parametrize("rank", [1, 2, 3])
@pytest.mark.parametrize("kind", ["Max", "Average"])
@given(SEEDS)
def test_global_and_adaptive_pools(kind, rank, dtype, seed):
    rng = Random(seed)
    lengths = tuple(rng.randint(1, 9 if rank < 3 else 5) for _ in range(rank))
    data_format = rng.choice(DATA_FORMATS)
    x = images(seed, (2, *lengths, rng.choice([1, 3, 8])), data_format, dtype)
    arguments = {"data_format": data_format, "dtype": dtype}
    keepdims = rng.random() < 0.5
    pair = made(f"Global{kind}Pooling{rank}D", keepdims=keepdims, **arguments)
    context = f"Global{kind} keepdims {keepdims} on {x.shape} {data_format}"
    # Keras averages float64 in float32 on PyTorch.
    build_and_compare(pair, x, seed, context, "float32" if kind == "Average" else None)
    size = tuple(rng.randint(1, n) for n in lengths)
    pair = made(f"Adaptive{kind}Pooling{rank}D", size, **arguments)
    build_and_compare(pair, x, seed, f"Adaptive{kind} {size} on {x.shape} {data_format}")


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("Conv1DTranspose", (4, 3)),
        ("Conv2DTranspose", (4, 3, 2, "same", 1)),
        ("Conv3DTranspose", (4, 3)),
        ("DepthwiseConv1D", (3, 2, "same", 2)),
        ("DepthwiseConv2D", (3, 2, "same", 2)),
        ("SeparableConv1D", (4, 3)),
        ("SeparableConv2D", (4, 3, 1, "same", None, 2, 3)),
        ("GlobalMaxPooling1D", ("channels_first", True)),
        ("GlobalAveragePooling3D", ()),
        ("AdaptiveMaxPooling2D", ((2, 3),)),
    ],
)
def test_arguments_by_position_and_configurations(name, arguments):
    """The order of arguments is Keras's; what both know in a configuration is the same."""
    ours, theirs = made(name, *arguments, name="layer")
    config, expected = ours.get_config(), theirs.get_config()
    shared = set(config) & set(expected) - {"dtype"}
    assert {k for k in expected if expected[k] is not None} - shared <= {"dtype", "groups"}
    for key in shared:
        if not key.endswith("_initializer"):
            assert plain(config[key]) == plain(expected[key]), key
    assert type(ours).from_config(config).get_config() == config


def plain(value):
    return tuple(value) if isinstance(value, list) else value


def test_initial_weights_have_keras_scale():
    """Fans of depthwise kernels are counted as Keras counts them."""
    for name, arguments in (("DepthwiseConv2D", (3,)), ("SeparableConv2D", (64, 3))):
        ours, theirs = made(name, *arguments, depth_multiplier=4)
        for layer in (ours, theirs):
            layer.build((None, 9, 9, 64))
        for one, other in zip(ours.get_weights(), theirs.get_weights(), strict=True):
            assert abs(one.std() - other.std()) <= 0.1 * other.std()
