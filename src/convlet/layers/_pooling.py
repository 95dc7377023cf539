"""Pooling layers: one base for maximum and average and every number of spatial axes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from convlet import config
from convlet._variable import Array
from convlet.layers._by_shape import ByShape
from convlet.layers._deferred import MaximumPullback
from convlet.layers._layer import Layer, Shape
from convlet.layers._pullback import Gradients, Pullback
from convlet.layers._working import spatial_sizes, window_working
from convlet.ops._arguments import DATA_FORMATS, as_array, check_choice
from convlet.ops._geometry import normalize_padding, normalize_tuple, pool_output_shape
from convlet.ops._pooling import fit
from convlet.ops._windows import (
    Geometry,
    averages,
    averages_grad,
    bound_pool,
    maxima,
    maxima_grad,
)


class Pooling(Layer):
    """What pooling layers do; `rank` is the number of spatial axes."""

    rank: int

    def __init__(
        self,
        pool_size: Any = 2,
        strides: Any = None,
        padding: Any = "valid",
        data_format: str | None = None,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(name=name, **kwargs)
        self.pool_size = normalize_tuple(pool_size, self.rank, "pool_size")
        self.strides = (
            self.pool_size if strides is None else normalize_tuple(strides, self.rank, "strides")
        )
        self.padding = normalize_padding(padding, self.rank)
        self.data_format = check_choice(
            "data_format", data_format or config.image_data_format(), DATA_FORMATS
        )
        self._dilations = (1,) * self.rank
        self._fits: ByShape[Geometry] = ByShape()

    def _geometry(self, x: Array) -> Geometry:
        return self._fits.get(x.shape) or self._fits.find(x.shape, self._fit)

    def _fit(self, input_shape: Shape) -> Geometry:
        self.check_rank(input_shape, self.rank + 2)
        return fit(
            input_shape,
            self.pool_size,
            self.strides,
            self.padding,
            self._dilations,
            False,
            self.data_format,
        )

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """(N, *out_spatial, C), or (N, C, *out_spatial) with channels first."""
        self.check_rank(input_shape, self.rank + 2)
        return pool_output_shape(
            input_shape, self.pool_size, self.strides, self.padding, self.data_format
        )

    def _pool(self, x: Array) -> Array:
        raise NotImplementedError

    def _pool_grad(self, dy: Array, x: Array) -> Array:
        raise NotImplementedError

    def call(self, x: Array, training: bool = False) -> Array:
        """Pool x."""
        return self._pool(as_array(x, "x"))

    def vjp(self, x: Array, training: bool = False) -> tuple[Array, Pullback]:
        """The output, and the map from its gradient to x's."""

        def gradients(dy: Array, needs_dx: bool) -> Gradients:
            return (self._pool_grad(dy, x) if needs_dx else None), []

        return self.call(x), Pullback(gradients)

    def _working(self, input_shape: Shape) -> list[str]:
        return window_working(
            spatial_sizes(input_shape, self.data_format),
            self.pool_size,
            self.strides,
            self._dilations,
            self.padding,
        )

    def get_config(self) -> dict[str, Any]:
        """Constructor arguments, as plain values."""
        return {
            **super().get_config(),
            "pool_size": self.pool_size,
            "strides": self.strides,
            "padding": self.padding,
            "data_format": self.data_format,
        }


class MaxPooling(Pooling):
    """Maximum over windows."""

    def vjp(self, x: Array, training: bool = False) -> tuple[Array, Pullback]:
        """The output, and the map from its gradient to x's."""
        y, pullback = super().vjp(x, training)
        return y, MaximumPullback(pullback, x, y)

    def _bind(self, input_shape: Shape) -> Callable[[Array], Array]:
        return bound_pool(self._fits.find(input_shape, self._fit), self._dtype)

    def _pool(self, x: Array) -> Array:
        return maxima(x, self._geometry(x), False, None)[0]

    def _pool_grad(self, dy: Array, x: Array) -> Array:
        return maxima_grad(dy, x, self._geometry(x), None)


class AveragePooling(Pooling):
    """Average over windows; padding does not count."""

    def _pool(self, x: Array) -> Array:
        return averages(x, self._geometry(x), False, None)

    def _pool_grad(self, dy: Array, x: Array) -> Array:
        return averages_grad(dy, x, self._geometry(x), False)


