"""Outputs by tiles times ReLU's derivative: the bits of the two operators one after the other."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from comparison import assert_same_bits
from convlet._cext import winograd
from convlet.ops._activation import NO_ACTIVATION, activation_code, activation_grad
from guarded import canaried
from strategies import LAYOUTS, SEEDS, ConvConfig
from winograd_cases import SIZES, assert_writes, configs, forward, geometry, make_strange

size = pytest.mark.parametrize("size", SIZES)
activations = st.sampled_from(["relu", "relu6"])


def sloped(config, size, x, kernel, activation, value, out):
    slope = activation_code(activation)[0], value
    transformed = winograd.transform(kernel, size)
    made = geometry(config)
    winograd.forward(x, kernel, None, out, made, NO_ACTIVATION, transformed, slope=slope)
    return out


def values(config, seed, dtype):
    """Below, at, within, at and above the bounds, and strange ones."""
    some = np.array([-1, 0, -0.0, 0.5, 6, 7, np.inf, -np.inf, np.nan], dtype)
    return np.random.default_rng(seed).choice(some, config.y_shape)


@size
@given(configs, SEEDS, activations, st.booleans())
def test_values(isa, threads, dtype, size, config, seed, activation, special):
    x, kernel, _ = config.arrays(seed, dtype)
    if special:
        make_strange((x, kernel), seed)
    value, _ = canaried(config.y_shape, dtype)
    value[...] = values(config, seed, dtype)
    expected = activation_grad(activation, forward(config, size, x, kernel, None), value)
    assert_writes(
        lambda out: sloped(config, size, x, kernel, activation, value, out),
        expected,
        f"{config} {activation} seed {seed}",
    )


@pytest.mark.parametrize("layout", sorted({*LAYOUTS} - {"read_only"}))
@given(configs, SEEDS)
def test_layouts(isa, dtype, layout, config, seed):
    x, kernel, _ = config.arrays(seed, dtype)
    value = values(config, seed, dtype)
    expected = sloped(config, 4, x, kernel, "relu", value, np.zeros(config.y_shape, dtype))
    out = LAYOUTS[layout](np.zeros(config.y_shape, dtype))
    like = LAYOUTS[layout](value)
    assert_same_bits(sloped(config, 4, x, kernel, "relu", like, out), expected, f"{config} {seed}")


CONFIG = ConvConfig(1, (6, 7), (3, 3), 4, 1, 5, padding=((1, 1), (1, 1)))
RELU = activation_code("relu")[0]
LIKE = np.zeros(CONFIG.y_shape, np.float32)


@pytest.mark.parametrize(
    "changes",
    [
        {"slope": (activation_code("tanh")[0], LIKE)},
        {"slope": (-1, LIKE)},
        {"slope": (RELU, LIKE.astype(np.float64))},
        {"slope": (RELU, LIKE[:, 1:])},
        {"slope": (RELU, np.zeros((1, 7, 6, 5), np.float32).swapaxes(1, 2))},
        {"slope": (RELU,)},
        {"slope": (RELU, None)},
        {"slope": (RELU, LIKE), "activation": activation_code("relu")},
        {"slope": (RELU, LIKE), "activation": activation_code("tanh")},
        {"slope": (RELU, LIKE), "pool": 2},
        {"slope": "result"},
    ],
)
def test_refuses(changes):
    x, kernel, _ = CONFIG.arrays(0, "float32")
    out = np.zeros((1, 3, 3, 5) if "pool" in changes else CONFIG.y_shape, np.float32)
    transformed, made = winograd.transform(kernel, 4), geometry(CONFIG)
    options = {"activation": NO_ACTIVATION, **changes}
    if options["slope"] == "result":
        options["slope"] = (RELU, out)
    with pytest.raises((ValueError, TypeError)):
        winograd.forward(x, kernel, None, out, made, transformed=transformed, **options)
    assert not out.any()
