"""Fixed scales of inputs."""

from __future__ import annotations

from typing import Any

import numpy as np

from convlet._variable import Array
from convlet.layers._layer import Layer, Shape
from convlet.layers._pullback import Pullback


class Rescaling(Layer):
    """x * scale + offset.

    Parameters
    ----------
    scale : float or list of float
        One for all, or what broadcasts with the input: a number for each channel.
    offset : float or list of float, default 0.0
    **kwargs
        `name`, `dtype`, `trainable`, `input_shape` of `Layer`.

    Examples
    --------
    >>> import numpy as np
    >>> from convlet.layers import Rescaling
    >>> Rescaling(1 / 128, offset=-1)(np.array([[0, 128, 192]]))
    array([[-1. ,  0. ,  0.5]], dtype=float32)
    """

    def __init__(self, scale: Any, offset: Any = 0.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.scale, self.offset = numbers("scale", scale), numbers("offset", offset)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """The input's."""
        for name in ("scale", "offset"):
            own = np.shape(getattr(self, name))
            last = input_shape[len(input_shape) - len(own) :]
            if len(own) > len(input_shape) or any(
                size not in (1, known) for size, known in zip(own, last, strict=True)
            ):
                raise ValueError(
                    f"{self.name}: {name} of shape {own} must fit the input's last axes, got shape "
                    f"{input_shape}"
                )
        return input_shape

    def vjp(self, x: Array, training: bool = False) -> tuple[Array, Pullback]:
        """The output, and the map from its gradient to x's."""
        self.compute_output_shape(x.shape)
        scale, offset = (np.asarray(v, x.dtype) for v in (self.scale, self.offset))
        y = np.ascontiguousarray(x * scale + offset)
        return y, Pullback(lambda dy, needs_dx: (dy * scale, []))

    def get_config(self) -> dict[str, Any]:
        """Constructor arguments, as plain values."""
        return {**super().get_config(), "scale": self.scale, "offset": self.offset}


def numbers(name: str, value: Any) -> Any:
    """A float, or nested lists of floats."""
    array = np.asarray(value)
    if array.dtype.kind not in "fiu" or not np.isfinite(array).all():
        raise ValueError(f"{name} must be finite numbers, got {value!r}")
    return array.astype(np.float64).tolist()
