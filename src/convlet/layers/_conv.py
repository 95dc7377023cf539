"""Convolution layers: one base for every number of spatial axes."""

from __future__ import annotations

from typing import Any

from convlet import initializers
from convlet._integers import positive_int
from convlet._variable import Array, Variable
from convlet.layers._activated import BoundSum, PackedKernel
from convlet.layers._base_conv import BaseConv
from convlet.layers._deferred import ActivatedPullback
from convlet.layers._layer import Shape
from convlet.layers._pooling import MaxPooling
from convlet.layers._pullback import Pullback
from convlet.layers._working import convolution_working
from convlet.ops._activation import Slope
from convlet.ops._conv_checks import Geometry, layer_geometry
from convlet.ops._conv_forms import bound, conv_packed, pack
from convlet.ops._conv_gradients import conv_packed_grad
from convlet.ops._geometry import conv_output_shape
from convlet.ops._pooled import bound_pooled, keeps_places, maxima_and_places, maxima_gradients
from convlet.ops._winograd import allowed


class Conv(BaseConv):
    """Convolution; `rank` is the number of spatial axes."""

    binds = True

    def __init__(
        self,
        filters: int,
        kernel_size: Any,
        strides: Any = 1,
        padding: Any = "valid",
        data_format: str | None = None,
        dilation_rate: Any = 1,
        groups: int = 1,
        activation: Any = None,
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        **kwargs: Any,
    ) -> None:
        windows = (kernel_size, strides, padding, data_format, dilation_rate)
        super().__init__(*windows, activation, use_bias, bias_initializer, **kwargs)
        self.filters = positive_int("filters", filters)
        self.groups = positive_int("groups", groups)
        check_groups(self.filters, self.groups)
        self.kernel_initializer = initializers.get(kernel_initializer)

    def _built_channels(self) -> int:
        return self.kernel.shape[-2] * self.groups

    def _made_channels(self, channels: int) -> int:
        if channels % self.groups:
            raise ValueError(
                f"{self.name}: the input's channels must be a multiple of groups, got {channels} "
                f"channels and {self.groups} groups"
            )
        return self.filters

    def _build_kernels(self, channels: int) -> None:
        shape = (*self.kernel_size, channels // self.groups, self.filters)
        self.kernel = self.add_weight(shape, self.kernel_initializer, name="kernel")

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """(N, *out_spatial, CO), or (N, CO, *out_spatial) with channels first."""
        self._channels(input_shape)
        return conv_output_shape(input_shape, self.kernel_size, self.filters, **self._options)

    def _fit(self, input_shape: Shape) -> Geometry:
        self._channels(input_shape)
        return layer_geometry(input_shape, self.kernel.shape, **self._options)

    def _bound_sum(
        self,
        input_shape: Shape,
        activation: str | None,
        packed: PackedKernel,
        pool: MaxPooling | None = None,
    ) -> BoundSum:
        fit = self._fits.find(input_shape, self._fit)
        if pool is None:
            compute = bound(fit, activation, self._dtype)
        else:
            windows = pool._fits.find(self.compute_output_shape(input_shape), pool._fit)
            compute = bound_pooled(fit, activation, self._dtype, windows)
        groups, get, size = self.groups, packed.get, fit.tiles.forward

        def run(x: Array, kernel: Variable, bias: Array | None) -> Array:
            form = get(kernel, pack, groups, size and allowed(fit.tiles).forward)
            return compute(x, kernel._data, bias, form)

        return run

    def _output(self, x: Array, fit: Geometry, activation: str | None, reuse: bool) -> Array:
        packed, size = None, allowed(fit.tiles).forward
        if reuse or size:
            packed = self._packed.get(self.kernel, pack, self.groups, size)
        return conv_packed(x, self.kernel._data, self._bias(), fit, activation, packed)

    def _sloped_gradients(
        self, dz: Array, x: Array, needs: tuple[str, ...], slope: Slope | None
    ) -> tuple[Array | None, ...]:
        geometry = self._fits.find(x.shape, self._fit)
        return conv_packed_grad(dz, x, self.kernel._data, geometry, needs, slope)

    def _vjp_with_maxima(self, x: Array, pool: MaxPooling) -> tuple[Array, Pullback] | None:
        """What `pool` makes of the output, and the map from its gradient to the layer's.

        None where that does not pay, or cannot be.
        """
        name, fit = self._activation_name, self._fits.find(x.shape, self._fit)
        if self.data_format == "channels_first":
            return None
        windows = pool._fits.find(fit.shape, pool._fit)
        if not keeps_places(fit, name, windows):
            return None
        packed = self._packed.get(self.kernel, pack, self.groups, fit.tiles.forward)
        found = maxima_and_places(x, self.kernel._data, self._bias(), fit, name, windows, packed)
        if found is None:
            return None
        y, places = found
        gradients = self._wanted(
            lambda dz, needs, slope: maxima_gradients(
                dz, places, x, self.kernel._data, fit, needs, slope
            )
        )
        return y, ActivatedPullback(name, y, gradients, x)

    def _working(self, input_shape: Shape) -> list[str]:
        return convolution_working(self, input_shape)

    def get_config(self) -> dict[str, Any]:
        """Constructor arguments, as plain values."""
        return {
            **super().get_config(),
            "filters": self.filters,
            "groups": self.groups,
            "kernel_initializer": initializers.serialize(self.kernel_initializer),
        }


def check_groups(filters: int, groups: int) -> None:
    if filters % groups:
        raise ValueError(
            f"filters must be a multiple of groups, got {filters} filters and {groups} groups"
        )


class Conv2D(Conv):
    """2-D convolution, with bias and activation.

    Parameters
    ----------
    filters : int
        Output channels CO.
    kernel_size : int or 2 ints
        KH and KW.
    strides : int or 2 ints, default (1, 1)
        Steps of the window in rows and columns.
    padding : str, int or pairs, default "valid"
        "valid", "same", and, beyond Keras, "same_lower", an int, or two (before, after) pairs: see
        `convlet.ops.conv`.
    data_format : {"channels_last", "channels_first"}, optional
        Default: `convlet.config.image_data_format()`.
    dilation_rate : int or 2 ints, default (1, 1)
        Distance between taps; any stride may go with it.
    groups : int, default 1
        Blocks of channels that are convolved apart; divides CI and CO.
    activation : str or function of `convlet.activations`, optional
    use_bias : bool, default True
    kernel_initializer, bias_initializer : default "glorot_uniform", "zeros"
    **kwargs
        `name`, `dtype`, `trainable`, `input_shape` of `Layer`.

    Raises
    ------
    ValueError, TypeError
        If an argument has a value or is of a kind that it cannot be.

    Notes
    -----
    Input (N, H, W, CI), output (N, OH, OW, CO), kernel (KH, KW, CI / groups, CO); with
    "channels_first" input (N, CI, H, W) and output (N, CO, OH, OW). Numerics are those of
    `convlet.ops.conv` and `conv_grad`. The activation "softmax" is over the output's last axis,
    as in Keras: over channels with "channels_last" only.

    Examples
    --------
    >>> import numpy as np
    >>> from convlet.layers import Conv2D
    >>> layer = Conv2D(32, (3, 3), activation="relu")
    >>> layer(np.ones((1, 28, 28, 1), np.float32)).shape
    (1, 26, 26, 32)
    >>> layer.count_params()
    320
    """

    rank = 2


class Conv1D(Conv):
    """1-D convolution, with bias and activation.

    Parameters are those of `Conv2D`, with one int where it takes two; padding may be "causal", too:
    an output then depends on no later input.

    Notes
    -----
    Input (N, W, CI), output (N, OW, CO), kernel (KW, CI / groups, CO).

    Examples
    --------
    >>> import numpy as np
    >>> from convlet.layers import Conv1D
    >>> Conv1D(8, 3, padding="causal", dilation_rate=4)(np.ones((1, 100, 2), np.float32)).shape
    (1, 100, 8)
    """

    rank = 1


class Conv3D(Conv):
    """3-D convolution, with bias and activation.

    Parameters are those of `Conv2D`, with three ints where it takes two.

    Notes
    -----
    Input (N, D, H, W, CI), output (N, OD, OH, OW, CO), kernel (KD, KH, KW, CI / groups, CO).

    Examples
    --------
    >>> import numpy as np
    >>> from convlet.layers import Conv3D
    >>> Conv3D(8, (1, 3, 3))(np.ones((1, 4, 9, 9, 2), np.float32)).shape
    (1, 4, 7, 7, 8)
    """

    rank = 3


Convolution1D, Convolution2D, Convolution3D = Conv1D, Conv2D, Conv3D
