"""The largest or smallest of several inputs."""

from __future__ import annotations

import numpy as np

from convlet._variable import Array
from convlet.layers._merging import Merging


class _Extremum(Merging):
    """Of equal elements, each of two gets half of the gradient, as in PyTorch and JAX."""

    def _behind(self, a: Array, b: Array) -> Array:
        """Where a is not taken but b."""
        raise NotImplementedError

    def _slopes(self, dy: Array, x: list[Array]) -> list[Array]:
        leaders = [x[0]]
        for part in x[1:]:
            leaders.append(self._pair(leaders[-1], part))
        slopes = []
        for leader, part in zip(leaders[-2::-1], x[:0:-1], strict=True):
            half = dy.dtype.type(0.5)
            shared = np.where(leader == part, dy * half, dy)
            slopes.append(np.where(self._behind(part, leader), 0, shared))
            dy = np.where(self._behind(leader, part), 0, shared)
        return [dy, *slopes[::-1]]


class Maximum(_Extremum):
    """The largest of the inputs, element by element; NaN where one is NaN.

    Parameters, inputs and numerics are those of `Add`. Of two equal elements each gets half of the
    gradient.

    Examples
    --------
    >>> import numpy as np
    >>> from convlet.layers import Maximum
    >>> Maximum()([np.array([[1, 4]], np.float32), np.array([[3, 2]], np.float32)])
    array([[3., 4.]], dtype=float32)
    """

    def _pair(self, a: Array, b: Array) -> Array:
        return np.maximum(a, b)

    def _behind(self, a: Array, b: Array) -> Array:
        return a < b


class Minimum(_Extremum):
    """The smallest of the inputs, element by element; NaN where one is NaN.

    Parameters, inputs and numerics are those of `Maximum`.

    Examples
    --------
    >>> import numpy as np
    >>> from convlet.layers import Minimum
    >>> Minimum()([np.array([[1, 4]], np.float32), np.array([[3, 2]], np.float32)])
    array([[1., 2.]], dtype=float32)
    """

    def _pair(self, a: Array, b: Array) -> Array:
        return np.minimum(a, b)

    def _behind(self, a: Array, b: Array) -> Array:
        return a > b
