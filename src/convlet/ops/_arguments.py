"""The checks of arrays and names that every operator makes, once, before it computes anything."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from convlet._reuse import LEAST_BYTES, empty
from convlet._variable import Array as Array

DATA_FORMATS = ("channels_last", "channels_first")
DTYPES = frozenset((np.dtype(np.float32), np.dtype(np.float64)))  # in native byte order
# How much work NumPy may spend on deciding whether two arrays overlap; undecided counts as shared.
OVERLAP_WORK = 10_000


def as_array(value: object, name: str, rank: int | None = None) -> Array:
    """`value` as a float32 or float64 ndarray in native byte order, without a copy of its own."""
    if type(value) is np.ndarray and value.dtype in DTYPES and value.ndim == (rank or value.ndim):
        return value
    if isinstance(value, (np.ma.MaskedArray, np.matrix)):
        raise TypeError(
            f"{name} must be a plain array, got {type(value).__name__}: "
            f"pass np.asarray({name})" + (" after filling it" if np.ma.isMA(value) else "")
        )
    if not isinstance(value, np.ndarray):
        value = _from_protocol(value, name)
    if value.dtype not in DTYPES:
        raise TypeError(
            f"{name} must be float32 or float64 in native byte order, got "
            f"{_describe(value.dtype)}: convert it, as with {name}.astype(np.float32)"
        )
    if rank is not None:
        check_rank(name, value.shape, rank)
    return value.view(np.ndarray) if type(value) is not np.ndarray else value


def _from_protocol(value: object, name: str) -> Array:
    if hasattr(value, "__array__"):
        return np.asarray(value)
    if hasattr(value, "__dlpack__"):
        return np.from_dlpack(value)
    try:
        return np.asarray(memoryview(value))  # type: ignore[arg-type]
    except TypeError:
        raise TypeError(
            f"{name} must be an array, got {type(value).__name__}: "
            f"convert it, as with np.array({name}, np.float32)"
        ) from None


def _describe(dtype: np.dtype[Any]) -> str:
    return str(dtype) if dtype.isnative else f"byte-swapped {dtype.newbyteorder('=')}"


def check_same_dtype(first: str, reference: Array, name: str, array: Array) -> None:
    if array.dtype != reference.dtype:
        raise TypeError(
            f"{name} must have {first}'s dtype {reference.dtype}, got {array.dtype}: "
            f"convert one, as with {name}.astype({first}.dtype)"
        )


def check_not_empty(name: str, shape: Sequence[int], first: int = 0) -> None:
    """No axis from `first` on may have size zero."""
    if 0 in shape[first:]:
        raise ValueError(f"{name} must have no axis of size 0, got shape {tuple(shape)}")


def check_rank(name: str, shape: tuple[int, ...], rank: int) -> None:
    if len(shape) != rank:
        raise ValueError(f"{name} must have {rank} axes, got shape {shape}")


def check_shape(name: str, array: Array, shape: Sequence[int], rule: str) -> None:
    if array.shape != tuple(shape):
        raise ValueError(f"{name} must have {rule} {tuple(shape)}, got {array.shape}")


def check_choice(name: str, value: object, choices: Sequence[str]) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{name} must be a str, got {type(value).__name__}")
    if value not in choices:
        quoted = ", ".join(f'"{choice}"' for choice in choices)
        raise ValueError(f"{name} must be one of {quoted}, got {value!r}")
    return value


def check_flag(name: str, value: object) -> bool:
    if value is True or value is False:
        return value
    if not isinstance(value, (bool, np.bool_)):
        raise TypeError(f"{name} must be True or False, got {value!r}")
    return bool(value)


def spatial_rank(name: str, shape: tuple[int, ...]) -> int:
    """1, 2 or 3, from the shape of an array with a batch and a channel axis besides."""
    if not 3 <= len(shape) <= 5:
        raise ValueError(
            f"{name} must have 3, 4 or 5 axes (batch, 1 to 3 spatial, channels), got shape {shape}"
        )
    return len(shape) - 2


def to_channels_last(array: Array, data_format: str) -> Array:
    """A view with channels last."""
    if data_format == "channels_last":
        return array
    return array.transpose(0, *range(2, array.ndim), 1)


def in_format(shape: tuple[int, ...], data_format: str) -> tuple[int, ...]:
    """A channels-last shape as `data_format` has it."""
    return shape if data_format == "channels_last" else (shape[0], shape[-1], *shape[1:-1])


def channels_last_shape(shape: tuple[int, ...], data_format: str) -> tuple[int, ...]:
    """The reverse of `in_format`."""
    return shape if data_format == "channels_last" else (shape[0], *shape[2:], shape[1])


def contiguous(array: Array, dtype: Any = None) -> Array:
    """`array`, or a copy where it is not C-contiguous and aligned, as pointwise loops need it."""
    flags = array.flags
    if flags.c_contiguous and flags.aligned and (dtype is None or dtype == array.dtype):
        return array
    return np.require(array, dtype, ("C", "A"))


def check_size(what: str, shape: Sequence[int], itemsize: int) -> None:
    if math.prod(shape) * itemsize >= 2**63:
        raise ValueError(f"{what} must be below 2**63 bytes, got shape {tuple(shape)}")


def output_array(
    out: object, shape: tuple[int, ...], data_format: str, inputs: Sequence[tuple[str, Array]]
) -> tuple[Array, Array]:
    """A result to return, and its channels-last view to compute into.

    `shape` is channels-last. Without `out` the result is new and C-contiguous in `data_format`.
    """
    dtype = inputs[0][1].dtype
    if out is None and data_format == "channels_last":
        result = new_array(shape, dtype)
        return result, result
    wanted = in_format(shape, data_format)
    result = new_array(wanted, dtype) if out is None else check_out(out, wanted, dtype, inputs)
    return result, to_channels_last(result, data_format)


def new_array(shape: tuple[int, ...], dtype: np.dtype[Any]) -> Array:
    try:
        return empty(shape, dtype)
    except ValueError:  # NumPy's words for it name no argument
        check_size("the result", shape, dtype.itemsize)
        raise


def allocator(
    what: str, shape: tuple[int, ...], dtype: np.dtype[Any]
) -> Callable[[tuple[int, ...], np.dtype[Any]], Array]:
    """What makes arrays of this shape: `empty`, or for small ones at once what that asks."""
    check_size(what, shape, dtype.itemsize)
    return np.empty if math.prod(shape) * dtype.itemsize < LEAST_BYTES else empty


def check_out(
    out: object, shape: tuple[int, ...], dtype: np.dtype[Any], inputs: Sequence[tuple[str, Array]]
) -> Array:
    if not isinstance(out, np.ndarray) or isinstance(out, (np.ma.MaskedArray, np.matrix)):
        raise TypeError(f"out must be an ndarray, got {type(out).__name__}")
    if out.dtype != dtype or not out.dtype.isnative:
        raise TypeError(f"out must have dtype {dtype}, got {_describe(out.dtype)}")
    check_shape("out", out, shape, "shape")
    if not out.flags.writeable:
        raise ValueError("out must be writeable, got a read-only array")
    if _overlaps_itself(out):
        raise ValueError(
            f"out must not overlap itself, got strides {out.strides} for shape {out.shape}"
        )
    for name, array in inputs:
        if _share_memory(out, array):
            raise ValueError(f"out must not share memory with {name}")
    return out


def _overlaps_itself(array: Array) -> bool:
    """Whether two elements may lie on the same bytes; sure of the usual layouts only."""
    reach = array.itemsize
    for size, stride in sorted(zip(array.shape, array.strides, strict=True), key=_by_stride):
        if size > 1:
            if abs(stride) < reach:
                return array.size > 0
            reach += abs(stride) * (size - 1)
    return False


def _by_stride(axis: tuple[int, int]) -> int:
    return abs(axis[1])


def _share_memory(a: Array, b: Array) -> bool:
    if not np.may_share_memory(a, b):
        return False
    try:
        return np.shares_memory(a, b, max_work=OVERLAP_WORK)  # type: ignore[arg-type]
    except np.exceptions.TooHardError:
        return True
