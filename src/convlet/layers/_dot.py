"""Dot products of two inputs, image by image."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from convlet._integers import check_int
from convlet._sums import row_sums
from convlet._variable import Array
from convlet.config import epsilon
from convlet.layers._layer import Layer, Shape
from convlet.layers._merging import checked_shapes
from convlet.layers._pullback import Gradients, Pullback
from convlet.ops._arguments import contiguous
from convlet.ops._conv_checks import plain_geometry
from convlet.ops._conv_forms import dense
from convlet.ops._conv_gradients import dense_grad


class Dot(Layer):
    """Dot products along an axis of either input, for all pairs of the others' elements.

    Parameters
    ----------
    axes : int or 2 ints
        The axis of both inputs, or of the first and of the second; not that of N.
    normalize : bool, default False
        Divide by Euclidean norms first, at least `convlet.config.epsilon()`: results are
        cosines.
    **kwargs
        `name`, `dtype`, `trainable` of `Layer`.

    Raises
    ------
    ValueError, TypeError
        If `axes` are none that the inputs have, or of different sizes.

    Notes
    -----
    Inputs are two arrays of one N. The output has the first one's other axes, then the second
    one's, or (N, 1). Products are added in ascending order with one rounding each, as those of
    `convlet.ops.conv`; squares in float64.

    Examples
    --------
    >>> import numpy as np
    >>> from convlet.layers import Dot
    >>> Dot(axes=1)([np.array([[1, 2]], np.float32), np.array([[3, 4]], np.float32)])
    array([[11.]], dtype=float32)
    """

    several_inputs = True

    def __init__(self, axes: Any, normalize: bool = False, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if isinstance(axes, (list, tuple)):
            if len(axes) != 2:
                raise ValueError(f"axes must be an int or 2 ints, got {axes!r}")
            self.axes: Any = [check_int("axes", axis) for axis in axes]
        else:
            self.axes = check_int("axes", axes)
        self.normalize = bool(normalize)

    def _axes(self, shapes: list[Shape]) -> list[int]:
        """Each input's axis, counted from the first."""
        checked_shapes(self, shapes)
        if len(shapes) != 2:
            raise ValueError(f"{self.name}: x must be 2 inputs, got {len(shapes)}")
        given = [self.axes] * 2 if isinstance(self.axes, int) else self.axes
        rule = f"{self.name}: axes {given} must be after N and of one size, got shapes {shapes}"
        for axis, shape in zip(given, shapes, strict=True):
            if not -len(shape) <= axis < len(shape) or axis % len(shape) == 0:
                raise ValueError(rule)
        axes = [axis % len(shape) for axis, shape in zip(given, shapes, strict=True)]
        first, second = shapes
        for pair in ({first[axes[0]], second[axes[1]]}, {first[0], second[0]}):
            if len(pair - {None}) > 1:
                raise ValueError(rule)
        return axes

    def compute_output_shape(self, input_shape: Any) -> Any:
        """N and the axes that are left, or (N, 1)."""
        axes = self._axes(input_shape)
        left = [
            size
            for shape, axis in zip(input_shape, axes, strict=True)
            for place, size in enumerate(shape)
            if place not in (0, axis)
        ]
        return (input_shape[0][0], *(left or [1]))

    def vjp(self, x: list[Array], training: bool = False) -> tuple[Array, Pullback]:
        """The output, and the map from its gradient to those of both inputs."""
        shapes = [part.shape for part in x]
        shape, axes = self.compute_output_shape(shapes), self._axes(shapes)
        moved = [np.moveaxis(part, axis, -1) for part, axis in zip(x, axes, strict=True)]
        rows = list(map(_matrix, moved))
        backs: list[Callable[[Array], Array]] = [lambda slope: slope] * 2
        if self.normalize:
            rows, backs = (list(found) for found in zip(*map(_units, rows), strict=True))
        a, b = rows[0], contiguous(rows[1].swapaxes(1, 2))
        y = np.empty((len(a), a.shape[1], b.shape[2]), a.dtype)
        geometry = plain_geometry(y.shape[1:])
        for place, pair in enumerate(zip(a, b, strict=True)):
            y[place] = dense(*pair, None, geometry, None)

        def gradients(dy: Array, needs_dx: bool) -> Gradients:
            if not needs_dx:
                return None, []
            da, db = np.empty_like(a), np.empty_like(b)
            for place, slope in enumerate(dy.reshape(y.shape)):
                found = dense_grad(contiguous(slope), a[place], b[place], ("x", "kernel"))
                da[place], db[place] = found[0], found[1]
            slopes = backs[0](da), backs[1](contiguous(db.swapaxes(1, 2)))
            pairs = zip(slopes, moved, strict=True)
            back = [slope.reshape(like.shape) for slope, like in pairs]
            turned = zip(back, axes, strict=True)
            return [contiguous(np.moveaxis(slope, -1, axis)) for slope, axis in turned], []

        return y.reshape(shape), Pullback(gradients)

    def get_config(self) -> dict[str, Any]:
        """Constructor arguments, as plain values."""
        return {**super().get_config(), "axes": self.axes, "normalize": self.normalize}


def _matrix(x: Array) -> Array:
    """(N, rows, columns), whose columns are x's last axis."""
    return contiguous(x).reshape(len(x), math.prod(x.shape[1:-1]), x.shape[-1])


def _units(x: Array) -> tuple[Array, Callable[[Array], Array]]:
    """x over its norms along the last axis, and the map from the quotient's gradient to x's."""
    squares = _sums(np.square(x, dtype=np.float64))
    least = epsilon() ** 2
    inverse = 1 / np.sqrt(np.maximum(squares, least))
    unit = x * inverse

    def back(slope: Array) -> Array:
        along = np.where(squares > least, _sums(slope * unit), 0)
        return np.asarray((slope - unit * along) * inverse, x.dtype)

    return unit.astype(x.dtype), back


def _sums(x: Array) -> Array:
    rows = math.prod(x.shape[:-1]), x.shape[-1]
    return row_sums(x.reshape(rows)).reshape(*x.shape[:-1], 1)


def dot(inputs: Any, axes: Any = -1, **kwargs: Any) -> Any:
    """`Dot` called on inputs."""
    return Dot(axes=axes, **kwargs)(inputs)
