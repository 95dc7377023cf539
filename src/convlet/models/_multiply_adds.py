"""How many multiplications a network needs for one sample, each with an addition."""

from __future__ import annotations

import math
from typing import Any

from convlet.layers._base_conv import BaseConv
from convlet.layers._conv_transpose import ConvTranspose
from convlet.layers._dense import Dense
from convlet.layers._working import Shape, spatial_sizes


def multiply_adds(model: Any) -> int | None:
    """Those of all convolutions and dense layers for one sample; None where a size is unknown.

    Each call of a layer counts, and products with padding do, too; biases, activations, pools and
    normalisations do not.
    """
    counts = [_of_call(step.node) for step in model.graph.steps]
    return None if None in counts else sum(count for count in counts if count is not None)


def _of_call(node: Any) -> int | None:
    if hasattr(node.layer, "graph"):
        return multiply_adds(node.layer)
    factors = _factors(node.layer, node.inputs[0].shape, node.outputs[0].shape)
    if factors is None:
        return 0
    places, products = factors
    return None if None in places else math.prod(size or 0 for size in places) * products


def multiply_adds_working(layer: Any, node: Any) -> list[str]:
    """For a call of a layer: places x products = what they come to."""
    if hasattr(layer, "graph"):
        total = multiply_adds(layer)
        return [f"{total:,} multiply-adds"] if total else []
    factors = _factors(layer, node.inputs[0].shape, node.outputs[0].shape)
    if factors is None or None in factors[0]:
        return []
    places, products = factors
    total = math.prod(size or 0 for size in places) * products
    working = " x ".join([*map(str, places), f"{products:,}"]) + " = " if places else ""
    return [f"{working}{total:,} multiply-adds"]


def _factors(layer: Any, input_shape: Shape, output_shape: Shape) -> tuple[Shape, int] | None:
    """Where kernels are applied, and the products at each place; None for layers without."""
    if isinstance(layer, Dense):
        return input_shape[1:-1], layer.kernel.size
    if not isinstance(layer, BaseConv):
        return None
    products = sum(getattr(layer, name).size for name in layer.kernels)
    shape = input_shape if isinstance(layer, ConvTranspose) else output_shape
    return spatial_sizes(shape, layer.data_format), products
