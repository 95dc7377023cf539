"""Layers that repeat or interpolate rows and columns."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np

from convlet import config
from convlet._cext import runtime
from convlet._variable import Array
from convlet.layers._layer import Layer, Shape
from convlet.layers._pullback import Gradients, Pullback
from convlet.ops._arguments import DATA_FORMATS, check_choice
from convlet.ops._geometry import normalize_tuple

INTERPOLATIONS = ("nearest", "bilinear")


class UpSampling(Layer):
    """Spatial axes, `rank` of them, longer by whole factors."""

    rank: int
    interpolation = "nearest"

    def __init__(self, size: Any, data_format: str | None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.factors = normalize_tuple(size, self.rank, "size")
        self.data_format = check_choice(
            "data_format", data_format or config.image_data_format(), DATA_FORMATS
        )

    @property
    def size(self) -> Any:
        """The factors; an int in one dimension."""
        return self.factors if self.rank > 1 else self.factors[0]

    def _all_factors(self) -> tuple[int, ...]:
        """Of all axes, with batch and channels."""
        if self.data_format == "channels_first":
            return (1, 1, *self.factors)
        return (1, *self.factors, 1)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """The input's shape, its spatial sizes times the factors."""
        self.check_rank(input_shape, self.rank + 2)
        return tuple(
            None if size is None else size * factor
            for size, factor in zip(input_shape, self._all_factors(), strict=True)
        )

    def call(self, x: Array, training: bool = False) -> Array:
        """The larger images, C-contiguous."""
        self.compute_output_shape(x.shape)
        if self.interpolation == "nearest":
            return repeat(x, self._all_factors())
        with runtime.flushing():
            for axis, factor in enumerate(self._all_factors()):
                x = interpolate(x, axis, factor)
        return np.ascontiguousarray(x)

    def vjp(self, x: Array, training: bool = False) -> tuple[Array, Pullback]:
        """The output, and the map from its gradient to x's."""
        factors = self._all_factors()

        def gradients(dy: Array, needs_dx: bool) -> Gradients:
            if not needs_dx:
                return None, []
            if self.interpolation == "nearest":
                return repeat_grad(dy, factors), []
            with runtime.flushing():
                for axis in reversed(range(dy.ndim)):
                    dy = interpolate_grad(dy, axis, factors[axis])
            return np.ascontiguousarray(dy), []

        return self.call(x), Pullback(gradients)

    def get_config(self) -> dict[str, Any]:
        """Constructor arguments, as plain values."""
        return {**super().get_config(), "size": self.size, "data_format": self.data_format}


def repeat(x: Array, factors: tuple[int, ...]) -> Array:
    """Each element as a box of `factors` equal ones."""
    y = np.empty([size * factor for size, factor in zip(x.shape, factors, strict=True)], x.dtype)
    for part in _every(factors):
        y[part] = x
    return y


def repeat_grad(dy: Array, factors: tuple[int, ...]) -> Array:
    """Each box's sum, in row-major order."""
    first, *others = _every(factors)
    dx = np.array(dy[first], order="C")
    for part in others:
        dx += dy[part]
    return dx


def _every(factors: tuple[int, ...]) -> list[tuple[slice, ...]]:
    """The first element of all boxes, the second, and so on."""
    offsets = product(*(range(factor) for factor in factors))
    return [
        tuple(slice(start, None, factor) for start, factor in zip(offset, factors, strict=True))
        for offset in offsets
    ]


def interpolate(x: Array, axis: int, factor: int) -> Array:
    """Linear interpolation between the centres of elements; constant beyond the outermost."""
    if factor == 1:
        return x
    x = np.moveaxis(x, axis, 0)
    y = np.empty((len(x) * factor, *x.shape[1:]), x.dtype)
    for part, share, inner, neighbour, edge in _blends(factor, y):
        target = y[part]
        np.multiply(x, 1 - share, out=target)
        if share:
            target[inner] += share * x[neighbour]
            target[edge] += share * x[edge]
    return np.moveaxis(y, 0, axis)


