"""A network as textbooks draw it: blocks of feature maps, then columns of units."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

from convlet.utils._canvas import BLUE, GREEN, GREY, INK, ORANGE, PAPER, bare_axes

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# In inches.
_GAP, _TALLEST, _SHIFT = 1.25, 1.6, 0.06  # between blocks, the largest map, between sheets
_COLUMN, _UNIT, _PITCH = 0.16, 0.115, 0.19  # a flat vector's width, a unit, units' distance
_MARGIN, _ROW = 0.45, 4.1
_BELOW = 1.32  # from the middle of a row down to the sizes
_MOST_SHEETS, _MOST_UNITS, _PER_ROW = 10, 9, 8


class Stage(NamedTuple):
    """What flows at one place of the network, and the layer that made it."""

    shape: tuple[Any, ...]  # without N, channels last
    layer: Any = None  # None for the input
    notes: tuple[str, ...] = ()  # on the layers before it that left the shape

    @property
    def sheets(self) -> int:
        """How many maps are drawn for all of them."""
        return min(_MOST_SHEETS, 1 + round(1.5 * math.log2(self.shape[-1] or 1)))

    @property
    def units(self) -> bool:
        """Whether it is drawn as units: what a layer with weights makes of a vector."""
        return len(self.shape) == 1 and self.layer is not None and bool(self.layer.weights)


def draw_chain(steps: list[tuple[Any, Any]], shape: Any, title: str) -> Figure:
    """Draw layers, each with its output's shape, after an input of this shape, N first."""
    stages = _stages(steps, shape)
    rows = [stages[first : first + _PER_ROW] for first in range(0, len(stages), _PER_ROW)]
    sizes = _sizes(stages)
    widths = [sum(_width(stage, sizes) + _GAP * bool(stage.layer) for stage in row) for row in rows]
    figure, axes = bare_axes(max(widths) + 2 * _MARGIN, _ROW * len(rows) + 0.35)
    height = _ROW * len(rows)
    axes.text(_MARGIN, height + 0.1, title, fontsize=12, color=INK, fontweight="bold")
    before = None
    for number, row in enumerate(rows):
        x, y = _MARGIN, height - _ROW * number - 0.5 * _ROW
        places = []
        for stage in row:
            place = _Place(axes, stage, x + (_GAP if stage.layer else 0), y, sizes)
            if stage.layer:
                _draw_step(axes, before, place, x + _GAP / 2, y)
            place.draw()
            places.append(place)
            before, x = place, place.right
        _draw_parts(axes, places, y - _BELOW - 0.42)
        before = None
    return figure


# ------------------------------------------------------------------------------------------ stages


def _stages(steps: list[tuple[Any, Any]], shape: Any) -> list[Stage]:
    """Layers without weights or windows that keep the shape become notes on the next one."""
    first = _first_is_channels(steps)
    stages, notes = [Stage(_maps(shape, first))], []
    for layer, output in steps:
        made = _maps(output, first)
        if made == stages[-1].shape and not layer.weights and not _window(layer):
            notes.append(_note(layer))
        else:
            stages.append(Stage(made, layer, tuple(notes)))
            notes = []
    if notes:
        stages[-1] = stages[-1]._replace(notes=(*stages[-1].notes, *notes))
    return stages


def _first_is_channels(steps: list[tuple[Any, Any]]) -> bool:
    formats = [getattr(layer, "data_format", None) for layer, _ in steps]
    return "channels_first" in formats


def _maps(shape: Any, first: bool) -> tuple[Any, ...]:
    """The shape without N, with channels last."""
    rest = tuple(shape[1:])
    return (*rest[1:], rest[0]) if first and len(rest) > 1 else rest


def _window(layer: Any) -> Any:
    return getattr(layer, "kernel_size", None) or getattr(layer, "pool_size", None)


def _note(layer: Any) -> str:
    if hasattr(layer, "rate"):
        return f"{type(layer).__name__} {layer.rate:g}"
    return str(getattr(layer, "_activation_name", None) or type(layer).__name__)


def _sizes(stages: list[Stage]) -> dict[int, tuple[float, float]]:
    """Height and width of each stage's maps in inches: square roots, so that none vanishes."""
    spatial = {id(stage): _plane(stage) for stage in stages if len(stage.shape) > 1}
    largest = max((max(sizes) for sizes in spatial.values()), default=1)
    scale = _TALLEST / math.sqrt(largest)
    return {key: (scale * math.sqrt(h), scale * math.sqrt(w)) for key, (h, w) in spatial.items()}


