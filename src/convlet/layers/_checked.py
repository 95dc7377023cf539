"""What surrounds the methods of every layer: sizes going in, gradients and changes coming back."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from convlet._integers import is_integer
from convlet._variable import changes
from convlet.ops._geometry import LARGEST


def of_sizes(method: Callable[..., Any]) -> Callable[..., Any]:
    """A layer's `build` or `compute_output_shape`, which take one input's sizes, or several's."""

    @functools.wraps(method)
    def checked(self: Any, *input_shapes: Any) -> Any:
        for given in input_shapes:
            several = isinstance(given, (tuple, list)) and isinstance(
                next(iter(given), None), (tuple, list)
            )
            for shape in given if several else (given,):
                check_sizes(self.name, shape)
        return method(self, *input_shapes)

    return checked


def check_sizes(name: str, shape: Any) -> None:
    """A TypeError or ValueError unless each size is None or an integer that a size can be."""
    rule = f"{name}: input_shape must be a tuple of sizes, N first, got {shape!r}"
    if not isinstance(shape, (tuple, list)):
        raise TypeError(rule)
    for size in shape:
        if type(size) is not int and size is not None and not is_integer(size):
            raise TypeError(rule)
        if size is not None and not 0 <= size < LARGEST:
            raise ValueError(f"{name}: sizes must be from 0 to below 2**61, got {shape!r}")


def of_outputs(vjp: Callable[..., Any]) -> Callable[..., Any]:
    """A layer's `vjp` that builds the layer if need be, as one call of a pass, or as a pass.

    Its updates are known to later calls of the pass, and its pullback takes gradients of the
    output's shape and dtype alone.
    """

    @functools.wraps(vjp)
    def checked(self: Any, x: Any, training: bool = False) -> Any:
        if not self.built or (type(x) is not np.ndarray and not self.several_inputs):
            x = self.cast(x)
            self.ensure_built([part.shape for part in x] if self.several_inputs else x.shape)
        found = changes.get()
        if found is not None:
            y, pullback = vjp(self, x, training)
            for variable, value in pullback.updates:
                found[id(variable)] = value
        elif training or self._has_layers:
            token = changes.set({})
            try:
                y, pullback = vjp(self, x, training)
            finally:
                changes.reset(token)
        else:
            y, pullback = vjp(self, x, training)
        if isinstance(y, np.ndarray):
            pullback.of(y)
        return y, pullback

    return checked
