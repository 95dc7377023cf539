"""1-D and 3-D layers against Keras's; the 2-D ones are in test_keras_layers.py."""

from random import Random

import keras
import pytest
from hypothesis import assume, given

from convlet import layers
from strategies import DATA_FORMATS, SEEDS
from test_keras_layers import compare, compare_shapes
from test_keras_more_layers import build_and_compare, common, images, made


def windows(seed, rank):
    """Lengths, sizes, and strides or dilations, of which Keras takes one at a time."""
    rng = Random(seed)

    def each(values):
        return tuple(rng.choice(values) for _ in range(rank))

    steps = each((1, 2, 3)) if rank > 1 else (rng.choice((1, 2, 3)),)
    strides, dilations = (steps, (1,) * rank) if rng.random() < 0.5 else ((1,) * rank, steps)
    return each((7, 8, 9)), each((1, 2, 3)), strides, dilations, rng


@pytest.mark.parametrize("rank", [1, 3])
@given(SEEDS)
def test_convolution(rank, dtype, seed):
    lengths, size, strides, dilations, rng = windows(seed, rank)
    groups = rng.choice([1, 1, 2])
    channels, filters = groups * rng.choice([1, 3]), groups * rng.choice([1, 4])
    arguments = {
        "strides": strides,
        "padding": rng.choice(["valid", "same", *(["causal"] if rank == 1 else [])]),
        "dilation_rate": dilations,
        "groups": groups,
        **common(rng, dtype),
    }
    if arguments["padding"] == "causal":  # which Keras knows for channels last only
        arguments["data_format"] = "channels_last"
    x = images(seed, (2, *lengths, channels), arguments["data_format"], dtype)
    context = f"Conv{rank}D {size} {arguments} on {x.shape}"
    build_and_compare(made(f"Conv{rank}D", filters, size, **arguments), x, seed, context)


@pytest.mark.parametrize("kind", ["MaxPooling", "AveragePooling"])
@pytest.mark.parametrize("rank", [1, 3])
@given(SEEDS)
def test_pooling(kind, rank, dtype, seed):
    lengths, size, strides, _, rng = windows(seed, rank)
    data_format = rng.choice(DATA_FORMATS)
    arguments = {
        "strides": rng.choice([None, strides]),
        "padding": rng.choice(["valid", "same"]),
        "data_format": data_format,
        "dtype": dtype,
    }
    x = images(seed, (2, *lengths, 3), data_format, dtype)
    ours, theirs = made(f"{kind}{rank}D", size, **arguments)
    ours.build(x.shape)
    context = f"{kind}{rank}D {size} {arguments} on {x.shape}"
    compare_shapes(ours, theirs, x.shape, context)
    # Of odd totals Keras on PyTorch counts what is padded by its own hand.
    assume(kind == "MaxPooling" or arguments["padding"] == "valid")
    compare(ours, theirs, x, seed, context)


def test_aliases():
    """Those that Keras has, for the same layers."""
    for name in layers.__all__:
        ours, theirs = getattr(layers, name), getattr(keras.layers, name, None)
        if isinstance(ours, type) and issubclass(ours, layers.Layer):
            assert theirs.__name__ == ours.__name__
