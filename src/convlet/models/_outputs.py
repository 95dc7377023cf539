"""Outputs of batches, put together."""

from __future__ import annotations

from typing import Any

import numpy as np

from convlet._variable import Array
from convlet.layers._symbolic import flatten, restore


class Outputs:
    """Joins arrays along their first axis; at once where it is known how long that will be."""

    def __init__(self, count: int | None) -> None:
        self.known = count
        self.count = 0
        self.parts: list[list[Array]] = []  # of each output
        self.like: Any = None

    def add(self, y: Any) -> None:
        """Append a batch: an array, or a list or dict of them."""
        parts = flatten(y)
        if not self.parts:
            self.like, self.parts = y, [[] for _ in parts]
        count = len(parts[0])
        for joined, part in zip(self.parts, parts, strict=True):
            if self.known is None:
                joined.append(part)
            else:
                if not joined:
                    joined.append(np.empty((self.known, *part.shape[1:]), part.dtype))
                joined[0][self.count : self.count + count] = part
        self.count += count

    def joined(self) -> Any:
        """All of them."""
        whole = [p[0] if len(p) == 1 else np.concatenate(p) for p in self.parts]
        return restore(self.like, whole)
