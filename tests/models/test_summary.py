"""The table of `summary`, character by character."""

import pytest

from convlet import Sequential, backend, demo
from convlet.layers import Conv2D, Dense, Flatten, Input, MaxPooling2D

LECTURE = """\
Model: "sequential"
┏━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━┳━━━━━━━━━━━━━━━━━━━━━━━━┳━━━━━━━━━━━━━━━┓
┃ Layer (type)                    ┃ Output Shape           ┃       Param # ┃
┡━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━╇━━━━━━━━━━━━━━━━━━━━━━━━╇━━━━━━━━━━━━━━━┩
│ conv2d (Conv2D)                 │ (None, 26, 26, 32)     │           320 │
├─────────────────────────────────┼────────────────────────┼───────────────┤
│ conv2d_1 (Conv2D)               │ (None, 24, 24, 64)     │        18,496 │
├─────────────────────────────────┼────────────────────────┼───────────────┤
│ max_pooling2d (MaxPooling2D)    │ (None, 12, 12, 64)     │             0 │
├─────────────────────────────────┼────────────────────────┼───────────────┤
│ flatten (Flatten)               │ (None, 9216)           │             0 │
├─────────────────────────────────┼────────────────────────┼───────────────┤
│ dense (Dense)                   │ (None, 128)            │     1,179,776 │
├─────────────────────────────────┼────────────────────────┼───────────────┤
│ dense_1 (Dense)                 │ (None, 10)             │         1,290 │
└─────────────────────────────────┴────────────────────────┴───────────────┘
 Total params: 1,199,882 (4.58 MB)
 Trainable params: 1,199,882 (4.58 MB)
 Non-trainable params: 0 (0.00 B)
"""

EXPLAINED = """\
Model: "sequential"
┏━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━┳━━━━━━━━━━━━━━━━━━━━━━━━┳━━━━━━━━━━━━━━━┓
┃ Layer (type)                    ┃ Output Shape           ┃       Param # ┃
┡━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━╇━━━━━━━━━━━━━━━━━━━━━━━━╇━━━━━━━━━━━━━━━┩
│ conv2d (Conv2D)                 │ (None, 26, 26, 32)     │           320 │
│   (28 - 3)/1 + 1 = 26                                                    │
│   32 x 9 + 32 = 320                                                      │
│   26 x 26 x 288 = 194,688 multiply-adds                                  │
├─────────────────────────────────┼────────────────────────┼───────────────┤
│ conv2d_1 (Conv2D)               │ (None, 24, 24, 64)     │        18,496 │
│   (26 - 3)/1 + 1 = 24                                                    │
│   64 x 32 x 9 + 64 = 18,496                                              │
│   24 x 24 x 18,432 = 10,616,832 multiply-adds                            │
├─────────────────────────────────┼────────────────────────┼───────────────┤
│ max_pooling2d (MaxPooling2D)    │ (None, 12, 12, 64)     │             0 │
│   (24 - 2)/2 + 1 = 12                                                    │
├─────────────────────────────────┼────────────────────────┼───────────────┤
│ flatten (Flatten)               │ (None, 9216)           │             0 │
│   12 x 12 x 64 = 9,216                                                   │
├─────────────────────────────────┼────────────────────────┼───────────────┤
│ dense (Dense)                   │ (None, 128)            │     1,179,776 │
│   9216 x 128 + 128 = 1,179,776                                           │
│   1,179,648 multiply-adds                                                │
├─────────────────────────────────┼────────────────────────┼───────────────┤
│ dense_1 (Dense)                 │ (None, 10)             │         1,290 │
│   128 x 10 + 10 = 1,290                                                  │
│   1,280 multiply-adds                                                    │
└─────────────────────────────────┴────────────────────────┴───────────────┘
 Total params: 1,199,882 (4.58 MB)
 Trainable params: 1,199,882 (4.58 MB)
 Non-trainable params: 0 (0.00 B)
 Multiply-adds: 11,992,448 for each sample
"""

UNBUILT = """\
Model: "sequential"
┏━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━┳━━━━━━━━━━━━━━━━━━━━━━━━┳━━━━━━━━━━━━━━━┓
┃ Layer (type)                    ┃ Output Shape           ┃       Param # ┃
┡━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━╇━━━━━━━━━━━━━━━━━━━━━━━━╇━━━━━━━━━━━━━━━┩
│ conv2d (Conv2D)                 │ ?                      │   0 (unbuilt) │
├─────────────────────────────────┼────────────────────────┼───────────────┤
│ flatten (Flatten)               │ ?                      │   0 (unbuilt) │
└─────────────────────────────────┴────────────────────────┴───────────────┘
 Total params: 0 (0.00 B)
 Trainable params: 0 (0.00 B)
 Non-trainable params: 0 (0.00 B)
"""

