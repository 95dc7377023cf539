"""An activation as a layer."""

from __future__ import annotations

from typing import Any

from convlet import activations
from convlet._variable import Array
from convlet.layers._activated import vjp_activated
from convlet.layers._layer import Layer, Shape
from convlet.layers._pullback import Gradients, Pullback
from convlet.ops._activation import Slope, activate


class Activation(Layer):
    """An activation function of the input.

    Parameters
    ----------
    activation : str or function of `convlet.activations`
    **kwargs
        `name`, `dtype`, `trainable`, `input_shape` of `Layer`.

    Examples
    --------
    >>> import numpy as np
    >>> from convlet.layers import Activation
    >>> Activation("relu")(np.array([[-1, 2]], np.float32))
    array([[0., 2.]], dtype=float32)
    """

    def __init__(self, activation: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.activation = activations.get(activation)
        self._activation_name = activations.ops_name(self.activation)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """The input's."""
        return input_shape

    def _as_activation(self) -> str | None:
        # An operator's softmax is over channels.
        return None if self._activation_name == "softmax" else self._activation_name

    def call(self, x: Array, training: bool = False) -> Array:
        """The activation of x."""
        return activate(self._activation_name, x)

    def vjp(self, x: Array, training: bool = False) -> tuple[Array, Pullback]:
        """The output, and the map from its gradient to x's."""

        def gradients(dz: Array, needs_dx: bool, slope: Slope | None) -> Gradients:
            return dz, []

        return vjp_activated(lambda name: activate(name, x), gradients, self._activation_name)

    def get_config(self) -> dict[str, Any]:
        """Constructor arguments, as plain values."""
        return {**super().get_config(), "activation": activations.serialize(self.activation)}
