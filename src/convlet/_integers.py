"""What counts as an integer argument."""

from __future__ import annotations

import math
from operator import index
from typing import Any


def is_integer(value: Any) -> bool:
    """Python's and NumPy's integers; no bool, and no float even if it is whole."""
    if type(value) is int:
        return True
    if isinstance(value, bool):
        return False
    try:  # every array has __index__, but most have no index
        index(value)
    except TypeError:
        return False
    return True


def check_int(name: str, value: Any, minimum: float = -math.inf) -> int:
    """A TypeError or ValueError unless value is an integer of at least `minimum`."""
    if not is_integer(value):
        raise TypeError(f"{name} must be an int, got {value!r}")
    if index(value) < minimum:
        raise ValueError(f"{name} must be at least {minimum}, got {value!r}")
    return index(value)


def positive_int(name: str, value: Any) -> int:
    """`check_int` from 1 on."""
    return check_int(name, value, 1)