def _plane(stage: Stage) -> tuple[int, int]:
    """Height and width of a map; of a volume without its depth, of a signal with a height of 1."""
    known = [size or 1 for size in stage.shape[:-1]]
    return (known[-2], known[-1]) if len(known) > 1 else (1, known[0])


def _width(stage: Stage, sizes: Any) -> float:
    if len(stage.shape) == 1:
        return _UNIT if stage.units else _COLUMN
    return float(sizes[id(stage)][1]) + _SHIFT * (stage.sheets - 1)


# ----------------------------------------------------------------------------------------- drawing


class _Place:
    """A stage on the paper: its left end, and the middle of its height."""

    def __init__(self, axes: Any, stage: Stage, x: float, y: float, sizes: Any) -> None:
        self.axes, self.stage, self.x, self.y = axes, stage, x, y
        self.right = x + _width(stage, sizes)
        self.height, self.width = sizes.get(id(stage), (_TALLEST, _COLUMN))
        self.back = _SHIFT * (stage.sheets - 1) if len(stage.shape) > 1 else 0.0

    def draw(self) -> None:
        """The blocks or units, and what they are below."""
        if len(self.stage.shape) > 1:
            self._draw_maps()
        elif self.stage.units:
            self._draw_units()
        else:
            self._box(self.x, self.y - _TALLEST / 2, _COLUMN, _TALLEST, BLUE, 0.25)
        text = " x ".join("?" if size is None else f"{size:,}" for size in self.stage.shape)
        middle = (self.x + self.right) / 2
        bottom = self.y - _BELOW
        self.axes.text(middle, bottom, text, ha="center", fontsize=9, color=INK)
        if kind := self._kind():
            self.axes.text(middle, bottom - 0.17, kind, ha="center", fontsize=7.5, color=GREY)

    def _kind(self) -> str:
        if self.stage.layer is None:
            return "input"
        if len(self.stage.shape) > 1:
            return "feature maps" if self.stage.shape[-1] != 1 else "feature map"
        return "units" if self.stage.units else "vector"

    def _draw_maps(self) -> None:
        """Sheets from the one behind to the front, which is the lowest and leftmost."""
        for number in reversed(range(self.stage.sheets)):
            offset = _SHIFT * number
            self._box(self.x + offset, self.bottom + offset, self.width, self.height, PAPER, 1.0)

    @property
    def bottom(self) -> float:
        """Of the front sheet."""
        return self.y - (self.height + self.back) / 2

    def _box(
        self, x: float, y: float, width: float, height: float, fill: str, alpha: float
    ) -> None:
        from matplotlib.patches import Rectangle

        box = Rectangle((x, y), width, height, lw=0, fc=fill, alpha=alpha, zorder=3)
        self.axes.add_patch(box)
        self.axes.add_patch(Rectangle((x, y), width, height, lw=0.9, fc="none", ec=BLUE, zorder=3))

    def unit_heights(self) -> list[float]:
        """Of the units that are drawn, the topmost first."""
        count = min(self.stage.shape[0] or _MOST_UNITS, _MOST_UNITS)
        return [self.y + _PITCH * ((count - 1) / 2 - number) for number in range(count)]

    def _draw_units(self) -> None:
        from matplotlib.patches import Circle

        heights = self.unit_heights()
        hidden = (self.stage.shape[0] or _MOST_UNITS + 1) > _MOST_UNITS
        x = self.x + _UNIT / 2
        for number, y in enumerate(heights):
            if hidden and number == len(heights) // 2:
                for dot in (-0.05, 0.0, 0.05):
                    self.axes.add_patch(Circle((x, y + dot), 0.012, fc=INK, lw=0, zorder=4))
            else:
                unit = Circle((x, y), _UNIT / 2, fc="white", ec=BLUE, lw=1.1, zorder=4)
                self.axes.add_patch(unit)

    def ends(self) -> list[float]:
        """Where lines from a vector begin or end: units, or places along a column."""
        if self.stage.units:
            return self.unit_heights()
        return [self.y + _TALLEST * (number / 8 - 0.5) for number in range(9)]


