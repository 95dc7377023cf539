"""What convolutions and dense layers share: a linear map, packed weights, an activation."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from convlet import activations
from convlet._cext import runtime
from convlet._variable import Array, Variable
from convlet.layers._by_shape import ByShape, Refound
from convlet.layers._deferred import ActivatedPullback, SlopedFunction
from convlet.layers._layer import Layer
from convlet.layers._pullback import Pullback
from convlet.ops._activation import activate, gradient_from_output

# A layer's output for x, kernel and bias, all decided that follows from x's shape.
BoundSum = Callable[[Array, Variable, Array | None], Array]


class Activated(Layer):
    """A layer that applies an activation to its result, which may be exchanged."""

    _bound: ByShape[Callable[[Array], Array]]  # `call` for the last few shapes

    @property
    def activation(self) -> Any:
        """The function of `convlet.activations`."""
        return self._activation

    @activation.setter
    def activation(self, value: Any) -> None:
        self._activation = activations.get(value)
        self._activation_name = activations.ops_name(self._activation)
        self._bound = ByShape()

    def call(self, x: Array, training: bool = False) -> Array:
        """The layer's output for x."""
        bound = self._bound
        return (bound.get(x.shape) or bound.find(x.shape, self._bind))(x)

    def _with_weights(
        self, run: BoundSum, kernel: Variable, bias: Variable | None
    ) -> Callable[[Array], Array]:
        """`run` with the weights as they are at each call."""
        name = self._activation_name

        def call(x: Array) -> Array:
            if self._activation_name != name:  # exchanged, while a model keeps this function
                return self.call(x)
            return run(x, kernel, None if bias is None else bias._data)

        return call


class PackedKernel(Refound):
    """A kernel's packed form, made anew when the kernel or the instruction set has changed.

    One assignment publishes it with its key: of two threads that both pack, either may win.
    """

    __slots__ = ("_entry",)

    def __init__(self) -> None:
        self._entry: tuple[Any, Any] = (None, None)  # key, packed

    def get(self, kernel: Variable, pack: Callable[..., Any], *variant: int) -> Any:
        """`pack(kernel, *variant)`, or what it returned last for the same variant."""
        # The version is read before the value: a change in between is seen by the next call.
        key = (kernel, kernel._version, runtime.isa(), variant)
        known, packed = self._entry
        if known != key:
            packed = pack(kernel._data, *variant)
            self._entry = (key, packed)
        return packed


def vjp_activated(
    linear: Callable[[str | None], Array],
    gradients: SlopedFunction,
    name: str,
    x: Array | None = None,
) -> tuple[Array, Pullback]:
    """The output of `linear(activation)`, and its pullback.

    The activation runs inside the linear map where its derivative follows from the output; else
    the map's own result is kept. `gradients(dz, needs_dx, slope)` are those of the map without it,
    that of `x` times a slope; without `x` there is none.
    """
    if gradient_from_output(name):
        value = y = linear(name)
    else:
        value = linear(None)
        y = activate(name, value)
    return y, ActivatedPullback(name, value, gradients, x)
