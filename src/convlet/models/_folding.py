"""A convolution, the batch normalization and the activation after it, as one call of inference."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from convlet._algorithm import get_algorithm
from convlet._variable import Array, Variable
from convlet.layers._activated import PackedKernel
from convlet.layers._base_conv import BaseConv
from convlet.layers._batch_normalization import BatchNormalization

if TYPE_CHECKING:
    from convlet.models._parts import Step


class Chain:
    """Steps of which each reads only what the one before made, and nobody else does.

    A convolution, and a batch normalization or an activation or both after it. What is folded and
    packed serves inputs of all shapes.
    """

    def __init__(
        self,
        steps: list[Step],
        conv: BaseConv,
        norm: BatchNormalization | None,
        activation: str | None,
    ) -> None:
        self.steps = steps
        self._conv, self._activation = conv, activation
        self._folded = Folded(conv, norm) if norm else None
        self._packed = PackedKernel() if norm else conv._packed

    def bind(self, input_shape: Any) -> Callable[[Array], Array]:
        """What the chain computes for inputs of this shape."""
        conv, folded, layers = self._conv, self._folded, [step.layer for step in self.steps]
        compute = conv._bound_sum(input_shape, self._activation or "linear", self._packed)

        def call(x: Array) -> Array:
            exchanged = conv._activation_name != "linear"
            if exchanged or (folded and get_algorithm() == "direct"):
                for layer in layers:
                    x = layer.call(x)
                return x
            if folded:
                return compute(x, *folded.weights())
            return compute(x, conv._first_kernel(), conv._bias())

        return call


def chain_from(steps: list[Step]) -> Chain | None:
    """The longest one that begins the steps; None for a single step."""
    conv = steps[0].layer
    if not isinstance(conv, BaseConv) or not conv.binds or conv._activation_name != "linear":
        return None
    used = 1
    norm: BatchNormalization | None = None
    if _follows(steps, used) and isinstance(steps[used].layer, BatchNormalization):
        norm, used = _normalization_of(steps[used].layer, conv), used + 1
        if norm is None:
            return None
    name = None
    if _follows(steps, used) and (name := steps[used].layer._as_activation()):
        used += 1
    return Chain(steps[:used], conv, norm, name) if used > 1 else None


def _follows(steps: list[Step], index: int) -> bool:
    """Whether a step is all that becomes of the one before."""
    if index >= len(steps):
        return False
    before, step = steps[index - 1], steps[index]
    value = before.outputs[0]
    same = step.layer._dtype == before.layer._dtype
    return step.inputs == (value,) and value in step.unread and same and not step.node.training


def _normalization_of(layer: Any, conv: BaseConv) -> BatchNormalization | None:
    """The layer, if it is over the convolution's channels."""
    channels = (-1, conv.rank + 1) if conv.data_format == "channels_last" else (1, -1 - conv.rank)
    return layer if layer.axis in channels else None


class Folded:
    """Kernel and bias of a convolution that a batch normalization follows.

    gain = gamma / sqrt(variance + epsilon) for each output channel; the kernel times gain, and
    (bias - mean) * gain + beta, each rounded once from double precision.
    """

    def __init__(self, conv: BaseConv, norm: BatchNormalization) -> None:
        self._conv, self._norm = conv, norm
        parts = conv._first_kernel(), conv.bias, norm.gamma, norm.beta, norm.moving_mean
        self._sources = [part for part in (*parts, norm.moving_variance) if part is not None]
        # One assignment publishes all three.
        self._entry: tuple[Any, Any, Any] = (None, None, None)

    def weights(self) -> tuple[Variable, Array]:
        """Kernel and bias, made anew when one of the two layers' weights has changed."""
        versions = [source._version for source in self._sources]
        known, kernel, bias = self._entry
        if known != versions:
            kernel, bias = self._fold()
            self._entry = (versions, kernel, bias)
        return kernel, bias

    def _fold(self) -> tuple[Variable, Array]:
        norm, kernel = self._norm, self._conv._first_kernel()._data
        gain = 1 / np.sqrt(_double(norm.moving_variance) + norm.epsilon)
        if norm.gamma is not None:
            gain = gain * _double(norm.gamma)
        shift = -_double(norm.moving_mean)
        if self._conv.bias is not None:
            shift = shift + _double(self._conv.bias)
        shift = shift * gain
        if norm.beta is not None:
            shift = shift + _double(norm.beta)
        # A depthwise kernel has its output channels on two axes.
        last = kernel.shape[-2:] if gain.size > kernel.shape[-1] else kernel.shape[-1:]
        wide = kernel.astype(np.float64) * gain.reshape(last)
        return Variable(wide.astype(kernel.dtype)), shift.astype(kernel.dtype)


def _double(variable: Variable) -> Array:
    return variable._data.astype(np.float64)
