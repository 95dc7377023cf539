"""The table that `summary` prints."""

from __future__ import annotations

from typing import Any

import numpy as np

Row = tuple[str, str, str]

_HEADINGS = ("Layer (type)", "Output Shape", "Param #")
_INDENT = "   "
_WIDTHS = (33, 24, 15)  # of the columns, unless `line_length` or `positions` says otherwise


def summary_text(model: Any, line_length: int | None, positions: Any, explain: bool) -> str:
    """Layers with output shapes and parameters, and the totals."""
    rows = [_row(layer) for layer in model.layers]
    working = [_working(layer) if explain else [] for layer in model.layers]
    widths = _widths(rows, line_length, positions)
    longest = max((len(note) for notes in working for note in notes), default=0)
    widths[0] += max(0, longest + len(_INDENT) - sum(widths) - 1)
    lines = [f'Model: "{model.name}"', _rule(widths, "┏━┳┓"), _cells(_HEADINGS, widths, "┃")]
    rule = _rule(widths, "┡━╇┩")
    for row, notes in zip(rows, working, strict=True):
        lines += [rule, _cells(row, widths, "│")]
        lines += [f"│{_INDENT + note:<{sum(widths) + 2}}│" for note in notes]
        rule = _rule(widths, "├─┼┤")
    if not rows:
        lines.append(_rule(widths, "┡━╇┩"))
    lines.append(_rule(widths, "└─┴┘"))
    return "\n".join(lines + _totals(model))


def _row(layer: Any) -> Row:
    shape = str(layer.output_shape) if layer.built else "?"
    count = f"{layer.count_params():,}" if layer.built else "0 (unbuilt)"
    return f"{layer.name} ({type(layer).__name__})", shape, count


def _working(layer: Any) -> list[str]:
    return layer._working(layer.input_shape) if layer.built else []


def _widths(rows: list[Row], line_length: int | None, positions: Any) -> list[int]:
    """Of the cells, their margins included; no text is cut off."""
    total = sum(_WIDTHS) if line_length is None else int(line_length) - 4
    shares = [width / sum(_WIDTHS) for width in _WIDTHS]
    if positions is not None:
        shares = _fractions(positions)
    texts = zip(*([_HEADINGS, *rows]), strict=True)
    return [
        max(round(total * share), *(len(text) + 2 for text in column))
        for share, column in zip(shares, texts, strict=True)
    ]


def _fractions(positions: Any) -> list[float]:
    """Widths from the relative positions of the columns' ends, as Keras takes them."""
    ends = [float(position) for position in positions]
    if len(ends) != 3 or not 0 < ends[0] < ends[1] < ends[2] <= 1:
        raise ValueError(f"positions must be 3 ascending fractions up to 1, got {positions!r}")
    return [ends[0], ends[1] - ends[0], ends[2] - ends[1]]


def _cells(texts: tuple[str, ...], widths: list[int], bar: str) -> str:
    first, second, third = texts
    return (
        f"{bar} {first:<{widths[0] - 1}}{bar} {second:<{widths[1] - 1}}"
        f"{bar}{third:>{widths[2] - 1}} {bar}"
    )


def _rule(widths: list[int], marks: str) -> str:
    return marks[0] + marks[2].join(marks[1] * width for width in widths) + marks[3]


def _totals(model: Any) -> list[str]:
    trained, others = model.trainable_weights, model.non_trainable_weights
    own = model.optimizer.variables if model.optimizer and model.optimizer.built else []
    lines = [
        ("Total params", trained + others + own),
        ("Trainable params", trained),
        ("Non-trainable params", others),
        *([("Optimizer params", own)] if own else []),
    ]
    return [f" {name}: {_count(weights)}" for name, weights in lines]


def _count(weights: list[Any]) -> str:
    size = sum(weight.size for weight in weights)
    return f"{size:,} ({_readable(sum(w.size * np.dtype(w.dtype).itemsize for w in weights))})"


def _readable(size: float) -> str:
    for unit in ("B", "KB", "MB"):
        if size < 1024:
            return f"{size:.2f} {unit}"
        size /= 1024
    return f"{size:.2f} GB"
