"""A penalty for what passes by."""

from __future__ import annotations

from typing import Any

from convlet._variable import Array
from convlet.layers._layer import Layer, Shape
from convlet.layers._pullback import Pullback
from convlet.regularizers import L1L2


class ActivityRegularization(Layer):
    """The input itself, for which a penalty is added to the loss.

    Parameters
    ----------
    l1, l2 : float, default 0.0
        As for `convlet.regularizers.L1L2`; the penalty is divided by N.
    **kwargs
        `name`, `dtype`, `trainable`, `input_shape` of `Layer`.

    Notes
    -----
    As an `activity_regularizer`, it counts in models, while they train or are measured.

    Examples
    --------
    >>> import numpy as np
    >>> from convlet import Sequential
    >>> from convlet.layers import ActivityRegularization
    >>> model = Sequential([ActivityRegularization(l1=0.5)])
    >>> y, pullback = model.vjp(np.ones((2, 3), np.float32))
    >>> pullback.losses
    [1.5]
    """

    def __init__(self, l1: float = 0.0, l2: float = 0.0, **kwargs: Any) -> None:
        super().__init__(activity_regularizer=L1L2(l1, l2), **kwargs)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """The input's."""
        return input_shape

    def vjp(self, x: Array, training: bool = False) -> tuple[Array, Pullback]:
        """The input, and the identity for its gradient."""
        return x, Pullback(lambda dy, needs_dx: (dy, []))

    def get_config(self) -> dict[str, Any]:
        """Constructor arguments, as plain values."""
        shared = super().get_config()
        del shared["activity_regularizer"]
        return {**shared, **self.activity_regularizer.get_config()}