EMPTY = """\
Model: "sequential"
┏━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━┳━━━━━━━━━━━━━━━━━━━━━━━━┳━━━━━━━━━━━━━━━┓
┃ Layer (type)                    ┃ Output Shape           ┃       Param # ┃
┡━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━╇━━━━━━━━━━━━━━━━━━━━━━━━╇━━━━━━━━━━━━━━━┩
└─────────────────────────────────┴────────────────────────┴───────────────┘
 Total params: 0 (0.00 B)
 Trainable params: 0 (0.00 B)
 Non-trainable params: 0 (0.00 B)
"""


@pytest.fixture(autouse=True)
def names_from_the_beginning():
    backend.clear_session()


def test_lecture(capsys):
    assert demo.lecture_cnn(dropout=False).summary() is None
    assert capsys.readouterr().out == LECTURE


def test_lecture_explained(capsys):
    demo.lecture_cnn(dropout=False).summary(explain=True)
    assert capsys.readouterr().out == EXPLAINED


@pytest.mark.parametrize("explain", [False, True])
def test_before_it_is_built(explain, capsys):
    Sequential([Conv2D(2, 3), Flatten()]).summary(explain=explain)
    assert capsys.readouterr().out == UNBUILT


def test_notebooks_show_it():
    text = demo.lecture_cnn(dropout=False)._repr_html_()
    assert text.startswith("<pre") and "1,179,776" in text and "&quot;sequential&quot;" in text


def test_without_layers(capsys):
    Sequential().summary()
    assert capsys.readouterr().out == EMPTY


def test_working_shows_strides_padding_and_both_axes():
    model = Sequential(
        [
            Input((28, 20, 4)),
            Conv2D(6, (3, 5), strides=2, padding="same", groups=2, use_bias=False),
            MaxPooling2D(3, strides=2, padding=1),
        ]
    )
    texts = []
    model.summary(explain=True, print_fn=texts.append)
    (text,) = texts
    for line in (
        "height: (28 + 0 + 1 - 3)/2 + 1 = 14",
        "width: (20 + 1 + 2 - 5)/2 + 1 = 10",
        "6 x 2 x 15 = 180",
        "height: floor((14 + 1 + 1 - 3)/2) + 1 = 7",
        "width: floor((10 + 1 + 1 - 3)/2) + 1 = 5",
    ):
        assert f"│   {line} " in text


def widths(text):
    return {len(line) for line in text.splitlines() if line[0] in "┏┃┡│├└"}


class Talkative(Flatten):
    """Explains itself in a line longer than any table."""

    def _working(self, input_shape):
        return ["", 200 * "+"]


def test_the_table_keeps_its_shape():
    """Whatever the lengths of names and lines: nothing is cut off, every line is as wide."""
    name = "a_name_that_is_longer_than_the_column_has_ever_been"
    layers = [Conv2D(1, (999, 77), name=name, strides=(13, 7)), Talkative()]
    model = Sequential([Input((10**6, 10**5, 1)), *layers])
    for options in (
        {},
        {"explain": True},
        {"line_length": 30},
        {"line_length": 240, "explain": True},
        {"line_length": 20, "explain": True},
        {"positions": (0.4, 0.8, 1.0), "explain": True},
    ):
        texts = []
        model.summary(print_fn=texts.append, **options)
        assert len(widths(texts[0])) == 1
        assert name in texts[0]
        assert "76,924" in texts[0]
        assert (f"│   {200 * '+'} " in texts[0]) == options.get("explain", False)


def test_line_length_and_positions():
    model = Sequential([Input((3,)), Dense(2)])
    texts = []
    model.summary(line_length=100, print_fn=texts.append)
    assert widths(texts[0]) == {100}
    model.summary(line_length=84, positions=[0.25, 0.75, 1.0], print_fn=texts.append)
    assert texts[1].splitlines()[1] == f"┏{'━' * 20}┳{'━' * 40}┳{'━' * 20}┓"
    for wrong in ([0.5, 0.2, 1.0], [0.5, 1.0], [0.2, 0.5, 2.0]):
        with pytest.raises(ValueError, match="positions must be 3 ascending fractions"):
            model.summary(positions=wrong)


def test_totals_tell_frozen_weights_and_the_optimizers():
    model = Sequential([Input((3,)), Dense(2), Dense(5)])
    model.layers[0].trainable = False
    model.compile("adam", "mse")
    texts = []
    model.summary(print_fn=texts.append)
    assert texts[0].splitlines()[-3:] == [
        " Total params: 23 (92.00 B)",
        " Trainable params: 15 (60.00 B)",
        " Non-trainable params: 8 (32.00 B)",
    ]
    model.train_on_batch([[1, 2, 3]], [[0, 0, 0, 0, 0]])
    model.summary(print_fn=texts.append)
    assert texts[1].splitlines()[-4:] == [
        " Total params: 55 (224.00 B)",
        " Trainable params: 15 (60.00 B)",
        " Non-trainable params: 8 (32.00 B)",
        " Optimizer params: 32 (132.00 B)",
    ]
