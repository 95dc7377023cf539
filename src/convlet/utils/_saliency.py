"""Which pixels an answer depends on: the gradient of an output in the input."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from convlet._integers import check_int
from convlet._variable import Array
from convlet.utils._canvas import new_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def saliency(model: Any, image: Any, output: int | None = None) -> tuple[Array, int]:
    """|d output / d pixel|, the largest over channels, shape (H, W); and which output it is of."""
    x = model.cast(np.asarray(image)[None])
    model.ensure_built(x.shape)
    y, pullback = model.vjp(x, False)
    if y.ndim != 2:
        raise ValueError(f"model must return (N, outputs), got shape {y.shape}")
    count = y.shape[1]
    number = int(y[0].argmax()) if output is None else check_int("output", output, 0)
    if number >= count:
        raise ValueError(f"output must be below {count}, got {output}")
    dy = np.zeros_like(y)
    dy[0, number] = 1
    dx = np.abs(np.asarray(pullback(dy)[0])[0])
    return dx.max(axis=_channel_axis(model)), number


def plot_saliency(
    model: Any, image: Any, output: int | None = None, *, title: str | None = None
) -> Figure:
    """Draw which pixels of an image one of a model's outputs depends on.

    Parameters
    ----------
    model : Sequential or Model
        Of one input, and outputs (N, outputs).
    image : array (H, W, C)
        Or (C, H, W), as the model takes it; without N.
    output : int, optional
        Default: the largest one for this image.
    title : str, optional

    Returns
    -------
    matplotlib.figure.Figure
        The image; the gradient's absolute values, the largest over channels, bright where a small
        change changes the output most; and both together. From K. Simonyan et al., "Deep inside
        convolutional networks" (2013), section 3.

    Raises
    ------
    ValueError
        If the image or the output is not one that the model has.
    ImportError
        If matplotlib is not installed.
    """
    slopes, number = saliency(model, image, output)
    shown = _shown(np.asarray(image, np.float64), _channel_axis(model))
    figure = new_figure(8.4, 3.1)
    first, second, third = figure.subplots(1, 3)
    first.imshow(shown, cmap="gray")
    first.set_title("the image", fontsize=10)
    second.imshow(slopes, cmap="magma")
    second.set_title(f"|d output {number} / d pixel|", fontsize=10)
    third.imshow(shown if shown.ndim == 2 else shown.max(axis=-1), cmap="gray", alpha=0.55)
    third.imshow(slopes, cmap="magma", alpha=np.clip(slopes / (slopes.max() or 1), 0, 1) ** 0.7)
    third.set_title("together", fontsize=10)
    for axes in (first, second, third):
        axes.set_axis_off()
    figure.suptitle(title or f"What output {number} depends on", fontsize=12)
    return figure


def _channel_axis(model: Any) -> int:
    formats = [getattr(layer, "data_format", None) for layer in model.layers]
    return 0 if "channels_first" in formats else -1


def _shown(image: Array, axis: int) -> Array:
    """From 0 to 1: (H, W), or (H, W, 3) in colour."""
    image = np.moveaxis(image, axis, -1)
    if image.shape[-1] != 3:
        image = image[..., 0]
    low, high = image.min(), image.max()
    return (image - low) / (high - low or 1)
