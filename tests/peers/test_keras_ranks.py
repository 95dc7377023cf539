"""1-D and 3-D layers against Keras's; the 2-D ones are in test_keras_layers.py."""

from random import Random

import keras
import numpy as np
import pytest
from hypothesis import given

from convlet import layers
from strategies import SEEDS
from test_keras_layers import compare


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
        "activation": rng.choice([None, "relu", "tanh"]),
        "use_bias": rng.random() < 0.7,
        "dtype": dtype,
    }
    x = np.random.default_rng(seed).standard_normal((2, *lengths, channels)).astype(dtype)
    name = f"Conv{rank}D"
    ours, theirs = (getattr(m, name)(filters, size, **arguments) for m in (layers, keras.layers))
    ours.build(x.shape)
    theirs.build(x.shape)
    compare(ours, theirs, x, seed, f"{name} {size} {arguments} on {x.shape}")


@pytest.mark.parametrize("kind", ["MaxPooling", "AveragePooling"])
@pytest.mark.parametrize("rank", [1, 3])
@given(SEEDS)
def test_pooling(kind, rank, dtype, seed):
    lengths, size, strides, _, rng = windows(seed, rank)
    # Of odd totals Keras on PyTorch counts what is padded by its own hand.
    padding = rng.choice(["valid", "same"]) if kind == "MaxPooling" else "valid"
    arguments = {"strides": rng.choice([None, strides]), "padding": padding, "dtype": dtype}
    x = np.random.default_rng(seed).standard_normal((2, *lengths, 3)).astype(dtype)
    name = f"{kind}{rank}D"
    ours, theirs = (getattr(m, name)(size, **arguments) for m in (layers, keras.layers))
    ours.build(x.shape)
    compare(ours, theirs, x, seed, f"{name} {size} {arguments} on {x.shape}")


def test_aliases():
    """Those that Keras has, for the same layers."""
    for name in layers.__all__:
        ours, theirs = getattr(layers, name), getattr(keras.layers, name, None)
        if isinstance(ours, type) and name not in ("Pullback",):
            assert theirs.__name__ == ours.__name__
