"""Depthwise and separable convolution layers, of one and two spatial axes."""

from __future__ import annotations

from collections.abc import Mapping
from math import prod
from typing import Any, ClassVar

from convlet import initializers
from convlet._integers import positive_int
from convlet._variable import Array
from convlet.layers._activated import BoundSum, PackedKernel
from convlet.layers._base_conv import BaseConv
from convlet.layers._layer import Shape
from convlet.layers._working import parameters_working, spatial_sizes, window_working
from convlet.ops import depthwise_conv_grad, separable_conv, separable_conv_grad
from convlet.ops._conv_checks import Geometry, layer_geometry
from convlet.ops._conv_forms import bound, conv_packed
from convlet.ops._depthwise import grouped
from convlet.ops._geometry import conv_output_shape


class BaseDepthwise(BaseConv):
    """A convolution of each channel by itself, which another may follow."""

    regularized: ClassVar[Mapping[str, str]] = {
        "kernel": "depthwise",
        "depthwise_kernel": "depthwise",
        "pointwise_kernel": "pointwise",
        "bias": "bias",
    }

    def __init__(
        self,
        kernel_size: Any,
        strides: Any,
        padding: Any,
        depth_multiplier: int,
        data_format: str | None,
        dilation_rate: Any,
        activation: Any,
        use_bias: bool,
        depthwise_initializer: Any,
        bias_initializer: Any,
        **kwargs: Any,
    ) -> None:
        windows = (kernel_size, strides, padding, data_format, dilation_rate)
        super().__init__(*windows, activation, use_bias, bias_initializer, **kwargs)
        self.depth_multiplier = positive_int("depth_multiplier", depth_multiplier)
        self.depthwise_initializer = initializers.get(depthwise_initializer)

    def _built_channels(self) -> int:
        return getattr(self, self.kernels[0]).shape[-2]

    def _build_depthwise(self, channels: int, name: str) -> Any:
        shape = (*self.kernel_size, channels, self.depth_multiplier)
        return self.add_weight(shape, self.depthwise_initializer, name=name)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """(N, *out_spatial, CO), or (N, CO, *out_spatial) with channels first."""
        made = self._made_channels(self._channels(input_shape))
        return conv_output_shape(input_shape, self.kernel_size, made, **self._options)

    def _windows_working(self, input_shape: Shape) -> list[str]:
        sizes = spatial_sizes(input_shape, self.data_format)
        windows = (self.kernel_size, self.strides, self.dilation_rate, self.padding)
        return window_working(sizes, *windows)

    def get_config(self) -> dict[str, Any]:
        """Constructor arguments, as plain values."""
        return {
            **super().get_config(),
            "depth_multiplier": self.depth_multiplier,
            "depthwise_initializer": initializers.serialize(self.depthwise_initializer),
        }


class DepthwiseConv(BaseDepthwise):
    """Depthwise convolution; `rank` is the number of spatial axes."""

    binds = True

    def __init__(
        self,
        kernel_size: Any,
        strides: Any = 1,
        padding: Any = "valid",
        depth_multiplier: int = 1,
        data_format: str | None = None,
        dilation_rate: Any = 1,
        activation: Any = None,
        use_bias: bool = True,
        depthwise_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        **kwargs: Any,
    ) -> None:
        windows = (kernel_size, strides, padding, depth_multiplier, data_format, dilation_rate)
        made = (activation, use_bias, depthwise_initializer, bias_initializer)
        super().__init__(*windows, *made, **kwargs)

    def _made_channels(self, channels: int) -> int:
        return channels * self.depth_multiplier

    def _build_kernels(self, channels: int) -> None:
        self.kernel = self._build_depthwise(channels, "kernel")

    def _fit(self, input_shape: Shape) -> Geometry:
        self._channels(input_shape)
        return layer_geometry(input_shape, grouped(self.kernel._data).shape, **self._options)

    def _bound_sum(
        self, input_shape: Shape, activation: str | None, packed: PackedKernel
    ) -> BoundSum:
        compute = bound(self._fits.find(input_shape, self._fit), activation, self._dtype)
        return lambda x, kernel, bias: compute(x, grouped(kernel._data), bias, None)

    def _output(self, x: Array, fit: Geometry, activation: str | None, reuse: bool) -> Array:
        return conv_packed(x, grouped(self.kernel._data), self._bias(), fit, activation, None)

    def _input_and_weight_gradients(
        self, dz: Array, x: Array, needs: tuple[str, ...]
    ) -> tuple[Array | None, ...]:
        return depthwise_conv_grad(dz, x, self.kernel.value, needs=needs, **self._options)

    def _working(self, input_shape: Shape) -> list[str]:
        made = self._made_channels(self._channels(input_shape))
        return [
            *self._windows_working(input_shape),
            parameters_working(made, self.kernel_size, self.use_bias),
        ]


