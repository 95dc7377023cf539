"""The arithmetic of output sizes and parameter counts, written out."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

from convlet.ops._geometry import Padding, output_length, resolve_padding, transposed_window

Shape = tuple[int | None, ...]


def length_working(length: int, size: int, stride: int, dilation: int, padding: Any) -> str:
    """(n + before + after - extent)/stride + 1 = what it comes to."""
    before, after = resolve_padding(length, size, stride, dilation, padding)
    out = output_length(length, size, stride, dilation, before, after)
    pads = "".join(f" + {pad}" for pad in (before, after) if before or after)
    extent = str(size) if dilation == 1 or size == 1 else f"({dilation} x ({size} - 1) + 1)"
    quotient = f"({length}{pads} - {extent})/{stride}"
    room = length + before + after - dilation * (size - 1) - 1
    if room % stride:
        quotient = f"floor({quotient})"
    return f"{quotient} + 1 = {out}"


def transposed_length_working(
    length: int, size: int, stride: int, dilation: int, padding: Any, extra: int | None
) -> str:
    """(n - 1) x stride + extent - cropped + added = what it comes to."""
    out = transposed_window(length, size, stride, dilation, padding, extra).length
    extent = str(size) if dilation == 1 or size == 1 else f"({dilation} x ({size} - 1) + 1)"
    change = out - (length - 1) * stride - dilation * (size - 1) - 1
    rest = f" {'+' if change > 0 else '-'} {abs(change)}" if change else ""
    return f"({length} - 1) x {stride} + {extent}{rest} = {out}"


def window_working(
    lengths: Sequence[int | None],
    sizes: Sequence[int],
    strides: Sequence[int],
    dilations: Sequence[int],
    padding: Padding,
) -> list[str]:
    """How each spatial axis of known size comes out."""

    def working(axis: int, length: int) -> str:
        pad = padding if isinstance(padding, str) else padding[axis]
        return length_working(length, sizes[axis], strides[axis], dilations[axis], pad)

    return _each_axis(lengths, working)


def transposed_working(
    lengths: Sequence[int | None],
    sizes: Sequence[int],
    strides: Sequence[int],
    dilations: Sequence[int],
    padding: Padding,
    output_padding: Sequence[int] | None,
) -> list[str]:
    """How each spatial axis of known size comes out of a transposed convolution."""

    def working(axis: int, length: int) -> str:
        pad = padding if isinstance(padding, str) else padding[axis]
        extra = None if output_padding is None else output_padding[axis]
        windows = (sizes[axis], strides[axis], dilations[axis])
        return transposed_length_working(length, *windows, pad, extra)

    return _each_axis(lengths, working)


def _each_axis(lengths: Sequence[int | None], working: Callable[[int, int], str]) -> list[str]:
    """One line for each spatial axis of known size, or one for all where they are alike."""
    names = ("depth", "height", "width")[-len(lengths) :] if len(lengths) > 1 else ("length",)
    lines = {
        names[axis]: working(axis, length)
        for axis, length in enumerate(lengths)
        if length is not None
    }
    if None not in lengths and len(set(lines.values())) == 1:
        return [*lines.values()][:1]
    return [f"{name}: {line}" for name, line in lines.items()]


def parameters_working(outputs: int, inputs: Sequence[int], bias: bool) -> str:
    """outputs x inputs + outputs = total."""
    factors = [outputs, *(factor for factor in inputs if factor != 1)]
    total = outputs * math.prod(inputs) + (outputs if bias else 0)
    product = " x ".join(str(factor) for factor in factors)
    return f"{product}{f' + {outputs}' if bias else ''} = {total:,}"


def spatial_sizes(shape: Shape, data_format: str) -> Shape:
    """The sizes of the axes between batch and channels."""
    return shape[2:] if data_format == "channels_first" else shape[1:-1]


def convolution_working(layer: Any, input_shape: Shape) -> list[str]:
    """Output size and parameters of a convolution layer."""
    channels = input_shape[1 if layer.data_format == "channels_first" else -1] or 0
    return [
        *window_working(
            spatial_sizes(input_shape, layer.data_format),
            layer.kernel_size,
            layer.strides,
            layer.dilation_rate,
            layer.padding,
        ),
        parameters_working(
            layer.filters,
            (channels // layer.groups, math.prod(layer.kernel_size)),
            layer.use_bias,
        ),
    ]
