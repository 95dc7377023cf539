"""The table that `summary` prints."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np

from convlet.models._multiply_adds import multiply_adds, multiply_adds_working

Row = tuple[str, ...]

_HEADINGS = ("Layer (type)", "Output Shape", "Param #", "Connected to")
_INDENT = "   "
_COUNT = 2  # the column whose texts stand on the right
_CHAIN = (33, 24, 15)  # widths of the columns, unless `line_length` or `positions` says otherwise
_BRANCHED = (21, 19, 12, 19)


def summary_text(
    model: Any, line_length: int | None, positions: Any, explain: bool, expand_nested: bool = False
) -> str:
    """Layers with output shapes and parameters, where they branch also inputs; and the totals."""
    graph = None if _is_chain(model) else model.graph
    layers = list(_listed(model, expand_nested))
    rows = [_row(layer, depth, graph) for layer, depth in layers]
    working = [_working(layer) if explain else [] for layer, _ in layers]
    widths = _widths(rows, line_length, positions, graph is None)
    longest = max((len(note) for notes in working for note in notes), default=0)
    widths[0] += max(0, longest + len(_INDENT) - sum(widths) - len(widths) + 2)
    head = _HEADINGS[: len(widths)]
    lines = [f'Model: "{model.name}"', _rule(widths, "┏━┳┓"), *_cells(head, widths, "┃")]
    rule = _rule(widths, "┡━╇┩")
    for row, notes in zip(rows, working, strict=True):
        lines += [rule, *_cells(row, widths, "│")]
        inside = sum(widths) + len(widths) - 1
        lines += [f"│{_INDENT + note:<{inside}}│" for note in notes]
        rule = _rule(widths, "├─┼┤")
    if not rows:
        lines.append(_rule(widths, "┡━╇┩"))
    lines.append(_rule(widths, "└─┴┘"))
    lines += _totals(model)
    if explain and model.built and (products := multiply_adds(model)):
        lines.append(f" Multiply-adds: {products:,} for each sample")
    return "\n".join(lines)


def _is_chain(model: Any) -> bool:
    """Whether each layer takes what the one before returned."""
    if not model.built:
        return True
    steps = model.graph.steps
    inputs = [step.inputs for step in steps]
    once = len({id(step.layer) for step in steps}) == len(steps)
    return once and inputs == [(place,) for place in range(len(steps))]


def _listed(model: Any, nested: bool, depth: int = 0) -> Any:
    """The layers, and those of models among them after these; how deep each stands."""
    for layer in model.layers:
        yield layer, depth
        if nested and hasattr(layer, "layers"):
            yield from _listed(layer, nested, depth + 1)


def _row(layer: Any, depth: int, graph: Any) -> Row:
    name = f"{_INDENT * depth}{'└ ' * bool(depth)}{layer.name} ({type(layer).__name__})"
    shape = _shape(layer) if layer.built else "?"
    count = f"{layer.count_params():,}" if layer.built else "0 (unbuilt)"
    return (name, shape, count) if graph is None else (name, shape, count, _sources(layer, graph))


def _shape(layer: Any) -> str:
    nodes = [node for node in layer._nodes if node.outputs]
    shapes = [tensor.shape for tensor in nodes[-1].outputs] if nodes else [layer.output_shape]
    return str(shapes[0] if len(shapes) == 1 else shapes)


def _sources(layer: Any, graph: Any) -> str:
    """The outputs that the layer takes: name[call][output] of each."""
    nodes = [node for node in layer._nodes if node in graph.nodes]
    tensors = [tensor for node in nodes for tensor in node.inputs]
    places = [f"{t.node.layer.name}[{t.node.place}][{t.index}]" for t in tensors]
    return ", ".join(places) or "-"


def _working(layer: Any) -> list[str]:
    if not layer.built:
        return []
    nodes = [node for node in layer._nodes if node.inputs]
    products = multiply_adds_working(layer, nodes[-1]) if nodes else []
    return [*layer._working(layer.input_shape), *products]


def _widths(rows: list[Row], line_length: int | None, positions: Any, chain: bool) -> list[int]:
    """Of the cells, their margins included; no text is cut off, inputs stand below each other."""
    usual = _CHAIN if chain else _BRANCHED
    total = sum(usual) if line_length is None else int(line_length) - len(usual) - 1
    shares = [width / sum(usual) for width in usual]
    if positions is not None:
        shares = _fractions(positions, len(usual))
    texts = zip(*([_HEADINGS[: len(usual)], *rows]), strict=True)
    return [
        max(round(total * share), *(len(part) + 2 for text in column for part in _parts(text)))
        for share, column in zip(shares, texts, strict=True)
    ]


def _parts(text: str) -> list[str]:
    """What may stand on a line of its own: one of several inputs."""
    return [text] if text.startswith(("(", "[")) else text.replace(", ", ",\n").splitlines() or [""]


def _fractions(positions: Any, count: int) -> list[float]:
    """Widths from the relative positions of the columns' ends, as Keras takes them."""
    ends = [0.0, *(float(position) for position in positions)]
    widths = [end - start for start, end in pairwise(ends)]
    if len(widths) != count or not all(width > 0 for width in widths) or ends[-1] > 1:
        raise ValueError(
            f"positions must be {count} ascending fractions up to 1, got {positions!r}"
        )
    return widths


def _cells(texts: Row, widths: list[int], bar: str) -> list[str]:
    """The lines of a row."""
    columns = [_wrapped(text, width - 2) for text, width in zip(texts, widths, strict=True)]
    lines = []
    for number in range(max(map(len, columns))):
        cells = [column[number] if number < len(column) else "" for column in columns]
        lines.append(
            bar
            + bar.join(
                f"{cell:>{width - 1}} " if place == _COUNT else f" {cell:<{width - 1}}"
                for place, (cell, width) in enumerate(zip(cells, widths, strict=True))
            )
            + bar
        )
    return lines


def _wrapped(text: str, width: int) -> list[str]:
    """Parts in as few lines as they fit into."""
    lines = [""]
    for part in _parts(text):
        joined = f"{lines[-1]} {part}" if lines[-1] else part
        lines[-1:] = [joined] if len(joined) <= width else [lines[-1], part]
    return lines


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
