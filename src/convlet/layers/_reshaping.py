"""Layers that move elements without changing them."""

from __future__ import annotations

from typing import Any

import numpy as np

from convlet._integers import check_int, positive_int
from convlet._variable import Array
from convlet.layers._layer import Layer, Shape
from convlet.layers._pullback import Gradients, Pullback
from convlet.ops._sums import sum_to


class Permute(Layer):
    """The axes of each image in another order.

    Parameters
    ----------
    dims : tuple of int
        Where each axis of the output comes from, counted from 1, for N is 0 and stays.
    **kwargs
        `name`, `dtype`, `trainable`, `input_shape` of `Layer`.

    Examples
    --------
    >>> import numpy as np
    >>> from convlet.layers import Permute
    >>> Permute((3, 1, 2))(np.zeros((5, 4, 3, 2), np.float32)).shape
    (5, 2, 4, 3)
    """

    def __init__(self, dims: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if not isinstance(dims, (tuple, list)):
            raise TypeError(f"dims must be a tuple of int, got {dims!r}")
        self.dims = tuple(check_int("dims", axis, 1) for axis in dims)
        if sorted(self.dims) != list(range(1, len(self.dims) + 1)):
            raise ValueError(f"dims must have each axis from 1 on once, got {dims}")

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """The input's, in the other order."""
        self.check_rank(input_shape, len(self.dims) + 1)
        return (input_shape[0], *(input_shape[axis] for axis in self.dims))

    def vjp(self, x: Array, training: bool = False) -> tuple[Array, Pullback]:
        """The output, and the way back to x's order."""
        self.compute_output_shape(x.shape)
        order = (0, *self.dims)

        def gradients(dy: Array, needs_dx: bool) -> Gradients:
            return np.ascontiguousarray(dy.transpose(np.argsort(order))), []

        return np.ascontiguousarray(x.transpose(order)), Pullback(gradients)

    def get_config(self) -> dict[str, Any]:
        """Constructor arguments, as plain values."""
        return {**super().get_config(), "dims": self.dims}


class RepeatVector(Layer):
    """Each vector several times: (N, C) becomes (N, n, C).

    Parameters
    ----------
    n : int
    **kwargs
        `name`, `dtype`, `trainable`, `input_shape` of `Layer`.

    Examples
    --------
    >>> import numpy as np
    >>> from convlet.layers import RepeatVector
    >>> RepeatVector(3)(np.zeros((5, 4), np.float32)).shape
    (5, 3, 4)
    """

    def __init__(self, n: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.n = positive_int("n", n)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """(N, n, C)."""
        self.check_rank(input_shape, 2)
        return (input_shape[0], self.n, input_shape[1])

    def vjp(self, x: Array, training: bool = False) -> tuple[Array, Pullback]:
        """The output, and the map from its gradient to x's."""
        self.check_rank(x.shape, 2)

        def gradients(dy: Array, needs_dx: bool) -> Gradients:
            return sum_to(dy, (x.shape[0], 1, x.shape[1])).reshape(x.shape), []

        return np.repeat(x[:, None], self.n, axis=1), Pullback(gradients)

    def get_config(self) -> dict[str, Any]:
        """Constructor arguments, as plain values."""
        return {**super().get_config(), "n": self.n}