def _draw_parts(axes: Any, places: list[_Place], y: float) -> None:
    """Below a row: how far feature maps go, and vectors."""
    for maps, text in ((True, "convolutional part (CNN)"), (False, "dense part (MLP)")):
        part = [place for place in places if (len(place.stage.shape) > 1) == maps]
        if part:
            left, right = part[0].x, part[-1].right
            axes.plot([left, left, right, right], [y + 0.07, y, y, y + 0.07], color=GREY, lw=1)
            axes.text((left + right) / 2, y - 0.2, text, ha="center", fontsize=9, color=INK)


def _draw_step(axes: Any, before: _Place | None, after: _Place, middle: float, y: float) -> None:
    """What the layer does, in words above and lines between."""
    lines = _words(after.stage)
    top = y + 1.12 + 0.165 * (len(lines) - 1)
    for number, (text, color, weight) in enumerate(lines):
        axes.text(
            middle, top - 0.165 * number, text, ha="center", fontsize=8, color=color, weight=weight
        )
    if before is None:
        return
    if len(before.stage.shape) == 1:
        _draw_mesh(axes, before, after)
    elif len(after.stage.shape) > 1 and _window(after.stage.layer):
        _draw_window(axes, before, after)
    else:
        _draw_funnel(axes, before, after)


def _words(stage: Stage) -> list[tuple[str, str, str]]:
    layer, window = stage.layer, _window(stage.layer)
    lines = [(type(layer).__name__, INK, "bold")]
    if window:
        strides = getattr(layer, "strides", window)
        lines.append((" x ".join(map(str, window)), _color(layer), "normal"))
        if set(strides) != {1}:
            steps = dict.fromkeys(strides) if len(set(strides)) == 1 else strides
            lines.append((f"stride {' x '.join(map(str, steps))}", _color(layer), "normal"))
    name = getattr(layer, "_activation_name", "linear")
    if name not in (None, "linear"):
        lines.append((name, INK, "normal"))
    if layer.weights:
        lines.append((f"{layer.count_params():,} parameters", GREY, "normal"))
    return [*((note, GREY, "normal") for note in stage.notes), *lines]


def _color(layer: Any) -> str:
    return ORANGE if layer.weights else GREEN


def _draw_window(axes: Any, before: _Place, after: _Place) -> None:
    """The window on the front map, and the pixel that it makes."""
    from matplotlib.patches import Rectangle

    layer, (high, wide) = after.stage.layer, _plane(before.stage)
    window = (1, *_window(layer))[-2:]
    height = min(1.0, max(window[0] / high, 0.09)) * before.height
    width = min(1.0, max(window[1] / wide, 0.09)) * before.width
    x = before.x + (before.width - width) * 0.7
    y = before.bottom + (before.height - height) * 0.66
    color = _color(layer)
    axes.add_patch(Rectangle((x, y), width, height, fc=color, alpha=0.3, lw=0, zorder=5))
    axes.add_patch(Rectangle((x, y), width, height, fc="none", ec=color, lw=1, zorder=5))
    target = (after.x + 0.3 * after.width, after.bottom + 0.6 * after.height)
    for corner in (y, y + height):
        axes.plot([x + width, target[0]], [corner, target[1]], color=color, lw=0.8, zorder=6)
    side = 0.05
    axes.add_patch(
        Rectangle(
            (target[0] - side / 2, target[1] - side / 2), side, side, fc=color, lw=0, zorder=7
        )
    )


def _draw_funnel(axes: Any, before: _Place, after: _Place) -> None:
    """All of a block goes into the next."""
    right = before.right
    edges = [before.bottom + before.back, before.bottom + before.back + before.height]
    ends = [min(after.ends()), max(after.ends())]
    if len(after.stage.shape) > 1:
        ends = [after.bottom, after.bottom + after.height]
    for edge, end in zip(edges, ends, strict=True):
        axes.plot([right, after.x], [edge, end], color=GREY, lw=0.8, ls=(0, (3, 2)), zorder=2)


def _draw_mesh(axes: Any, before: _Place, after: _Place) -> None:
    """Every unit with every other."""
    if len(after.stage.shape) > 1:
        _draw_funnel(axes, before, after)
        return
    for start in before.ends():
        for end in after.ends():
            axes.plot(
                [before.right, after.x], [start, end], color=GREY, lw=0.35, alpha=0.6, zorder=1
            )
