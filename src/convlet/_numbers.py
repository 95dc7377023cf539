"""What counts as a number argument."""

from __future__ import annotations

import math
import numbers
from typing import Any

import numpy as np

from convlet._variable import Variable


def finite(name: str, value: Any) -> float:
    """`value` as a finite float."""
    if isinstance(value, (np.ndarray, np.generic, Variable)) and value.ndim == 0:
        value = np.asarray(value).item()
    if isinstance(value, bool) or not isinstance(value, numbers.Real):
        raise TypeError(f"{name} must be a number, got {value!r}")
    if not math.isfinite(value):
        raise ValueError(f"{name} must be finite, got {value!r}")
    return float(value)


def positive(name: str, value: Any) -> float:
    """`value` as a finite float above 0."""
    if finite(name, value) <= 0:
        raise ValueError(f"{name} must be above 0, got {value!r}")
    return finite(name, value)


def not_negative(name: str, value: Any) -> float:
    """`value` as a finite float from 0 on."""
    if finite(name, value) < 0:
        raise ValueError(f"{name} must be at least 0, got {value!r}")
    return finite(name, value)
