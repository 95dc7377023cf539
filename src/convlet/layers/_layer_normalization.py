"""Normalization along axes of each image, or of groups of its channels."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from convlet._integers import check_int
from convlet._variable import Array
from convlet.layers._layer import Shape
from convlet.layers._normalized import Normalized, check_axis
from convlet.ops._arguments import contiguous


class LayerNormalization(Normalized):
    """Each pixel's channels to mean 0 and variance 1, then times gamma, plus beta.

    Parameters
    ----------
    axis : int or list of int, default -1
        The axes that mean and variance are over.
    epsilon : float, default 0.001
        Added to variances.
    center, scale : bool, default True
        Whether there is a beta, a gamma.
    beta_initializer, gamma_initializer : default "zeros", "ones"
    **kwargs
        `name`, `dtype`, `trainable`, `input_shape` of `Layer`.

    Notes
    -----
    gamma and beta have the sizes of the axes. Sums are in double precision, element i of a row to
    sum i modulo 16, these in order. J. Ba et al., "Layer normalization" (2016).

    Examples
    --------
    >>> import numpy as np
    >>> from convlet.layers import LayerNormalization
    >>> LayerNormalization(epsilon=0)(np.array([[1, 3], [2, 10]], np.float32))
    array([[-1.,  1.],
           [-1.,  1.]], dtype=float32)
    """

    def __init__(
        self,
        axis: Any = -1,
        epsilon: float = 1e-3,
        center: bool = True,
        scale: bool = True,
        beta_initializer: Any = "zeros",
        gamma_initializer: Any = "ones",
        **kwargs: Any,
    ) -> None:
        super().__init__(epsilon, center, scale, beta_initializer, gamma_initializer, **kwargs)
        listed = isinstance(axis, (list, tuple))
        self.axis = [check_axis(one) for one in axis] if listed else check_axis(axis)

    def _axes(self, rank: int) -> tuple[int, ...]:
        given = self.axis if isinstance(self.axis, list) else [self.axis]
        axes = sorted(axis % rank for axis in given if -rank <= axis < rank)
        if not axes or len(set(axes)) != len(given) or axes[0] == 0:
            raise ValueError(
                f"{self.name}: axis must name different axes after N of the input's {rank}, got "
                f"{self.axis}"
            )
        return tuple(axes)

    def _weight_shape(self, input_shape: Shape) -> tuple[int, ...]:
        sizes = tuple(input_shape[axis] for axis in self._axes(max(len(input_shape), 1)))
        if not all(sizes):
            raise ValueError(
                f"{self.name}: sizes along axis {self.axis} must be known and above 0, got shape "
                f"{input_shape}"
            )
        return tuple(size for size in sizes if size)

    def _order(self, rank: int) -> tuple[int, ...]:
        """The axes with those that are normalized last."""
        last = self._axes(rank)
        return (*(axis for axis in range(rank) if axis not in last), *last)

    def _rows(self, x: Array) -> Array:
        return contiguous(x.transpose(self._order(x.ndim))).reshape(-1, math.prod(self._shape))

    def _images(self, rows: Array, x: Array) -> Array:
        order = self._order(x.ndim)
        moved = rows.reshape([x.shape[axis] for axis in order])
        return contiguous(moved.transpose(np.argsort(order)))

    def _spread(self, weight: Array, x: Array) -> Array:
        last = self._axes(x.ndim)
        return weight.reshape([x.shape[axis] if axis in last else 1 for axis in range(x.ndim)])

    def get_config(self) -> dict[str, Any]:
        """Constructor arguments, as plain values."""
        return {**super().get_config(), "axis": self.axis}


class GroupNormalization(Normalized):
    """Groups of an image's channels to mean 0 and variance 1, then times gamma, plus beta.

    Parameters
    ----------
    groups : int, default 32
        A divisor of the number of channels; -1 for a group of each channel alone.
    axis : int, default -1
        The axis of channels; 1 for channels first.
    epsilon, center, scale, beta_initializer, gamma_initializer, **kwargs
        As for `LayerNormalization`.

    Notes
    -----
    Mean and variance are over all pixels of an image and the channels of a group; gamma and beta
    are (channels,). Numerics are those of `LayerNormalization`. Y. Wu, K. He (ECCV 2018).

    Examples
    --------
    >>> import numpy as np
    >>> from convlet.layers import GroupNormalization
    >>> layer = GroupNormalization(groups=2, epsilon=0)
    >>> layer(np.array([[1, 3, 2, 10]], np.float32))
    array([[-1.,  1., -1.,  1.]], dtype=float32)
    """

    def __init__(
        self,
        groups: int = 32,
        axis: int = -1,
        epsilon: float = 1e-3,
        center: bool = True,
        scale: bool = True,
        beta_initializer: Any = "zeros",
        gamma_initializer: Any = "ones",
        **kwargs: Any,
    ) -> None:
        super().__init__(epsilon, center, scale, beta_initializer, gamma_initializer, **kwargs)
        self.groups = -1 if groups == -1 else check_int("groups", groups, 1)
        self.axis = check_axis(axis)

    def _weight_shape(self, input_shape: Shape) -> tuple[int, ...]:
        rank = len(input_shape)
        size = input_shape[self.axis] if -rank <= self.axis < rank else None
        if rank < 2 or self.axis in (0, -rank) or not size or size % abs(self.groups):
            raise ValueError(
                f"{self.name}: axis {self.axis} must be one after N, its size a multiple of groups="
                f"{self.groups}, got shape {input_shape}"
            )
        return (size,)

    def _grouped(self, x: Array) -> tuple[int, ...]:
        """x's shape with channels last and in groups."""
        shape = np.moveaxis(x, self.axis, -1).shape
        groups = shape[-1] if self.groups == -1 else self.groups
        return (shape[0], math.prod(shape[1:-1]), groups, shape[-1] // groups)

    def _rows(self, x: Array) -> Array:
        n, pixels, groups, size = shape = self._grouped(x)
        grouped = np.moveaxis(x, self.axis, -1).reshape(shape)
        return contiguous(grouped.transpose(0, 2, 1, 3)).reshape(n * groups, pixels * size)

    def _images(self, rows: Array, x: Array) -> Array:
        n, pixels, groups, size = self._grouped(x)
        grouped = rows.reshape(n, groups, pixels, size).transpose(0, 2, 1, 3)
        moved = grouped.reshape(np.moveaxis(x, self.axis, -1).shape)
        return contiguous(np.moveaxis(moved, -1, self.axis))

    def _spread(self, weight: Array, x: Array) -> Array:
        shape = [1] * x.ndim
        shape[self.axis] = weight.size
        return weight.reshape(shape)

    def get_config(self) -> dict[str, Any]:
        """Constructor arguments, as plain values."""
        return {**super().get_config(), "groups": self.groups, "axis": self.axis}
