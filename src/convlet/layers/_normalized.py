"""What normalizations of single images share: rows to mean 0 and variance 1, gamma and beta."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from convlet import initializers
from convlet._cext import normalization
from convlet._integers import check_int
from convlet._variable import Array
from convlet.config import check_number
from convlet.layers._layer import Layer, Shape
from convlet.layers._pullback import Gradients, Pullback
from convlet.ops._sums import sum_to


class Normalized(Layer):
    """Parts of each image to mean 0 and variance 1, then times gamma, plus beta."""

    regularized: ClassVar[Mapping[str, str]] = {"gamma": "gamma", "beta": "beta"}

    def __init__(
        self,
        epsilon: float,
        center: bool,
        scale: bool,
        beta_initializer: Any,
        gamma_initializer: Any,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.epsilon = check_epsilon(epsilon)
        self.center, self.scale = bool(center), bool(scale)
        self.beta_initializer = initializers.get(beta_initializer)
        self.gamma_initializer = initializers.get(gamma_initializer)

    # ------------------------------------------------------------------------------- to override

    def _weight_shape(self, input_shape: Shape) -> tuple[int, ...]:
        """Of gamma and beta; a ValueError for an input that cannot be."""
        raise NotImplementedError

    def _rows(self, x: Array) -> Array:
        """A C-contiguous matrix with a row for each part that is normalized."""
        raise NotImplementedError

    def _images(self, rows: Array, x: Array) -> Array:
        """Back from `_rows`, to x's shape."""
        raise NotImplementedError

    def _spread(self, weight: Array, x: Array) -> Array:
        """gamma or beta with x's axes, of size 1 where it does not vary."""
        raise NotImplementedError

    # ------------------------------------------------------------------------------------ running

    def build(self, input_shape: Shape) -> None:
        """Make gamma and beta."""
        shape = self._weight_shape(input_shape)
        self.gamma = self.beta = None
        if self.scale:
            self.gamma = self.add_weight(shape, self.gamma_initializer, name="gamma")
        if self.center:
            self.beta = self.add_weight(shape, self.beta_initializer, name="beta")
        self._shape = shape

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """The input's."""
        self._check(input_shape)
        return input_shape

    def _check(self, input_shape: Shape) -> None:
        shape = self._weight_shape(input_shape)
        if self.built and shape != self._shape:
            raise ValueError(
                f"{self.name}: the input must have sizes {self._shape} along the axis, as when the "
                f"layer was built, got shape {input_shape}"
            )

    def vjp(self, x: Array, training: bool = False) -> tuple[Array, Pullback]:
        """The output, and the map from its gradient to those of x, gamma and beta."""
        self._check(x.shape)
        rows = self._rows(x)
        normal, inverse = np.empty_like(rows), np.empty(len(rows))
        normalization.rows(rows, self.epsilon, normal, inverse)
        images = self._images(normal, x)
        y = images if self.gamma is None else images * self._spread(self.gamma.value, x)
        if self.beta is not None:
            y = y + self._spread(self.beta.value, x)

        def gradients(dy: Array, needs_dx: bool) -> Gradients:
            grads = []
            for name in self._trained("gamma", "beta"):
                weight = self._spread(getattr(self, name).value, x)
                slope = dy * images if name == "gamma" else dy
                grads.append(sum_to(slope, weight.shape).reshape(self._shape))
            if not needs_dx:
                return None, grads
            slope = dy if self.gamma is None else dy * self._spread(self.gamma.value, x)
            dx = np.empty_like(normal)
            normalization.rows_slope(self._rows(slope), normal, inverse, dx)
            return self._images(dx, x), grads

        return y, Pullback(gradients)

    def get_config(self) -> dict[str, Any]:
        """Constructor arguments, as plain values."""
        return {
            **super().get_config(),
            "epsilon": self.epsilon,
            "center": self.center,
            "scale": self.scale,
            "beta_initializer": initializers.serialize(self.beta_initializer),
            "gamma_initializer": initializers.serialize(self.gamma_initializer),
        }


def check_axis(axis: Any) -> int:
    """An axis's number."""
    return check_int("axis", axis)


def check_epsilon(epsilon: Any) -> float:
    """A number from 0 on."""
    if (number := check_number("epsilon", epsilon)) < 0:
        raise ValueError(f"epsilon must be at least 0, got {epsilon!r}")
    return number
