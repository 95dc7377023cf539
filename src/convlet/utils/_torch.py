"""Weights from and for PyTorch, as dictionaries of arrays: PyTorch itself is not needed."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np

from convlet import layers
from convlet._variable import Array, Variable
from convlet.utils._torch_order import Orders

_DEPTHWISE = (layers.DepthwiseConv1D, layers.DepthwiseConv2D)
_SEPARABLE = (layers.SeparableConv1D, layers.SeparableConv2D)
_COUNTER = "num_batches_tracked"  # of batch normalisation, which computes nothing with it
_VECTORS = {  # by the names that weights have here; others are kernels
    "gamma": "weight",
    "beta": "bias",
    "moving_mean": "running_mean",
    "moving_variance": "running_var",
    "alpha": "weight",
    "bias": "bias",
}


class Part(NamedTuple):
    """A weight, and what PyTorch makes of it."""

    variable: Variable
    name: str  # within its module
    kind: str  # "kernel", "depthwise" or "vector"
    order: Array | None = None  # of input elements, as of `Orders`

    @property
    def shape(self) -> tuple[int, ...]:
        """PyTorch's."""
        own = self.variable.shape
        if self.kind == "vector":
            return (math.prod(own),)
        outputs = (own[-2] * own[-1], 1) if self.kind == "depthwise" else (own[-1], own[-2])
        return (*outputs, *own[:-2])

    def to_torch(self) -> Array:
        """A new array, laid out as PyTorch's: output channels, input channels, spatial axes."""
        value = self.variable.value
        if self.kind != "vector":
            last = (-2, -1) if self.kind == "depthwise" else (-1, -2)
            value = value.transpose(*last, *range(value.ndim - 2))
        result = np.array(value, order="C").reshape(self.shape)
        if self.order is not None:
            result[..., self.order] = result.copy()
        return result

    def from_torch(self, value: Array) -> Array:
        """PyTorch's array, laid out as the variable is."""
        own, value = self.variable.shape, value if self.order is None else value[..., self.order]
        if self.kind == "vector":
            return value.reshape(own)
        spatial = range(2, len(own))
        if self.kind == "depthwise":
            return value.reshape(*own[-2:], *own[:-2]).transpose(*spatial, 0, 1)
        return value.transpose(*spatial, 1, 0)


def to_torch_state_dict(model: Any, like: Iterable[str] | None = None) -> dict[str, Array]:
    """A model's weights as a PyTorch module of the same architecture has them.

    Parameters
    ----------
    model : Sequential or Model
        A built one.
    like : iterable of str, optional
        Names in the module's own `state_dict()`: its modules with weights then stand for the
        model's layers with weights, in order. Default: modules have the layers' names.

    Returns
    -------
    dict of str to ndarray
        Hand it to ``module.load_state_dict({k: torch.from_numpy(v) for k, v in found.items()})``.

    Raises
    ------
    ValueError
        If `like` has other modules than the model has layers, or a layer makes feature maps of
        vectors.

    Notes
    -----
    Kernels (KH, KW, CI, CO) become (CO, CI, KH, KW), also transposed, depthwise and dense ones. The
    rows of the first Dense after a Flatten change their order: PyTorch flattens (C, H, W). A
    separable convolution is two modules.

    Examples
    --------
    >>> from convlet import Sequential, layers, utils
    >>> model = Sequential([layers.Input((8, 8, 3)), layers.Conv2D(4, 5, name="conv")])
    >>> {name: array.shape for name, array in utils.to_torch_state_dict(model).items()}
    {'conv.weight': (4, 3, 5, 5), 'conv.bias': (4,)}
    """
    names = None if like is None else _modules(like)
    result: dict[str, Array] = {}
    for module, parts in _matched(model, names):
        found = {f"{module}.{part.name}": part.to_torch() for part in parts}
        if names is not None and f"{module}.{_COUNTER}" in names[module]:
            found[f"{module}.{_COUNTER}"] = np.array(0, np.int64)
        result.update(found)
    return result


