"""What every model is: a layer made of layers."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from convlet._cext import runtime
from convlet._variable import Variable
from convlet.layers._layer import Layer
from convlet.layers._pullback import Gradients, NetworkPullback, Pullback
from convlet.layers._symbolic import KerasTensor, flatten, restore
from convlet.models._graph import Graph
from convlet.models._penalties import penalties


class BaseModel(Layer):
    """A layer that consists of layers, in the order of `layers`, and the graph that they form."""

    _has_layers = True
    _graph: Graph  # once the model is built
    _inputs: Any = None  # KerasTensors, as the user structured them
    _outputs: Any = None

    def __init__(self, *, name: str | None = None, trainable: bool = True) -> None:
        self._layers: list[Layer] = []
        super().__init__(name=name, trainable=trainable)

    @property
    def layers(self) -> list[Layer]:
        """The layers in order."""
        return list(self._layers)

    # -------------------------------------------------------------------------------------- graph

    @property
    def graph(self) -> Graph:
        """What runs: see `Graph`."""
        if not self.built:
            raise AttributeError(f"{self.name} has no graph before it is built")
        return self._graph

    @property
    def inputs(self) -> list[KerasTensor]:
        """The symbolic inputs, one by one; empty before the model is built."""
        return [] if self._inputs is None else flatten(self._inputs)

    @property
    def outputs(self) -> list[KerasTensor]:
        """The symbolic outputs, one by one; empty before the model is built."""
        return [] if self._outputs is None else flatten(self._outputs)

    @property
    def input(self) -> Any:
        """The symbolic input, or the inputs as they were given."""
        return self._inputs

    @property
    def output(self) -> Any:
        """The symbolic output, or the outputs as they were given."""
        return self._outputs

    @property
    def output_names(self) -> list[str]:
        """The names of the layers, or the keys of the dict, that outputs come from."""
        if isinstance(self._outputs, dict):
            return list(self._outputs)
        return [tensor.node.layer.name for tensor in self.outputs]

    # ------------------------------------------------------------------------------------ running

    def call(self, x: Any, training: bool = False) -> Any:
        """The outputs, structured as the model's are."""
        with runtime.keep_awake():
            values = self._graph.run(x if self.several_inputs else [x], training)
        return restore(self._outputs, values)

    def vjp(self, x: Any, training: bool = False) -> tuple[Any, Pullback]:
        """The outputs, and the map from their gradients to those of x and all trainable weights.

        A gradient may be None; a weight's then is, if no other output depends on it.
        """
        inputs = x if self.several_inputs else [x]
        with runtime.keep_awake():
            values, pullback = self._graph.vjp(inputs, training, self.trainable_weights)

        def through(call: Callable[..., Gradients]) -> Callable[[Any, bool], Gradients]:
            def gradients(dy: Any, needs_dx: bool) -> Gradients:
                dys = list(dy) if isinstance(self._outputs, (list, tuple)) else flatten(dy)
                with runtime.keep_awake():
                    dxs, grads = call(dys, needs_dx=needs_dx)
                return (dxs if self.several_inputs or dxs is None else dxs[0]), grads

            return gradients

        y, own = restore(self._outputs, values), pullback
        calls = through(own), through(own.last)
        return y, NetworkPullback(*calls, own.updates, own.losses)

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
        return unique(weight for layer in self._layers for weight in layer.trainable_weights)

    @property
    def non_trainable_weights(self) -> list[Variable]:
        """Those of all layers, in order."""
        trained = {id(weight) for weight in self.trainable_weights}
        return [weight for weight in self.weights if id(weight) not in trained]

    @property
    def weights(self) -> list[Variable]:
        """Those of all layers, layer by layer."""
        return unique(weight for layer in self._layers for weight in layer.weights)

    @property
    def variables(self) -> list[Variable]:
        """Weights and random states of all layers."""
        return unique(variable for layer in self._layers for variable in layer.variables)

    trainable_variables = trainable_weights
    non_trainable_variables = non_trainable_weights

    @property
    def losses(self) -> list[float]:
        """The penalties of weights that have a regularizer, as they are now.

        Those of activities belong to a pass: they are in the losses of its pullback.
        """
        return penalties(self.trainable_weights)

    # ------------------------------------------------------------------------------------ showing

    def summary(
        self,
        line_length: int | None = None,
        positions: Any = None,
        print_fn: Any = None,
        expand_nested: bool = False,
        *,
        explain: bool = False,
    ) -> None:
        """Print a table of layers, output shapes and numbers of parameters.

        Where layers do not just follow each other, a column shows what each is connected to.

        Parameters
        ----------
        line_length : int, default 76
            Width of the table in characters; it is wider where a name needs it.
        positions : sequence of 3 or 4 floats, optional
            Where the columns end, as fractions of the width.
        print_fn : callable, default print
            Takes the whole table as one string.
        expand_nested : bool, default False
            List the layers of models that are layers.
        explain : bool, default False
            Show under each layer how its output size and its parameters come about, and how many
            multiplications with additions its kernels need for one sample.
        """
        from convlet.models._summary import summary_text

        text = summary_text(self, line_length, positions, explain, expand_nested)
        (print_fn or print)(text)

    def _repr_html_(self) -> str:
        """The summary, for a notebook."""
        from html import escape

        texts: list[str] = []
        self.summary(print_fn=texts.append)
        return f'<pre style="line-height: 1.1">{escape(texts[0])}</pre>'

    # -------------------------------------------------------------------------------------- files

    def save(self, filepath: Any, overwrite: bool = True) -> None:
        """Write the model into a file, from which `convlet.models.load_model` makes it again.

        Parameters
        ----------
        filepath : path-like
            Its name must end in ".keras".
        overwrite : bool, default True
            Whether a file that is there may be replaced.

        Raises
        ------
        ValueError
            If the name ends otherwise, or there is a file that may not be replaced.
        TypeError
            If a layer's configuration does not consist of plain values.
        OSError
            If the file cannot be written; an old one is left as it was.

        Notes
        -----
        The file is a zip of JSON and arrays: the layers' configurations, weights and random states,
        what `compile` was given, and the optimizer's state. It is written beside `filepath` and
        takes its place when all of it is on the disk.
        """
        from convlet.saving import save_model

        save_model(self, filepath, overwrite)

    def save_weights(self, filepath: Any, overwrite: bool = True) -> None:
        """Write the weights into a file, for `load_weights` of a model of the same layers.

        Parameters
        ----------
        filepath : path-like
            Its name ends in ".npz" for convlet's own format, with the random states; in
            ".weights.h5" for Keras's, which needs h5py (extra ``keras``); or in ".safetensors",
            which needs safetensors (extra ``safetensors``).
        overwrite : bool, default True
            Whether a file that is there may be replaced.

        Raises
        ------
        ValueError
            If the model is not built, the name ends otherwise, or there is a file that may not be
            replaced.
        OSError
            If the file cannot be written; an old one is left as it was.
        """
        from convlet.saving import save_weights

        save_weights(self, filepath, overwrite)

    def load_weights(self, filepath: Any) -> None:
        """Replace all weights by those of a file.

        Parameters
        ----------
        filepath : path-like
            What `save_weights` made, or, if it ends in ".weights.h5", that of the same model in
            Keras.

        Raises
        ------
        ValueError
            If the model is not built, the file's weights do not fit, or it is damaged. The model
            then keeps its weights.
        """
        from convlet.saving import load_weights

        load_weights(self, filepath)


def unique(variables: Iterable[Variable]) -> list[Variable]:
    """Each once, where layers are shared."""
    return list({id(variable): variable for variable in variables}.values())