def interpolate_grad(dy: Array, axis: int, factor: int) -> Array:
    """The adjoint of `interpolate`: shares of dy are added in the order of `_blends`."""
    if factor == 1:
        return dy
    dy = np.moveaxis(dy, axis, 0)
    dx = np.zeros((len(dy) // factor, *dy.shape[1:]), dy.dtype)
    for part, share, inner, neighbour, edge in _blends(factor, dy):
        source = dy[part]
        dx += (1 - share) * source
        if share:
            dx[neighbour] += share * source[inner]
            dx[edge] += share * source[edge]
    return np.moveaxis(dx, 0, axis)


def _blends(factor: int, larger: Array) -> list[tuple[slice, float, slice, slice, slice]]:
    """For each offset in a box: its elements, and the share that a neighbour has in them.

    Then which elements have a neighbour, the neighbours, and the one that itself is its neighbour.
    Nothing where the larger array has no elements: the factor may be any then.
    """
    before = slice(1, None), slice(None, -1), slice(None, 1)
    after = slice(None, -1), slice(1, None), slice(-1, None)
    centres = [(offset + 0.5) / factor - 0.5 for offset in range(factor if larger.size else 0)]
    return [
        (slice(offset, None, factor), abs(centre), *(before if centre < 0 else after))
        for offset, centre in enumerate(centres)
    ]


class UpSampling2D(UpSampling):
    """2-D images, larger by whole factors.

    Parameters
    ----------
    size : int or 2 ints, default (2, 2)
        Factors of rows and columns.
    data_format : {"channels_last", "channels_first"}, optional
        Default: `convlet.config.image_data_format()`.
    interpolation : {"nearest", "bilinear"}, default "nearest"
        Repeat each element, or interpolate between the elements' centres.
    **kwargs
        `name`, `dtype`, `trainable`, `input_shape` of `Layer`.

    Raises
    ------
    ValueError, TypeError
        If an argument has a value or is of a kind that it cannot be.

    Notes
    -----
    Input (N, H, W, C), output (N, size[0] * H, size[1] * W, C). Bilinear: rows first, then columns;
    beyond the outermost centres the image is constant. Gradients add up in row-major order of the
    offsets within a box.

    Examples
    --------
    >>> import numpy as np
    >>> from convlet.layers import UpSampling2D
    >>> x = np.array([0., 4.], np.float32).reshape(1, 1, 2, 1)
    >>> UpSampling2D((1, 2))(x).ravel()
    array([0., 0., 4., 4.], dtype=float32)
    >>> UpSampling2D((1, 2), interpolation="bilinear")(x).ravel()
    array([0., 1., 3., 4.], dtype=float32)
    """

    rank = 2

    def __init__(
        self,
        size: Any = (2, 2),
        data_format: str | None = None,
        interpolation: str = "nearest",
        **kwargs: Any,
    ) -> None:
        super().__init__(size, data_format, **kwargs)
        self.interpolation = check_choice("interpolation", interpolation, INTERPOLATIONS)

    def get_config(self) -> dict[str, Any]:
        """Constructor arguments, as plain values."""
        return {**super().get_config(), "interpolation": self.interpolation}


class UpSampling1D(UpSampling):
    """Sequences, each element repeated.

    Parameters
    ----------
    size : int, default 2
    **kwargs
        `name`, `dtype`, `trainable`, `input_shape` of `Layer`.

    Notes
    -----
    Input (N, W, C), output (N, size * W, C).

    Examples
    --------
    >>> import numpy as np
    >>> from convlet.layers import UpSampling1D
    >>> UpSampling1D(3)(np.array([[[1.], [2.]]], np.float32)).ravel()
    array([1., 1., 1., 2., 2., 2.], dtype=float32)
    """

    rank = 1

    def __init__(self, size: Any = 2, **kwargs: Any) -> None:
        super().__init__(size, "channels_last", **kwargs)

    def get_config(self) -> dict[str, Any]:
        """Constructor arguments, as plain values: Keras's has no data format here."""
        found = super().get_config()
        del found["data_format"]
        return found


class UpSampling3D(UpSampling):
    """3-D images, each element repeated.

    Parameters
    ----------
    size : int or 3 ints, default (2, 2, 2)
        Factors of planes, rows and columns.
    data_format : {"channels_last", "channels_first"}, optional
        Default: `convlet.config.image_data_format()`.
    **kwargs
        `name`, `dtype`, `trainable`, `input_shape` of `Layer`.

    Notes
    -----
    Input (N, D, H, W, C).

    Examples
    --------
    >>> import numpy as np
    >>> from convlet.layers import UpSampling3D
    >>> UpSampling3D((1, 2, 3))(np.ones((1, 2, 2, 2, 1), np.float32)).shape
    (1, 2, 4, 6, 1)
    """

    rank = 3

    def __init__(
        self, size: Any = (2, 2, 2), data_format: str | None = None, **kwargs: Any
    ) -> None:
        super().__init__(size, data_format, **kwargs)
