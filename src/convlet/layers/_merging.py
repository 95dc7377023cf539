"""Layers that combine several inputs element by element."""

from __future__ import annotations

from typing import Any

from convlet._variable import Array
from convlet.layers._layer import Layer, Shape
from convlet.layers._pullback import Gradients, Pullback
from convlet.ops._sums import sum_to


class Merging(Layer):
    """Elementwise over inputs that broadcast; those with fewer axes get axes of 1 after N."""

    several_inputs = True
    most: int | None = None  # inputs

    def compute_output_shape(self, input_shape: Any) -> Shape:
        """The shape to which the inputs broadcast."""
        shapes = checked_shapes(self, input_shape)
        if self.most is not None and len(shapes) > self.most:
            raise ValueError(f"{self.name}: x must be {self.most} inputs, got {len(shapes)}")
        shapes = [_with_rank(tuple(shape), max(map(len, shapes))) for shape in shapes]
        sizes = zip(*shapes, strict=True)
        return tuple(self._broadcast(axis, shapes) for axis, _ in enumerate(sizes))

    def _broadcast(self, axis: int, shapes: list[Shape]) -> int | None:
        known = {shape[axis] for shape in shapes} - {1}
        if len(known - {None}) > 1 or (axis == 0 and {1} < {shape[0] for shape in shapes}):
            raise ValueError(
                f"{self.name}: inputs must have one N and broadcast, got shapes {shapes}"
            )
        return next(iter(known - {None}), None if known else 1)

    def call(self, x: list[Array], training: bool = False) -> Array:
        """The combination of all inputs, in their order."""
        rank = len(self.compute_output_shape([part.shape for part in x]))
        return self._combine([part.reshape(_with_rank(part.shape, rank)) for part in x])

    def vjp(self, x: list[Array], training: bool = False) -> tuple[Array, Pullback]:
        """The output, and the map from its gradient to those of the inputs."""
        rank = len(self.compute_output_shape([part.shape for part in x]))
        parts = [part.reshape(_with_rank(part.shape, rank)) for part in x]

        def gradients(dy: Array, needs_dx: bool) -> Gradients:
            if not needs_dx:
                return None, []
            slopes = self._slopes(dy, parts)
            return [
                sum_to(slope, part.shape).reshape(given.shape)
                for slope, part, given in zip(slopes, parts, x, strict=True)
            ], []

        return self._combine(parts), Pullback(gradients)

    def _combine(self, x: list[Array]) -> Array:
        y = x[0]
        for part in x[1:]:
            y = self._pair(y, part)
        return y

    def _pair(self, a: Array, b: Array) -> Array:
        raise NotImplementedError

    def _slopes(self, dy: Array, x: list[Array]) -> list[Array]:
        """The gradient of each input, of the output's shape."""
        raise NotImplementedError


def checked_shapes(layer: Layer, shapes: Any) -> list[Shape]:
    """Shapes of at least two inputs with at least N each."""
    if not isinstance(shapes, list) or len(shapes) < 2:
        raise ValueError(f"{layer.name}: x must be a list of at least 2 inputs, got {shapes}")
    if not all(shapes):
        raise ValueError(f"{layer.name}: inputs must have an axis N, got shapes {shapes}")
    return shapes


def _with_rank(shape: Shape, rank: int) -> tuple[Any, ...]:
    return (shape[0], *[1] * (rank - len(shape)), *shape[1:])


class Add(Merging):
    """The sum of the inputs.

    Parameters
    ----------
    **kwargs
        `name`, `dtype`, `trainable` of `Layer`.

    Notes
    -----
    Inputs are a list of at least two arrays of one N that broadcast; one with fewer axes gets axes
    of size 1 after N. They are combined in order, from the first. The gradient of one that is
    broadcast is summed as `convlet.ops.conv_grad` sums dbias.

    Examples
    --------
    >>> import numpy as np
    >>> from convlet.layers import Add
    >>> Add()([np.ones((1, 2), np.float32), np.array([[1, 2]], np.float32)])
    array([[2., 3.]], dtype=float32)
    """

    def _pair(self, a: Array, b: Array) -> Array:
        return a + b

    def _slopes(self, dy: Array, x: list[Array]) -> list[Array]:
        return [dy] * len(x)


class Subtract(Merging):
    """The first input minus the second.

    Parameters, inputs and numerics are those of `Add`; inputs are two.

    Examples
    --------
    >>> import numpy as np
    >>> from convlet.layers import Subtract
    >>> Subtract()([np.ones((1, 2), np.float32), np.array([[1, 2]], np.float32)])
    array([[ 0., -1.]], dtype=float32)
    """

    most = 2

    def _pair(self, a: Array, b: Array) -> Array:
        return a - b

    def _slopes(self, dy: Array, x: list[Array]) -> list[Array]:
        return [dy, -dy]


class Multiply(Merging):
    """The product of the inputs.

    Parameters, inputs and numerics are those of `Add`.

    Examples
    --------
    >>> import numpy as np
    >>> from convlet.layers import Multiply
    >>> Multiply()([np.array([[3, 4]], np.float32), np.array([[2]], np.float32)])
    array([[6., 8.]], dtype=float32)
    """

    def _pair(self, a: Array, b: Array) -> Array:
        return a * b

    def _slopes(self, dy: Array, x: list[Array]) -> list[Array]:
        return [self._combine([dy, *x[:place], *x[place + 1 :]]) for place in range(len(x))]


class Average(Merging):
    """The mean of the inputs.

    Parameters, inputs and numerics are those of `Add`; the sum is divided once.

    Examples
    --------
    >>> import numpy as np
    >>> from convlet.layers import Average
    >>> Average()([np.zeros((1, 2), np.float32), np.array([[1, 2]], np.float32)])
    array([[0.5, 1. ]], dtype=float32)
    """

    def _pair(self, a: Array, b: Array) -> Array:
        return a + b

    def _combine(self, x: list[Array]) -> Array:
        y = super()._combine(x)
        return y / y.dtype.type(len(x))

    def _slopes(self, dy: Array, x: list[Array]) -> list[Array]:
        return [dy / dy.dtype.type(len(x))] * len(x)
