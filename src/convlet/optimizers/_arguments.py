"""The checks of numbers and arrays that optimizers make before anything changes."""

from __future__ import annotations

import math
import numbers
import sys
from typing import Any

import numpy as np

from convlet._variable import Array, Variable

LARGEST = sys.float_info.max
BELOW_ONE = math.nextafter(1.0, 0.0)
RULES = {LARGEST: "finite and at least 0", BELOW_ONE: "at least 0 and below 1"}


def number(name: str, value: Any, largest: float = LARGEST) -> float:
    """`value` as a float between 0 and `largest`."""
    if isinstance(value, (np.ndarray, np.generic, Variable)) and value.ndim == 0:
        value = np.asarray(value).item()  # Python's own, so that comparing casts nothing
    if isinstance(value, bool) or not isinstance(value, numbers.Real):
        raise TypeError(f"{name} must be a number, got {type(value).__name__}")
    if not 0 <= value <= largest:  # type: ignore[operator]
        rule = RULES.get(largest, f"between 0 and {largest:g}")
        raise ValueError(f"{name} must be {rule}, got {value}")
    return float(value)


def optional_number(name: str, value: Any) -> float | None:
    return None if value is None else number(name, value)


def flag(name: str, value: Any) -> bool:
    if not isinstance(value, (bool, np.bool_)):
        raise TypeError(f"{name} must be True or False, got {value!r}")
    return bool(value)


def like(name: str, value: Any, variable: Variable) -> Array:
    """`value` in the variable's dtype, fit for compiled code; a copy if it is read-only.

    What variables hand out is read-only, so a gradient never shares memory with a weight.
    """
    if not isinstance(variable, Variable):
        raise TypeError(f"{name} must be for Variables, got {type(variable).__name__}")
    array = np.asarray(value)
    if array.dtype.kind not in "fiub":
        raise TypeError(f"{name} must be real numbers, got {array.dtype} for {variable.path}")
    if array.shape != variable.shape:
        raise ValueError(
            f"{name} must have their variable's shape, {variable.shape} for {variable.path}, "
            f"got {array.shape}"
        )
    fits = array.dtype == variable.dtype and array.flags.carray
    return array if fits else np.array(array, variable.dtype, order="C")
