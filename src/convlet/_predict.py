"""``convlet predict``: what a saved model makes of images. Needs Pillow (extra ``images``)."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

import numpy as np

from convlet._variable import Array

DESCRIPTION = """\
Show what a saved model makes of images: for each, the outputs that are largest.

An image becomes grey or coloured as the model's input has one channel or three, is resized to the
input's height and width, and its pixels from 0 to 255 become numbers from 0 to 1. Do to it here
what was done to the images that the model learned from: see --range and --invert."""

EXAMPLES = """\
examples:
  convlet predict digits.keras seven.png            the three likeliest classes of one image
  convlet predict digits.keras scans/*.png --top 1  one line for each of many
  convlet predict digits.keras ink.png --invert     dark ink on white, learned as white on black
  convlet predict pets.keras cat.jpg --labels names.txt
                                                    names.txt has a class's name on each line

a model to try it with: "convlet demo" leaves convlet-demo/digits.keras.
Keras's own .keras files will do, too:  pip install "convlet[keras]\""""


class PredictError(Exception):
    """What the command says and ends with."""


def add_options(parser: Any) -> None:
    """The command's arguments."""
    parser.add_argument("model", metavar="MODEL", help="a .keras file")
    parser.add_argument(
        "images", metavar="IMAGE", nargs="+", help="what Pillow opens: PNG, JPEG ..."
    )
    parser.add_argument(
        "--top", type=int, default=3, metavar="N", help="outputs to show (default 3)"
    )
    parser.add_argument("--labels", metavar="FILE", help="text file with a name for each output")
    parser.add_argument(
        "--range",
        nargs=2,
        type=float,
        default=(0.0, 1.0),
        metavar=("LOW", "HIGH"),
        help="what black and white become (default 0 1)",
    )
    parser.add_argument("--invert", action="store_true", help="exchange black and white")


def run(arguments: Any) -> int:
    """Print a table; 1 if something cannot be read."""
    try:
        for line in _lines(arguments):
            print(line)
    except (PredictError, ImportError, OSError, ValueError) as error:
        print(f"convlet predict: {error}", file=sys.stderr)
        return 1
    return 0


def _lines(arguments: Any) -> Iterator[str]:
    from convlet import models

    if arguments.top < 1:
        raise PredictError(f"--top must be at least 1, got {arguments.top}")
    model = models.load_model(arguments.model, compile=False)
    shape, first = _input_shape(model)
    names = _names(arguments.labels)
    width = max(len(path) for path in arguments.images)
    for path in arguments.images:
        pixels = _pixels(path, shape, arguments.invert)
        low, high = arguments.range
        x = low + (high - low) * pixels
        y = np.asarray(model(np.moveaxis(x, -1, 0)[None] if first else x[None]))
        if y.ndim != 2:
            raise PredictError(f"the model must return a vector, got shape {y.shape[1:]}")
        if names is not None and len(names) != y.shape[1]:
            raise PredictError(f"--labels must have {y.shape[1]} lines, got {len(names)}")
        yield f"{path:<{width}}  {_answer(y[0], names, arguments.top)}"


def _input_shape(model: Any) -> tuple[tuple[int, int, int], bool]:
    """Height, width and channels of the model's only input; whether channels come first."""
    if not model.built or len(model.inputs) != 1:
        raise PredictError("the model must be built, and have one input")
    shape = model.inputs[0].shape[1:]
    first = "channels_first" in [getattr(layer, "data_format", None) for layer in model.layers]
    sizes = (*shape[1:], shape[0]) if first else shape
    if len(shape) != 3 or None in sizes or sizes[2] not in (1, 3):
        raise PredictError(f"the model's input must be an image of 1 or 3 channels, got {shape}")
    return sizes, first


def _names(path: Any) -> list[str] | None:
    if path is None:
        return None
    with open(path, encoding="utf-8") as file:
        return [line.strip() for line in file if line.strip()]


def _pixels(path: str, shape: tuple[int, int, int], invert: bool) -> Array:
    """The image as (H, W, C), from 0 to 1."""
    try:
        from PIL import Image, ImageOps
    except ImportError as error:
        raise ImportError('images need Pillow: pip install "convlet[images]"') from error
    height, width, channels = shape
    try:
        with Image.open(path) as file:
            image = ImageOps.exif_transpose(file).convert("L" if channels == 1 else "RGB")
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise PredictError(f"cannot read {path}: {error}") from error
    if image.size != (width, height):
        image = image.resize((width, height), Image.Resampling.BILINEAR)
    pixels = np.asarray(image, np.float32).reshape(shape) / np.float32(255)
    return 1 - pixels if invert else pixels


def _answer(outputs: Array, names: list[str] | None, top: int) -> str:
    """The largest outputs, as percentages if they are probabilities."""
    order = np.argsort(-outputs, kind="stable")[:top]
    total = sum(outputs.tolist())
    probable = len(outputs) > 1 and outputs.min() >= 0 and abs(total - 1) < 1e-3
    texts = [f"{outputs[i]:.1%}" if probable else f"{outputs[i]:.4g}" for i in order]
    labels = [str(i) if names is None else names[i] for i in order]
    return "   ".join(f"{label}: {text}" for label, text in zip(labels, texts, strict=True))
