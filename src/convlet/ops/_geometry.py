"""Windows, padding and output sizes: the one place where their arithmetic stands."""

from __future__ import annotations

from collections.abc import Sequence
from operator import index
from typing import NamedTuple

from convlet._integers import is_integer

Pair = tuple[int, int]
Padding = str | tuple[Pair, ...]

PADDING_NAMES = ("valid", "same", "same_lower")
# Positions are computed in 64 bits below; this leaves room for every sum of two of them.
LARGEST = 2**61


class Window(NamedTuple):
    """One spatial axis of a convolution or pooling, padding resolved to numbers."""

    length: int
    size: int
    stride: int
    dilation: int
    before: int
    after: int
    out: int


NO_AXIS = Window(1, 1, 1, 1, 0, 0, 1)  # what stands for one that an array lacks


def normalize_tuple(value: object, rank: int, name: str, *, minimum: int = 1) -> tuple[int, ...]:
    """An int, or one int for each spatial axis, as a tuple of `rank` ints of at least `minimum`."""
    if type(value) is int and minimum <= value < LARGEST:
        return (value,) * rank
    values = (value,) * rank if is_integer(value) else value
    rule = f"an int or {rank} ints"
    if not isinstance(values, (tuple, list)) or not all(is_integer(v) for v in values):
        raise TypeError(f"{name} must be {rule}, got {value!r}")
    if len(values) != rank:
        raise ValueError(f"{name} must be {rule}, got {value!r}")
    numbers = tuple(index(v) for v in values)
    if not all(minimum <= number < LARGEST for number in numbers):
        raise ValueError(f"{name} must be at least {minimum} and below 2**61, got {value!r}")
    return numbers


def normalize_padding(padding: object, rank: int, *, causal: bool = False) -> Padding:
    """A padding name in lower case, or one (before, after) pair for each spatial axis."""
    names = (*PADDING_NAMES, "causal") if causal and rank == 1 else PADDING_NAMES
    if isinstance(padding, str):
        if padding.lower() not in names:
            raise ValueError(f"padding must be {_rule(names, rank)}, got {padding!r}")
        return padding.lower()
    if is_integer(padding):
        number = normalize_tuple(padding, 1, "padding", minimum=0)[0]
        return ((number, number),) * rank
    if not isinstance(padding, (tuple, list)):
        raise TypeError(f"padding must be {_rule(names, rank)}, got {padding!r}")
    pairs = tuple(padding)
    if rank == 1 and len(pairs) == 2 and all(is_integer(p) for p in pairs):
        pairs = (pairs,)
    if len(pairs) != rank:
        raise ValueError(f"padding must be {_rule(names, rank)}, got {padding!r}")
    numbers = []
    for pair in pairs:
        if is_integer(pair) or not isinstance(pair, (tuple, list)):
            raise TypeError(f"padding must be {_rule(names, rank)}, got {padding!r}")
        before, after = normalize_tuple(pair, 2, "padding", minimum=0)
        numbers.append((before, after))
    return tuple(numbers)


def _rule(names: Sequence[str], rank: int) -> str:
    quoted = ", ".join(f'"{name}"' for name in names)
    return f"one of {quoted}, an int, or {rank} (before, after) pairs"


