"""Arrays that are not there yet: calling a layer on one records a node of a graph."""

from __future__ import annotations

from typing import Any, NoReturn

from convlet._names import auto_name
from convlet.layers._building import Shape


class KerasTensor:
    """What a layer will return: shape and element type, and the layer that makes it.

    `Input` makes the first ones, calls of layers on them the others, `Model` a network of them.

    Attributes
    ----------
    shape : tuple of int or None
        N first; None is an unknown size.
    dtype : str
    name : str

    Examples
    --------
    >>> from convlet.layers import Dense, Input
    >>> Dense(2)(Input((3,))).shape
    (None, 2)
    """

    __slots__ = ("dtype", "index", "name", "node", "shape")

    def __init__(
        self, shape: Shape, dtype: str, node: Node, index: int = 0, name: str | None = None
    ) -> None:
        self.shape = tuple(shape)
        self.dtype = dtype
        self.node = node
        self.index = index  # among the node's outputs
        self.name = auto_name("keras_tensor") if name is None else name

    @property
    def ndim(self) -> int:
        """Number of axes."""
        return len(self.shape)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NoReturn:
        raise TypeError(
            f"{self.name} has no values: it stands for an array in a Model; call layers on it"
        )

    def __len__(self) -> NoReturn:
        raise TypeError(f"{self.name} has no values, hence no length")

    def __bool__(self) -> NoReturn:
        raise TypeError(f"{self.name} has no values, hence no truth")

    def __repr__(self) -> str:
        return f"<KerasTensor shape={self.shape}, dtype={self.dtype}, name={self.name}>"


class Node:
    """One call of a layer in a graph: what went in, and what came out."""

    __slots__ = ("inputs", "layer", "listed", "outputs", "training")

    def __init__(self, layer: Any, inputs: list[KerasTensor], training: bool | None = None) -> None:
        self.layer = layer
        self.inputs = tuple(inputs)
        self.training = training  # None: as the whole graph
        self.outputs: tuple[KerasTensor, ...] = ()
        self.listed = False  # whether the layer returns a list or dict

    @property
    def place(self) -> int:
        """Its number among the layer's calls."""
        return int(self.layer._nodes.index(self))


def flatten(value: Any) -> list[Any]:
    """The parts of a list, tuple or dict; else the value alone."""
    if isinstance(value, (list, tuple)):
        return list(value)
    return list(value.values()) if isinstance(value, dict) else [value]


def restore(like: Any, parts: list[Any]) -> Any:
    """Parts in the structure that `flatten` took them from."""
    if isinstance(like, (list, tuple)):
        return type(like)(parts)
    return dict(zip(like, parts, strict=True)) if isinstance(like, dict) else parts[0]


def is_symbolic(value: Any) -> bool:
    """Whether it is a KerasTensor, or holds one."""
    return isinstance(value, KerasTensor) or (
        isinstance(value, (list, tuple, dict))
        and any(isinstance(part, KerasTensor) for part in flatten(value))
    )


def record(layer: Any, value: Any, training: bool | None = None) -> Any:
    """Call a layer on symbolic inputs: build it, add a node, and return its symbolic outputs."""
    inputs = layer.flat_inputs(value)
    for part in inputs:
        if not isinstance(part, KerasTensor):
            raise TypeError(f"{layer.name}: all inputs must be KerasTensors, got {part!r} as one")
    shapes = [part.shape for part in inputs]
    shape = shapes if layer.several_inputs else shapes[0]
    layer.ensure_built(shape)
    made = layer.compute_output_shape(shape)
    node = Node(layer, inputs, training)
    node.listed = isinstance(made, (list, dict))
    node.outputs = tuple(
        KerasTensor(one, layer.compute_dtype, node, index)
        for index, one in enumerate(flatten(made) if node.listed else [made])
    )
    layer._nodes.append(node)
    return restore(made, list(node.outputs)) if node.listed else node.outputs[0]
