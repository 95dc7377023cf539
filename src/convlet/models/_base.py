"""What every model is: a layer made of layers."""

from __future__ import annotations

from typing import Any

from convlet._variable import Variable
from convlet.layers._layer import Layer


class BaseModel(Layer):
    """A layer that consists of layers, in the order of `layers`."""

    def __init__(self, *, name: str | None = None, trainable: bool = True) -> None:
        self._layers: list[Layer] = []
        super().__init__(name=name, trainable=trainable)

    @property
    def layers(self) -> list[Layer]:
        """The layers in order, without an `Input`."""
        return list(self._layers)

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

    def _check_layers(self) -> None:
        if not self._layers:
            raise ValueError(f"{self.name} has no layers: add some before it is used")

    # ------------------------------------------------------------------------------------ weights

    @property
    def trainable(self) -> bool:
        """Whether training changes the weights; setting it sets it for every layer, too."""
        return self._trainable

    @trainable.setter
    def trainable(self, value: bool) -> None:
        self._trainable = bool(value)
        for layer in self._layers:
            layer.trainable = self._trainable

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
        *,
        explain: bool = False,
    ) -> None:
        """Print a table of layers, output shapes and numbers of parameters.

        Parameters
        ----------
        line_length : int, default 76
            Width of the table in characters; it is wider where a name needs it.
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