def resolve_padding(
    length: int, size: int, stride: int, dilation: int, padding: str | Pair
) -> Pair:
    """The (before, after) padding of one axis.

    "same" pads so that the output has ceil(length / stride) elements, an odd one at the end
    ("same_lower": at the start); "causal" pads before only, by the window's extent less one.
    """
    if not isinstance(padding, str):
        return padding
    extent = (size - 1) * dilation + 1
    if padding == "valid":
        return 0, 0
    if padding == "causal":
        return extent - 1, 0
    total = max((-(-length // stride) - 1) * stride + extent - length, 0)
    less, more = total // 2, total - total // 2
    return (less, more) if padding == "same" else (more, less)


def output_length(
    length: int,
    size: int,
    stride: int,
    dilation: int,
    before: int,
    after: int,
    ceil_mode: bool = False,
) -> int:
    """floor((length + before + after - dilation * (size - 1) - 1) / stride) + 1.

    With `ceil_mode` the quotient is rounded up instead, and a last window that would start beyond
    the input and its left padding is dropped, as PyTorch does. Below 1 where no window fits.
    """
    room = length + before + after - dilation * (size - 1) - 1
    if not ceil_mode:
        return room // stride + 1 if room >= 0 else 0
    out = -(-room // stride) + 1
    return out - 1 if (out - 1) * stride >= length + before else out


def windows(
    lengths: Sequence[int],
    sizes: Sequence[int],
    strides: Sequence[int],
    padding: Padding,
    dilations: Sequence[int],
    *,
    ceil_mode: bool = False,
    window: str = "kernel",
) -> tuple[Window, ...]:
    """One `Window` for each axis; a ValueError where a window does not fit into its input."""
    result = []
    for axis, (length, size, stride, dilation) in enumerate(
        zip(lengths, sizes, strides, dilations, strict=True)
    ):
        pad = padding if isinstance(padding, str) else padding[axis]
        before, after = resolve_padding(length, size, stride, dilation, pad)
        out = output_length(length, size, stride, dilation, before, after, ceil_mode)
        extent = dilation * (size - 1) + 1
        if max(length + before + after, extent) >= LARGEST:
            raise ValueError(
                f"spatial axis {axis}: input, padding and dilated {window} must be below 2**61 "
                f"elements, got {length} + {before} + {after} and {extent}"
            )
        if out < 1:
            raise ValueError(
                f"spatial axis {axis}: the {window} must fit into the padded input, got a {window} "
                f"of {size} (dilated: {extent}) on an input of {length} + {before} + {after}"
            )
        result.append(Window(length, size, stride, dilation, before, after, out))
    return tuple(result)


def conv_output_shape(
    x_shape: Sequence[int | None],
    kernel_size: Sequence[int],
    filters: int,
    strides: Sequence[int],
    padding: Padding,
    dilation_rate: Sequence[int],
    data_format: str = "channels_last",
) -> tuple[int | None, ...]:
    """The shape of a convolution's output; None stands for an unknown size, in and out."""
    spatial = _spatial_axes(x_shape, data_format)
    out = _output_lengths(
        spatial, kernel_size, strides, padding, dilation_rate, window="kernel", ceil_mode=False
    )
    return _assemble(x_shape[0], out, filters, data_format)


def pool_output_shape(
    x_shape: Sequence[int | None],
    pool_size: Sequence[int],
    strides: Sequence[int],
    padding: Padding,
    data_format: str = "channels_last",
    *,
    dilation_rate: Sequence[int] | None = None,
    ceil_mode: bool = False,
) -> tuple[int | None, ...]:
    """The shape of a pooling's output; None stands for an unknown size, in and out."""
    spatial = _spatial_axes(x_shape, data_format)
    dilations = dilation_rate or (1,) * len(spatial)
    out = _output_lengths(
        spatial, pool_size, strides, padding, dilations, window="pool", ceil_mode=ceil_mode
    )
    channels = x_shape[1] if data_format == "channels_first" else x_shape[-1]
    return _assemble(x_shape[0], out, channels, data_format)


def _spatial_axes(shape: Sequence[int | None], data_format: str) -> tuple[int | None, ...]:
    return tuple(shape[2:] if data_format == "channels_first" else shape[1:-1])


def _assemble(
    batch: int | None, spatial: tuple[int | None, ...], channels: int | None, data_format: str
) -> tuple[int | None, ...]:
    if data_format == "channels_first":
        return (batch, channels, *spatial)
    return (batch, *spatial, channels)


def _output_lengths(
    lengths: Sequence[int | None],
    sizes: Sequence[int],
    strides: Sequence[int],
    padding: Padding,
    dilations: Sequence[int],
    *,
    window: str,
    ceil_mode: bool,
) -> tuple[int | None, ...]:
    result: list[int | None] = []
    for axis, length in enumerate(lengths):
        if length is None:
            result.append(None)
            continue
        pad = padding if isinstance(padding, str) else (padding[axis],)
        (one,) = windows(
            [length],
            [sizes[axis]],
            [strides[axis]],
            pad,
            [dilations[axis]],
            ceil_mode=ceil_mode,
            window=window,
        )
        result.append(one.out)
    return tuple(result)


def conv_transpose_output_shape(
    x_shape: Sequence[int | None],
    kernel_size: Sequence[int],
    filters: int,
    strides: Sequence[int],
    padding: Padding,
    dilation_rate: Sequence[int],
    data_format: str = "channels_last",
    *,
    output_padding: Sequence[int] | None = None,
) -> tuple[int | None, ...]:
    """The shape of a transposed convolution's output; None is an unknown size, in and out."""
    out: list[int | None] = []
    for axis, length in enumerate(_spatial_axes(x_shape, data_format)):
        options = (kernel_size[axis : axis + 1], strides[axis : axis + 1])
        pad = padding if isinstance(padding, str) else padding[axis : axis + 1]
        extra = None if output_padding is None else output_padding[axis : axis + 1]
        dilation = dilation_rate[axis : axis + 1]
        known = (
            () if length is None else transposed_windows([length], *options, pad, dilation, extra)
        )
        out.append(known[0].length if known else None)
    return _assemble(x_shape[0], tuple(out), filters, data_format)


def transposed_windows(
    lengths: Sequence[int],
    sizes: Sequence[int],
    strides: Sequence[int],
    padding: Padding,
    dilations: Sequence[int],
    output_padding: Sequence[int] | None,
) -> tuple[Window, ...]:
    """One `Window` for each axis; a ValueError where nothing, or too much, would come out."""
    result = []
    for axis, length in enumerate(lengths):
        pad = padding if isinstance(padding, str) else padding[axis]
        extra = None if output_padding is None else output_padding[axis]
        window = transposed_window(length, sizes[axis], strides[axis], dilations[axis], pad, extra)
        if not 1 <= window.length < LARGEST:
            raise ValueError(
                f"spatial axis {axis}: the output must have at least 1 and below 2**61 elements, "
                f"got {window.length} from an input of {length}, a kernel of {sizes[axis]}, "
                f"stride {strides[axis]}, dilation {dilations[axis]} and padding {pad!r}"
            )
        result.append(window)
    return tuple(result)


def transposed_window(
    length: int,
    size: int,
    stride: int,
    dilation: int,
    padding: str | Pair,
    output_padding: int | None,
) -> Window:
    """One axis of a transposed convolution, as the convolution of which it is the adjoint.

    `length` is the transposed convolution's input, hence the window's `out`. With numbers as
    padding it makes (length - 1) * stride + extent - before - after + output_padding elements;
    "valid" and "same" are Keras's, which without output_padding make at least, or just,
    length * stride.
    """
    extent = dilation * (size - 1) + 1
    if not isinstance(padding, str):
        before, after = padding
        out = (length - 1) * stride + extent - before - after + (output_padding or 0)
    elif padding == "valid":
        before = 0
        extra = max(stride - extent, 0) if output_padding is None else output_padding
        out = (length - 1) * stride + extent + extra
    else:
        last = stride if output_padding is None else extent % 2 + output_padding
        cropped = max(extent - last, 0)
        before = cropped // 2 if padding == "same" else cropped - cropped // 2
        out = (length - 1) * stride + last
    return Window(out, size, stride, dilation, before, 0, length)
