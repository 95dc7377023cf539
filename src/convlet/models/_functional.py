"""A network of any shape: branches, several inputs and outputs, shared layers."""

from __future__ import annotations

from typing import Any

import numpy as np

from convlet.layers._layer import Shape
from convlet.layers._symbolic import KerasTensor, flatten, restore
from convlet.models._config import from_config, to_config
from convlet.models._graph import Graph
from convlet.models._order import from_inputs
from convlet.models._registry import custom_object_scope
from convlet.models._trainer import Trainer


class Functional(Trainer):
    """The network between symbolic inputs and outputs.

    Parameters
    ----------
    inputs : KerasTensor, or list or dict of them
        What `Input` returned, or what a layer returned for it.
    outputs : KerasTensor, or list or dict of them
        What layers returned; the model returns arrays in the same structure.
    name : str, optional
        Default: "functional", numbered.
    trainable : bool, default True
        Whether training changes the weights.

    Raises
    ------
    TypeError
        If one of them is no KerasTensor.
    ValueError
        If an output does not depend on the inputs alone, or two layers have one name.

    Notes
    -----
    Several inputs are a list, in the order of `inputs`, or a dict by the names of their `Input`s.
    A layer may be called several times; its gradients are added, in the same order each time. A
    model is a layer, too. While it runs, an array is kept until nothing reads it any more. Any
    number of Python threads may call a model at once; training belongs to one.

    Examples
    --------
    >>> from convlet import Input, Model, layers
    >>> image = Input((8, 8, 3))
    >>> x = layers.Conv2D(4, 3, padding="same", activation="relu")(image)
    >>> skipped = layers.Conv2D(4, 1)(image)
    >>> y = layers.GlobalAveragePooling2D()(layers.Add()([x, skipped]))
    >>> model = Model(image, y)
    >>> model.output_shape, model.count_params()
    ((None, 4), 128)
    """

    def __init__(
        self, inputs: Any, outputs: Any, name: str | None = None, *, trainable: bool = True
    ) -> None:
        super().__init__(name=name)
        for argument, value in (("inputs", inputs), ("outputs", outputs)):
            parts = flatten(value)
            if not parts or not all(isinstance(part, KerasTensor) for part in parts):
                raise TypeError(
                    f"{argument} must be a KerasTensor, or a list or dict of them, got {value!r}"
                )
        starts, ends = from_inputs(flatten(inputs), flatten(outputs))
        if len({id(tensor) for tensor in starts}) != len(starts):
            raise ValueError(f"inputs must have each KerasTensor once, got {inputs!r}")
        self._inputs, self._outputs = restore(inputs, starts), restore(outputs, ends)
        self._graph = Graph(starts, ends)
        self._layers = self._graph.layers
        self.several_inputs = len(starts) > 1
        self.compute_dtype = starts[0].dtype
        self._built_shape = self._shapes()
        self.built = True
        if not trainable:
            self.trainable = False

    def _shapes(self) -> Any:
        shapes = [tensor.shape for tensor in self.inputs]
        return shapes if self.several_inputs else shapes[0]

    @property
    def input_names(self) -> list[str]:
        """The names of the `Input`s."""
        return [tensor.node.layer.name for tensor in self.inputs]

    # ------------------------------------------------------------------------------------- inputs

    def flat_inputs(self, x: Any) -> list[Any]:
        """The inputs in the model's order, from a list, a dict by name, or the only one."""
        if isinstance(x, dict):
            keys = list(self._inputs) if isinstance(self._inputs, dict) else self.input_names
            if missing := [key for key in keys if key not in x]:
                raise ValueError(f"{self.name}: x must have a {missing[0]!r}, got {list(x)}")
            return [x[key] for key in keys]
        # A list of numbers is one array.
        listed = isinstance(x, (list, tuple)) and (
            self.several_inputs or all(isinstance(part, (np.ndarray, KerasTensor)) for part in x)
        )
        parts = list(x) if listed else [x]
        if len(parts) != len(self.inputs):
            raise ValueError(
                f"{self.name}: x must be {len(self.inputs)} arrays, one for each of "
                f"{', '.join(self.input_names)}, got {len(parts)}"
            )
        return parts

    def cast(self, x: Any) -> Any:
        """x as arrays of the inputs' types."""
        parts = [
            tensor.node.layer.cast(part)
            for tensor, part in zip(self.inputs, self.flat_inputs(x), strict=True)
        ]
        self._check(parts)
        return parts if self.several_inputs else parts[0]

    def _check(self, arrays: list[Any]) -> None:
        """Axes and known sizes, as the inputs have them."""
        for tensor, array in zip(self.inputs, arrays, strict=True):
            if len(array.shape) != tensor.ndim or any(
                None is not size != own for size, own in zip(tensor.shape, array.shape, strict=True)
            ):
                raise ValueError(
                    f"{self.name}: {tensor.node.layer.name} must have shape {tensor.shape}, "
                    f"got {array.shape}"
                )

    def compute_output_shape(self, input_shape: Any) -> Any:
        """The outputs' shapes for those of the inputs, structured as the outputs are."""
        given = list(input_shape) if self.several_inputs else [input_shape]
        known: dict[int, Shape] = {}
        for tensor, shape in zip(self.inputs, given, strict=True):
            known[id(tensor)] = tuple(shape)
        for step in self._graph.steps:
            shapes = [known[id(tensor)] for tensor in step.node.inputs]
            made = step.layer.compute_output_shape(
                shapes if step.layer.several_inputs else shapes[0]
            )
            parts = flatten(made) if step.node.listed else [made]
            for tensor, shape in zip(step.node.outputs, parts, strict=True):
                known[id(tensor)] = shape
        shapes = [known[id(tensor)] for tensor in self.outputs]
        if isinstance(self._outputs, (list, tuple)):
            return shapes
        return restore(self._outputs, shapes)

    # ------------------------------------------------------------------------------------- config

    def get_config(self) -> dict[str, Any]:
        """Name, layers and their connections, as plain values in Keras 3's form."""
        return {"name": self.name, "trainable": self.trainable, **to_config(self)}

    @classmethod
    def from_config(
        cls, config: dict[str, Any], custom_objects: dict[str, Any] | None = None
    ) -> Functional:
        """A new model of new layers from what `get_config` returned; without its weights.

        `custom_objects` has classes of layers that are not convlet's own, by their names.
        """
        with custom_object_scope(custom_objects):
            inputs, outputs = from_config(config)
        trainable = config.get("trainable", True)
        return cls(inputs, outputs, config.get("name"), trainable=trainable)


Model = Functional  # as `Model(inputs, outputs)` makes one in Keras
