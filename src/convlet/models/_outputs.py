"""Outputs of batches, put together."""

from __future__ import annotations

import numpy as np

from convlet._variable import Array


class Outputs:
    """Joins arrays along their first axis; at once where it is known how long that will be."""

    def __init__(self, count: int | None) -> None:
        self.known = count
        self.count = 0
        self.parts: list[Array] = []

    def add(self, y: Array) -> None:
        """Append a batch."""
        if self.known is None:
            self.parts.append(y)
        else:
            if not self.parts:
                self.parts = [np.empty((self.known, *y.shape[1:]), y.dtype)]
            self.parts[0][self.count : self.count + len(y)] = y
        self.count += len(y)

    def joined(self) -> Array:
        """All of them."""
        return self.parts[0] if len(self.parts) == 1 else np.concatenate(self.parts)
