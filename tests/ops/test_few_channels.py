"""Images or groups of few channels: their kernels give the bits that panels of channels give."""

from dataclasses import replace

import numpy as np
import pytest

from comparison import assert_same_bits
from convlet import ops
from strategies import LAYOUTS, ConvConfig

FIRST = "channels_first"
CONFIGS = [
    ConvConfig(1, (9, 70), (3, 5), 1, 1, 1, padding="same"),
    ConvConfig(2, (7, 150), (3, 3), 1, 1, 3, padding=((2, 0), (1, 4))),
    ConvConfig(1, (6, 61), (2, 7), 1, 1, 7, (1, 2), "same_lower", (2, 3)),
    ConvConfig(2, (23, 331), (7, 4), 1, 1, 1, padding=((3, 3), (1, 2))),  # six rows at a time
    ConvConfig(1, (3, 19, 290), (2, 9, 2), 4, 2, 2, 1, "same", (1, 1, 3), data_format=FIRST),
    ConvConfig(1, (9, 150), (5, 1), 2, 1, 1, padding="same", data_format=FIRST),
    ConvConfig(1, (900,), (33,), 1, 1, 5, 3, padding=40),
    ConvConfig(1, (1500,), (1100,), 1, 1, 1),  # more taps than a table holds
    ConvConfig(2, (8, 40), (3, 3), 5, 1, 2, padding=1, data_format=FIRST),
    ConvConfig(1, (11, 37), (3, 3), 6, 6, 6, 2, "same", data_format=FIRST),
    ConvConfig(1, (11, 38), (5, 4), 6, 3, 15, (2, 1), "same", (1, 2), data_format=FIRST),
    ConvConfig(1, (10, 33), (3, 2), 8, 2, 14, (3, 2), 2, data_format=FIRST),
    ConvConfig(1, (4, 5, 41), (2, 3, 3), 4, 4, 8, (1, 2, 1), "same", data_format=FIRST),
    ConvConfig(1, (3, 20), (3, 20), 1, 1, 1, padding=((1, 1), (40, 40))),
    ConvConfig(1, (8, 40), (3, 3), 1, 1, 13, padding=1, data_format=FIRST),
    ConvConfig(2, (5, 26), (3, 4), 1, 1, 16, padding=((0, 0), (2, 2)), data_format=FIRST),
    ConvConfig(2, (16, 32), (3, 3), 3, 1, 19, padding=1, data_format=FIRST),  # planes of KiB
    ConvConfig(1, (16, 64), (5, 3), 4, 1, 9, 2, "same", data_format=FIRST),
    ConvConfig(2, (5, 7), (3, 3), 20, 10, 20, padding=1),  # vectors that several groups share
    ConvConfig(1, (6, 9), (3, 2), 24, 6, 24, 2, "same", (1, 2)),
    ConvConfig(1, (5, 6), (3, 3), 11, 11, 22, padding="same"),
    ConvConfig(1, (700,), (300,), 4, 2, 4),  # more taps than a chunk has
]
# Channels last, few of the result's: its columns are a panel's lanes.
TURNED = [
    ConvConfig(2, (23, 150), (7, 7), 3, 1, 20, 2, 3),
    ConvConfig(1, (60, 140), (5, 3), 8, 1, 33, (3, 2), "same"),
    ConvConfig(2, (9, 70), (3, 6), 2, 1, 9, 1, ((1, 1), (7, 0)), (2, 3)),
    ConvConfig(1, (200,), (11,), 4, 1, 17, 3, "same_lower"),
    ConvConfig(1, (41, 80), (3, 3), 1, 1, 300, padding=1),  # several bands of rows
    ConvConfig(1, (9, 67), (2, 2), 5, 1, 6, (4, 1)),  # rows that no window sees
    ConvConfig(2, (12, 90), (3, 3), 19, 1, 4, padding="same", use_bias=False),
    ConvConfig(1, (30, 75), (5, 2), 40, 1, 2, (3, 1), 2, use_bias=False),
    ConvConfig(2, (9, 70), (3, 3), 20, 1, 5, padding=1),  # forward, with a bias
    ConvConfig(1, (11, 58), (2, 5), 37, 1, 12, (2, 1), "same", (1, 2)),
]
# Channels last, few of the result's: rows are turned in registers, where they lie evenly apart.
NARROW = [
    *(ConvConfig(1, (9, 7), (1, 1), 16 + 4 * co, 1, co) for co in range(1, 12)),
    ConvConfig(3, (5, 6), (1, 1), 16, 1, 3, 2),
    ConvConfig(2, (4, 37), (2, 3), 20, 1, 7, padding=1),
    ConvConfig(1, (3, 4, 22), (1, 2, 1), 24, 1, 9, padding="same", use_bias=False),
    ConvConfig(2, (40,), (3,), 64, 2, 10, padding="causal"),
    ConvConfig(1, (18, 18), (1, 1), 700, 1, 5),  # more taps than a chunk has
]
# Channels first: rows are staged, and stored in vectors where they are neighbours.
STAGED = [
    ConvConfig(2, (5, 29), (1, 1), 9, 1, 70),
    ConvConfig(1, (20, 33), (3, 2), 6, 1, 37, padding=1, use_bias=False),
    ConvConfig(1, (16, 16), (3, 3), 5, 1, 18, padding="same"),
    ConvConfig(2, (8, 128), (3, 3), 10, 2, 6, 2, 1),
    ConvConfig(1, (4, 3, 90), (2, 1, 3), 4, 2, 26, dilation_rate=(1, 1, 2)),
    ConvConfig(1, (1024,), (1,), 5, 1, 3),
]


