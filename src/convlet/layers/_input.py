"""Where a network begins: the shape of its input."""

from __future__ import annotations

from typing import Any

from convlet._variable import Array
from convlet.layers._layer import Layer, Shape, batch_shape, positive_int
from convlet.layers._pullback import Pullback


class InputLayer(Layer):
    """Names the shape of a network's input; passes the input on.

    Parameters
    ----------
    shape : tuple of int or None
        Of one input, without N.
    batch_size : int, optional
        N, where it is fixed.
    dtype, name : optional
        As for `Layer`.

    Examples
    --------
    >>> from convlet.layers import InputLayer
    >>> InputLayer((28, 28, 1)).batch_shape
    (None, 28, 28, 1)
    """

    def __init__(
        self,
        shape: tuple[int | None, ...],
        batch_size: int | None = None,
        dtype: Any = None,
        name: str | None = None,
    ) -> None:
        super().__init__(name=name, dtype=dtype)
        size = None if batch_size is None else positive_int("batch_size", batch_size)
        self.batch_shape: Shape = (size, *batch_shape(shape)[1:])
        self.ensure_built(self.batch_shape)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """The input's."""
        return input_shape

    def vjp(self, x: Array, training: bool = False) -> tuple[Array, Pullback]:
        """x, and the identity."""
        return x, Pullback(lambda dy, needs_dx: (dy, []))

    def get_config(self) -> dict[str, Any]:
        """Constructor arguments, as plain values."""
        return {
            "shape": self.batch_shape[1:],
            "batch_size": self.batch_shape[0],
            "dtype": self.compute_dtype,
            "name": self.name,
        }


def Input(
    shape: tuple[int | None, ...],
    batch_size: int | None = None,
    dtype: Any = None,
    name: str | None = None,
) -> InputLayer:
    """The beginning of a `Sequential` model.

    Parameters
    ----------
    shape : tuple of int or None
        Of one input, without N.
    batch_size : int, optional
        N, where it is fixed.
    dtype, name : optional
        As for `Layer`.

    Returns
    -------
    InputLayer

    Examples
    --------
    >>> from convlet import Input, Sequential
    >>> from convlet.layers import Flatten
    >>> Sequential([Input((28, 28, 1)), Flatten()]).output_shape
    (None, 784)
    """
    return InputLayer(shape, batch_size, dtype, name)
