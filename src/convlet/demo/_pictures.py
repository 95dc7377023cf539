"""The demo's pictures, each a file of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from convlet.utils import _plotting
from convlet.utils._model_picture import plot_model

if TYPE_CHECKING:
    from pathlib import Path

    from matplotlib.figure import Figure

    from convlet.demo._data import Digits
    from convlet.models import Sequential


def draw_all(
    directory: Path,
    model: Sequential,
    digits: Digits,
    probabilities: np.ndarray,
    history: dict[str, list[float]],
) -> list[tuple[Path, str]]:
    """Write the pictures into `directory`; return [(path, what it shows)]."""
    example = _example_digit(digits, probabilities)
    drawn = [
        ("network.png", "the network, layer by layer", plot_model(model)),
        ("kernels.png", "the kernels that the first layer has learned", _kernels(model)),
        (
            "feature-maps.png",
            f"what each layer makes of one {digits.y_test[example]}",
            _feature_maps(model, digits, example),
        ),
        (
            "training.png",
            "loss and accuracy by epoch; training has dropout on, hence its lower start",
            _plotting.plot_history(history),
        ),
        (
            "confusion.png",
            "which digits are taken for which",
            _plotting.plot_confusion_matrix(digits.y_test, probabilities.argmax(axis=1)),
        ),
        ("mistakes.png", "the digits it got wrong", _mistakes(digits, probabilities)),
    ]
    for name, _, figure in drawn:
        figure.savefig(directory / name, dpi=110)
    return [(directory / name, what) for name, what, _ in drawn]


def _example_digit(digits: Digits, probabilities: np.ndarray) -> int:
    """The held-out digit recognised with the greatest confidence."""
    confidence = probabilities.max(axis=1) * (probabilities.argmax(axis=1) == digits.y_test)
    return int(confidence.argmax())


def _kernels(model: Sequential) -> Figure:
    return _plotting.plot_kernels(model.layers[0], title="32 learned kernels, 3 x 3 pixels each")


def _feature_maps(model: Sequential, digits: Digits, example: int) -> Figure:
    """The digit, and its maps after each layer up to the pool, as one figure."""
    x = digits.x_test[example : example + 1]
    stages = [("the input", x[0])]
    for layer in model.layers:
        if type(layer).__name__ not in ("Conv2D", "MaxPooling2D"):
            break
        x = np.asarray(layer(x))
        stages.append((f"after {type(layer).__name__}", x[0]))
    return _plotting.plot_feature_stages(stages, title="One digit on its way through the network")


def _mistakes(digits: Digits, probabilities: np.ndarray, most: int = 40) -> Figure:
    """The most confidently wrong digits, as many as a page holds."""
    predicted = probabilities.argmax(axis=1)
    wrong = np.flatnonzero(predicted != digits.y_test)
    order = wrong[np.argsort(-probabilities[wrong, predicted[wrong]], kind="stable")][:most]
    captions = [
        f"{digits.y_test[i]} read as {predicted[i]}\n{_percent(probabilities[i].max())} sure"
        for i in order
    ]
    title = f"{len(wrong)} of {len(predicted):,} digits are read wrongly"
    if len(order) < len(wrong):
        title += f"; the {len(order)} it was most sure of"
    return _plotting.image_grid(
        digits.x_test[order, :, :, 0], captions=captions, title=title, columns=8, cmap="gray_r"
    )


def _percent(probability: float) -> str:
    """Return a percentage that says 100 % of nothing."""
    return "over 99%" if probability > 0.99 else f"{probability:.0%}"
