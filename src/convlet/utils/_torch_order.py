"""Where PyTorch flattens feature maps in another order than convlet: channels first, not last."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from convlet import layers
from convlet._variable import Array

_LAST, _FIRST = "channels_last", "channels_first"


class Orders:
    """For each layer of a model, the order of its input's elements in PyTorch, where that differs.

    `of(layer)[i]` is the place in PyTorch's vector of what is in place i here; None where both
    agree, as everywhere but between a `Flatten` and the `Dense` layers after it.
    """

    def __init__(self, model: Any) -> None:
        self._orders: dict[int, Any] = {}
        self._follow(model, [_LAST] * len(model.inputs))

    def of(self, layer: Any) -> Array | None:
        """Of the layer's input."""
        order = self._orders.get(id(layer))
        return None if isinstance(order, str) else order

    def _follow(self, model: Any, given: list[Any]) -> list[Any]:
        """What the model's outputs are like. Of feature maps that is where channels stand."""
        known: dict[int, Any] = dict(
            zip((id(tensor) for tensor in model.inputs), given, strict=True)
        )
        for step in model.graph.steps:
            inputs = [known[id(tensor)] for tensor in step.node.inputs]
            if hasattr(step.layer, "graph"):
                made = self._follow(step.layer, inputs)
            else:
                made = [self._through(step.layer, inputs, step.node)] * len(step.node.outputs)
            known.update(zip((id(tensor) for tensor in step.node.outputs), made, strict=True))
        return [known[id(tensor)] for tensor in model.outputs]

    def _through(self, layer: Any, inputs: list[Any], node: Any) -> Any:
        shapes = [tensor.shape for tensor in node.inputs]
        if layer.weights:
            self._orders[id(layer)] = inputs[0]
        if isinstance(layer, layers.Flatten):
            return _flattened(shapes[0], layer.data_format, inputs[0])
        moves = isinstance(layer, (layers.Permute, layers.Reshape))
        if moves and max(len(shapes[0]), len(node.outputs[0].shape)) > 2:
            raise ValueError(
                f"{layer.name} must not be a {type(layer).__name__} of feature maps: what it makes "
                "depends on where channels stand, which differs in PyTorch"
            )
        if len(node.outputs[0].shape) > 2:
            return getattr(layer, "data_format", inputs[0])
        if isinstance(layer, layers.Dense) or len(shapes[0]) > 2:
            return None
        if isinstance(layer, layers.Concatenate):
            return _joined(inputs, shapes)
        if any(not _same(inputs[0], other) for other in inputs[1:]):
            raise ValueError(
                f"{layer.name} joins vectors whose elements PyTorch orders differently"
            )
        return inputs[0]


def _flattened(shape: Any, data_format: str, before: str) -> Any:
    """Of the vector that is made of feature maps; of a vector, as it was."""
    if len(shape) <= 2:
        return before
    moved = data_format == _FIRST  # channels go last, before all is one axis
    if before == _FIRST and not moved:
        return None
    spatial, channels = (shape[2:], shape[1]) if moved else (shape[1:-1], shape[-1])
    numbers = np.arange(channels * math.prod(spatial)).reshape(channels, -1)
    return numbers.T.reshape(-1)


def _joined(orders: list[Any], shapes: list[Any]) -> Any:
    if all(order is None for order in orders):
        return None
    parts, first = [], 0
    for order, shape in zip(orders, shapes, strict=True):
        parts.append(first + (np.arange(shape[-1]) if order is None else order))
        first += shape[-1]
    return np.concatenate(parts)


def _same(one: Any, other: Any) -> bool:
    return np.array_equal(one, other) if one is not None and other is not None else one is other
