"""Making a layer's weights: once, by one thread, all of them or none."""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable
from typing import Any

building = threading.RLock()


def completing(build: Callable[..., None]) -> Callable[..., None]:
    """A layer's `build` that leaves the layer built, or without the weights of a failed attempt."""

    @functools.wraps(build)
    def build_whole(self: Any, input_shape: Any = None) -> None:
        if input_shape is not None and not isinstance(input_shape, (tuple, list)):
            raise TypeError(
                f"{self.name}: input_shape must be a tuple of sizes, N first, got {input_shape!r}"
            )
        arguments = () if input_shape is None else (tuple(input_shape),)
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
                self._built_shape = (None, *shape[1:])
            self.built = True

    return build_whole
