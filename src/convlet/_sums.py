"""Sums in an order that is stated."""

from __future__ import annotations

from typing import Any

import numpy as np

from convlet._variable import Array

FEW = 64  # up to here a loop of Python's is faster


def ordered_sum(values: Any) -> float:
    """The sum in double precision, one after the other, the last axis fastest."""
    flat = np.ravel(values)
    if flat.size <= FEW:
        total = 0.0
        for value in flat.tolist():
            total += value
        return total
    return float(np.bincount(np.zeros(flat.size, np.intp), flat, minlength=1)[0])


def sums_by_group(groups: Any, values: Any, count: int) -> Array:
    """The sum of each group of 0 .. count - 1, as `ordered_sum`."""
    return np.bincount(np.ravel(groups), np.ravel(values), minlength=count).astype(np.float64)


def row_sums(x: Array) -> Array:
    """The sum of each row (rows, columns), as `ordered_sum`."""
    return sums_by_group(np.repeat(np.arange(len(x)), x.shape[1]), x, len(x))
