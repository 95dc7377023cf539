"""Rectifiers and softmax against Keras's layers."""

from random import Random

import numpy as np
import pytest
from hypothesis import given

from strategies import SEEDS
from test_keras_more_layers import build_and_compare, made


def arguments(kind, rng, rank):
    return {
        "ReLU": {
            "max_value": rng.choice([None, 6, 1.5]),
            "negative_slope": rng.choice([0.0, 0.25]),
            "threshold": rng.choice([0.0, 0.5]),
        },
        "LeakyReLU": {"negative_slope": rng.choice([0.0, 0.3, 0.7])},
        "ELU": {"alpha": rng.choice([0.5, 1.0, 2.0])},
        "PReLU": {
            "alpha_initializer": "random_normal",
            "shared_axes": rng.choice([None, [1], list(range(1, rank))]),
        },
        "Softmax": {"axis": rng.choice([-1, 1, [1, rank - 1] if rank > 2 else -1])},
    }[kind]


@pytest.mark.parametrize("kind", ["ReLU", "LeakyReLU", "ELU", "PReLU", "Softmax"])
@pytest.mark.filterwarnings("ignore:(?s).*softmax over axis.*has size 1:UserWarning")
@given(SEEDS)
def test_rectifiers(kind, dtype, seed):
    rng = Random(seed)
    shape = [2, *(rng.randint(1, 6) for _ in range(rng.randint(1, 3)))]
    given_ = arguments(kind, rng, len(shape))
    x = (2 * np.random.default_rng(seed).standard_normal(shape)).astype(dtype)
    context = f"{kind} {given_} on {shape}"
    build_and_compare(made(kind, dtype=dtype, **given_), x, seed, context)


@pytest.mark.parametrize("kind", ["ReLU", "LeakyReLU", "ELU", "PReLU", "Softmax"])
def test_configurations_and_names(kind):
    ours, theirs = made(kind, name="layer")
    config, expected = ours.get_config(), theirs.get_config()
    for key in set(config) - {"dtype", "alpha_initializer"}:
        assert config[key] == expected[key], key
    ours, theirs = made(kind)
    stems = [layer.name.rstrip("_0123456789") for layer in (ours, theirs)]
    assert stems[0] == stems[1]