class SeparableConv(BaseDepthwise):
    """Depthwise convolution, then one of 1 x 1; `rank` is the number of spatial axes."""

    kernels = ("depthwise_kernel", "pointwise_kernel")

    def __init__(
        self,
        filters: int,
        kernel_size: Any,
        strides: Any = 1,
        padding: Any = "valid",
        data_format: str | None = None,
        dilation_rate: Any = 1,
        depth_multiplier: int = 1,
        activation: Any = None,
        use_bias: bool = True,
        depthwise_initializer: Any = "glorot_uniform",
        pointwise_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        **kwargs: Any,
    ) -> None:
        windows = (kernel_size, strides, padding, depth_multiplier, data_format, dilation_rate)
        made = (activation, use_bias, depthwise_initializer, bias_initializer)
        super().__init__(*windows, *made, **kwargs)
        self.filters = positive_int("filters", filters)
        self.pointwise_initializer = initializers.get(pointwise_initializer)

    def _made_channels(self, channels: int) -> int:
        return self.filters

    def _build_kernels(self, channels: int) -> None:
        self.depthwise_kernel = self._build_depthwise(channels, "depthwise_kernel")
        shape = (*(1,) * self.rank, channels * self.depth_multiplier, self.filters)
        self.pointwise_kernel = self.add_weight(
            shape, self.pointwise_initializer, name="pointwise_kernel"
        )

    def _output(self, x: Array, fit: Any, activation: str | None, reuse: bool) -> Array:
        kernels = self.depthwise_kernel.value, self.pointwise_kernel.value
        return separable_conv(x, *kernels, self._bias(), activation=activation, **self._options)

    def _input_and_weight_gradients(
        self, dz: Array, x: Array, needs: tuple[str, ...]
    ) -> tuple[Array | None, ...]:
        kernels = self.depthwise_kernel.value, self.pointwise_kernel.value
        return separable_conv_grad(dz, x, *kernels, needs=needs, **self._options)

    def _working(self, input_shape: Shape) -> list[str]:
        middle = self._channels(input_shape) * self.depth_multiplier
        depthwise = middle * prod(self.kernel_size)
        pointwise = (middle + self.use_bias) * self.filters
        return [
            *self._windows_working(input_shape),
            "depthwise: " + parameters_working(middle, self.kernel_size, False),
            "pointwise: " + parameters_working(self.filters, (middle,), self.use_bias),
            f"{depthwise:,} + {pointwise:,} = {depthwise + pointwise:,}",
        ]

    def get_config(self) -> dict[str, Any]:
        """Constructor arguments, as plain values."""
        return {
            **super().get_config(),
            "filters": self.filters,
            "pointwise_initializer": initializers.serialize(self.pointwise_initializer),
        }


