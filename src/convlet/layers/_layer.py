"""The base of all layers: names, weights, building, and the two ways to run one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar

import numpy as np

from convlet import config, initializers
from convlet._integers import positive_int
from convlet._names import auto_name
from convlet._variable import Array, Variable
from convlet.layers import _checked, _rules
from convlet.layers._building import Shape, building, completing, initial
from convlet.layers._pullback import Pullback
from convlet.layers._symbolic import Node, is_symbolic, record

__all__ = ["Layer", "Shape", "batch_shape"]
SURROUNDED = {
    "build": lambda build: _checked.of_sizes(completing(build)),
    "compute_output_shape": _checked.of_sizes,
    "vjp": _checked.of_outputs,
}


class Layer:
    """A function of an array, or of several, with weights.

    Parameters
    ----------
    name : str, optional
        Default: the class's name in snake case, numbered.
    dtype : {"float32", "float64"}, optional
        Element type of weights and computation; default `convlet.config.floatx()`.
    trainable : bool, default True
        Whether training changes the weights.
    input_shape : tuple of int, optional
        Shape of one input, without N: a model whose first layer has it is built at once.
    **rules
        `kernel_regularizer`, `bias_regularizer` and so on, `kernel_constraint` and so on, as the
        layer has weights; `activity_regularizer` for what it returns, over N, while a model trains
        or is measured. Each as `convlet.regularizers` and `convlet.constraints` get it.

    Notes
    -----
    A layer of your own defines `build`, `compute_output_shape` and `vjp`; also `call` where
    inference can do with less. `vjp(x, training)` returns the output and a `pullback`:
    ``pullback(dy)`` returns (dx, grads), grads in the order of `trainable_weights`. A forward
    pass keeps nothing on the layer, so any number of threads may run one at once.

    With ``several_inputs = True`` in the class, `call` and `vjp` take a list of arrays, `build` and
    `compute_output_shape` a list of shapes, and dx is a list. `convlet.testing.check_gradients`
    proves a pullback.

    Called on what `Input` or another layer returned for one, a layer adds itself to a graph: see
    `convlet.Model`.

    Examples
    --------
    >>> import numpy as np
    >>> from convlet.layers import Layer, Pullback
    >>> class Double(Layer):
    ...     def compute_output_shape(self, input_shape):
    ...         return input_shape
    ...     def vjp(self, x, training=False):
    ...         return 2 * x, Pullback(lambda dy, needs_dx: (2 * dy, []))
    >>> Double()(np.ones((1, 2), np.float32))
    array([[2., 2.]], dtype=float32)
    """

    several_inputs = False
    _has_layers = False  # some of which may train while the whole infers
    # Weights that may have a regularizer and a constraint: their names, and what stands before
    # "_regularizer" and "_constraint".
    regularized: ClassVar[Mapping[str, str]] = {}
    activity_regularizer: Any = None

    def __init__(
        self,
        *,
        name: str | None = None,
        dtype: Any = None,
        trainable: bool = True,
        input_shape: tuple[int | None, ...] | None = None,
        **rules: Any,
    ) -> None:
        if name is not None and (not isinstance(name, str) or not name or "/" in name):
            raise ValueError(f"name must be a str without '/', got {name!r}")
        _rules.accept(self, rules)
        self.name = auto_name(type(self)) if name is None else name
        self.compute_dtype = config.check_float_name("dtype", dtype or config.floatx())
        self._dtype = np.dtype(self.compute_dtype)
        self.trainable = bool(trainable)
        self.built = False
        self._building = False
        self._weights: list[Variable] = []
        self._nodes: list[Node] = []  # its calls on KerasTensors
        self._declared_shape = (
            None if input_shape is None else batch_shape(input_shape, "input_shape")
        )
        self._built_shape: Shape | None = None

    # ------------------------------------------------------------------------------- to override

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        for name, surround in SURROUNDED.items():
            if name in vars(cls):
                setattr(cls, name, surround(vars(cls)[name]))

    @_checked.of_sizes
    @completing
    def build(self, input_shape: Shape) -> None:
        """Make the weights for inputs of this shape, N first. Called once."""

    def compute_output_shape(self, input_shape: Any) -> Any:
        """The output's shape for an input's; None stands for an unknown size."""
        raise NotImplementedError(f"{type(self).__name__} must define compute_output_shape")

    def call(self, x: Any, training: bool = False) -> Any:
        """The output for x, an array of `compute_dtype`; commits what a training pass changes."""
        y, pullback = self.vjp(x, training)
        for variable, value in pullback.updates:
            variable.assign(value)
        return y

    def _as_activation(self) -> str | None:
        """The activation of an operator that this layer is; None if it is another function."""
        return None

    def _bind(self, input_shape: Any) -> Callable[[Any], Any]:
        """What `call` does for arrays of this shape when not training; a model keeps it.

        Layers that small networks have many of decide here what follows from the shape.
        """
        return self.call

    def vjp(self, x: Any, training: bool = False) -> tuple[Any, Pullback]:
        """The output for x, and the pullback that maps its gradient to those of x and weights."""
        raise NotImplementedError(f"{type(self).__name__} must define vjp")

    def _working(self, input_shape: Shape) -> list[str]:
        """How output shape and parameter count come about, for `summary(explain=True)`."""
        return []

    def get_config(self) -> dict[str, Any]:
        """Constructor arguments, as plain values."""
        shared = {"name": self.name, "trainable": self.trainable, "dtype": self.compute_dtype}
        return {**shared, **_rules.configuration(self)}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Layer:
        """A new layer from what `get_config` returned; without its weights."""
        return cls(**config)

    # ------------------------------------------------------------------------------------ running

    def __call__(self, x: Any, training: bool | None = None) -> Any:
        """Cast x to the layer's dtype, build the layer if need be, and return its output.

        On a KerasTensor, record the call and return a KerasTensor; `training`, if given, then
        holds whenever the graph runs.
        """
        if training is not False and training is not True and training is not None:
            raise TypeError(f"training must be True or False, got {training!r}")
        if type(x) is not np.ndarray and is_symbolic(x):
            return record(self, x, training)
        x = self.cast(x)
        if not self.built:
            self.ensure_built([part.shape for part in x] if self.several_inputs else x.shape)
        return self.call(x, training is True)

    def flat_inputs(self, x: Any) -> list[Any]:
        """The inputs one by one: of a list, or the only one."""
        parts = list(x) if isinstance(x, (list, tuple)) else [x]
        if not self.several_inputs and len(parts) != 1:
            raise ValueError(f"{self.name}: x must be one input, got {len(parts)}")
        return parts

    def cast(self, x: Any) -> Any:
        """x as an array of `compute_dtype`, or a list of such arrays."""
        if type(x) is np.ndarray and x.dtype is self._dtype and not self.several_inputs:
            return x
        if self.several_inputs:
            return [self._cast_one(part) for part in self.flat_inputs(x)]
        return self._cast_one(x)

    def _cast_one(self, x: Any) -> Array:
        if type(x) is np.ndarray and x.dtype == self._dtype:
            return x
        if isinstance(x, Layer):
            raise TypeError(f"{self.name}: x must be an array, got the layer {x!r}")
        if isinstance(x, np.ma.MaskedArray):
            raise TypeError(f"{self.name}: x must have no mask: fill it, as with x.filled(0)")
        array = np.asarray(x)
        if array.dtype.kind not in "fiub":
            raise TypeError(f"{self.name}: x must be real numbers, got {array.dtype}")
        return array.astype(self._dtype, copy=False)

    def ensure_built(self, input_shape: Any) -> None:
        """Build the layer for inputs of this shape, or these shapes, unless it is built."""
        if self.built:
            return
        with building:
            if not self.built:
                self.build(input_shape)

    @property
    def dtype(self) -> str:
        """Element type of the weights: `compute_dtype`."""
        return self.compute_dtype

    # ------------------------------------------------------------------------------------ weights

    def add_weight(
        self,
        shape: tuple[int, ...] | None = None,
        initializer: Any = None,
        dtype: Any = None,
        trainable: bool = True,
        name: str | None = None,
        regularizer: Any = None,
        constraint: Any = None,
    ) -> Variable:
        """Make a weight, for `build` to keep.

        Parameters
        ----------
        shape : tuple of int, default ()
        initializer : str or callable, default "glorot_uniform"
            As `convlet.initializers.get` takes it.
        dtype : {"float32", "float64"}, optional
            Default: the layer's.
        trainable : bool, default True
        name : str, default "variable"
        regularizer : str or Regularizer, optional
            As `convlet.regularizers.get` takes it.
        constraint : str or Constraint, optional
            As `convlet.constraints.get` takes it.

        Raises
        ------
        ValueError
            If the layer is built already, or the initializer's array has another shape.
        """
        name = name or "variable"
        if self.built:
            raise ValueError(f"{self.name} is built: it takes no further weight, got {name!r}")
        shape = tuple(shape or ())
        dtype = config.check_float_name("dtype", dtype or self.compute_dtype)
        initialize = initializers.get("glorot_uniform" if initializer is None else initializer)
        value = initial(initialize, shape, dtype)
        if value.shape != shape:
            raise ValueError(
                f"{self.name}: the initializer of {name} must return shape {shape}, "
                f"got {value.shape}"
            )
        path = f"{self.name}/{name}"
        variable = Variable(value.astype(dtype), name=name, trainable=trainable, path=path)
        given = {"regularizer": regularizer, "constraint": constraint}
        for kind, rule in _rules.of_weight(self, name, given).items():
            setattr(variable, kind, rule)
        self._weights.append(variable)
        return variable

    @property
    def weights(self) -> list[Variable]:
        """Trainable weights, then the others; an order that freezing the layer leaves."""
        return sorted(self._weights, key=lambda weight: not weight.trainable)

    @property
    def trainable_weights(self) -> list[Variable]:
        """Weights that training changes: none if the layer is not `trainable`."""
        return [w for w in self._weights if w.trainable] if self.trainable else []

    @property
    def non_trainable_weights(self) -> list[Variable]:
        """Weights that training leaves alone."""
        return [w for w in self._weights if not (w.trainable and self.trainable)]

    trainable_variables = trainable_weights
    non_trainable_variables = non_trainable_weights
    variables = weights

    def _trained(self, *names: str) -> tuple[str, ...]:
        """Those of the named weights that exist and are trained."""
        trained = {id(weight) for weight in self.trainable_weights}
        return tuple(name for name in names if id(getattr(self, name)) in trained)

    def get_weights(self) -> list[Array]:
        """Copies of all weights, in the order of `weights`."""
        return [np.array(weight.value) for weight in self.weights]

    def set_weights(self, weights: list[Any]) -> None:
        """Replace all weights by arrays in the order of `weights`.

        Raises
        ------
        ValueError
            If their number or a shape differs. Nothing is replaced then.
        """
        own = self.weights
        arrays = [np.asarray(weight) for weight in weights]
        if len(arrays) != len(own):
            raise ValueError(
                f"weights must be {len(own)} arrays for {self.name}, got {len(arrays)}"
                + ("" if self.built else " (it has none before it is built)")
            )
        for variable, array in zip(own, arrays, strict=True):
            variable.check(array)
        for variable, array in zip(own, arrays, strict=True):
            variable.assign(array)

    def count_params(self) -> int:
        """Number of elements of all weights.

        Raises
        ------
        ValueError
            If the layer is not built yet.
        """
        if not self.built:
            raise ValueError(
                f"{self.name} has no weights to count before it is built: call it on an array, or "
                "build(input_shape)"
            )
        return sum(weight.size for weight in self.weights)

    # ------------------------------------------------------------------------------------- shapes

    def check_rank(self, input_shape: Shape, rank: int) -> None:
        """A ValueError unless the input has so many axes."""
        if len(input_shape) != rank:
            raise ValueError(
                f"{self.name}: the input must have {rank} axes, N included, got shape {input_shape}"
            )

    @property
    def input_shape(self) -> Shape:
        """The input's shape that the layer was built for, N being None."""
        if self._built_shape is None:
            raise AttributeError(f"{self.name} has no input_shape before it is built")
        return self._built_shape

    @property
    def output_shape(self) -> Shape:
        """The output's shape for `input_shape`."""
        return self.compute_output_shape(self.input_shape)

    # -------------------------------------------------------------------------------------- graph

    @property
    def input(self) -> Any:
        """The KerasTensor, or the list of them, that the layer was first called on."""
        inputs = list(self._first_node().inputs)
        return inputs if self.several_inputs else inputs[0]

    @property
    def output(self) -> Any:
        """What the layer returned for `input`."""
        node = self._first_node()
        return list(node.outputs) if node.listed else node.outputs[0]

    def _first_node(self) -> Node:
        if not self._nodes:
            raise AttributeError(f"{self.name} has not been called on a KerasTensor")
        return self._nodes[0]

    def __repr__(self) -> str:
        return f"<{type(self).__name__} name={self.name}, built={self.built}>"


def batch_shape(shape: Any, name: str = "shape") -> Shape:
    """The shape of one input, with None for N before it."""
    if not isinstance(shape, (tuple, list)):
        raise TypeError(f"{name} must be a tuple of sizes, without N, got {shape!r}")
    return (None, *(None if size is None else positive_int(name, size) for size in shape))
