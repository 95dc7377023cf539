"""Convolutions by tiles as tests call them: random shapes, and the compiled functions."""

from __future__ import annotations

from random import Random

import numpy as np
from hypothesis import strategies as st

from comparison import assert_same_bits
from convlet._cext import winograd
from convlet.ops._activation import activation_code
from convlet.ops._conv_checks import Geometry
from guarded import CANARY, canaried
from strategies import CHANNELS, ConvConfig

SIZES = (2, 4)
MANY_CHANNELS = (*CHANNELS, 32, 48, 63, 64, 65, 70)


def config_of(seed):
    """Outputs smaller than a tile, odd ones, padding on each side of its own."""
    rng = Random(seed)
    padding = tuple((rng.randint(0, 3), rng.randint(0, 3)) for _ in range(2))
    lengths = tuple(max(3 - sum(pair), 1) + rng.randint(0, 11) for pair in padding)
    channels, filters = (rng.choice(MANY_CHANNELS) for _ in range(2))
    return ConvConfig(
        rng.randint(1, 3), lengths, (3, 3), channels, 1, filters, padding=padding,
        use_bias=rng.random() < 0.7,
    )  # fmt: skip


configs = st.integers(0, 2**32 - 1).map(config_of)


def assert_same(actual, expected, context):
    """Bits, but for those of NaN: which of two comes through is the processor's business."""
    one, other = (np.where(np.isnan(a), np.nan, a).astype(a.dtype) for a in (actual, expected))
    assert_same_bits(one, other, context)


def make_strange(arrays, seed):
    """One element of each, if there is one, NaN or an infinity."""
    rng = np.random.default_rng(seed)
    for array in arrays:
        if array is not None:
            array.flat[rng.integers(array.size)] = rng.choice([np.nan, np.inf, -np.inf])


def assert_writes(compute, expected, context):
    """Results that are the same, and nothing around them."""
    out, canary = canaried(expected.shape, expected.dtype)
    compute(out)
    assert_same(out, expected, context)
    out[...] = CANARY
    assert (canary == CANARY).all(), context


def geometry(config):
    before = (0, *(pair[0] for pair in config.padding))
    return Geometry((1, 1, 1), (1, 1, 1), before, 1, config.y_shape, "channels_last")


def halved(config):
    count, height, width, filters = config.y_shape
    return (count, height // 2, width // 2, filters)


def forward(config, size, x, kernel, bias, activation=None, out=None):
    if out is None:
        out = np.full(config.y_shape, np.nan, x.dtype)
    packed = winograd.transform(kernel, size)
    code = activation_code(activation)
    winograd.forward(x, kernel, bias, out, geometry(config), code, packed)
    return out


def kernel_gradient(config, x, grad, out=None):
    if out is None:
        out = np.full(config.kernel_shape, np.nan, x.dtype)
    winograd.kernel_gradient(x, grad, out, geometry(config))
    return out