class DepthwiseConv2D(DepthwiseConv):
    """2-D convolution of each channel by itself, with bias and activation.

    Parameters
    ----------
    kernel_size : int or 2 ints
        KH and KW.
    strides : int or 2 ints, default (1, 1)
    padding : str, int or pairs, default "valid"
        As for `Conv2D`.
    depth_multiplier : int, default 1
        Output channels for each input channel.
    data_format : {"channels_last", "channels_first"}, optional
        Default: `convlet.config.image_data_format()`.
    dilation_rate : int or 2 ints, default (1, 1)
        Distance between taps; any stride may go with it.
    activation : str or function of `convlet.activations`, optional
    use_bias : bool, default True
    depthwise_initializer, bias_initializer : default "glorot_uniform", "zeros"
    **kwargs
        `name`, `dtype`, `trainable`, `input_shape` of `Layer`.

    Raises
    ------
    ValueError, TypeError
        If an argument has a value or is of a kind that it cannot be.

    Notes
    -----
    Input (N, H, W, C), output (N, OH, OW, C * depth_multiplier), kernel
    (KH, KW, C, depth_multiplier). Numerics are those of `convlet.ops.depthwise_conv`.

    Examples
    --------
    >>> import numpy as np
    >>> from convlet.layers import DepthwiseConv2D
    >>> layer = DepthwiseConv2D(3, padding="same")
    >>> layer(np.ones((1, 8, 8, 16), np.float32)).shape, layer.count_params()
    ((1, 8, 8, 16), 160)
    """

    rank = 2


class DepthwiseConv1D(DepthwiseConv):
    """1-D convolution of each channel by itself, with bias and activation.

    Parameters are those of `DepthwiseConv2D`, with one int where it takes two; padding may be
    "causal", too.

    Notes
    -----
    Input (N, W, C), output (N, OW, C * depth_multiplier), kernel (KW, C, depth_multiplier).

    Examples
    --------
    >>> import numpy as np
    >>> from convlet.layers import DepthwiseConv1D
    >>> DepthwiseConv1D(5, depth_multiplier=2)(np.ones((1, 20, 3), np.float32)).shape
    (1, 16, 6)
    """

    rank = 1


class SeparableConv2D(SeparableConv):
    """2-D convolution of each channel by itself, then of each pixel by itself.

    Parameters
    ----------
    filters : int
        Output channels CO.
    kernel_size, strides, padding, dilation_rate, depth_multiplier
        Of the first, as for `DepthwiseConv2D`.
    data_format : {"channels_last", "channels_first"}, optional
        Default: `convlet.config.image_data_format()`.
    activation : str or function of `convlet.activations`, optional
        Of the second; the first has none.
    use_bias : bool, default True
        Whether the second has a bias; the first has none.
    depthwise_initializer, pointwise_initializer : default "glorot_uniform"
    bias_initializer : default "zeros"
    **kwargs
        `name`, `dtype`, `trainable`, `input_shape` of `Layer`.

    Raises
    ------
    ValueError, TypeError
        If an argument has a value or is of a kind that it cannot be.

    Notes
    -----
    Input (N, H, W, C), output (N, OH, OW, CO); depthwise kernel (KH, KW, C, depth_multiplier),
    pointwise kernel (1, 1, C * depth_multiplier, CO). Numerics are those of
    `convlet.ops.separable_conv`.

    Examples
    --------
    >>> import numpy as np
    >>> from convlet.layers import SeparableConv2D
    >>> layer = SeparableConv2D(32, 3)
    >>> layer(np.ones((1, 8, 8, 16), np.float32)).shape, layer.count_params()
    ((1, 6, 6, 32), 688)
    """

    rank = 2


class SeparableConv1D(SeparableConv):
    """1-D convolution of each channel by itself, then of each pixel by itself.

    Parameters are those of `SeparableConv2D`, with one int where it takes two; padding may be
    "causal", too.

    Notes
    -----
    Input (N, W, C), output (N, OW, CO).

    Examples
    --------
    >>> import numpy as np
    >>> from convlet.layers import SeparableConv1D
    >>> SeparableConv1D(8, 5)(np.ones((1, 20, 3), np.float32)).shape
    (1, 16, 8)
    """

    rank = 1


SeparableConvolution1D, SeparableConvolution2D = SeparableConv1D, SeparableConv2D
