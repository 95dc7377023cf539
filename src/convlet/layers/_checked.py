"""Checks that surround the methods of every layer: sizes going in, gradients coming back."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from convlet._integers import is_integer
from convlet.ops._geometry import LARGEST


def of_sizes(compute_output_shape: Callable[..., Any]) -> Callable[..., Any]:
    """A layer's `compute_output_shape` that is given sizes: of one input, or of each of several."""

    @functools.wraps(compute_output_shape)
    def checked(self: Any, input_shape: Any) -> Any:
        several = isinstance(input_shape, list) and all(
            isinstance(shape, (tuple, list)) for shape in input_shape
        )
        for shape in input_shape if several else (input_shape,):
            check_sizes(self.name, shape)
        return compute_output_shape(self, input_shape)

    return checked


def check_sizes(name: str, shape: Any) -> None:
    """A TypeError or ValueError unless each size is None or an integer that a size can be."""
    rule = f"{name}: the input's shape must be a tuple of sizes, N first, got {shape!r}"
    if not isinstance(shape, (tuple, list)):
        raise TypeError(rule)
    for size in shape:
        if type(size) is not int and size is not None and not is_integer(size):
            raise TypeError(rule)
        if size is not None and not 0 <= size < LARGEST:
            raise ValueError(f"{name}: sizes must be from 0 to below 2**61, got {shape!r}")


def of_outputs(vjp: Callable[..., Any]) -> Callable[..., Any]:
    """A layer's `vjp` whose pullback takes gradients of its output's shape and dtype alone."""

    @functools.wraps(vjp)
    def checked(self: Any, x: Any, training: bool = False) -> Any:
        y, pullback = vjp(self, x, training)
        if isinstance(y, np.ndarray):
            pullback.of(y)
        return y, pullback

    return checked
