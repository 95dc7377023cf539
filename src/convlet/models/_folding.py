"""A convolution, and what of normalization, activation and pool follows, as one inference call."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from convlet._algorithm import get_algorithm
from convlet._variable import Array, Variable
from convlet.layers._activated import PackedKernel
from convlet.layers._base_conv import BaseConv
from convlet.layers._batch_normalization import BatchNormalization
from convlet.layers._conv import Conv2D
from convlet.layers._pooling import MaxPooling2D

if TYPE_CHECKING:
    from convlet.models._parts import Step

MOST_STEPS = 4  # of a chain


class Chain:
    """Steps of which each reads only what the one before made, and nobody else does.

    A convolution, and after it one or more of a batch normalization, an activation, which may be
    the convolution's own, and a maximum over 2-D windows. What is folded and packed serves inputs
    of all shapes.
    """

    def __init__(
        self,
        steps: list[Step],
        conv: BaseConv,
        norm: BatchNormalization | None,
        activation: str,
        pool: MaxPooling2D | None,
    ) -> None:
        self.steps = steps
        self._conv, self._activation, self._pool = conv, activation, pool
        self._own = conv._activation_name
        self._folded = Folded(conv, norm) if norm else None
        self._packed = PackedKernel() if norm else conv._packed

    def bind(self, input_shape: Any) -> Callable[[Array], Array]:
        """What the chain computes for inputs of this shape."""
        conv, folded, layers = self._conv, self._folded, [step.layer for step in self.steps]
        pool = {"pool": self._pool} if self._pool else {}
        compute = conv._bound_sum(input_shape, self._activation, self._packed, **pool)
        own, kernel, bias = self._own, conv._first_kernel(), conv.bias

        def call(x: Array) -> Array:
            exchanged = conv._activation_name != own
            if exchanged or (folded and get_algorithm() == "direct"):
                for layer in layers:
                    x = layer.call(x)
                return x
            if folded:
                return compute(x, *folded.weights())
            return compute(x, kernel, None if bias is None else bias._data)

        return call


def chain_from(steps: list[Step]) -> Chain | None:
    """The longest one that begins the steps; None for a single step."""
    conv = steps[0].layer
    if not isinstance(conv, BaseConv) or not conv.binds or conv._fused != conv._activation_name:
        return None
    row = _row_of(steps)
    used, norm, name = 1, None, conv._activation_name
    if name == "linear":
        if used < len(row) and _normalizes(row[used], conv):
            norm, used = row[used], used + 1
        if used < len(row) and (activation := row[used]._as_activation()):
            name, used = activation, used + 1
    pool = None
    if used < len(row) and isinstance(conv, Conv2D) and isinstance(row[used], MaxPooling2D):
        pool, used = row[used], used + 1
    return Chain(steps[:used], conv, norm, name, pool) if used > 1 else None


def _row_of(steps: list[Step]) -> list[Any]:
    """Layers of the first few steps, each of which is all that becomes of the one before."""
    row = [steps[0].layer]
    for before, step in pairwise(steps[:MOST_STEPS]):
        value = before.outputs[0]
        same = step.layer._dtype == before.layer._dtype
        if step.inputs != (value,) or value not in step.unread or step.node.training or not same:
            break
        row.append(step.layer)
    return row


def _normalizes(layer: Any, conv: BaseConv) -> bool:
    """Whether the layer is a batch normalization over the convolution's channels."""
    channels = (-1, conv.rank + 1) if conv.data_format == "channels_last" else (1, -1 - conv.rank)
    return isinstance(layer, BatchNormalization) and layer.axis in channels


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
