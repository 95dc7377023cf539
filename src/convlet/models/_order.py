"""In which order a graph's calls run, and in which order its layers stand."""

from __future__ import annotations

from collections.abc import Iterator

from convlet.layers._input import Input
from convlet.layers._layer import Layer
from convlet.layers._symbolic import KerasTensor, Node, flatten, record


def ordered(
    inputs: list[KerasTensor], outputs: list[KerasTensor]
) -> tuple[list[Node], list[Layer]]:
    """The calls between inputs, which `Input` made, and outputs; and the layers.

    Calls that others need stand before these. Layers are in Keras's order, hence weights, too:
    those furthest from the outputs first, among equals those that a walk from the outputs meets
    first.
    """
    met: dict[int, int] = {}  # layers, by their id, in the order of the walk
    nodes = list(_walk(inputs, outputs, met))
    calls = [node for node in nodes if node.inputs]
    distance = _distances(nodes)
    for tensor in inputs:
        if tensor.node not in distance:  # nothing depends on it
            distance[tensor.node] = 0
            met[id(tensor.node.layer)] = -1
    furthest: dict[int, int] = {}
    layers: dict[int, Layer] = {}
    for node, steps in distance.items():
        key = id(node.layer)
        layers[key] = node.layer
        furthest[key] = max(steps, furthest.get(key, 0))
    order = sorted(layers.values(), key=lambda layer: (-furthest[id(layer)], met[id(layer)]))
    _check_names(order)
    return calls, order


def from_inputs(
    inputs: list[KerasTensor], outputs: list[KerasTensor]
) -> tuple[list[KerasTensor], list[KerasTensor]]:
    """The same graph from `Input`s: where others are given, the layers are called anew."""
    if not any(tensor.node.inputs for tensor in inputs):
        return inputs, outputs
    new = {
        id(tensor): Input(batch_shape=tensor.shape, dtype=tensor.dtype)
        if tensor.node.inputs
        else tensor
        for tensor in inputs
    }
    for node in list(_walk(inputs, outputs, {})):
        if node.inputs:
            made = record(node.layer, [new[id(tensor)] for tensor in node.inputs], node.training)
            for old, tensor in zip(node.outputs, flatten(made), strict=True):
                new.setdefault(id(old), tensor)
    return [new[id(tensor)] for tensor in inputs], [new[id(tensor)] for tensor in outputs]


def _walk(
    inputs: list[KerasTensor], outputs: list[KerasTensor], met: dict[int, int]
) -> Iterator[Node]:
    """Depth first from the outputs, each node once, after those that it needs."""
    given = {id(tensor) for tensor in inputs}
    done: set[Node] = set()
    for output in outputs:
        stack = [(output, False)]
        while stack:
            tensor, entered = stack.pop()
            node = tensor.node
            if entered and node not in done:
                done.add(node)
                yield node
            if node in done or (id(tensor) in given and node.inputs):
                continue
            if not node.inputs and id(tensor) not in given:
                raise ValueError(
                    f"outputs must depend on inputs alone, but {output!r} needs {tensor!r}, which "
                    "is not among them"
                )
            met.setdefault(id(node.layer), len(met))
            stack.append((tensor, True))
            stack += [(needed, False) for needed in reversed(node.inputs)]


def _distances(nodes: list[Node]) -> dict[Node, int]:
    """The longest way to an output for each node; no less than for the layer's earlier calls."""
    distance: dict[Node, int] = {}
    of_layer: dict[int, int] = {}
    for node in reversed(nodes):
        key = id(node.layer)
        steps = max(distance.get(node, 0), of_layer.get(key, 0))
        distance[node] = of_layer[key] = steps
        for tensor in node.inputs:
            distance[tensor.node] = max(steps + 1, distance.get(tensor.node, 0))
    return distance


def _check_names(layers: list[Layer]) -> None:
    names = [layer.name for layer in layers]
    for name in names:
        if names.count(name) > 1:
            raise ValueError(f"every layer must have a name of its own, got {name!r} twice")
