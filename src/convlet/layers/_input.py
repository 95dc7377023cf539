"""Where a network begins: the shape of its input."""

from __future__ import annotations

from typing import Any

from convlet._integers import positive_int
from convlet._variable import Array
from convlet.layers._layer import Layer, Shape
from convlet.layers._layer import batch_shape as with_batch
from convlet.layers._pullback import Pullback
from convlet.layers._symbolic import KerasTensor, Node


class InputLayer(Layer):
    """Names the shape of a network's input; passes the input on.

    Parameters
    ----------
    shape : tuple of int or None
        Of one input, without N.
    batch_size : int, optional
        N, where it is fixed.
    dtype : optional
        As for `Layer`.
    batch_shape : tuple of int or None, optional
        Instead of `shape` and `batch_size`: with N, or None, first.
    name : str, optional
        As for `Layer`.

    Examples
    --------
    >>> from convlet.layers import InputLayer
    >>> InputLayer((28, 28, 1)).batch_shape
    (None, 28, 28, 1)
    """

    def __init__(
        self,
        shape: tuple[int | None, ...] | None = None,
        batch_size: int | None = None,
        dtype: Any = None,
        *,
        batch_shape: Shape | None = None,
        name: str | None = None,
    ) -> None:
        super().__init__(name=name, dtype=dtype)
        self.batch_shape = _whole_shape(shape, batch_size, batch_shape)
        self.ensure_built(self.batch_shape)
        node = Node(self, [])
        node.outputs = (KerasTensor(self.batch_shape, self.compute_dtype, node, 0, name),)
        self._nodes.append(node)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """The input's."""
        return input_shape

    def vjp(self, x: Array, training: bool = False) -> tuple[Array, Pullback]:
        """x, and the identity."""
        return x, Pullback(lambda dy, needs_dx: (dy, []))

    def get_config(self) -> dict[str, Any]:
        """Constructor arguments, as plain values."""
        return {
            "batch_shape": self.batch_shape,
            "dtype": self.compute_dtype,
            "name": self.name,
        }


def Input(
    shape: tuple[int | None, ...] | None = None,
    batch_size: int | None = None,
    dtype: Any = None,
    *,
    batch_shape: Shape | None = None,
    name: str | None = None,
) -> KerasTensor:
    """The beginning of a model: of a `Sequential`, or of a graph for `Model`.

    Parameters
    ----------
    shape : tuple of int or None
        Of one input, without N.
    batch_size : int, optional
        N, where it is fixed.
    dtype : optional
        As for `Layer`.
    batch_shape : tuple of int or None, optional
        Instead of `shape` and `batch_size`: with N, or None, first.
    name : str, optional
        As for `Layer`.

    Returns
    -------
    KerasTensor

    Examples
    --------
    >>> from convlet import Input, Model, Sequential
    >>> from convlet.layers import Flatten
    >>> Sequential([Input((28, 28, 1)), Flatten()]).output_shape
    (None, 784)
    >>> image = Input((28, 28, 1))
    >>> Model(image, Flatten()(image)).output_shape
    (None, 784)
    """
    layer = InputLayer(shape, batch_size, dtype, batch_shape=batch_shape, name=name)
    return layer._nodes[0].outputs[0]


def _whole_shape(shape: Any, batch_size: Any, whole: Any) -> Shape:
    """The input's shape with N, from one or the other way to say it."""
    if (shape is None) == (whole is None) or (whole is not None and batch_size is not None):
        raise ValueError(
            "give shape, with batch_size or without, or else batch_shape; got "
            f"shape={shape!r}, batch_size={batch_size!r}, batch_shape={whole!r}"
        )
    if whole is not None:
        checked = with_batch(whole, "batch_shape")[1:]
        if not checked:
            raise ValueError("batch_shape must have N first, got ()")
        return checked
    size = None if batch_size is None else positive_int("batch_size", batch_size)
    return (size, *with_batch(shape)[1:])
