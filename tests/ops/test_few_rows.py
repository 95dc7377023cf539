"""Few pixels of many channels: one kernel position at a time gives the bits that classes give."""

from dataclasses import replace

import numpy as np
import pytest

from comparison import assert_same_bits
from convlet import ops
from strategies import ConvConfig

CONFIGS = [
    ConvConfig(1, (4, 5), (3, 3), 130, 1, 35, padding="same"),
    ConvConfig(1, (7, 6), (3, 2), 257, 1, 16, 2, padding=((2, 0), (1, 1))),
    ConvConfig(1, (6, 7), (5, 3), 600, 1, 9, (1, 2), "same", (1, 3)),  # channels in two chunks
    ConvConfig(1, (5, 4), (3, 3), 262, 2, 260, padding=4),  # outputs that see no tap
    ConvConfig(1, (3, 3, 3), (3, 2, 3), 129, 1, 140, (2, 1, 1), "same"),
    ConvConfig(1, (30,), (9,), 140, 1, 130, 3, padding=6),
]


def results(config, x, kernel, bias, grad):
    """Per image: the output and the input's gradient."""
    y = ops.conv(x, kernel, bias, activation="tanh", **config.keywords)
    return y, ops.conv_grad(grad, x, kernel, needs=("x",), **config.keywords)[0]


@pytest.mark.parametrize("config", CONFIGS, ids=str)
@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
def test_same_bits_as_in_a_batch(isa, dtype, threads, config, data_format):
    """A batch has rows enough for classes."""
    config = replace(config, batch=30, data_format=data_format)
    x, kernel, bias = config.arrays(0, dtype)
    grad = config.grad(0, dtype)
    for one, all_ in zip(
        results(config, x[-1:], kernel, bias, grad[-1:]),
        results(config, x, kernel, bias, grad),
        strict=True,
    ):
        assert_same_bits(one, all_[-1:], config)


def test_infinite_weights_over_padding(isa, dtype):
    """Padding is skipped, not multiplied by zero."""
    x = np.ones((1, 2, 2, 128), dtype)
    kernel = np.ones((3, 3, 128, 20), dtype)
    kernel[0, 0] = np.inf
    y = ops.conv(x, kernel, padding="same")
    assert (y[0, :1, :1] == 4 * 128).all()
    assert np.isinf(y[0, 1, 1]).all()
