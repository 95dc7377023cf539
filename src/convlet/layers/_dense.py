"""The fully connected layer."""

from __future__ import annotations

import math
from typing import Any

from convlet import activations, initializers
from convlet._integers import positive_int
from convlet._variable import Array
from convlet.layers._activated import PackedKernel, vjp_activated
from convlet.layers._layer import Layer, Shape
from convlet.layers._pullback import Gradients, Pullback
from convlet.ops._convolution import dense, dense_grad, pack


class Dense(Layer):
    """activation(x times kernel, plus bias), over the last axis.

    Parameters
    ----------
    units : int
        Size of the output's last axis.
    activation : str or function of `convlet.activations`, optional
    use_bias : bool, default True
    kernel_initializer, bias_initializer : default "glorot_uniform", "zeros"
    **kwargs
        `name`, `dtype`, `trainable`, `input_shape` of `Layer`.

    Raises
    ------
    ValueError, TypeError
        If an argument has a value or is of a kind that it cannot be.

    Notes
    -----
    Input (N, ..., CI), output (N, ..., units), kernel (CI, units). It is a convolution of single
    pixels, with its numerics: see `convlet.ops.conv`.

    Examples
    --------
    >>> import numpy as np
    >>> from convlet.layers import Dense
    >>> layer = Dense(2, kernel_initializer="ones")
    >>> layer(np.array([[1, 2, 3]], np.float32))
    array([[6., 6.]], dtype=float32)
    """

    def __init__(
        self,
        units: int,
        activation: Any = None,
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.units = positive_int("units", units)
        self.activation = activations.get(activation)
        self._activation_name = activations.ops_name(self.activation)
        self.use_bias = bool(use_bias)
        self.kernel_initializer = initializers.get(kernel_initializer)
        self.bias_initializer = initializers.get(bias_initializer)
        self._packed = PackedKernel()

    def build(self, input_shape: Shape) -> None:
        """Make the kernel (CI, units) and the bias (units,)."""
        shape = (self._features(input_shape), self.units)
        self.kernel = self.add_weight(shape, self.kernel_initializer, name="kernel")
        self.bias = None
        if self.use_bias:
            self.bias = self.add_weight((self.units,), self.bias_initializer, name="bias")

    def _features(self, input_shape: Shape) -> int:
        if len(input_shape) < 2 or not input_shape[-1]:
            raise ValueError(
                f"{self.name}: the input must have at least 2 axes, N included, and the last a "
                f"known size above 0, got shape {input_shape}"
            )
        features = input_shape[-1]
        if self.built and features != self.kernel.shape[0]:
            raise ValueError(
                f"{self.name}: the input's last axis must have {self.kernel.shape[0]} elements, "
                f"as when the layer was built, got shape {input_shape}"
            )
        return features

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """(N, ..., units)."""
        self._features(input_shape)
        return (*input_shape[:-1], self.units)

    def _linear(self, x: Array, activation: str | None, packed: Any) -> Array:
        """Over the last axis of x, whatever the others."""
        self._features(x.shape)
        bias = None if self.bias is None else self.bias._data
        rows = x if x.ndim == 2 else x.reshape(math.prod(x.shape[:-1]), x.shape[-1])
        y = dense(rows, self.kernel._data, bias, activation=activation, packed=packed)
        return y if x.ndim == 2 else y.reshape(*x.shape[:-1], self.units)

    def call(self, x: Array, training: bool = False) -> Array:
        """The output for x (N, ..., CI)."""
        return self._linear(x, self._activation_name, self._packed.get(self.kernel, pack))

    def vjp(self, x: Array, training: bool = False) -> tuple[Array, Pullback]:
        """The output, and the map from its gradient to those of x, kernel and bias."""

        def linear(activation: str | None) -> Array:
            return self._linear(x, activation, None)

        kernel = self.kernel._data

        def gradients(dz: Array, needs_dx: bool) -> Gradients:
            needs = (("x",) if needs_dx else ()) + self._trained("kernel", "bias")
            count = math.prod(x.shape[:-1])
            rows, outputs = x.reshape(count, x.shape[-1]), dz.reshape(count, self.units)
            dx, *grads = dense_grad(outputs, rows, kernel, needs)
            shaped = None if dx is None else dx.reshape(x.shape)
            return shaped, [grad for grad in grads if grad is not None]

        return vjp_activated(linear, gradients, self._activation_name)

    def _working(self, input_shape: Shape) -> list[str]:
        features, units = self._features(input_shape), self.units
        total = features * units + (units if self.use_bias else 0)
        bias = f" + {units}" if self.use_bias else ""
        return [f"{features} x {units}{bias} = {total:,}"]

    def get_config(self) -> dict[str, Any]:
        """Constructor arguments, as plain values."""
        return {
            **super().get_config(),
            "units": self.units,
            "activation": activations.serialize(self.activation),
            "use_bias": self.use_bias,
            "kernel_initializer": initializers.serialize(self.kernel_initializer),
            "bias_initializer": initializers.serialize(self.bias_initializer),
        }
