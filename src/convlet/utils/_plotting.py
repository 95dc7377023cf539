"""Pictures of kernels, feature maps, training and mistakes. Needs matplotlib (extra ``plot``).

Every function returns a ``matplotlib.figure.Figure`` made without pyplot: nothing global is
touched, no window opens, and any thread may draw. Save it with ``figure.savefig("name.png")``;
a notebook shows it as it is.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from convlet.utils._canvas import BLUE, INK, ORANGE, new_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_COLUMNS = 8


def plot_kernels(
    layer: Any, *, channel: int = 0, max_kernels: int = 64, title: str | None = None
) -> Figure:
    """Draw the kernels of a convolution: blue weights are negative, red ones positive.

    Parameters
    ----------
    layer : Layer or array
        A built layer with a ``kernel``, or an array (KH, KW, CI, CO).
    channel : int, default 0
        The input channel, 0 to CI - 1, whose weights are drawn.
    max_kernels : int, default 64
        At most so many of the CO kernels are drawn, the first ones.
    title : str, optional

    Returns
    -------
    matplotlib.figure.Figure
        All kernels share one colour scale, symmetric about zero.

    Raises
    ------
    ValueError
        If the kernel is not 4-D, or has no such channel.
    ImportError
        If matplotlib is not installed.
    """
    kernel = np.asarray(getattr(layer, "kernel", layer))
    if kernel.ndim != 4:
        raise ValueError(f"layer: its kernel must be 4-D (KH, KW, CI, CO); got {kernel.shape}")
    if not 0 <= channel < kernel.shape[2]:
        raise ValueError(f"channel must be 0 to {kernel.shape[2] - 1}; got {channel}")
    tiles = np.moveaxis(kernel[:, :, channel], -1, 0)[:max_kernels]
    limit = float(np.abs(tiles).max()) or 1.0
    return image_grid(tiles, title=title, cmap="RdBu_r", limits=(-limit, limit), colorbar="weight")


def plot_feature_maps(maps: Any, *, max_maps: int = 64, title: str | None = None) -> Figure:
    """Draw what a layer makes of one image, one picture for each channel.

    Parameters
    ----------
    maps : array, (H, W, C) or (1, H, W, C)
        A layer's output.
    max_maps : int, default 64
        At most so many of the C maps are drawn, the first ones.
    title : str, optional

    Returns
    -------
    matplotlib.figure.Figure
        All maps share one scale, dark for the smallest value, bright for the largest.

    Raises
    ------
    ValueError
        If `maps` is not the output for one image.
    ImportError
        If matplotlib is not installed.
    """
    tiles = _channels_first(maps)[:max_maps]
    return image_grid(tiles, title=title, cmap="magma", colorbar="output")


def plot_history(history: Any) -> Figure:
    """Draw loss and metrics against epochs; a validation curve is drawn beside its own.

    Parameters
    ----------
    history : History or dict
        What ``fit`` returns, or its ``history``: a list with one number an epoch, per name.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    ValueError
        If there is no epoch to draw.
    ImportError
        If matplotlib is not installed.
    """
    curves = getattr(history, "history", history)
    names = [name for name in curves if not name.startswith("val_")]
    if not names or not curves[names[0]]:
        raise ValueError("history must have at least one epoch; got none")
    figure = new_figure(4.6 * len(names), 3.6)
    for axes, name in zip(_subplots(figure, 1, len(names)), names, strict=True):
        _draw_curves(axes, name, curves)
    return figure


def plot_confusion_matrix(
    labels: Any, predicted: Any, *, class_names: Sequence[str] | None = None
) -> Figure:
    """Draw how often each class was taken for each other: rows are true, columns are predicted.

    Parameters
    ----------
    labels, predicted : array, (N,)
        Class numbers from 0.
    class_names : sequence of str, optional
        Names of the classes; their numbers if not given.

    Returns
    -------
    matplotlib.figure.Figure
        The diagonal (right answers) is blue; mistakes are orange on a scale of their own, or a
        few among a thousand would not show.

    Raises
    ------
    ValueError
        If the arrays differ in shape, or are empty.
    ImportError
        If matplotlib is not installed.
    """
    counts = confusion_matrix(labels, predicted)
    names = [str(name) for name in (class_names or range(len(counts)))]
    figure = new_figure(0.52 * len(counts) + 1.2, 0.52 * len(counts) + 1.3)
    axes = figure.add_subplot()
    wrong = counts * (1 - np.eye(len(counts), dtype=counts.dtype))
    _draw_scale(axes, np.diagonal(counts) * np.eye(len(counts)), "Blues", counts.max())
    _draw_scale(axes, wrong, "Oranges", wrong.max())
    for (row, column), count in np.ndenumerate(counts):
        if count:
            deep = count > 0.55 * (counts.max() if row == column else wrong.max())
            axes.text(
                column,
                row,
                f"{count:,}",
                ha="center",
                va="center",
                fontsize=9,
                color="white" if deep else INK,
            )
    axes.set_xticks(range(len(counts)), names)
    axes.set_yticks(range(len(counts)), names)
    axes.set_xlabel("read as")
    axes.set_ylabel("truly is")
    right = int(np.trace(counts))
    total = int(counts.ravel().cumsum()[-1])
    axes.set_title(f"{right:,} of {total:,} right ({right / total:.1%})", fontsize=11)
    return figure


def confusion_matrix(labels: Any, predicted: Any) -> np.ndarray:
    """Return counts (classes, classes) int64: entry [i, j] counts class i predicted as j."""
    labels, predicted = np.asarray(labels), np.asarray(predicted)
    if labels.shape != predicted.shape or labels.size == 0:
        raise ValueError(
            "labels and predicted must be equally long and not empty;"
            f" got shapes {labels.shape} and {predicted.shape}"
        )
    counts = np.zeros((max(labels.max(), predicted.max()) + 1,) * 2, np.int64)
    np.add.at(counts, (labels, predicted), 1)
    return counts


def plot_feature_stages(
    stages: list[tuple[str, Any]], *, title: str | None = None, max_maps: int = 32
) -> Figure:
    """Draw an image's maps after several layers: [(name, maps (H, W, C))], one band for each."""
    blocks = [(name, _channels_first(maps)) for name, maps in stages]
    rows = [math.ceil(min(len(tiles), max_maps) / (2 * _COLUMNS)) for _, tiles in blocks]
    heights = [0.68 * count + 0.25 for count in rows]  # inches: a tile, and the band's caption
    figure = new_figure(10.5, math.fsum(heights) + 0.3)
    bands = figure.subfigures(len(blocks), 1, squeeze=False, height_ratios=heights)
    for band, count, (name, tiles) in zip(bands.ravel(), rows, blocks, strict=True):
        shown = tiles[:max_maps]
        height, width = tiles.shape[1:]
        more = f", the first {len(shown)}" if len(shown) < len(tiles) else ""
        plural = "s" if len(tiles) > 1 else ""
        band.suptitle(
            f"{name}: {len(tiles)} map{plural} of {height} x {width}{more}",
            fontsize=9,
            x=0.01,
            ha="left",
        )
        grid = _subplots(band, count, 2 * _COLUMNS)
        for axes, tile in zip(grid, shown, strict=False):
            axes.imshow(tile, cmap="magma", vmin=tiles.min(), vmax=tiles.max() or 1.0)
        for axes in grid:
            axes.set_axis_off()
    if title:
        figure.suptitle(title, fontsize=12)
    return figure


