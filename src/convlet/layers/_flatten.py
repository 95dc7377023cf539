"""From feature maps to a vector."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from convlet import config
from convlet._variable import Array
from convlet.layers._layer import Layer, Shape
from convlet.layers._pullback import Pullback
from convlet.ops._arguments import DATA_FORMATS, check_choice


class Flatten(Layer):
    """All axes but the first as one.

    Parameters
    ----------
    data_format : {"channels_last", "channels_first"}, optional
        With "channels_first" the channels are moved last before, so that the vector is the same
        in both layouts. Default: `convlet.config.image_data_format()`.
    **kwargs
        `name`, `dtype`, `trainable`, `input_shape` of `Layer`.

    Notes
    -----
    Input (N, ...), output (N, product of the rest). No copy where the input is C-contiguous.

    Examples
    --------
    >>> import numpy as np
    >>> from convlet.layers import Flatten
    >>> Flatten()(np.zeros((2, 12, 12, 64), np.float32)).shape
    (2, 9216)
    """

    def __init__(self, data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.data_format = check_choice(
            "data_format", data_format or config.image_data_format(), DATA_FORMATS
        )

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """(N, product of the other sizes), None if one is unknown."""
        rest = input_shape[1:]
        return (input_shape[0], None if None in rest else math.prod(size or 0 for size in rest))

    def _moved(self, x: Array) -> Array:
        return np.moveaxis(x, 1, -1) if self._moves(x) else x

    def _moves(self, x: Array) -> bool:
        return self.data_format == "channels_first" and x.ndim > 2

    def call(self, x: Array, training: bool = False) -> Array:
        """x as (N, elements)."""
        return self._moved(x).reshape(x.shape[0], math.prod(x.shape[1:]))

    def _bind(self, input_shape: Shape) -> Callable[[Array], Array]:
        if self.data_format == "channels_first":
            return self.call
        shape = self.compute_output_shape(input_shape)
        return lambda x: x.reshape(shape)  # type: ignore[arg-type]

    def vjp(self, x: Array, training: bool = False) -> tuple[Array, Pullback]:
        """The output, and the way back to x's shape."""
        moved = self._moved(x).shape

        def gradients(dy: Array, needs_dx: bool) -> tuple[Array, list[Array]]:
            dx = dy.reshape(moved)
            if self._moves(x):
                dx = np.ascontiguousarray(np.moveaxis(dx, -1, 1))
            return dx, []

        return self.call(x), Pullback(gradients)

    def _working(self, input_shape: Shape) -> list[str]:
        sizes = self.compute_output_shape(input_shape)[1]
        if len(input_shape) < 3 or sizes is None:
            return []
        return [f"{' x '.join(str(size) for size in input_shape[1:])} = {sizes:,}"]

    def get_config(self) -> dict[str, Any]:
        """Constructor arguments, as plain values."""
        return {**super().get_config(), "data_format": self.data_format}
