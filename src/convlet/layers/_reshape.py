"""The same elements in another shape."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from convlet._integers import check_int
from convlet._variable import Array
from convlet.layers._layer import Layer, Shape
from convlet.layers._pullback import Pullback


class Reshape(Layer):
    """The same elements of each image, in row-major order, in another shape.

    Parameters
    ----------
    target_shape : tuple of int
        Without N; one size may be -1, which is what is left.
    **kwargs
        `name`, `dtype`, `trainable`, `input_shape` of `Layer`.

    Examples
    --------
    >>> import numpy as np
    >>> from convlet.layers import Reshape
    >>> Reshape((2, -1))(np.zeros((5, 4, 3), np.float32)).shape
    (5, 2, 6)
    """

    def __init__(self, target_shape: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if not isinstance(target_shape, (tuple, list)):
            raise TypeError(f"target_shape must be a tuple of int, got {target_shape!r}")
        sizes = tuple(check_int("target_shape", size, -1) for size in target_shape)
        if 0 in sizes or sizes.count(-1) > 1:
            raise ValueError(
                f"target_shape must be sizes from 1 on, of which one may be -1, got {target_shape}"
            )
        self.target_shape = sizes

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """(N, *target_shape), with what is left for -1."""
        if not input_shape:
            raise ValueError(f"{self.name}: the input must have an axis N, got shape ()")
        own = math.prod(size for size in self.target_shape if size > 0)
        if None in input_shape[1:]:
            return (input_shape[0], *(None if size < 0 else size for size in self.target_shape))
        elements = math.prod(size or 0 for size in input_shape[1:])
        left = elements // own
        if elements % own or (left != 1 and -1 not in self.target_shape) or not left:
            raise ValueError(
                f"{self.name}: target_shape {self.target_shape} must have as many elements as an "
                f"image, got shape {input_shape}"
            )
        return (input_shape[0], *(left if size < 0 else size for size in self.target_shape))

    def vjp(self, x: Array, training: bool = False) -> tuple[Array, Pullback]:
        """The output, and the way back to x's shape."""
        shape: Any = self.compute_output_shape(x.shape)
        y = np.ascontiguousarray(x).reshape(shape)
        return y, Pullback(lambda dy, needs_dx: (dy.reshape(x.shape), []))

    def get_config(self) -> dict[str, Any]:
        """Constructor arguments, as plain values."""
        return {**super().get_config(), "target_shape": self.target_shape}
