"""A rectifier that learns."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from convlet import initializers
from convlet._integers import check_int
from convlet._variable import Array
from convlet.layers._layer import Layer, Shape
from convlet.layers._pullback import Gradients, Pullback
from convlet.ops._sums import sum_to


class PReLU(Layer):
    """x where x > 0, else alpha * x; alpha is learned.

    Parameters
    ----------
    alpha_initializer : default "zeros"
    shared_axes : int or list of int, optional
        Axes along which there is one alpha, counted with N as 0: [1, 2] for one a channel.
    **kwargs
        `name`, `dtype`, `trainable`, `input_shape` of `Layer`.

    Notes
    -----
    alpha has the input's shape without N, with 1 for shared axes. Its gradient is summed as
    `convlet.ops.conv_grad` sums dbias. K. He et al. (ICCV 2015).

    Examples
    --------
    >>> import numpy as np
    >>> from convlet.layers import PReLU
    >>> PReLU("ones", shared_axes=1)(np.array([[-1, 2]], np.float32))
    array([[-1.,  2.]], dtype=float32)
    """

    regularized: ClassVar[Mapping[str, str]] = {"alpha": "alpha"}

    def __init__(
        self, alpha_initializer: Any = "zeros", shared_axes: Any = None, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.alpha_initializer = initializers.get(alpha_initializer)
        self.shared_axes = None
        if shared_axes is not None:
            listed = isinstance(shared_axes, (list, tuple))
            axes = shared_axes if listed else [shared_axes]
            self.shared_axes = [check_int("shared_axes", axis, 1) for axis in axes]

    def build(self, input_shape: Shape) -> None:
        """Make alpha."""
        shared = self.shared_axes or []
        shape = [1 if axis in shared else size for axis, size in enumerate(input_shape)][1:]
        if not all(shape) or len(input_shape) < 2 or any(a >= len(input_shape) for a in shared):
            raise ValueError(
                f"{self.name}: axes that do not share alpha, all but {shared} and N, must have a "
                f"known size above 0, got shape {input_shape}"
            )
        sizes = tuple(size for size in shape if size)
        self.alpha = self.add_weight(sizes, self.alpha_initializer, name="alpha")

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """The input's."""
        if self.built and (
            len(input_shape) != self.alpha.ndim + 1
            or any(
                size is not None and own not in (1, size)
                for own, size in zip(self.alpha.shape, input_shape[1:], strict=True)
            )
        ):
            raise ValueError(
                f"{self.name}: the input must fit alpha's shape {self.alpha.shape}, got shape "
                f"{input_shape}"
            )
        return input_shape

    def vjp(self, x: Array, training: bool = False) -> tuple[Array, Pullback]:
        """The output, and the map from its gradient to those of x and alpha."""
        self.compute_output_shape(x.shape)
        alpha = self.alpha.value
        y = np.where(x < 0, alpha * x, x)

        def gradients(dy: Array, needs_dx: bool) -> Gradients:
            grads = []
            if self._trained("alpha"):
                slope = np.where(x < 0, x * dy, 0)
                grads = [sum_to(slope, (1, *alpha.shape)).reshape(alpha.shape)]
            dx = np.where(x < 0, alpha * dy, np.where(x == 0, 0, dy)) if needs_dx else None
            return dx, grads

        return np.ascontiguousarray(y), Pullback(gradients)

    def get_config(self) -> dict[str, Any]:
        """Constructor arguments, as plain values."""
        return {
            **super().get_config(),
            "alpha_initializer": initializers.serialize(self.alpha_initializer),
            "shared_axes": self.shared_axes,
        }
