"""What all convolution layers share: windows, bias, activation."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from convlet import activations, config, initializers
from convlet._variable import Array, Variable
from convlet.layers._activated import Activated, BoundSum, PackedKernel, vjp_activated
from convlet.layers._by_shape import ByShape
from convlet.layers._deferred import SlopedFunction
from convlet.layers._layer import Shape
from convlet.layers._pullback import Gradients, Pullback
from convlet.ops._activation import Slope, activate, multiply
from convlet.ops._arguments import DATA_FORMATS, check_choice
from convlet.ops._geometry import normalize_padding, normalize_tuple
from convlet.ops._row_activations import ROWS


class BaseConv(Activated):
    """A linear map of windows, with bias and activation; `rank` is the number of spatial axes.

    A subclass says how many channels it makes, what kernels it has, and which operators compute
    output and gradients.
    """

    rank: int
    regularized: ClassVar[Mapping[str, str]] = {"kernel": "kernel", "bias": "bias"}
    causal = True  # whether padding may be "causal"
    kernels: tuple[str, ...] = ("kernel",)  # attributes, in the order of the weights
    binds = False  # whether there is a `_bound_sum`

    def __init__(
        self,
        kernel_size: Any,
        strides: Any,
        padding: Any,
        data_format: str | None,
        dilation_rate: Any,
        activation: Any,
        use_bias: bool,
        bias_initializer: Any,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.kernel_size = normalize_tuple(kernel_size, self.rank, "kernel_size")
        self.strides = normalize_tuple(strides, self.rank, "strides")
        self.dilation_rate = normalize_tuple(dilation_rate, self.rank, "dilation_rate")
        self.padding = normalize_padding(padding, self.rank, causal=self.causal)
        self.data_format = check_choice(
            "data_format", data_format or config.image_data_format(), DATA_FORMATS
        )
        self.activation = activation
        self._options: dict[str, Any] = {
            "strides": self.strides,
            "padding": self.padding,
            "dilation_rate": self.dilation_rate,
            "data_format": self.data_format,
        }
        self.use_bias = bool(use_bias)
        self.bias_initializer = initializers.get(bias_initializer)
        self._fits: ByShape[Any] = ByShape()
        self._packed = PackedKernel()

    # ------------------------------------------------------------------------------- to override

    def _build_kernels(self, channels: int) -> None:
        raise NotImplementedError

    def _built_channels(self) -> int:
        """The input's channels for which the kernels were made."""
        raise NotImplementedError

    def _made_channels(self, channels: int) -> int:
        """The output's channels for the input's; a ValueError for channels that cannot be."""
        raise NotImplementedError

    def _fit(self, input_shape: Shape) -> Any:
        """What `_output` wants to know of an input's shape; an error where it cannot be."""
        return self._channels(input_shape)

    def _bound_sum(
        self, input_shape: Shape, activation: str | None, packed: PackedKernel
    ) -> BoundSum:
        """Of inputs of this shape."""
        raise NotImplementedError

    def _output(self, x: Array, fit: Any, activation: str | None, reuse: bool) -> Array:
        """`reuse`: whether the same weights are likely to be used again."""
        raise NotImplementedError

    def _input_and_weight_gradients(
        self, dz: Array, x: Array, needs: tuple[str, ...]
    ) -> tuple[Array | None, ...]:
        """Of x, each kernel and the bias; None for what is not needed."""
        raise NotImplementedError

    def _sloped_gradients(
        self, dz: Array, x: Array, needs: tuple[str, ...], slope: Slope | None
    ) -> tuple[Array | None, ...]:
        """The same, that of x times a slope."""
        dx, *grads = self._input_and_weight_gradients(dz, x, needs)
        multiply(dx, slope)
        return dx, *grads

    # ------------------------------------------------------------------------------------- shapes

    def _channels(self, input_shape: Shape) -> int:
        """The input's channels, checked: an operator would take other ones for groups."""
        self.check_rank(input_shape, self.rank + 2)
        channels = input_shape[1 if self.data_format == "channels_first" else -1]
        if not channels:
            raise ValueError(
                f"{self.name}: the input must have a known number of channels above 0, got shape "
                f"{input_shape}"
            )
        if self.built:
            if channels == self._built_channels():
                return channels
            raise ValueError(
                f"{self.name}: the input must have {self._built_channels()} channels, as when the "
                f"layer was built, got shape {input_shape}"
            )
        self._made_channels(channels)
        return channels

    # ------------------------------------------------------------------------------------ running

    def build(self, input_shape: Shape) -> None:
        """Make the kernels and the bias."""
        channels = self._channels(input_shape)
        self._build_kernels(channels)
        self.bias = None
        if self.use_bias:
            made = (self._made_channels(channels),)
            self.bias = self.add_weight(made, self.bias_initializer, name="bias")

    @property
    def _fused(self) -> str | None:
        """The activation that the operator is to apply.

        An operator's softmax and its like are over channels; Keras's, hence this layer's, are over
        the last axis.
        """
        rows = self._activation_name in ROWS and self.data_format == "channels_first"
        return None if rows else self._activation_name

    def _first_kernel(self) -> Variable:
        kernel: Variable = getattr(self, self.kernels[0])
        return kernel

    def _bias(self) -> Array | None:
        return None if self.bias is None else self.bias._data

    def _bind(self, input_shape: Shape) -> Callable[[Array], Array]:
        if not self.binds or self._fused != self._activation_name:
            return self._unbound
        run = self._bound_sum(input_shape, self._fused, self._packed)
        return self._with_weights(run, self._first_kernel(), self.bias)

    def _unbound(self, x: Array) -> Array:
        fused = self._fused
        y = self._output(x, self._fits.find(x.shape, self._fit), fused, True)
        return y if fused == self._activation_name else activate(self._activation_name, y)

    def vjp(self, x: Array, training: bool = False) -> tuple[Array, Pullback]:
        """The output, and the map from its gradient to those of x, kernels and bias."""
        fit = self._fits.find(x.shape, self._fit)

        def linear(activation: str | None) -> Array:
            fused = activation and self._fused
            y = self._output(x, fit, fused, False)
            return y if fused else activate(activation, y)

        gradients = self._wanted(
            lambda dz, needs, slope: self._sloped_gradients(dz, x, needs, slope)
        )
        return vjp_activated(linear, gradients, self._activation_name, x)

    def _wanted(self, compute: Callable[..., tuple[Array | None, ...]]) -> SlopedFunction:
        """Those gradients of x, kernels and bias that are asked for and trained."""

        def gradients(dz: Array, needs_dx: bool, slope: Slope | None) -> Gradients:
            needs = (("x",) if needs_dx else ()) + self._trained(*self.kernels, "bias")
            dx, *grads = compute(dz, needs, slope)
            return dx, [grad for grad in grads if grad is not None]

        return gradients

    def get_config(self) -> dict[str, Any]:
        """Constructor arguments, as plain values."""
        return {
            **super().get_config(),
            "kernel_size": self.kernel_size,
            "strides": self.strides,
            "padding": self.padding,
            "data_format": self.data_format,
            "dilation_rate": self.dilation_rate,
            "activation": activations.serialize(self.activation),
            "use_bias": self.use_bias,
            "bias_initializer": initializers.serialize(self.bias_initializer),
        }
