"""Layers that pool to a fixed output size: one element, or a given number of them."""

from __future__ import annotations

from typing import Any

from convlet import config, ops
from convlet._variable import Array
from convlet.layers._layer import Layer, Shape
from convlet.layers._pullback import Gradients, Pullback
from convlet.ops._adaptive import normalize_output_size
from convlet.ops._arguments import DATA_FORMATS, check_choice, check_flag


class FixedPooling(Layer):
    """Pooling to `output_size`; `rank` is the number of spatial axes."""

    rank: int
    output_size: tuple[int | None, ...]

    def __init__(self, data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.data_format = check_choice(
            "data_format", data_format or config.image_data_format(), DATA_FORMATS
        )

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """(N, *output_size, C), or (N, C, *output_size) with channels first."""
        self.check_rank(input_shape, self.rank + 2)
        first = self.data_format == "channels_first"
        lengths = input_shape[2:] if first else input_shape[1:-1]
        sizes = tuple(
            size or length for size, length in zip(self.output_size, lengths, strict=True)
        )
        if first:
            return (*input_shape[:2], *sizes)
        return (input_shape[0], *sizes, input_shape[-1])

    def _pool(self, x: Array) -> Array:
        raise NotImplementedError

    def _pool_grad(self, dy: Array, x: Array) -> Array:
        raise NotImplementedError

    def _shaped(self, y: Array) -> Array:
        """The output, from what has all spatial axes."""
        return y

    def vjp(self, x: Array, training: bool = False) -> tuple[Array, Pullback]:
        """The output, and the map from its gradient to x's."""
        self.check_rank(x.shape, self.rank + 2)
        y = self._pool(x)
        pooled = y.shape

        def gradients(dy: Array, needs_dx: bool) -> Gradients:
            return (self._pool_grad(dy.reshape(pooled), x) if needs_dx else None), []

        return self._shaped(y), Pullback(gradients)

    def get_config(self) -> dict[str, Any]:
        """Constructor arguments, as plain values."""
        return {**super().get_config(), "data_format": self.data_format}


class Maximum(FixedPooling):
    """The maximum of each part."""

    def _pool(self, x: Array) -> Array:
        return ops.adaptive_max_pool(x, self.output_size, data_format=self.data_format)

    def _pool_grad(self, dy: Array, x: Array) -> Array:
        return ops.adaptive_max_pool_grad(dy, x, self.output_size, data_format=self.data_format)


class Average(FixedPooling):
    """The average of each part."""

    def _pool(self, x: Array) -> Array:
        return ops.adaptive_average_pool(x, self.output_size, data_format=self.data_format)

    def _pool_grad(self, dy: Array, x: Array) -> Array:
        return ops.adaptive_average_pool_grad(dy, x, self.output_size, data_format=self.data_format)


class GlobalPooling(FixedPooling):
    """One element for each channel."""

    def __init__(
        self, data_format: str | None = None, keepdims: bool = False, **kwargs: Any
    ) -> None:
        super().__init__(data_format, **kwargs)
        self.keepdims = check_flag("keepdims", keepdims)
        self.output_size = (1,) * self.rank

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """(N, C), with `keepdims` also an axis of size 1 for each spatial one."""
        shape = super().compute_output_shape(input_shape)
        if self.keepdims:
            return shape
        return (shape[0], shape[1 if self.data_format == "channels_first" else -1])

    def _shaped(self, y: Array) -> Array:
        return y if self.keepdims else y.reshape(y.shape[0], max(y.shape[1:]))

    def get_config(self) -> dict[str, Any]:
        """Constructor arguments, as plain values."""
        return {**super().get_config(), "keepdims": self.keepdims}


class AdaptivePooling(FixedPooling):
    """A given number of elements along each spatial axis."""

    def __init__(self, output_size: Any, data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(data_format, **kwargs)
        self.output_size = normalize_output_size(output_size, self.rank)

    def get_config(self) -> dict[str, Any]:
        """Constructor arguments, as plain values."""
        return {**super().get_config(), "output_size": self.output_size}


class GlobalMaxPooling2D(GlobalPooling, Maximum):
    """Maximum of each channel.

    Parameters
    ----------
    data_format : {"channels_last", "channels_first"}, optional
        Default: `convlet.config.image_data_format()`.
    keepdims : bool, default False
        Keep the spatial axes, with size 1.
    **kwargs
        `name`, `dtype`, `trainable`, `input_shape` of `Layer`.

    Notes
    -----
    Input (N, H, W, C), output (N, C), with `keepdims` (N, 1, 1, C). Numerics are those of
    `convlet.ops.max_pool`.

    Examples
    --------
    >>> import numpy as np
    >>> from convlet.layers import GlobalMaxPooling2D
    >>> GlobalMaxPooling2D()(np.arange(16, dtype="float32").reshape(1, 4, 4, 1))
    array([[15.]], dtype=float32)
    """

    rank = 2


class GlobalAveragePooling2D(GlobalPooling, Average):
    """Average of each channel.

    Parameters are those of `GlobalMaxPooling2D`.

    Notes
    -----
    Input (N, H, W, C), output (N, C), with `keepdims` (N, 1, 1, C). Numerics are those of
    `convlet.ops.average_pool`. M. Lin et al., "Network in network" (2014), section 3.2.

    Examples
    --------
    >>> import numpy as np
    >>> from convlet.layers import GlobalAveragePooling2D
    >>> GlobalAveragePooling2D()(np.arange(16, dtype="float32").reshape(1, 4, 4, 1))
    array([[7.5]], dtype=float32)
    """

    rank = 2


class GlobalMaxPooling1D(GlobalPooling, Maximum):
    """Maximum of each channel.

    Parameters are those of `GlobalMaxPooling2D`. Input (N, W, C), output (N, C).

    Examples
    --------
    >>> import numpy as np
    >>> from convlet.layers import GlobalMaxPooling1D
    >>> GlobalMaxPooling1D(keepdims=True)(np.ones((2, 6, 3), np.float32)).shape
    (2, 1, 3)
    """

    rank = 1


class GlobalMaxPooling3D(GlobalPooling, Maximum):
    """Maximum of each channel.

    Parameters are those of `GlobalMaxPooling2D`. Input (N, D, H, W, C), output (N, C).

    Examples
    --------
    >>> import numpy as np
    >>> from convlet.layers import GlobalMaxPooling3D
    >>> GlobalMaxPooling3D()(np.ones((2, 4, 5, 6, 3), np.float32)).shape
    (2, 3)
    """

    rank = 3


class GlobalAveragePooling1D(GlobalPooling, Average):
    """Average of each channel.

    Parameters are those of `GlobalMaxPooling2D`. Input (N, W, C), output (N, C).

    Examples
    --------
    >>> import numpy as np
    >>> from convlet.layers import GlobalAveragePooling1D
    >>> GlobalAveragePooling1D(keepdims=True)(np.ones((2, 6, 3), np.float32)).shape
    (2, 1, 3)
    """

    rank = 1


class GlobalAveragePooling3D(GlobalPooling, Average):
    """Average of each channel.

    Parameters are those of `GlobalMaxPooling2D`. Input (N, D, H, W, C), output (N, C).

    Examples
    --------
    >>> import numpy as np
    >>> from convlet.layers import GlobalAveragePooling3D
    >>> GlobalAveragePooling3D()(np.ones((2, 4, 5, 6, 3), np.float32)).shape
    (2, 3)
    """

    rank = 3


class AdaptiveMaxPooling2D(AdaptivePooling, Maximum):
    """Maximum over each of a given number of nearly equal parts.

    Parameters
    ----------
    output_size : int or 2 ints
        OH and OW; None for the input's.
    data_format : {"channels_last", "channels_first"}, optional
        Default: `convlet.config.image_data_format()`.
    **kwargs
        `name`, `dtype`, `trainable`, `input_shape` of `Layer`.

    Notes
    -----
    Input (N, H, W, C), output (N, OH, OW, C). Parts and numerics are those of
    `convlet.ops.adaptive_max_pool`.

    Examples
    --------
    >>> import numpy as np
    >>> from convlet.layers import AdaptiveMaxPooling2D
    >>> AdaptiveMaxPooling2D(2)(np.arange(25, dtype="float32").reshape(1, 5, 5, 1))[0, :, :, 0]
    array([[12., 14.],
           [22., 24.]], dtype=float32)
    """

    rank = 2


class AdaptiveAveragePooling2D(AdaptivePooling, Average):
    """Average over each of a given number of nearly equal parts.

    Parameters are those of `AdaptiveMaxPooling2D`. Input (N, H, W, C), output (N, OH, OW, C).

    Examples
    --------
    >>> import numpy as np
    >>> from convlet.layers import AdaptiveAveragePooling2D
    >>> AdaptiveAveragePooling2D(2)(np.arange(25, dtype="float32").reshape(1, 5, 5, 1))[0, :, :, 0]
    array([[ 6.,  8.],
           [16., 18.]], dtype=float32)
    """

    rank = 2


class AdaptiveMaxPooling1D(AdaptivePooling, Maximum):
    """Maximum over each of a given number of nearly equal parts.

    Parameters are those of `AdaptiveMaxPooling2D`. Input (N, W, C), output (N, OW, C).

    Examples
    --------
    >>> import numpy as np
    >>> from convlet.layers import AdaptiveMaxPooling1D
    >>> AdaptiveMaxPooling1D(4)(np.ones((2, 6, 3), np.float32)).shape
    (2, 4, 3)
    """

    rank = 1


class AdaptiveMaxPooling3D(AdaptivePooling, Maximum):
    """Maximum over each of a given number of nearly equal parts.

    Parameters are those of `AdaptiveMaxPooling2D`. Input (N, D, H, W, C), output
    (N, OD, OH, OW, C).

    Examples
    --------
    >>> import numpy as np
    >>> from convlet.layers import AdaptiveMaxPooling3D
    >>> AdaptiveMaxPooling3D((1, 2, 3))(np.ones((2, 4, 5, 6, 3), np.float32)).shape
    (2, 1, 2, 3, 3)
    """

    rank = 3


class AdaptiveAveragePooling1D(AdaptivePooling, Average):
    """Average over each of a given number of nearly equal parts.

    Parameters are those of `AdaptiveMaxPooling2D`. Input (N, W, C), output (N, OW, C).

    Examples
    --------
    >>> import numpy as np
    >>> from convlet.layers import AdaptiveAveragePooling1D
    >>> AdaptiveAveragePooling1D(4)(np.ones((2, 6, 3), np.float32)).shape
    (2, 4, 3)
    """

    rank = 1


class AdaptiveAveragePooling3D(AdaptivePooling, Average):
    """Average over each of a given number of nearly equal parts.

    Parameters are those of `AdaptiveMaxPooling2D`. Input (N, D, H, W, C), output
    (N, OD, OH, OW, C).

    Examples
    --------
    >>> import numpy as np
    >>> from convlet.layers import AdaptiveAveragePooling3D
    >>> AdaptiveAveragePooling3D((1, 2, 3))(np.ones((2, 4, 5, 6, 3), np.float32)).shape
    (2, 1, 2, 3, 3)
    """

    rank = 3


GlobalMaxPool1D, GlobalMaxPool2D = GlobalMaxPooling1D, GlobalMaxPooling2D
GlobalMaxPool3D = GlobalMaxPooling3D
GlobalAvgPool1D, GlobalAvgPool2D = GlobalAveragePooling1D, GlobalAveragePooling2D
GlobalAvgPool3D = GlobalAveragePooling3D