def apart(arrays):
    """Strided copies, which neither vectors along W nor columns as lanes read."""
    return [None if array is None else LAYOUTS["sliced"](array) for array in arrays]


def results(config, x, kernel, bias, grad, activation="relu6"):
    y = ops.conv(x, kernel, bias, activation=activation, **config.keywords)
    return [y, *ops.conv_grad(grad, x, kernel, **config.keywords)]


@pytest.mark.parametrize("config", CONFIGS + TURNED + NARROW, ids=str)
def test_same_bits_as_panels(isa, dtype, threads, config):
    """Of strided copies, which no other kernel reads."""
    activation = "relu6" if config.use_bias else None
    arrays = [*config.arrays(0, dtype), config.grad(0, dtype)]
    expected = results(config, *apart(arrays), activation)
    for pair in zip(results(config, *arrays, activation), expected, strict=True):
        assert_same_bits(*pair, config)


@pytest.mark.parametrize("config", STAGED, ids=str)
def test_same_bits_as_channels_last(isa, dtype, threads, config):
    x, kernel, bias = config.arrays(0, dtype)
    last = ops.conv(x, kernel, bias, activation="relu6", **config.keywords)
    x = np.ascontiguousarray(np.moveaxis(x, -1, 1))
    config = replace(config, data_format=FIRST)
    first = ops.conv(x, kernel, bias, activation="relu6", **config.keywords)
    assert_same_bits(np.moveaxis(first, 1, -1), last, config)


@pytest.mark.parametrize("config", CONFIGS[:3] + TURNED[-2:] + NARROW[8:10], ids=str)
def test_unaligned_reversed_and_out(isa, dtype, config):
    arrays = [*config.arrays(0, dtype), config.grad(0, dtype)]
    expected = results(config, *arrays, activation="tanh")
    for layout in ("unaligned", "reversed_axes"):
        again = results(config, *map(LAYOUTS[layout], arrays), activation="tanh")
        for pair in zip(again, expected, strict=True):
            assert_same_bits(*pair, f"{config} {layout}")
    out = LAYOUTS["record_field"](expected[0])
    ops.conv(*arrays[:3], activation="tanh", out=out, **config.keywords)
    assert_same_bits(out, expected[0], config)


@pytest.mark.parametrize("config", [TURNED[0], TURNED[6]], ids=str)
def test_what_is_not_finite_stays_where_it_is_seen(isa, dtype, config):
    """As in panels, where lanes are channels: nothing passes from column to column."""
    x, kernel, bias, grad = [*config.arrays(0, dtype), config.grad(0, dtype)]
    x[0, 3, 40, 1] = grad[0, 2, 33, 0] = np.inf
    x[-1, -1, -1, 0] = grad[-1, -1, -1, -1] = np.nan
    arrays = [x, kernel, bias, grad]
    expected = results(config, *apart(arrays), None)
    for pair in zip(results(config, *arrays, None), expected, strict=True):
        assert_same_bits(*pair, config)


@pytest.mark.parametrize("width", [1, 3, 8, 15, 16, 17, 31, 32, 33, 70, 140])
def test_row_lengths(isa, dtype, width):
    for rows in (1, 3, 4, 6):
        config = ConvConfig(1, (rows, width), (2, 3), 1, 1, 1, padding=1)
        arrays = [*config.arrays(width, dtype), config.grad(width, dtype)]
        for pair in zip(results(config, *arrays), results(config, *apart(arrays)), strict=True):
            assert_same_bits(*pair, config)


@pytest.mark.parametrize("value", [np.inf, np.nan])
def test_padding_is_skipped(isa, dtype, value):
    """An infinite weight over padding is not multiplied by zero."""
    x, kernel = np.ones((1, 3, 90, 1), dtype), np.ones((3, 3, 1, 1), dtype)
    kernel[0] = kernel[:, 0] = value
    y = ops.conv(x, kernel, padding=1)[0, :, :, 0]
    assert y[0, 0] == 4
    assert not np.isfinite(y[0, 1:]).any()
    assert not np.isfinite(y[1:]).any()


def test_nothing_spreads(isa, dtype):
    """A NaN of x reaches the outputs that see it."""
    config = replace(CONFIGS[0], use_bias=False)
    x, kernel, _ = config.arrays(0, dtype)
    x[0, 4, 33] = np.nan
    y = ops.conv(x, kernel, **config.keywords)[0, :, :, 0]
    seen = np.zeros(y.shape, bool)
    seen[3:6, 31:36] = True
    assert np.array_equal(np.isnan(y), seen)
