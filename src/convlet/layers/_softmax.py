"""Softmax as a layer."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from convlet._integers import check_int
from convlet._variable import Array
from convlet.layers._layer import Layer, Shape
from convlet.layers._pullback import Gradients, Pullback
from convlet.ops._activation import activate, activation_grad
from convlet.ops._arguments import contiguous


class Softmax(Layer):
    """exp(x) divided by its sum along an axis.

    Parameters
    ----------
    axis : int or list of int, default -1
        Not N.
    **kwargs
        `name`, `dtype`, `trainable`, `input_shape` of `Layer`.

    Notes
    -----
    x is shifted by its maximum first; sums are in double precision, in ascending order.

    Examples
    --------
    >>> import numpy as np
    >>> from convlet.layers import Softmax
    >>> Softmax()(np.zeros((1, 2), np.float32))
    array([[0.5, 0.5]], dtype=float32)
    """

    def __init__(self, axis: Any = -1, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        listed = isinstance(axis, (list, tuple))
        self.axis = [check_int("axis", one) for one in axis] if listed else check_int("axis", axis)

    def _order(self, rank: int) -> tuple[int, ...]:
        """The axes with those that are summed over last."""
        given = self.axis if isinstance(self.axis, list) else [self.axis]
        last = sorted({axis % rank for axis in given if rank and -rank <= axis < rank})
        if not last or len(last) != len(given) or last[0] == 0:
            raise ValueError(
                f"{self.name}: axis must name different axes after N of the input's {rank}, got "
                f"{self.axis}"
            )
        return (*(axis for axis in range(rank) if axis not in last), *last)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """The input's."""
        self._order(len(input_shape))
        return input_shape

    def vjp(self, x: Array, training: bool = False) -> tuple[Array, Pullback]:
        """The output, and the map from its gradient to x's."""
        order = self._order(x.ndim)
        columns = len(self.axis) if isinstance(self.axis, list) else 1
        shape = [x.shape[axis] for axis in order]
        size = math.prod(shape[-columns:])

        def rows(array: Array) -> Array:
            return contiguous(array.transpose(order)).reshape(-1, size)

        def back(array: Array) -> Array:
            return contiguous(array.reshape(shape).transpose(np.argsort(order)))

        if x.size == 0:
            return x.copy(), Pullback(lambda dy, needs_dx: (dy, []))
        y = activate("softmax", rows(x))

        def gradients(dy: Array, needs_dx: bool) -> Gradients:
            return back(activation_grad("softmax", rows(dy), y)), []

        return back(y), Pullback(gradients)

    def get_config(self) -> dict[str, Any]:
        """Constructor arguments, as plain values."""
        return {**super().get_config(), "axis": self.axis}
