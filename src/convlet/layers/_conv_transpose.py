"""Transposed convolution layers: one base for every number of spatial axes."""

from __future__ import annotations

from typing import Any

from convlet import initializers
from convlet._integers import positive_int
from convlet._variable import Array
from convlet.layers._base_conv import BaseConv
from convlet.layers._conv import check_groups
from convlet.layers._layer import Shape
from convlet.layers._working import parameters_working, spatial_sizes, transposed_working
from convlet.ops import conv_transpose, conv_transpose_grad
from convlet.ops._geometry import conv_transpose_output_shape, normalize_tuple


class ConvTranspose(BaseConv):
    """Transposed convolution; `rank` is the number of spatial axes."""

    causal = False

    def __init__(
        self,
        filters: int,
        kernel_size: Any,
        strides: Any = 1,
        padding: Any = "valid",
        output_padding: Any = None,
        data_format: str | None = None,
        dilation_rate: Any = 1,
        activation: Any = None,
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        groups: int = 1,
        **kwargs: Any,
    ) -> None:
        windows = (kernel_size, strides, padding, data_format, dilation_rate)
        super().__init__(*windows, activation, use_bias, bias_initializer, **kwargs)
        self.filters = positive_int("filters", filters)
        self.groups = positive_int("groups", groups)
        check_groups(self.filters, self.groups)
        self.output_padding = None
        if output_padding is not None:
            self.output_padding = normalize_tuple(
                output_padding, self.rank, "output_padding", minimum=0
            )
        self.kernel_initializer = initializers.get(kernel_initializer)

    @property
    def _transposed_options(self) -> dict[str, Any]:
        return {
            **self._options,
            "output_padding": self.output_padding,
            "groups": self.groups,
        }

    def _built_channels(self) -> int:
        return self.kernel.shape[-1]

    def _made_channels(self, channels: int) -> int:
        if channels % self.groups:
            raise ValueError(
                f"{self.name}: the input's channels must be a multiple of groups, got {channels} "
                f"channels and {self.groups} groups"
            )
        return self.filters

    def _build_kernels(self, channels: int) -> None:
        shape = (*self.kernel_size, self.filters // self.groups, channels)
        self.kernel = self.add_weight(shape, self.kernel_initializer, name="kernel")

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """(N, *out_spatial, CO), or (N, CO, *out_spatial) with channels first."""
        self._channels(input_shape)
        return conv_transpose_output_shape(
            input_shape,
            self.kernel_size,
            self.filters,
            output_padding=self.output_padding,
            **self._options,
        )

    def _output(self, x: Array, fit: Any, activation: str | None, reuse: bool) -> Array:
        kernel, options = self.kernel.value, self._transposed_options
        return conv_transpose(x, kernel, self._bias(), activation=activation, **options)

    def _input_and_weight_gradients(
        self, dz: Array, x: Array, needs: tuple[str, ...]
    ) -> tuple[Array | None, ...]:
        options = self._transposed_options
        return conv_transpose_grad(dz, x, self.kernel.value, needs=needs, **options)

    def _working(self, input_shape: Shape) -> list[str]:
        channels = self._channels(input_shape)
        return [
            *transposed_working(
                spatial_sizes(input_shape, self.data_format),
                self.kernel_size,
                self.strides,
                self.dilation_rate,
                self.padding,
                self.output_padding,
            ),
            parameters_working(
                self.filters, (channels // self.groups, *self.kernel_size), self.use_bias
            ),
        ]

    def get_config(self) -> dict[str, Any]:
        """Constructor arguments, as plain values."""
        return {
            **super().get_config(),
            "filters": self.filters,
            "output_padding": self.output_padding,
            "groups": self.groups,
            "kernel_initializer": initializers.serialize(self.kernel_initializer),
        }


class Conv2DTranspose(ConvTranspose):
    """2-D transposed convolution, with bias and activation.

    Parameters
    ----------
    filters : int
        Output channels CO.
    kernel_size : int or 2 ints
        KH and KW.
    strides : int or 2 ints, default (1, 1)
        Distance in the output between neighbours of the input.
    padding : str, int or pairs, default "valid"
        "valid", "same", and, beyond Keras, "same_lower", an int, or two (before, after) pairs that
        are cropped: see `convlet.ops.conv_transpose`.
    output_padding : int or 2 ints, optional
        Elements added at the end; it decides between the sizes that a stride leaves open.
    data_format : {"channels_last", "channels_first"}, optional
        Default: `convlet.config.image_data_format()`.
    dilation_rate : int or 2 ints, default (1, 1)
        Distance between taps; any stride may go with it.
    activation : str or function of `convlet.activations`, optional
    use_bias : bool, default True
    kernel_initializer, bias_initializer : default "glorot_uniform", "zeros"
    groups : int, default 1
        Blocks of channels that are treated apart; divides CI and CO. Beyond Keras.
    **kwargs
        `name`, `dtype`, `trainable`, `input_shape` of `Layer`.

    Raises
    ------
    ValueError, TypeError
        If an argument has a value or is of a kind that it cannot be.

    Notes
    -----
    Input (N, H, W, CI), output (N, OH, OW, CO), kernel (KH, KW, CO / groups, CI). "valid" makes
    H * strides + max(KH - strides, 0) rows, "same" H * strides. Numerics are those of
    `convlet.ops.conv_transpose`.

    Examples
    --------
    >>> import numpy as np
    >>> from convlet.layers import Conv2DTranspose
    >>> Conv2DTranspose(8, 3, strides=2, padding="same")(np.ones((1, 7, 7, 4), np.float32)).shape
    (1, 14, 14, 8)
    """

    rank = 2


class Conv1DTranspose(ConvTranspose):
    """1-D transposed convolution, with bias and activation.

    Parameters are those of `Conv2DTranspose`, with one int where it takes two.

    Notes
    -----
    Input (N, W, CI), output (N, OW, CO), kernel (KW, CO / groups, CI).

    Examples
    --------
    >>> import numpy as np
    >>> from convlet.layers import Conv1DTranspose
    >>> Conv1DTranspose(8, 3, strides=2)(np.ones((1, 7, 4), np.float32)).shape
    (1, 15, 8)
    """

    rank = 1


class Conv3DTranspose(ConvTranspose):
    """3-D transposed convolution, with bias and activation.

    Parameters are those of `Conv2DTranspose`, with three ints where it takes two.

    Notes
    -----
    Input (N, D, H, W, CI), output (N, OD, OH, OW, CO), kernel (KD, KH, KW, CO / groups, CI).

    Examples
    --------
    >>> import numpy as np
    >>> from convlet.layers import Conv3DTranspose
    >>> Conv3DTranspose(8, 2, strides=2)(np.ones((1, 3, 4, 5, 2), np.float32)).shape
    (1, 6, 8, 10, 8)
    """

    rank = 3


Convolution1DTranspose, Convolution2DTranspose = Conv1DTranspose, Conv2DTranspose
Convolution3DTranspose = Conv3DTranspose
