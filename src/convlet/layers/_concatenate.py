"""Several inputs one after the other; and the functions that merge, by Keras's names."""

from __future__ import annotations

from itertools import accumulate
from typing import Any

import numpy as np

from convlet._integers import check_int
from convlet._variable import Array
from convlet.layers._extremum import Maximum, Minimum
from convlet.layers._layer import Layer, Shape
from convlet.layers._merging import Add, Average, Multiply, Subtract, checked_shapes
from convlet.layers._pullback import Gradients, Pullback


class Concatenate(Layer):
    """The inputs one after the other along an axis.

    Parameters
    ----------
    axis : int, default -1
        Not N.
    **kwargs
        `name`, `dtype`, `trainable` of `Layer`.

    Notes
    -----
    Inputs are a list of at least two arrays whose other sizes are equal.

    Examples
    --------
    >>> import numpy as np
    >>> from convlet.layers import Concatenate
    >>> Concatenate()([np.ones((2, 4, 4, 3), np.float32), np.ones((2, 4, 4, 5), np.float32)]).shape
    (2, 4, 4, 8)
    """

    several_inputs = True

    def __init__(self, axis: int = -1, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.axis = check_int("axis", axis)

    def compute_output_shape(self, input_shape: Any) -> Shape:
        """The inputs' shape, with the sum of their sizes along the axis."""
        shapes = checked_shapes(self, input_shape)
        rank = len(shapes[0])
        if not -rank <= self.axis < rank or self.axis % rank == 0:
            raise ValueError(
                f"{self.name}: axis must be one after N of the inputs' {rank}, got {self.axis}"
            )
        axis = self.axis % rank
        fitting = len({len(shape) for shape in shapes}) == 1 and all(
            len({shape[i] for shape in shapes} - {None}) <= 1 for i in range(rank) if i != axis
        )
        if not fitting:
            raise ValueError(
                f"{self.name}: inputs must have equal sizes but along axis {self.axis}, got shapes "
                f"{shapes}"
            )
        sizes = [shape[axis] for shape in shapes]
        total = None if None in sizes else sum(size or 0 for size in sizes)
        known = [next((s[i] for s in shapes if s[i] is not None), None) for i in range(rank)]
        return (*known[:axis], total, *known[axis + 1 :])

    def call(self, x: list[Array], training: bool = False) -> Array:
        """All inputs in one new array."""
        self.compute_output_shape([part.shape for part in x])
        return np.concatenate(x, self.axis)

    def vjp(self, x: list[Array], training: bool = False) -> tuple[Array, Pullback]:
        """The output, and the map from its gradient to the inputs' parts of it."""
        y = self.call(x)
        ends = list(accumulate(part.shape[self.axis] for part in x))[:-1]

        def gradients(dy: Array, needs_dx: bool) -> Gradients:
            return (np.split(dy, ends, self.axis) if needs_dx else None), []

        return y, Pullback(gradients)

    def get_config(self) -> dict[str, Any]:
        """Constructor arguments, as plain values."""
        return {**super().get_config(), "axis": self.axis}


def add(inputs: Any, **kwargs: Any) -> Any:
    """`Add` called on inputs."""
    return Add(**kwargs)(inputs)


def subtract(inputs: Any, **kwargs: Any) -> Any:
    """`Subtract` called on inputs."""
    return Subtract(**kwargs)(inputs)


def multiply(inputs: Any, **kwargs: Any) -> Any:
    """`Multiply` called on inputs."""
    return Multiply(**kwargs)(inputs)


def average(inputs: Any, **kwargs: Any) -> Any:
    """`Average` called on inputs."""
    return Average(**kwargs)(inputs)


def maximum(inputs: Any, **kwargs: Any) -> Any:
    """`Maximum` called on inputs."""
    return Maximum(**kwargs)(inputs)


def minimum(inputs: Any, **kwargs: Any) -> Any:
    """`Minimum` called on inputs."""
    return Minimum(**kwargs)(inputs)


def concatenate(inputs: Any, axis: int = -1, **kwargs: Any) -> Any:
    """`Concatenate` called on inputs."""
    return Concatenate(axis=axis, **kwargs)(inputs)
