"""A network of any shape as boxes and arrows, in layers from top to bottom."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from convlet.utils._canvas import BLUE, GREEN, GREY, INK, ORANGE, PAPER, bare_axes

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_WIDE, _HIGH, _ACROSS, _DOWN = 2.1, 0.56, 0.3, 0.36  # inches: a box, and the space between
_LANE = 0.22  # the width of an arrow that passes by
_SWEEPS = 8


class _Item:
    """A box, or a place where a long arrow passes a row."""

    def __init__(self, row: int, node: Any = None) -> None:
        self.row, self.node = row, node
        self.above: list[_Item] = []
        self.below: list[_Item] = []
        self.x = 0.0
        self.width = _LANE if node is None else _WIDE


def draw_graph(graph: Any, title: str) -> Figure:
    """Draw all calls of a graph."""
    rows = _placed(_rows(_items(graph)))
    right = max(item.x + item.width / 2 for row in rows for item in row)
    height = len(rows) * (_HIGH + _DOWN) + 0.5
    figure, axes = bare_axes(max(right, 3.0) + 0.3, height)
    axes.text(0.3, height - 0.3, title, fontsize=11, color=INK, fontweight="bold")
    for row in rows:
        for item in row:
            y = height - 0.5 - item.row * (_HIGH + _DOWN)
            if item.node is not None:
                _draw_box(axes, item, y)
            for other in item.below:
                _draw_arrow(axes, item, other, y)
    return figure


# ------------------------------------------------------------------------------------------ layout


def _items(graph: Any) -> list[_Item]:
    """Boxes for calls and inputs, each in the row after the last that it takes from."""
    made: dict[Any, _Item] = {}
    inputs = [node for node in graph.nodes if not node.inputs]
    for node in [*sorted(inputs, key=lambda node: node.layer.name), *(s.node for s in graph.steps)]:
        sources = [made[tensor.node] for tensor in node.inputs]
        made[node] = item = _Item(1 + max((source.row for source in sources), default=-1), node)
        item.above = sources
    return list(made.values())


def _rows(items: list[_Item]) -> list[list[_Item]]:
    """By row; arrows over several rows pass those between."""
    rows: list[list[_Item]] = [[] for _ in range(1 + max(item.row for item in items))]
    for item in items:
        rows[item.row].append(item)
        sources, item.above = item.above, []
        for source in dict.fromkeys(sources):
            for row in range(source.row + 1, item.row):
                passing = _Item(row)
                _connect(source, passing)
                rows[row].append(passing)
                source = passing
            _connect(source, item)
    return rows


def _connect(upper: _Item, lower: _Item) -> None:
    upper.below.append(lower)
    lower.above.append(upper)


def _placed(rows: list[list[_Item]]) -> list[list[_Item]]:
    """Order each row by what its items are connected with, and give them places."""
    for row in rows:
        _spread(row, [0.0] * len(row))
    for sweep in range(_SWEEPS):
        down = sweep % 2 == 0
        for row in rows if down else rows[::-1]:
            wanted = [_middle(item.above if down else item.below, item.x) for item in row]
            order = sorted(range(len(row)), key=lambda i: wanted[i])
            row[:] = [row[i] for i in order]
            _spread(row, [wanted[i] for i in order])
    left = min(item.x - item.width / 2 for row in rows for item in row)
    for row in rows:
        for item in row:
            item.x += 0.3 - left
    return rows


def _middle(others: list[_Item], own: float) -> float:
    return sum(other.x for other in others) / len(others) if others else own


def _spread(row: list[_Item], wanted: list[float]) -> None:
    """Near where they want to be, in this order and with space between."""
    places: list[float] = []
    for item, x in zip(row, wanted, strict=True):
        if places:
            before = row[len(places) - 1]
            x = max(x, places[-1] + (before.width + item.width) / 2 + _ACROSS)
        places.append(x)
    moved = sum(place - x for place, x in zip(places, wanted, strict=True)) / max(len(row), 1)
    for item, place in zip(row, places, strict=True):
        item.x = place - moved


# ----------------------------------------------------------------------------------------- drawing


def _draw_box(axes: Any, item: _Item, y: float) -> None:
    from matplotlib.patches import FancyBboxPatch

    layer = item.node.layer
    color = BLUE if not item.node.inputs else ORANGE if layer.weights else GREEN
    corner = (item.x - _WIDE / 2 + 0.04, y - _HIGH + 0.04)
    style = "round,pad=0.04,rounding_size=0.06"
    axes.add_patch(
        FancyBboxPatch(
            corner, _WIDE - 0.08, _HIGH - 0.08, boxstyle=style, fc=PAPER, ec=color, lw=1.3, zorder=3
        )
    )
    kind, shape = type(layer).__name__, item.node.outputs[0].shape[1:]
    sizes = " x ".join("?" if size is None else str(size) for size in shape)
    count = f"{layer.count_params():,} parameters" if layer.weights else ""
    if window := getattr(layer, "kernel_size", None) or getattr(layer, "pool_size", None):
        kind += " " + " x ".join(map(str, window))
    if (name := getattr(layer, "_activation_name", "linear")) not in (None, "linear"):
        kind += f", {name}"
    lines = [(kind, 8.5, INK, "bold"), (layer.name, 7, GREY, "normal")]
    lines.append((f"{sizes}    {count}".strip(), 7.5, INK, "normal"))
    for number, (text, size, ink, weight) in enumerate(lines):
        axes.text(
            *(item.x, y - 0.13 - 0.16 * number, text),
            **{"ha": "center", "va": "center", "fontsize": size, "color": ink, "weight": weight},
            zorder=4,
        )


def _draw_arrow(axes: Any, upper: _Item, lower: _Item, y: float) -> None:
    """A curve to the next row; through a row that it passes, a straight line."""
    from matplotlib.patches import FancyArrowPatch
    from matplotlib.path import Path

    start, end = y - _HIGH, y - _HIGH - _DOWN
    if upper.node is None:
        axes.plot([upper.x, upper.x], [y, start], color=GREY, lw=1, zorder=1)
    bend = _DOWN * 0.6
    points = [(upper.x, start), (upper.x, start - bend), (lower.x, end + bend), (lower.x, end)]
    path = Path(points, [Path.MOVETO, Path.CURVE4, Path.CURVE4, Path.CURVE4])
    style = "-|>,head_length=3,head_width=1.8" if lower.node is not None else "-"
    axes.add_patch(FancyArrowPatch(path=path, arrowstyle=style, color=GREY, lw=1, zorder=2))
