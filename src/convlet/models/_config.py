"""Graphs as plain values, and back."""

from __future__ import annotations

from typing import Any

from convlet.layers._layer import Layer
from convlet.layers._symbolic import KerasTensor, record
from convlet.models._registry import layer_entry, layer_from


def to_config(model: Any) -> dict[str, Any]:
    """Layers with the calls that made them part of the model, inputs and outputs."""
    graph = model.graph
    calls = {
        id(node): number
        for layer in graph.layers
        for number, node in enumerate(node for node in layer._nodes if node in graph.nodes)
    }

    def place(tensor: KerasTensor) -> list[Any]:
        return [tensor.node.layer.name, calls[id(tensor.node)], tensor.index]

    def end(tensor: KerasTensor) -> list[Any]:
        name, number, index = place(tensor)
        return [name, number + _first(tensor.node.layer), index]

    def described(tensor: KerasTensor) -> dict[str, Any]:
        settings = {"shape": tensor.shape, "dtype": tensor.dtype, "keras_history": place(tensor)}
        return {"class_name": "__keras_tensor__", "config": settings}

    def call(node: Any) -> dict[str, Any]:
        inputs = [described(tensor) for tensor in node.inputs]
        given = {} if node.training is None else {"training": node.training}
        return {"args": [inputs if node.layer.several_inputs else inputs[0]], "kwargs": given}

    layers = [
        {
            **layer_entry(layer),
            "name": layer.name,
            "inbound_nodes": [
                call(node) for node in layer._nodes if node in graph.nodes and node.inputs
            ],
        }
        for layer in graph.layers
    ]

    def places(structure: Any) -> Any:
        if isinstance(structure, dict):
            return {key: end(tensor) for key, tensor in structure.items()}
        return [*map(end, structure)] if isinstance(structure, (list, tuple)) else end(structure)

    return {
        "layers": layers,
        "input_layers": places(model.input),
        "output_layers": places(model.output),
    }


def _first(layer: Layer) -> int:
    """The first call's number where a model's inputs and outputs are named.

    There, and only there, Keras counts a graph's own construction as its call number 0.
    """
    from convlet.models import Functional, Sequential

    return int(isinstance(layer, Functional) and not isinstance(layer, Sequential))


def from_config(config: dict[str, Any]) -> tuple[Any, Any]:
    """The symbolic inputs and outputs of a new graph."""
    made: dict[str, Layer] = {}
    waiting: list[tuple[Layer, list[dict[str, Any]]]] = []
    for entry in config["layers"]:
        layer = layer_from(entry)
        if layer.name in made:
            raise ValueError(f"config must name each layer once, got {layer.name!r} twice")
        made[layer.name] = layer
        waiting.append((layer, list(entry["inbound_nodes"])))

    def tensor(place: Any, shift: bool = False) -> KerasTensor | None:
        """None where the call has not been made yet."""
        name, number, index = place
        if name not in made:
            raise ValueError(f"config must describe the layer {name!r} that it refers to")
        number -= _first(made[name]) if shift else 0
        nodes = made[name]._nodes
        return nodes[number].outputs[index] if 0 <= number < len(nodes) else None

    while any(calls for _, calls in waiting):
        before = sum(len(calls) for _, calls in waiting)
        for layer, calls in waiting:
            while calls and _made(layer, calls[0], tensor):
                del calls[0]
        if before == sum(len(calls) for _, calls in waiting):
            names = ", ".join(layer.name for layer, calls in waiting if calls)
            raise ValueError(f"config must connect all layers, got none that leads to {names}")

    def tensors(structure: Any) -> Any:
        if isinstance(structure, dict):
            return {key: tensor(place, True) for key, place in structure.items()}
        if structure and isinstance(structure[0], str):
            return tensor(structure, True)
        return [tensor(place, True) for place in structure]

    return tensors(config["input_layers"]), tensors(config["output_layers"])


def _made(layer: Layer, call: dict[str, Any], tensor: Any) -> bool:
    """Make a call, if its inputs are there."""
    inputs = [tensor(one["config"]["keras_history"]) for one in _listed(call["args"][0])]
    if any(part is None for part in inputs):
        return False
    record(layer, inputs, call.get("kwargs", {}).get("training"))
    return True


def _listed(value: Any) -> list[Any]:
    """A list's parts, or the dict of a single KerasTensor."""
    return list(value) if isinstance(value, (list, tuple)) else [value]
