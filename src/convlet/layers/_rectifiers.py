"""Rectifiers with parameters that do not learn."""

from __future__ import annotations

from typing import Any

import numpy as np

from convlet._cext import pointwise
from convlet._variable import Array
from convlet.activations import relu
from convlet.config import check_number
from convlet.layers._layer import Layer, Shape
from convlet.layers._pullback import Gradients, Pullback
from convlet.ops._arguments import contiguous


def from_zero(name: str, value: Any) -> float:
    """A finite number that is not negative."""
    if (number := check_number(name, value)) < 0:
        raise ValueError(f"{name} must be at least 0, got {value!r}")
    return number


class _Compiled(Layer):
    """An activation of one parameter whose derivative follows from its output."""

    _name: str
    _alpha: float

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """The input's."""
        return input_shape

    def vjp(self, x: Array, training: bool = False) -> tuple[Array, Pullback]:
        """The output, and the map from its gradient to x's."""
        code, alpha = pointwise.activation_code(self._name), self._alpha
        y = np.array(x, order="C")
        pointwise.activation(code, alpha, y.reshape(-1), y.reshape(-1))

        def gradients(dy: Array, needs_dx: bool) -> Gradients:
            dx = np.empty_like(y)
            slopes = contiguous(dy).reshape(-1)
            pointwise.activation_gradient(code, alpha, slopes, y.reshape(-1), dx.reshape(-1))
            return dx, []

        return y, Pullback(gradients)


class LeakyReLU(_Compiled):
    """x where x >= 0, else negative_slope * x.

    Parameters
    ----------
    negative_slope : float, default 0.3
        At least 0.
    **kwargs
        `name`, `dtype`, `trainable`, `input_shape` of `Layer`.

    Notes
    -----
    A. Maas et al., "Rectifier nonlinearities improve neural network acoustic models" (2013).

    Examples
    --------
    >>> import numpy as np
    >>> from convlet.layers import LeakyReLU
    >>> LeakyReLU(0.5)(np.array([[-1, 2]], np.float32))
    array([[-0.5,  2. ]], dtype=float32)
    """

    _name = "leaky_relu"

    def __init__(self, negative_slope: float = 0.3, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.negative_slope = self._alpha = from_zero("negative_slope", negative_slope)
        if not self.negative_slope:  # an output of 0 does not show what x was
            self._name = "relu"

    def get_config(self) -> dict[str, Any]:
        """Constructor arguments, as plain values."""
        return {**super().get_config(), "negative_slope": self.negative_slope}


class ELU(_Compiled):
    """x where x > 0, else alpha * (exp(x) - 1).

    Parameters
    ----------
    alpha : float, default 1.0
        At least 0.
    **kwargs
        `name`, `dtype`, `trainable`, `input_shape` of `Layer`.

    Notes
    -----
    D. Clevert et al. (ICLR 2016).

    Examples
    --------
    >>> import numpy as np
    >>> from convlet.layers import ELU
    >>> ELU(2.0)(np.array([[-np.inf, 2]], np.float32))
    array([[-2.,  2.]], dtype=float32)
    """

    _name = "elu"

    def __init__(self, alpha: float = 1.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.alpha = self._alpha = from_zero("alpha", alpha)

    def get_config(self) -> dict[str, Any]:
        """Constructor arguments, as plain values."""
        return {**super().get_config(), "alpha": self.alpha}


class ReLU(Layer):
    """x above a threshold, at most max_value; below, negative_slope * (x - threshold).

    Parameters
    ----------
    max_value : float, optional
        At least 0.
    negative_slope : float, default 0.0
        At least 0.
    threshold : float, default 0.0
        At least 0.
    **kwargs
        `name`, `dtype`, `trainable`, `input_shape` of `Layer`.

    Examples
    --------
    >>> import numpy as np
    >>> from convlet.layers import ReLU
    >>> ReLU(max_value=3)(np.array([[-1, 2, 5]], np.float32))
    array([[0., 2., 3.]], dtype=float32)
    """

    def __init__(
        self,
        max_value: float | None = None,
        negative_slope: float = 0.0,
        threshold: float = 0.0,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.max_value = None if max_value is None else from_zero("max_value", max_value)
        self.negative_slope = from_zero("negative_slope", negative_slope)
        self.threshold = from_zero("threshold", threshold)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """The input's."""
        return input_shape

    def _as_activation(self) -> str | None:
        if self.negative_slope or self.threshold:
            return None
        names: dict[float | None, str] = {None: "relu", 6: "relu6"}
        return names.get(self.max_value)

    def vjp(self, x: Array, training: bool = False) -> tuple[Array, Pullback]:
        """The output, and the map from its gradient to x's."""

        def gradients(dy: Array, needs_dx: bool) -> Gradients:
            below = dy * dy.dtype.type(self.negative_slope) if self.negative_slope else 0
            dx = np.where(x <= self.threshold, below, dy)
            return (dx if self.max_value is None else np.where(x >= self.max_value, 0, dx)), []

        y = relu(x, self.negative_slope, self.max_value, self.threshold)
        return np.ascontiguousarray(y), Pullback(gradients)

    def get_config(self) -> dict[str, Any]:
        """Constructor arguments, as plain values."""
        return {
            **super().get_config(),
            "max_value": self.max_value,
            "negative_slope": self.negative_slope,
            "threshold": self.threshold,
        }
