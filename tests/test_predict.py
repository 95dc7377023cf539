"""convlet predict: what it prints about image files, and what it refuses; needs Pillow."""

import numpy as np
import pytest

from convlet import Input, Model, Sequential, layers
from convlet._cli import main

image = pytest.importorskip("PIL.Image")

RED, GREEN, BLUE = (255, 0, 0), (0, 255, 0), (0, 0, 255)


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def colors(data_format="channels_last", activation="softmax", size=(4, 6)):
    """Tells which of red, green and blue there is most of."""
    shape = (3, *size) if data_format == "channels_first" else (*size, 3)
    parts = [layers.GlobalAveragePooling2D(data_format=data_format)]
    parts.append(layers.Dense(3, activation=activation, name="last"))
    model = Sequential([Input(shape), *parts])
    model.set_weights([5 * np.eye(3), np.zeros(3)])
    model.save("m.keras")
    return model


def draw(name, color, size=(6, 4), mode="RGB"):
    image.new(mode, size, color).save(name)


def run(capsys, *arguments):
    status = main(["predict", *arguments])
    captured = capsys.readouterr()
    return status, captured.out, captured.err


@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
def test_probabilities(data_format, capsys):
    colors(data_format)
    draw("red.png", RED)
    draw("long-blue.png", BLUE, size=(40, 30))
    status, out, err = run(capsys, "m.keras", "red.png", "long-blue.png")
    assert (status, err) == (0, "")
    assert out.splitlines() == [
        "red.png        0: 98.7%   1: 0.7%   2: 0.7%",
        "long-blue.png  2: 98.7%   0: 0.7%   1: 0.7%",
    ]


def test_options(capsys, folder):
    colors(activation=None)
    draw("yellow.png", (255, 255, 0))
    (folder / "names.txt").write_text("rot\ngrün\nblau\n", encoding="utf-8")
    options = ["--labels", "names.txt", "--top", "2", "--range", "-1", "1"]
    assert run(capsys, "m.keras", "yellow.png", *options)[1] == "yellow.png  rot: 5   grün: 5\n"
    options += ["--invert"]
    assert run(capsys, "m.keras", "yellow.png", *options)[1] == "yellow.png  blau: 5   rot: -5\n"


def test_grey_images_and_single_outputs(capsys):
    model = Sequential([Input((5, 5, 1)), layers.GlobalMaxPooling2D(), layers.Dense(1)])
    model.set_weights([np.ones((1, 1)), np.zeros(1)])
    model.save("m.keras")
    draw("color.png", RED)
    draw("grey.png", 128, mode="L")
    draw("clear.png", (255, 255, 255, 0), mode="RGBA")
    out = run(capsys, "m.keras", "color.png", "grey.png", "clear.png")[1].splitlines()
    assert [line.split() for line in out] == [
        ["color.png", "0:", "0.298"],
        ["grey.png", "0:", "0.502"],
        ["clear.png", "0:", "1"],
    ]


def fails(capsys, text, *arguments):
    status, _, err = run(capsys, *arguments)
    assert status == 1
    assert err.startswith("convlet predict: ") and text in err and err.count("\n") == 1


def test_what_cannot_be_read(capsys, folder):
    colors()
    draw("red.png", RED)
    (folder / "text.png").write_text("no image")
    (folder / "text.keras").write_text("no model")
    (folder / "two.txt").write_text("one\ntwo\n")
    fails(capsys, "cannot read text.png", "m.keras", "text.png")
    fails(capsys, "cannot read absent.png", "m.keras", "absent.png")
    fails(capsys, "cannot read text.keras", "text.keras", "red.png")
    fails(capsys, "absent.keras", "absent.keras", "red.png")
    fails(capsys, "--top must be at least 1, got 0", "m.keras", "red.png", "--top", "0")
    fails(capsys, "--labels must have 3 lines, got 2", "m.keras", "red.png", "--labels", "two.txt")


def test_giant_images_are_refused(capsys, monkeypatch):
    colors()
    draw("red.png", RED)
    monkeypatch.setattr(image, "MAX_IMAGE_PIXELS", 5)
    fails(capsys, "decompression bomb", "m.keras", "red.png")


def vector():
    return Sequential([Input((4,)), layers.Dense(2)])


def two_channels():
    return Sequential([Input((4, 4, 2)), layers.Flatten()])


def any_size():
    return Sequential([Input((None, 4, 3)), layers.GlobalMaxPooling2D()])


def maps():
    return Sequential([Input((4, 4, 3)), layers.Conv2D(1, 3)])


def two_inputs():
    inputs = [Input((4, 4, 3)), Input((4, 4, 3))]
    return Model(inputs, layers.Add()(inputs))


@pytest.mark.parametrize("make", [vector, two_channels, any_size, maps, two_inputs])
def test_models_of_other_things(make, capsys):
    make().save("m.keras")
    draw("red.png", RED)
    fails(capsys, "the model", "m.keras", "red.png")