def image_grid(
    tiles: np.ndarray,
    *,
    captions: list[str] | None = None,
    title: str | None = None,
    columns: int = _COLUMNS,
    cmap: str = "gray",
    limits: tuple[float, float] | None = None,
    colorbar: str | None = None,
) -> Figure:
    """Draw images (count, H, W) in rows of `columns`, all on one scale, which `colorbar` names."""
    rows = max(1, math.ceil(len(tiles) / columns))
    height = 1.45 if captions else 1.1
    figure = new_figure(1.15 * columns, height * rows + (0.6 if title else 0.1))
    if title:
        figure.suptitle(title, fontsize=12)
    grid = _subplots(figure, rows, columns)
    low, high = limits or ((tiles.min(), tiles.max()) if len(tiles) else (0, 1))
    for number, axes in enumerate(grid):
        axes.set_axis_off()
        if number < len(tiles):
            image = axes.imshow(tiles[number], cmap=cmap, vmin=low, vmax=high)
            if captions:
                axes.set_title(captions[number], fontsize=8)
    if colorbar and len(tiles):
        figure.colorbar(image, ax=list(grid), shrink=0.8, aspect=30, pad=0.02, label=colorbar)
    return figure


def _channels_first(maps: Any) -> np.ndarray:
    maps = np.asarray(maps)
    if maps.ndim == 4 and len(maps) == 1:
        maps = maps[0]
    if maps.ndim != 3:
        raise ValueError(f"maps must be (H, W, C) or (1, H, W, C); got shape {maps.shape}")
    return np.moveaxis(maps, -1, 0)


def _subplots(figure: Any, rows: int, columns: int) -> Any:
    return figure.subplots(rows, columns, squeeze=False).ravel()


def _draw_curves(axes: Any, name: str, curves: dict[str, list[float]]) -> None:
    from matplotlib.ticker import MaxNLocator

    epochs = range(1, len(curves[name]) + 1)
    axes.plot(epochs, curves[name], color=BLUE, marker="o", markersize=3, label="training")
    held_out = curves.get("val_" + name)
    if held_out:
        axes.plot(epochs, held_out, color=ORANGE, marker="o", markersize=3, label="held out")
        axes.legend(frameon=False)
    axes.set_title(name, fontsize=11)
    axes.set_xlabel("epoch")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.grid(alpha=0.25)
    axes.spines[["top", "right"]].set_visible(False)


def _draw_scale(axes: Any, values: np.ndarray, cmap: str, top: float) -> None:
    shown = np.ma.masked_equal(values, 0)
    axes.imshow(shown, cmap=cmap, vmin=0, vmax=max(float(top), 1.0))
