"""Convolution layers: one base for every number of spatial axes."""

from __future__ import annotations

from typing import Any

from convlet import activations, config, initializers
from convlet._variable import Array
from convlet.layers._activated import PackedKernel, vjp_activated
from convlet.layers._layer import Layer, Shape, positive_int
from convlet.layers._pullback import Gradients, Pullback
from convlet.layers._working import convolution_working
from convlet.ops._activation import activate
from convlet.ops._arguments import DATA_FORMATS, check_choice
from convlet.ops._convolution import conv, conv_grad, conv_packed, pack
from convlet.ops._geometry import conv_output_shape, normalize_padding, normalize_tuple


class Conv(Layer):
    """What convolution layers of every rank do; `rank` is the number of spatial axes."""

    rank: int

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
        super().__init__(**kwargs)
        self.filters = positive_int("filters", filters)
        self.groups = positive_int("groups", groups)
        self.kernel_size = normalize_tuple(kernel_size, self.rank, "kernel_size")
        self.strides = normalize_tuple(strides, self.rank, "strides")
        self.dilation_rate = normalize_tuple(dilation_rate, self.rank, "dilation_rate")
        self.padding = normalize_padding(padding, self.rank, causal=True)
        self.data_format = check_choice(
            "data_format", data_format or config.image_data_format(), DATA_FORMATS
        )
        if self.filters % self.groups:
            raise ValueError(
                f"filters must be a multiple of groups, got {self.filters} filters and "
                f"{self.groups} groups"
            )
        self.activation = activations.get(activation)
        self._activation_name = activations.ops_name(self.activation)
        self.use_bias = bool(use_bias)
        self.kernel_initializer = initializers.get(kernel_initializer)
        self.bias_initializer = initializers.get(bias_initializer)
        self._packed = PackedKernel()

    @property
    def _options(self) -> dict[str, Any]:
        return {
            "strides": self.strides,
            "padding": self.padding,
            "dilation_rate": self.dilation_rate,
            "data_format": self.data_format,
        }

    def _channels(self, input_shape: Shape) -> int:
        """The input's channels, checked: `ops.conv` would take other ones for groups."""
        self.check_rank(input_shape, self.rank + 2)
        channels = input_shape[1 if self.data_format == "channels_first" else -1]
        if not channels:
            raise ValueError(
                f"{self.name}: the input must have a known number of channels above 0, got shape "
                f"{input_shape}"
            )
        if self.built and channels != self.kernel.shape[-2] * self.groups:
            raise ValueError(
                f"{self.name}: the input must have {self.kernel.shape[-2] * self.groups} channels, "
                f"as when the layer was built, got shape {input_shape}"
            )
        if channels % self.groups:
            raise ValueError(
                f"{self.name}: the input's channels must be a multiple of groups, got {channels} "
                f"channels and {self.groups} groups"
            )
        return channels

    def build(self, input_shape: Shape) -> None:
        """Make the kernel (*size, CI / groups, CO) and the bias (CO,)."""
        channels = self._channels(input_shape)
        shape = (*self.kernel_size, channels // self.groups, self.filters)
        self.kernel = self.add_weight(shape, self.kernel_initializer, name="kernel")
        self.bias = None
        if self.use_bias:
            self.bias = self.add_weight((self.filters,), self.bias_initializer, name="bias")

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """(N, *out_spatial, CO), or (N, CO, *out_spatial) with channels first."""
        self._channels(input_shape)
        return conv_output_shape(
            input_shape,
            self.kernel_size,
            self.filters,
            self.strides,
            self.padding,
            self.dilation_rate,
            self.data_format,
        )

    @property
    def _fused(self) -> str | None:
        """The activation that `ops.conv` is to apply.

        Its softmax is over channels; Keras's, hence this layer's, is over the last axis.
        """
        rows = self._activation_name == "softmax" and self.data_format == "channels_first"
        return None if rows else self._activation_name

    def _bias(self) -> Array | None:
        return None if self.bias is None else self.bias.value

    def call(self, x: Array, training: bool = False) -> Array:
        """Convolve x; see `convlet.ops.conv`."""
        self._channels(x.shape)
        packed = self._packed.get(self.kernel, lambda kernel: pack(kernel, self.groups))
        fused = self._fused
        y = conv_packed(
            x, packed, self.kernel.value, self._bias(), activation=fused, **self._options
        )
        return y if fused else activate(self._activation_name, y)

    def vjp(self, x: Array, training: bool = False) -> tuple[Array, Pullback]:
        """The output, and the map from its gradient to those of x, kernel and bias."""
        self._channels(x.shape)
        kernel, bias, options = self.kernel.value, self._bias(), self._options

        def linear(activation: str | None) -> Array:
            fused = activation and self._fused
            y = conv(x, kernel, bias, activation=fused, **options)
            return y if fused else activate(activation, y)

        def gradients(dz: Array, needs_dx: bool) -> Gradients:
            needs = (("x",) if needs_dx else ()) + self._trained("kernel", "bias")
            dx, *grads = conv_grad(dz, x, kernel, needs=needs, **options)
            return dx, [grad for grad in grads if grad is not None]

        return vjp_activated(linear, gradients, self._activation_name)

    def _working(self, input_shape: Shape) -> list[str]:
        return convolution_working(self, input_shape)

    def get_config(self) -> dict[str, Any]:
        """Constructor arguments, as plain values."""
        return {
            **super().get_config(),
            "filters": self.filters,
            "kernel_size": self.kernel_size,
            "strides": self.strides,
            "padding": self.padding,
            "data_format": self.data_format,
            "dilation_rate": self.dilation_rate,
            "groups": self.groups,
            "activation": activations.serialize(self.activation),
            "use_bias": self.use_bias,
            "kernel_initializer": initializers.serialize(self.kernel_initializer),
            "bias_initializer": initializers.serialize(self.bias_initializer),
        }


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
