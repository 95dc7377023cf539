"""Batches that come ready made: generators, loaders, PyDatasets."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Any

import numpy as np

from convlet.models._batches import Batches, Data, check_data, check_inputs
from convlet.models._several import Several, plain


def is_stream(x: Any) -> bool:
    """Whether x yields batches, rather than being an array or something like one."""
    if isinstance(x, (list, tuple, dict, str, bytes, bytearray, memoryview, Several)):
        return False
    if any(hasattr(x, name) for name in ("__array__", "__array_interface__", "__dlpack__")):
        return False
    return hasattr(x, "__iter__") or hasattr(x, "__getitem__")


class Stream:
    """The batches of an iterable: x, (x,), (x, y) or (x, y, sample_weight) each.

    What has no `__iter__` has `__len__` and `__getitem__`, as Keras's PyDataset; there `seed`
    makes an order of the batches, another in each pass, after `skip` passes.
    """

    def __init__(self, source: Any, targets: bool, seed: int | None = None, skip: int = 0) -> None:
        self.source: Any = source
        self.targets = targets
        self.numbers: Batches | None = None
        if not hasattr(source, "__iter__"):
            self.numbers = Batches(Data(np.arange(len(source))), 1, seed, skip)
        self._begun: Iterator[Any] | None = None

    def skip(self, passes: int) -> None:
        """Leave out the orders of so many passes; what has no order begins as it does."""
        if self.numbers is not None and passes:
            self.numbers.skip(passes - (self._begun is not None))
            self._begun = None

    @property
    def count(self) -> int | None:
        """How many batches a pass has, where that is known."""
        try:
            return len(self.source)
        except TypeError:
            return None

    def first(self) -> Data:
        """The next pass's first batch, with which the pass still begins."""
        rest = iter(self._items())
        for item in rest:
            self._begun = chain([item], rest)
            return self._data(item)
        raise ValueError("x must yield at least one batch, got none")

    def __iter__(self) -> Iterator[Data]:
        items, self._begun = self._begun, None
        yield from map(self._data, self._items() if items is None else items)
        _tell(self.source, "on_epoch_end")

    def _items(self) -> Iterable[Any]:
        _tell(self.source, "on_epoch_begin")
        if self.numbers is None:
            return self.source
        return (self.source[int(plain(number.x)[0])] for number in self.numbers)

    def _data(self, item: Any) -> Data:
        parts = item if isinstance(item, (tuple, list)) else (item,)
        if not 1 <= len(parts) <= 3:
            raise ValueError(
                "x must yield batches (x, y) or (x, y, sample_weight), "
                f"got a {type(item).__name__} of {len(parts)}"
            )
        if not self.targets:
            return check_inputs(parts[0])
        return check_data(*(*parts, None, None)[:3])


def _tell(source: Any, hook: str) -> None:
    """Call a PyDataset's hook."""
    function = getattr(source, hook, None)
    if callable(function):
        function()
