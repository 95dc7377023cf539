"""A network of layers one after the other."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from convlet._variable import Array
from convlet.layers._input import InputLayer
from convlet.layers._layer import Layer, Shape
from convlet.layers._symbolic import KerasTensor
from convlet.models._functional import Functional
from convlet.models._graph import Graph
from convlet.models._registry import custom_object_scope, layer_entry, layer_from
from convlet.models._trainer import Trainer


class Sequential(Functional):
    """Layers one after the other: each takes the output of the one before.

    Parameters
    ----------
    layers : iterable of Layer, optional
        Added in order; an `Input` may come first.
    trainable : bool, default True
        Whether training changes the weights.
    name : str, optional
        Default: "sequential", numbered.

    Raises
    ------
    TypeError
        If one of them is no layer.
    ValueError
        If two have the same name, or one cannot take the output of the one before.

    Notes
    -----
    The model is built, that is, its weights are made, as soon as it knows its input's shape: from
    an `Input`, from the first layer's `input_shape`, or from the first array that it is called on.
    Between its layers the threads stay awake. Any number of Python threads may call it at once;
    training belongs to one.

    Examples
    --------
    >>> from convlet import Sequential
    >>> from convlet.layers import Conv2D, Dense, Flatten, Input
    >>> model = Sequential([Input((8, 8, 1)), Conv2D(4, 3, activation="relu"), Flatten(), Dense(2)])
    >>> model.output_shape, model.count_params()
    ((None, 2), 330)
    """

    def __init__(
        self, layers: Iterable[Any] | None = None, trainable: bool = True, name: str | None = None
    ) -> None:
        Trainer.__init__(self, name=name, trainable=trainable)
        self._input: InputLayer | None = None
        if isinstance(layers, (Layer, KerasTensor)):
            layers = [layers]
        for layer in layers or ():
            self._append(layer)
        self._rebuild()

    # ------------------------------------------------------------------------------------- layers

    def add(self, layer: Layer) -> None:
        """Append a layer.

        Raises
        ------
        TypeError, ValueError
            As the constructor; the model is as before then.
        """
        self._append(layer)
        try:
            self._rebuild()
        except Exception:
            self._remove_last()
            self._rebuild()
            raise

    def pop(self) -> Layer:
        """Remove the last layer and return it.

        Raises
        ------
        ValueError
            If there is none.
        """
        if not self._layers:
            raise ValueError(f"{self.name} has no layer to remove")
        layer = self._remove_last()
        self._rebuild()
        return layer

    def _append(self, layer: Any) -> None:
        if isinstance(layer, KerasTensor) and isinstance(layer.node.layer, InputLayer):
            layer = layer.node.layer
        if not isinstance(layer, Layer):
            raise TypeError(f"layer must be a Layer, got {layer!r}")
        if isinstance(layer, InputLayer):
            if self._layers or self._input is not None:
                raise ValueError(f"Input must come first, but {self.name} has layers already")
            self._input = layer
            return
        if any(layer.name == other.name for other in self._layers):
            raise ValueError(f"every layer must have a name of its own, got another {layer.name!r}")
        self._layers.append(layer)

    def _remove_last(self) -> Layer:
        if not self._layers and self._input is not None:
            layer, self._input = self._input, None
            return layer
        return self._layers.pop()

    # ----------------------------------------------------------------------------------- building

    def _first_shape(self) -> Shape | None:
        """The input's shape, where it is known without an array."""
        if self._input is not None:
            return self._input.batch_shape
        first = self._layers[0] if self._layers else None
        if first is None:
            return None
        if first._declared_shape is not None:
            return first._declared_shape
        return first.input_shape if first.built else None

    def _rebuild(self) -> None:
        """Build again after layers have changed, as far as shapes are known."""
        self.built = False
        if self._inputs is not None:
            for step in self._graph.steps:
                step.layer._nodes.remove(step.node)
            self._inputs = self._outputs = None
        shape = self._first_shape()
        if shape is not None and self._layers:
            self.ensure_built(shape)

    def build(self, input_shape: Shape | None = None) -> None:
        """Build the layers that are not built yet, for inputs of this shape."""
        shape = tuple(input_shape) if input_shape is not None else self._first_shape()
        if shape is None:
            raise ValueError(f"input_shape must be given to build {self.name}")
        self._check_layers()
        self.compute_output_shape(shape)  # an error before any layer has weights
        self._built_shape = (None, *shape[1:])
        first = self._input or InputLayer(batch_shape=shape, dtype=self._layers[0].compute_dtype)
        x, self.compute_dtype = first.output, first.compute_dtype
        for layer in self._layers:
            x = layer(x)
        self._inputs, self._outputs = first.output, x
        self._graph = Graph([self._inputs], [self._outputs])

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """The last layer's."""
        for layer in self._layers:
            input_shape = layer.compute_output_shape(input_shape)
        return input_shape

    # ------------------------------------------------------------------------------------ running

    def __call__(self, x: Any, training: bool | None = None) -> Any:
        """Build the model if need be and return its output for x."""
        self._check_layers()
        return super().__call__(x, training)

    def flat_inputs(self, x: Any) -> list[Any]:
        """The only input."""
        return Layer.flat_inputs(self, x)

    def cast(self, x: Any) -> Array:
        """x as the first layer wants it."""
        return self._layers[0].cast(x) if self._layers else Layer.cast(self, x)

    # ------------------------------------------------------------------------------------- config

    def get_config(self) -> dict[str, Any]:
        """Name, layers and the input's shape, as plain values; see `from_config`."""
        parts: list[Layer] = [] if self._input is None else [self._input]
        parts += self._layers
        return {
            "name": self.name,
            "trainable": self.trainable,
            "layers": [layer_entry(part) for part in parts],
            "build_input_shape": self._built_shape,
        }

    @classmethod
    def from_config(
        cls, config: dict[str, Any], custom_objects: dict[str, Any] | None = None
    ) -> Sequential:
        """A new model of new layers from what `get_config` returned; without its weights.

        `custom_objects` has classes of layers that are not convlet's own, by their names.
        """
        with custom_object_scope(custom_objects):
            layers = [layer_from(entry) for entry in config["layers"]]
        model = cls(layers, config.get("trainable", True), config.get("name"))
        shape = config.get("build_input_shape")
        if shape is not None:
            model.ensure_built(tuple(shape))
        return model
