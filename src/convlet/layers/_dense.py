"""The fully connected layer."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from convlet import activations, initializers
from convlet._integers import positive_int
from convlet._variable import Array, Variable
from convlet.layers._activated import Activated, PackedKernel, vjp_activated
from convlet.layers._layer import Shape
from convlet.layers._pullback import Gradients, Pullback
from convlet.ops._activation import Slope, multiply
from convlet.ops._conv_checks import Geometry, plain_geometry
from convlet.ops._conv_forms import bound, dense, pack
from convlet.ops._conv_gradients import dense_grad


class Dense(Activated):
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

    regularized: ClassVar[Mapping[str, str]] = {"kernel": "kernel", "bias": "bias"}

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
        self.activation = activation
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

    def _fit(self, input_shape: tuple[int, ...]) -> Geometry:
        self._features(input_shape)
        return plain_geometry((math.prod(input_shape[:-1]), self.units))

    def _bind(self, input_shape: Any) -> Callable[[Array], Array]:
        if len(input_shape) != 2:
            self._features(input_shape)
            rows = (math.prod(input_shape[:-1]), input_shape[-1])
            shape = (*input_shape[:-1], self.units)
            return lambda x: self.call(x.reshape(rows)).reshape(shape)
        compute = bound(self._fit(input_shape), self._activation_name, self._dtype)
        get = self._packed.get

        def run(x: Array, kernel: Variable, bias: Array | None) -> Array:
            return compute(x, kernel._data, bias, get(kernel, pack))

        return self._with_weights(run, self.kernel, self.bias)

    def vjp(self, x: Array, training: bool = False) -> tuple[Array, Pullback]:
        """The output, and the map from its gradient to those of x, kernel and bias."""
        fit = self._fit(x.shape)
        kernel, bias = self.kernel._data, None if self.bias is None else self.bias._data

        def linear(activation: str | None) -> Array:
            rows = x.reshape(fit.shape[0], x.shape[-1])
            y = dense(rows, kernel, bias, fit, activation)
            return y.reshape(*x.shape[:-1], self.units)

        def gradients(dz: Array, needs_dx: bool, slope: Slope | None) -> Gradients:
            needs = (("x",) if needs_dx else ()) + self._trained("kernel", "bias")
            count = math.prod(x.shape[:-1])
            rows, outputs = x.reshape(count, x.shape[-1]), dz.reshape(count, self.units)
            dx, *grads = dense_grad(outputs, rows, kernel, needs)
            multiply(dx, slope)
            shaped = None if dx is None else dx.reshape(x.shape)
            return shaped, [grad for grad in grads if grad is not None]

        return vjp_activated(linear, gradients, self._activation_name, x)

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
