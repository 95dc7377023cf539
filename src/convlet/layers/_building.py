"""Making a layer's weights: once, by one thread, all of them or none."""

from __future__ import annotations

import functools
import math
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import numpy as np

building = threading.RLock()
_room: ContextVar[list[int] | None] = ContextVar("room", default=None)  # bytes, of a file's arrays

Shape = tuple[int | None, ...]


def completing(build: Callable[..., None]) -> Callable[..., None]:
    """A layer's `build` that leaves the layer built, or without the weights of a failed attempt."""

    @functools.wraps(build)
    def build_whole(self: Any, input_shape: Any = None) -> None:
        arguments = () if input_shape is None else (_plain(input_shape),)
        with building:
            if self._building:  # called by the build of a subclass, which completes the layer
                build(self, *arguments)
                return
            self._building, before = True, len(self._weights)
            try:
                build(self, *arguments)
            except BaseException:
                del self._weights[before:]
                raise
            finally:
                self._building = False
            for shape in arguments:
                self._built_shape = any_batch(shape)
            self.built = True

    return build_whole


def _plain(shape: Any) -> Any:
    """A tuple of sizes, or a list of such tuples where there are several inputs."""
    return list(map(tuple, shape)) if _several(shape) else tuple(shape)


def _several(shape: Any) -> bool:
    return any(isinstance(size, (tuple, list)) for size in shape)


def any_batch(shape: Any) -> Any:
    """The shape, or each of several, with None for N."""
    return list(map(any_batch, shape)) if _several(shape) else (None, *shape[1:])


@contextmanager
def unfilled(size: int) -> Iterator[None]:
    """Weights made within are zeros that a file's arrays, of `size` bytes in all, will replace.

    A configuration that asks for more than that is refused before its weight is allocated.
    """
    token = _room.set([size])
    try:
        yield
    finally:
        _room.reset(token)


def initial(initialize: Callable[..., Any], shape: tuple[int, ...], dtype: str) -> Any:
    """A weight's first value: the initializer's, or zeros within `unfilled`."""
    room = _room.get()
    if room is None:
        return np.asarray(initialize(shape, dtype))
    room[0] -= math.prod(shape) * np.dtype(dtype).itemsize
    if room[0] < 0:
        raise ValueError(f"weights must be as large as the file's arrays, got one of shape {shape}")
    return np.zeros(shape, dtype)
