"""plot_model: a chain as a textbook draws it, any other network as a graph."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from convlet.utils._graph_picture import draw_graph
from convlet.utils._network_picture import draw_chain

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_LONGEST_CHAIN = 24


def plot_model(model: Any, to_file: Any = None, *, title: str | None = None) -> Figure:
    """Draw a network: what flows through it, what each layer does, and its parameters.

    Parameters
    ----------
    model : Sequential or Model
        A built one.
    to_file : path-like, optional
        Also save the figure there, as .png, .svg or .pdf.
    title : str, optional
        Default: the model's name, and how many parameters it has.

    Returns
    -------
    matplotlib.figure.Figure
        Of a chain of up to 24 layers: blocks of feature maps with the window that slides over
        them, then columns of units with their connections. Heights are square roots of sizes, and
        of many maps and units some stand for all. Of another network: a box for each call of a
        layer, inputs on top, with arrows for what flows.

    Raises
    ------
    ValueError
        If the model is not built.
    ImportError
        If matplotlib is not installed.

    Examples
    --------
    >>> from convlet import demo, utils
    >>> figure = utils.plot_model(demo.lecture_cnn())
    """
    if not model.built:
        raise ValueError(f"{model.name} must be built to be drawn: call it on an array")
    if title is None:
        title = f"{model.name}: {model.count_params():,} parameters"
    steps = _chain(model)
    if steps is None or len(steps) > _LONGEST_CHAIN:
        figure = draw_graph(model.graph, title)
    else:
        figure = draw_chain(steps, model.inputs[0].shape, title)
    if to_file is not None:
        figure.savefig(to_file, dpi=150)
    return figure


def _chain(model: Any) -> list[tuple[Any, Any]] | None:
    """The layers one after the other, with output shapes; None where the network branches."""
    found: list[tuple[Any, Any]] = []
    flowing = model.inputs
    for step in model.graph.steps:
        node = step.node
        if len(flowing) != 1 or len(node.inputs) != 1 or node.inputs[0] is not flowing[0]:
            return None
        flowing = node.outputs
        inner = _chain(step.layer) if hasattr(step.layer, "graph") else None
        found += [(step.layer, node.outputs[0].shape)] if inner is None else inner
    return found if len(model.outputs) == len(flowing) == 1 else None
