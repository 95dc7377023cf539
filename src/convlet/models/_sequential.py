"""A network of layers one after the other."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from convlet._cext import runtime
from convlet._variable import Array, Variable
from convlet.layers._input import InputLayer
from convlet.layers._layer import Layer, Shape
from convlet.layers._pullback import Gradients, Pullback
from convlet.models._trainer import Trainer


class Sequential(Trainer, Layer):
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
        self, layers: Iterable[Layer] | None = None, trainable: bool = True, name: str | None = None
    ) -> None:
        super().__init__(name=name, trainable=trainable)
        self._input: InputLayer | None = None
        self._layers: list[Layer] = []
        if isinstance(layers, Layer):
            layers = [layers]
        for layer in layers or ():
            self._append(layer)
        self._rebuild()

    # ------------------------------------------------------------------------------------- layers

    @property
    def layers(self) -> list[Layer]:
        """The layers in order, without the `Input`."""
        return list(self._layers)

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

    def get_layer(self, name: str | None = None, index: int | None = None) -> Layer:
        """The layer with this name, or at this place.

        Raises
        ------
        ValueError
            If there is no such layer, or not just one of name and index is given.
        """
        if (name is None) == (index is None):
            raise ValueError(f"give name or index, got name={name!r} and index={index!r}")
        if index is not None:
            if not -len(self._layers) <= index < len(self._layers):
                raise ValueError(f"index must be below {len(self._layers)}, got {index}")
            return self._layers[index]
        for layer in self._layers:
            if layer.name == name:
                return layer
        names = ", ".join(layer.name for layer in self._layers)
        raise ValueError(f"name must be one of {names}, got {name!r}")

    def _append(self, layer: Layer) -> None:
        if not isinstance(layer, Layer):
            raise TypeError(f"layer must be a Layer, got {layer!r}")
        if isinstance(layer, InputLayer):
            if self._layers or self._input:
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
        shape = self._first_shape()
        if shape is not None and self._layers:
            self.ensure_built(shape)

    def build(self, input_shape: Shape | None = None) -> None:
        """Build the layers that are not built yet, for inputs of this shape."""
        shape = tuple(input_shape) if input_shape is not None else self._first_shape()
        if shape is None:
            raise ValueError(f"input_shape must be given to build {self.name}")
        if not self._layers:
            raise ValueError(f"{self.name} has no layers to build")
        self._built_shape = (None, *shape[1:])
        for layer in self._layers:
            layer.ensure_built(shape)
            shape = layer.compute_output_shape(shape)
        self.built = True

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """The last layer's."""
        for layer in self._layers:
            input_shape = layer.compute_output_shape(input_shape)
        return input_shape

    # ------------------------------------------------------------------------------------ running

    def __call__(self, x: Any, training: bool = False) -> Array:
        """Build the model if need be and return its output for x."""
        self._check_layers()
        return super().__call__(x, training)

    def _check_layers(self) -> None:
        if not self._layers:
            raise ValueError(f"{self.name} has no layers: add some before it is used")

    def cast(self, x: Any) -> Array:
        """x as the first layer wants it."""
        return self._layers[0].cast(x) if self._layers else super().cast(x)

    def call(self, x: Array, training: bool = False) -> Array:
        """The output of all layers."""
        with runtime.keep_awake():
            for layer in self._layers:
                x = layer.call(layer.cast(x), training)
        return x

    def vjp(self, x: Array, training: bool = False) -> tuple[Array, Pullback]:
        """The output, and the map from its gradient to those of x and all trainable weights."""
        pullbacks: list[Pullback] = []
        with runtime.keep_awake():
            for layer in self._layers:
                x, pullback = layer.vjp(layer.cast(x), training)
                pullbacks.append(pullback)
        trainable = [bool(layer.trainable_weights) and self.trainable for layer in self._layers]
        first = trainable.index(True) if any(trainable) else len(trainable)

        def gradients(dy: Any, needs_dx: bool) -> Gradients:
            grads: list[list[Array]] = [[] for _ in pullbacks]
            last = 0 if needs_dx else first  # no weight before it asks for a gradient
            with runtime.keep_awake():
                for index in range(len(pullbacks) - 1, last - 1, -1):
                    wanted = needs_dx or index > first
                    dy, grads[index] = pullbacks[index](dy, needs_dx=wanted)
            flat = [grad for part in grads for grad in part] if self.trainable else []
            return (dy if needs_dx else None), flat

        return x, Pullback(gradients, [update for p in pullbacks for update in p.updates])

    # ------------------------------------------------------------------------------------ weights

    @property
    def trainable_weights(self) -> list[Variable]:
        """Those of all layers, in order."""
        if not self.trainable:
            return []
        return [weight for layer in self._layers for weight in layer.trainable_weights]

    @property
    def non_trainable_weights(self) -> list[Variable]:
        """Those of all layers, in order."""
        trained = {id(weight) for weight in self.trainable_weights}
        return [weight for weight in self.weights if id(weight) not in trained]

    @property
    def weights(self) -> list[Variable]:
        """Those of all layers, layer by layer."""
        return [weight for layer in self._layers for weight in layer.weights]

    @property
    def variables(self) -> list[Variable]:
        """Weights and random states of all layers."""
        return [variable for layer in self._layers for variable in layer.variables]

    trainable_variables = trainable_weights
    non_trainable_variables = non_trainable_weights

    # ------------------------------------------------------------------------------------ showing

    def summary(
        self,
        line_length: int | None = None,
        positions: Any = None,
        print_fn: Any = None,
        explain: bool = False,
    ) -> None:
        """Print a table of layers, output shapes and numbers of parameters.

        Parameters
        ----------
        line_length : int, default 76
            Width of the table in characters.
        positions : sequence of 3 floats, optional
            Where the columns end, as fractions of the width.
        print_fn : callable, default print
            Takes the whole table as one string.
        explain : bool, default False
            Show under each layer how its output size and its parameters come about.
        """
        from convlet.models._summary import summary_text

        text = summary_text(self, line_length, positions, explain)
        (print_fn or print)(text)

    def get_config(self) -> dict[str, Any]:
        """Name and layers, as plain values; see `from_config`."""
        parts: list[Layer] = [*([self._input] if self._input else []), *self._layers]
        layers = [{"class_name": type(p).__name__, "config": p.get_config()} for p in parts]
        return {"name": self.name, "trainable": self.trainable, "layers": layers}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Sequential:
        """A new model of new layers from what `get_config` returned; without its weights."""
        from convlet import layers

        made = []
        for entry in config["layers"]:
            kind = cls if entry["class_name"] == "Sequential" else None
            if entry["class_name"] in layers.__all__:
                kind = getattr(layers, entry["class_name"])
            if kind is None:
                raise ValueError(f"config must name layers of convlet, got {entry['class_name']!r}")
            made.append(kind.from_config(entry["config"]))
        return cls(made, trainable=config.get("trainable", True), name=config.get("name"))
