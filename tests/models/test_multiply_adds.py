"""The work that `summary(explain=True)` counts, against counts by hand."""

import pytest

from convlet import Input, Model, Sequential, demo, layers
from convlet.models._multiply_adds import multiply_adds

SHAPE = (7, 6, 4)


# Layer, and its products for an input of SHAPE, by hand.
CASES = [
    (layers.Conv2D(6, (3, 2), strides=2), 3 * 3 * 6 * (3 * 2 * 4)),
    (layers.Conv2D(6, 3, padding="same", groups=2), 7 * 6 * 6 * (3 * 3 * 2)),
    (layers.DepthwiseConv2D(3, depth_multiplier=2), 5 * 4 * 8 * 9),
    (layers.SeparableConv2D(5, 3), 5 * 4 * (4 * 9 + 4 * 5)),
    (layers.Conv2DTranspose(5, 3, strides=2), 7 * 6 * 4 * (5 * 9)),
    (layers.Dense(9), 7 * 6 * 4 * 9),
    (layers.MaxPooling2D(2), 0),
    (layers.BatchNormalization(), 0),
]


@pytest.mark.parametrize(("layer", "expected"), CASES, ids=lambda case: type(case).__name__)
def test_layers(layer, expected):
    layer = type(layer).from_config({**layer.get_config(), "name": None})
    model = Sequential([Input(SHAPE), layer])
    assert multiply_adds(model) == expected
    texts = []
    model.summary(explain=True, print_fn=texts.append)
    assert (f" {expected:,} multiply-adds" in texts[0]) == bool(expected)
    assert (f"Multiply-adds: {expected:,} for each sample" in texts[0]) == bool(expected)


def test_channels_first():
    model = Sequential([Input((4, 7, 6)), layers.Conv2D(6, 3, data_format="channels_first")])
    assert multiply_adds(model) == 5 * 4 * 6 * 36


def test_every_call_counts():
    """Of a shared layer, and of a model within."""
    image, shared = Input(SHAPE), layers.Conv2D(4, 3, padding="same")
    inner = Sequential([layers.Conv2D(2, 1), layers.Flatten(), layers.Dense(3)])
    x = shared(shared(image))
    model = Model(image, layers.Add()([inner(x), inner(image)]))
    assert multiply_adds(model) == 2 * 42 * 4 * 36 + 2 * (42 * 8 + 84 * 3)
    texts = []
    model.summary(explain=True, print_fn=texts.append)
    assert f"{42 * 8 + 84 * 3:,} multiply-adds" in texts[0]


def test_unknown_sizes_have_no_count():
    model = Sequential([Input((None, 6, 4)), layers.Conv2D(2, 3)])
    assert multiply_adds(model) is None
    texts = []
    model.summary(explain=True, print_fn=texts.append)
    assert "ultiply-adds" not in texts[0]


def test_the_lecture_s_network():
    assert multiply_adds(demo.lecture_cnn()) == 194_688 + 10_616_832 + 1_179_648 + 1_280
