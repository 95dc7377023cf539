"""Arrays in, batches out: the checks and the order."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from convlet._integers import positive_int
from convlet._random import generator
from convlet._variable import Array
from convlet.layers._symbolic import flatten, restore
from convlet.models._several import Several

Samples = Array | Several  # of one input or output, or of several


class Data(NamedTuple):
    """Inputs with their targets and weights; all have the same number of samples."""

    x: Samples
    y: Samples | None = None
    sample_weight: Samples | None = None

    def take(self, rows: Any) -> Data:
        """Some samples: only those are read, so that a memory map works."""
        y, weight = self.y, self.sample_weight
        return Data(
            self.x[rows],
            None if y is None else y[rows],
            None if weight is None else weight[rows],
        )


def check_inputs(x: Any) -> Data:
    """Inputs alone, perhaps none; nothing is copied."""
    return Data(_samples("x", x))


def check_data(x: Any, y: Any, sample_weight: Any = None) -> Data:
    """Arrays of as many samples, at least one; nothing is copied."""
    x = _samples("x", x)
    if y is None:
        raise ValueError("y must be given: the loss compares the model's output with it")
    y = _samples("y", y)
    weight = None if sample_weight is None else _samples("sample_weight", sample_weight)
    for name, array in (("y", y), ("sample_weight", weight)):
        if array is not None and len(array) != len(x):
            raise ValueError(
                f"{name} must have as many samples as x, got {len(array)} and {len(x)}"
            )
    if len(x) == 0:
        raise ValueError("x must have at least one sample, got none")
    return Data(x, y, weight)


def _samples(name: str, value: Any) -> Samples:
    """An array, or several, which are a dict or a list that holds arrays."""
    if isinstance(value, Several):
        return value
    listed = isinstance(value, (list, tuple)) and any(isinstance(v, np.ndarray) for v in value)
    if not listed and not isinstance(value, dict):
        return _one(name, value)
    keys = list(value) if isinstance(value, dict) else range(len(value))
    parts: list[Any] = [
        None if part is None and name != "x" else _one(f"{name}[{key!r}]", part)
        for key, part in zip(keys, flatten(value), strict=True)
    ]
    present = [part for part in parts if part is not None]
    if not present:
        raise ValueError(f"{name} must have at least one array, got {value!r}")
    if len(parts) == 1 and not isinstance(value, dict):
        return present[0]
    return Several(name, restore(value, parts))


def _one(name: str, value: Any) -> Array:
    if value is None:
        raise TypeError(f"{name} must be an array, got None")
    if isinstance(value, np.ma.MaskedArray):
        raise TypeError(f"{name} must have no mask: fill it, as with {name}.filled(0)")
    array = np.asarray(value)
    if array.dtype.kind not in "fiub":
        raise TypeError(f"{name} must be an array of real numbers, got {array.dtype}")
    if array.ndim == 0:
        raise ValueError(f"{name} must have an axis of samples, got a single number")
    return array


class Batches:
    """Goes through data in batches, in order or in another order each time.

    `seed` makes the order, which differs between passes; None keeps the data's. The first `skip`
    orders are left out, so that training can go on where an earlier run ended.
    """

    def __init__(
        self, data: Data, batch_size: Any = None, seed: int | None = None, skip: int = 0
    ) -> None:
        self.data = data
        self.size = 32 if batch_size is None else positive_int("batch_size", batch_size)
        self.random = None if seed is None else generator(seed)
        self.skip(skip)

    def skip(self, passes: int) -> None:
        """Leave out the orders of so many passes."""
        if self.random is not None:
            for _ in range(passes):
                self.random.permutation(len(self.data.x))

    @property
    def count(self) -> int:
        """How many batches a pass has."""
        return -(-len(self.data.x) // self.size)

    def first(self) -> Data:
        """Data with the shape of batches, N apart; nothing is read."""
        return self.data

    def __iter__(self) -> Iterator[Data]:
        count = len(self.data.x)
        order = None if self.random is None else self.random.permutation(count)
        for first in range(0, count, self.size):
            rows: Any = slice(first, first + self.size)
            yield self.data.take(rows if order is None else order[rows])
