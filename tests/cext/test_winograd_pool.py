"""Maxima over 2 x 2 of what tiles make: the bits of the two operators one after the other."""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from comparison import assert_same_bits
from convlet import ops
from convlet._cext import winograd
from convlet.ops._activation import NO_ACTIVATION, activation_code
from strategies import LAYOUTS, SEEDS, ConvConfig
from winograd_cases import SIZES, assert_writes, configs, forward, geometry, halved, make_strange

size = pytest.mark.parametrize("size", SIZES)
activations = st.sampled_from([None, "relu", "relu6"])


def pooled(config, size, x, kernel, bias, activation, out):
    transformed = winograd.transform(kernel, size)
    code = activation_code(activation)
    winograd.forward(x, kernel, bias, out, geometry(config), code, transformed, True)
    return out


@size
@given(configs, SEEDS, activations, st.booleans())
def test_values(isa, threads, dtype, size, config, seed, activation, special):
    assume(min(config.y_shape[1:3]) >= 2)
    x, kernel, bias = config.arrays(seed, dtype)
    if special:
        make_strange((x, kernel, bias), seed)
    expected = ops.max_pool(forward(config, size, x, kernel, bias, activation), 2)
    assert_writes(
        lambda out: pooled(config, size, x, kernel, bias, activation, out),
        expected,
        f"{config} {activation} seed {seed}",
    )


@pytest.mark.parametrize("layout", sorted({*LAYOUTS} - {"read_only"}))
@given(configs, SEEDS)
def test_layouts(isa, dtype, layout, config, seed):
    assume(min(config.y_shape[1:3]) >= 2)
    arrays = config.arrays(seed, dtype)
    expected = pooled(config, 4, *arrays, "relu", np.zeros(halved(config), dtype))
    strided = [None if array is None else LAYOUTS[layout](array) for array in arrays]
    out = LAYOUTS[layout](np.zeros(halved(config), dtype))
    assert_same_bits(pooled(config, 4, *strided, "relu", out), expected, f"{config} seed {seed}")


CONFIG = ConvConfig(1, (6, 7), (3, 3), 4, 1, 5, padding=((1, 1), (1, 1)))


@pytest.mark.parametrize(
    ("changes", "shape"),
    [
        ({"activation": "tanh"}, (1, 3, 3, 5)),
        ({}, (1, 6, 7, 5)),
        ({}, (1, 3, 4, 5)),
        ({}, (1, 2, 3, 5)),
        ({"conv": (1, 6, 1, 5)}, (1, 3, 1, 5)),
        ({"conv": (1, 6, -1, 5)}, (1, 3, 1, 5)),
        ({"conv": (1, 6)}, (1, 3, 3, 5)),
        ({"conv": 6}, (1, 3, 3, 5)),
    ],
)
def test_refuses(changes, shape):
    x, kernel, bias = CONFIG.arrays(0, "float32")
    out = np.zeros(shape, np.float32)
    made = geometry(CONFIG)
    made = made._replace(shape=changes.get("conv", made.shape))
    name = changes.get("activation")
    code = activation_code(name) if name else NO_ACTIVATION
    transformed = winograd.transform(kernel, 4)
    with pytest.raises((ValueError, TypeError)):
        winograd.forward(x, kernel, bias, out, made, code, transformed, True)
    assert not out.any()
