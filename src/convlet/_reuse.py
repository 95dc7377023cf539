"""Large arrays in memory that earlier ones have left, while a model trains.

A step of training makes the same arrays as the one before. Memory that goes back to the operating
system in between comes back as pages of zeros, which takes a tenth of the step.
"""

from __future__ import annotations

import threading
from math import prod
from types import TracebackType
from typing import Any

import numpy as np

from convlet._variable import Array

LEAST_BYTES = 1 << 16  # of an array; the C library keeps smaller ones at hand by itself


class _Current(threading.local):
    blocks: _Blocks | None = None


class Reuse:
    """Context: what `empty` returns on this thread lives in memory of arrays that are gone.

    The memory is released at the end, and by the last array that is left then.
    """

    def __enter__(self) -> None:
        self._outer = _current.blocks
        if self._outer is None:
            _current.blocks = _Blocks()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._outer is None and _current.blocks is not None:
            _current.blocks.close()
            _current.blocks = None


_current = _Current()


class _Blocks:
    """Memory that no array uses."""

    __slots__ = ("_free", "_open")

    def __init__(self) -> None:
        self._free: list[Array] = []
        self._open = True

    def take(self, size: int) -> Array:
        """The smallest block of this size or up to twice as much; a new one if there is none."""
        free = self._free
        fitting = [(block.nbytes, i) for i, block in enumerate(free) if size <= block.nbytes]
        nbytes, index = min(fitting, default=(0, 0))
        return free.pop(index) if size <= nbytes <= 2 * size else np.empty(size, np.uint8)

    def give(self, block: Array) -> None:
        if self._open:
            self._free.append(block)

    def close(self) -> None:
        self._open = False
        self._free.clear()


class _Lease:
    """A block in use, by an array and its views: it is free again when the last of them is gone."""

    __slots__ = ("__array_interface__", "_block", "_blocks")

    def __init__(self, blocks: _Blocks, shape: tuple[int, ...], dtype: np.dtype[Any], size: int):
        self._blocks, self._block = blocks, blocks.take(size)
        self.__array_interface__ = {
            "version": 3,
            "shape": shape,
            "typestr": dtype.str,
            "data": (self._block.ctypes.data, False),
        }

    def __del__(self) -> None:
        self._blocks.give(self._block)


def empty(shape: tuple[int, ...], dtype: np.dtype[Any]) -> Array:
    """`numpy.empty(shape, dtype)`, from left memory within `Reuse`."""
    blocks = _current.blocks
    if blocks is None:
        return np.empty(shape, dtype)
    size = prod(shape) * dtype.itemsize
    if size < LEAST_BYTES:
        return np.empty(shape, dtype)
    return np.asarray(_Lease(blocks, shape, dtype, size))