class MaxPooling2D(MaxPooling):
    """Maximum over 2-D windows.

    Parameters
    ----------
    pool_size : int or 2 ints, default (2, 2)
    strides : int or 2 ints, default `pool_size`
    padding : str, int or pairs, default "valid"
        As `convlet.ops.max_pool` takes it; "same" is Keras's.
    data_format : {"channels_last", "channels_first"}, optional
        Default: `convlet.config.image_data_format()`.
    **kwargs
        `name`, `dtype`, `trainable`, `input_shape` of `Layer`.

    Notes
    -----
    Input (N, H, W, C), output (N, OH, OW, C). NaN wins, else the largest, else the first: the
    gradient goes there.

    Examples
    --------
    >>> import numpy as np
    >>> from convlet.layers import MaxPooling2D
    >>> MaxPooling2D()(np.arange(16, dtype="float32").reshape(1, 4, 4, 1))[0, :, :, 0]
    array([[ 5.,  7.],
           [13., 15.]], dtype=float32)
    """

    rank = 2


class AveragePooling2D(AveragePooling):
    """Average over 2-D windows.

    Parameters
    ----------
    pool_size : int or 2 ints, default (2, 2)
    strides : int or 2 ints, default `pool_size`
    padding : str, int or pairs, default "valid"
        As `convlet.ops.average_pool` takes it; what is padded does not count.
    data_format : {"channels_last", "channels_first"}, optional
        Default: `convlet.config.image_data_format()`.
    **kwargs
        `name`, `dtype`, `trainable`, `input_shape` of `Layer`.

    Notes
    -----
    Input (N, H, W, C), output (N, OH, OW, C). Sums in tap order, then one division.

    Examples
    --------
    >>> import numpy as np
    >>> from convlet.layers import AveragePooling2D
    >>> AveragePooling2D()(np.arange(16, dtype="float32").reshape(1, 4, 4, 1))[0, :, :, 0]
    array([[ 2.5,  4.5],
           [10.5, 12.5]], dtype=float32)
    """

    rank = 2


class MaxPooling1D(MaxPooling):
    """Maximum over 1-D windows.

    Parameters are those of `MaxPooling2D`, with one int where it takes two.

    Notes
    -----
    Input (N, W, C), output (N, OW, C).

    Examples
    --------
    >>> import numpy as np
    >>> from convlet.layers import MaxPooling1D
    >>> MaxPooling1D(2)(np.ones((1, 6, 2), np.float32)).shape
    (1, 3, 2)
    """

    rank = 1


class MaxPooling3D(MaxPooling):
    """Maximum over 3-D windows.

    Parameters are those of `MaxPooling2D`, with three ints where it takes two.

    Notes
    -----
    Input (N, D, H, W, C), output (N, OD, OH, OW, C).

    Examples
    --------
    >>> import numpy as np
    >>> from convlet.layers import MaxPooling3D
    >>> MaxPooling3D(2)(np.ones((1, 4, 6, 8, 2), np.float32)).shape
    (1, 2, 3, 4, 2)
    """

    rank = 3


class AveragePooling1D(AveragePooling):
    """Average over 1-D windows.

    Parameters are those of `AveragePooling2D`, with one int where it takes two.

    Notes
    -----
    Input (N, W, C), output (N, OW, C).

    Examples
    --------
    >>> import numpy as np
    >>> from convlet.layers import AveragePooling1D
    >>> AveragePooling1D(2)(np.ones((1, 6, 2), np.float32)).shape
    (1, 3, 2)
    """

    rank = 1


class AveragePooling3D(AveragePooling):
    """Average over 3-D windows.

    Parameters are those of `AveragePooling2D`, with three ints where it takes two.

    Notes
    -----
    Input (N, D, H, W, C), output (N, OD, OH, OW, C).

    Examples
    --------
    >>> import numpy as np
    >>> from convlet.layers import AveragePooling3D
    >>> AveragePooling3D(2)(np.ones((1, 4, 6, 8, 2), np.float32)).shape
    (1, 2, 3, 4, 2)
    """

    rank = 3


MaxPool1D, MaxPool2D, MaxPool3D = MaxPooling1D, MaxPooling2D, MaxPooling3D
AvgPool1D, AvgPool2D, AvgPool3D = AveragePooling1D, AveragePooling2D, AveragePooling3D
