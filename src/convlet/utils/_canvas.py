"""What all pictures share: figures without pyplot, and colours."""

from __future__ import annotations

import io
from functools import partial
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.figure import Figure

INK, GREY, PAPER = "#1f2933", "#7b8794", "#eef3f9"
BLUE, ORANGE, GREEN = "#2563a8", "#d9631e", "#2f8f5b"


def new_figure(width: float, height: float, layout: Any = "constrained") -> Figure:
    """A figure of so many inches that pyplot does not know of; a notebook shows it."""
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise ImportError('plots need matplotlib: pip install "convlet[plot]"') from error
    figure: Any = Figure(figsize=(width, height), layout=layout)
    # Notebooks show the figures of pyplot, and whatever has this method.
    figure._repr_png_ = partial(_png, figure)
    return figure


def _png(figure: Figure) -> bytes:
    file = io.BytesIO()
    figure.savefig(file, format="png")
    return file.getvalue()


def bare_axes(width: float, height: float) -> tuple[Figure, Any]:
    """A figure, and axes without ticks that fill it and count inches, y upwards."""
    figure = new_figure(width, height, layout=None)
    axes = figure.add_axes((0.0, 0.0, 1.0, 1.0))
    axes.set_xlim(0, width)
    axes.set_ylim(0, height)
    axes.set_axis_off()
    return figure, axes
