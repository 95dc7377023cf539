"""The arithmetic that `summary(explain=True)` shows."""

import math
import re

import pytest
from hypothesis import given

from convlet.layers import AveragePooling2D, Conv2D, Dense, Dropout, Flatten, MaxPooling2D
from strategies import SEEDS, conv_configs

LECTURE = [
    (Conv2D(32, (3, 3)), (None, 28, 28, 1), ["(28 - 3)/1 + 1 = 26", "32 x 9 + 32 = 320"]),
    (Conv2D(64, (3, 3)), (None, 26, 26, 32), ["(26 - 3)/1 + 1 = 24", "64 x 32 x 9 + 64 = 18,496"]),
    (MaxPooling2D(), (None, 24, 24, 64), ["(24 - 2)/2 + 1 = 12"]),
    (Dropout(0.25), (None, 12, 12, 64), []),
    (Flatten(), (None, 12, 12, 64), ["12 x 12 x 64 = 9,216"]),
    (Dense(128), (None, 9216), ["9216 x 128 + 128 = 1,179,776"]),
    (Dense(10), (None, 128), ["128 x 10 + 10 = 1,290"]),
]

OTHERS = [
    (
        Conv2D(32, 3, strides=2, padding=1),
        (None, 28, 28, 1),
        ["floor((28 + 1 + 1 - 3)/2) + 1 = 14", "32 x 9 + 32 = 320"],
    ),
    (
        Conv2D(8, 3, padding="same"),
        (None, 5, 7, 3),
        [
            "height: (5 + 1 + 1 - 3)/1 + 1 = 5",
            "width: (7 + 1 + 1 - 3)/1 + 1 = 7",
            "8 x 3 x 9 + 8 = 224",
        ],
    ),
    (
        Conv2D(8, (1, 3), dilation_rate=2, groups=2, use_bias=False),
        (None, 9, 9, 4),
        [
            "height: (9 - 1)/1 + 1 = 9",
            "width: (9 - (2 x (3 - 1) + 1))/1 + 1 = 5",
            "8 x 2 x 3 = 48",
        ],
    ),
    (
        Conv2D(8, 3, padding="same", data_format="channels_first"),
        (None, 3, None, 7),
        ["width: (7 + 1 + 1 - 3)/1 + 1 = 7", "8 x 3 x 9 + 8 = 224"],
    ),
    (Conv2D(8, 3), (None, None, None, 3), ["8 x 3 x 9 + 8 = 224"]),
    (AveragePooling2D(2), (None, None, None, 3), []),
    (AveragePooling2D(2), (None, 5, 5, 3), ["floor((5 - 2)/2) + 1 = 2"]),
    (Flatten(), (None, 9), []),
    (Flatten(), (None, None, 9), []),
    (Dense(3, use_bias=False), (None, 7, 4), ["4 x 3 = 12"]),
]


@pytest.mark.parametrize(("layer", "shape", "lines"), LECTURE + OTHERS)
def test_lines(layer, shape, lines):
    assert layer._working(shape) == lines


def value(text):
    """What the left side of a line comes to, floor written as math.floor."""
    return eval(text.replace(" x ", " * "), {"floor": math.floor})


@given(conv_configs(ranks=(2,)), SEEDS)
def test_the_arithmetic_is_right(case, seed):
    layer = Conv2D(
        case.filters, case.kernel_size, groups=case.groups, use_bias=case.use_bias, **case.keywords
    )
    layer.build(case.x_shape)
    *lengths, parameters = layer._working(case.x_shape)
    for line in (*lengths, parameters):
        left, right = re.sub(r"^\w+: ", "", line).split(" = ")
        assert value(left) == int(right.replace(",", "")), line
    assert parameters.endswith(f" = {layer.count_params():,}")
    shape = layer.compute_output_shape(case.x_shape)
    out = shape[2:] if case.data_format == "channels_first" else shape[1:-1]
    results = [int(line.rpartition(" = ")[2]) for line in lengths]
    assert tuple(results * (2 // len(results))) == out