def from_torch_state_dict(model: Any, state_dict: Mapping[str, Any]) -> None:
    """Give a model the weights of a PyTorch module of the same architecture.

    Parameters
    ----------
    model : Sequential or Model
        A built one, whose layers with weights stand for the module's, in order.
    state_dict : dict of str to array
        The module's ``state_dict()``, or arrays by the same names.

    Raises
    ------
    ValueError
        If modules and layers differ in number, or an array's name or shape does not fit. The model
        then keeps its weights.
    TypeError
        If an array does not consist of real numbers.

    Notes
    -----
    The layout is that of `to_torch_state_dict`. Modules may have other names than layers; it is
    their order that counts. PyTorch's batch normalisation has ``epsilon=1e-5`` and, said as here,
    ``momentum=0.9``: give these to the layer.

    Examples
    --------
    >>> from convlet import Sequential, layers, utils
    >>> model = Sequential([layers.Input((4,)), layers.Dense(2)])
    >>> utils.from_torch_state_dict(model, {"0.weight": [[1, 2, 3, 4]] * 2, "0.bias": [5, 6]})
    >>> model.layers[0].kernel.value[:, 0]
    array([1., 2., 3., 4.], dtype=float32)
    """
    names, values = _modules(state_dict), []
    for module, parts in _matched(model, names):
        wanted = {f"{module}.{part.name}" for part in parts}
        if found := (names[module] ^ wanted) - {f"{module}.{_COUNTER}"}:
            raise ValueError(
                f"state_dict must have {sorted(wanted)} for {parts[0].variable.path}, got "
                f"{sorted(names[module])}: they differ in {sorted(found)}"
            )
        for part in parts:
            array = np.asarray(state_dict[f"{module}.{part.name}"])
            if array.shape != part.shape:
                raise ValueError(
                    f"{module}.{part.name} must have shape {part.shape} for {part.variable.path}, "
                    f"got {array.shape}"
                )
            value = part.from_torch(array)
            part.variable.check(value)
            values.append((part.variable, value))
    for variable, value in values:
        variable.assign(value)


def _modules(names: Iterable[str]) -> dict[str, set[str]]:
    """Modules in order, each with its arrays' names."""
    modules: dict[str, set[str]] = {}
    for name in names:
        modules.setdefault(name.rpartition(".")[0], set()).add(name)
    return modules


def _matched(model: Any, names: dict[str, set[str]] | None) -> list[tuple[str, list[Part]]]:
    """Modules and what they consist of."""
    found = list(_parts(model, Orders(model), set()))
    if names is None:
        return found
    if len(names) != len(found):
        raise ValueError(
            f"state_dict must have {len(found)} modules with weights, as {model.name} has layers, "
            f"got {len(names)}: {', '.join(names)}"
        )
    return [(name, parts) for name, (_, parts) in zip(names, found, strict=True)]


def _parts(model: Any, orders: Orders, seen: set[int]) -> Iterator[tuple[str, list[Part]]]:
    """(name, parts) for each module that layers stand for, in the layers' order."""
    for layer in model.layers:
        if id(layer) in seen:
            continue
        seen.add(id(layer))
        if hasattr(layer, "layers"):
            inner = _parts(layer, orders, seen)
            yield from ((f"{layer.name}.{name}", parts) for name, parts in inner)
        elif isinstance(layer, _SEPARABLE):
            depthwise, *rest = layer.weights
            yield f"{layer.name}.depthwise", [Part(depthwise, "weight", "depthwise")]
            yield f"{layer.name}.pointwise", [_part(layer, weight, None) for weight in rest]
        elif layer.weights:
            order = orders.of(layer)
            yield layer.name, [_part(layer, weight, order) for weight in layer.weights]


def _part(layer: Any, weight: Variable, order: Array | None) -> Part:
    if weight.name in _VECTORS:
        own = None if weight.name == "bias" else order
        return Part(weight, _VECTORS[weight.name], "vector", own)
    return Part(weight, "weight", "depthwise" if isinstance(layer, _DEPTHWISE) else "kernel", order)
