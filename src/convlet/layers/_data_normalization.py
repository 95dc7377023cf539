"""Scales that are measured from data."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from convlet import config
from convlet._cext import normalization
from convlet._integers import check_int
from convlet._variable import Array
from convlet.layers._layer import Layer, Shape
from convlet.layers._pullback import Gradients, Pullback
from convlet.layers._rescaling import numbers
from convlet.ops._arguments import contiguous


class Normalization(Layer):
    """(x - mean) / sqrt(variance), with mean and variance as given, or measured by `adapt`.

    Parameters
    ----------
    axis : int, list of int or None, default -1
        Axes that have a mean and a variance for each element; None for one of all.
    mean, variance : float or array, optional
        Both or none.
    invert : bool, default False
        Whether to undo it: x * sqrt(variance) + mean.
    **kwargs
        `name`, `dtype`, `trainable`, `input_shape` of `Layer`.

    Notes
    -----
    The root is at least 1e-7. Statistics are summed as those of `BatchNormalization`.

    Examples
    --------
    >>> import numpy as np
    >>> from convlet.layers import Normalization
    >>> layer = Normalization()
    >>> layer.adapt(np.array([[0, 2], [2, 6]], np.float32))
    >>> layer(np.array([[1, 8]], np.float32))
    array([[0., 2.]], dtype=float32)
    """

    def __init__(
        self,
        axis: Any = -1,
        mean: Any = None,
        variance: Any = None,
        invert: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        given = [] if axis is None else axis if isinstance(axis, (list, tuple)) else [axis]
        self.axis = tuple(check_int("axis", one) for one in given)
        self._axis = axis
        if (mean is None) != (variance is None):
            raise ValueError(
                f"mean and variance must be given both or none, got mean={mean!r}, "
                f"variance={variance!r}"
            )
        self.input_mean = None if mean is None else numbers("mean", mean)
        self.input_variance = None if variance is None else numbers("variance", variance)
        self.invert = bool(invert)

    def _kept(self, rank: int) -> list[int]:
        kept = sorted({axis % rank for axis in self.axis if rank and -rank <= axis < rank})
        if len(kept) != len(self.axis) or 0 in kept:
            raise ValueError(
                f"{self.name}: axis must name different axes after N of the input's {rank}, got "
                f"{self._axis}"
            )
        return kept

    def _sizes(self, input_shape: Shape) -> tuple[int, ...]:
        sizes = tuple(input_shape[axis] for axis in self._kept(len(input_shape)))
        if not all(sizes):
            raise ValueError(
                f"{self.name}: sizes along axis {self._axis} must be known and above 0, got shape "
                f"{input_shape}"
            )
        return tuple(size for size in sizes if size)

    def build(self, input_shape: Shape) -> None:
        """Make mean and variance, unless they were given."""
        self._shape = self._sizes(input_shape)
        if self.input_mean is not None:
            try:
                for value in (self.input_mean, self.input_variance):
                    np.broadcast_to(value, self._shape)  # type: ignore[arg-type]
            except ValueError:
                raise ValueError(
                    f"{self.name}: mean and variance must broadcast to shape {self._shape}, that "
                    f"of the input's axis {self._axis}"
                ) from None
            return
        for name, initializer in (("mean", "zeros"), ("variance", "ones")):
            made = self.add_weight(self._shape, initializer, trainable=False, name=name)
            setattr(self, f"adapt_{name}", made)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """The input's."""
        if self.built and self._sizes(input_shape) != self._shape:
            raise ValueError(
                f"{self.name}: the input must have sizes {self._shape} along axis {self._axis}, "
                f"got shape {input_shape}"
            )
        return input_shape

    def adapt(self, data: Any) -> None:
        """Measure mean and variance of all samples.

        Parameters
        ----------
        data : array (N, ...)

        Raises
        ------
        ValueError
            If mean and variance were given, or there is no sample.
        """
        if self.input_mean is not None:
            raise ValueError(f"{self.name}: adapt needs a layer whose mean was not given")
        x = self.cast(data)
        self.ensure_built(x.shape)
        self.compute_output_shape(x.shape)
        kept = self._kept(x.ndim)
        order = [axis for axis in range(x.ndim) if axis not in kept] + kept
        rows = contiguous(x.transpose(order)).reshape(-1, math.prod(self._shape))
        mean, variance = np.empty((2, rows.shape[1]))
        normalization.column_moments(rows, mean, variance)
        self.adapt_mean.assign(mean.reshape(self._shape))  # type: ignore[attr-defined]
        self.adapt_variance.assign(variance.reshape(self._shape))  # type: ignore[attr-defined]

    def _factors(self, x: Array) -> tuple[Array, Array]:
        """Mean and root of the variance with x's axes."""
        kept = self._kept(x.ndim)
        shape = [size if axis in kept else 1 for axis, size in enumerate(x.shape)]
        if self.input_mean is None:
            mean, variance = self.adapt_mean.value, self.adapt_variance.value  # type: ignore[attr-defined]
        else:
            mean, variance = (
                np.broadcast_to(np.asarray(value, x.dtype), self._shape)
                for value in (self.input_mean, self.input_variance)
            )
        root = np.maximum(np.sqrt(variance), x.dtype.type(config.epsilon()))
        return mean.reshape(shape), root.reshape(shape)

    def vjp(self, x: Array, training: bool = False) -> tuple[Array, Pullback]:
        """The output, and the map from its gradient to x's."""
        self.compute_output_shape(x.shape)
        mean, root = self._factors(x)
        y = x * root + mean if self.invert else (x - mean) / root

        def gradients(dy: Array, needs_dx: bool) -> Gradients:
            return (dy * root if self.invert else dy / root), []

        return np.ascontiguousarray(y), Pullback(gradients)

    def get_config(self) -> dict[str, Any]:
        """Constructor arguments, as plain values."""
        return {
            **super().get_config(),
            "axis": self._axis,
            "mean": self.input_mean,
            "variance": self.input_variance,
            "invert": self.invert,
        }
