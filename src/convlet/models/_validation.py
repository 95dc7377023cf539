"""What `fit` validates with, and when."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from convlet._integers import is_integer, positive_int
from convlet.models._batches import check_data
from convlet.models._streams import is_stream


def with_validation(x: Any, y: Any, sample_weight: Any, fraction: Any, given: Any) -> Any:
    """(x, y, sample_weight) to learn from, and a tuple to validate with: `given`, or x's last."""
    if isinstance(fraction, bool) or not isinstance(fraction, (int, float, np.floating)):
        raise TypeError(f"validation_split must be a number, got {fraction!r}")
    if given is not None or not fraction:
        return (x, y, sample_weight), given
    if not 0 <= fraction < 1:
        raise ValueError(f"validation_split must be at least 0 and below 1, got {fraction!r}")
    if is_stream(x):
        raise ValueError("validation_split must be 0 where x yields batches: give validation_data")
    data = check_data(x, y, sample_weight)
    count = len(data.x)
    first = int(count * (1 - fraction))
    if not 0 < first < count:
        raise ValueError(
            f"validation_split must leave samples on both sides, got {fraction!r} of {count}"
        )
    return data.take(slice(first)), data.take(slice(first, None))


def check_validation(given: Any) -> tuple[Any, ...]:
    """(x, y), (x, y, sample_weight), or a stream alone."""
    if is_stream(given):
        return (given,)
    if not isinstance(given, (tuple, list)):
        raise TypeError(
            "validation_data must be (x, y), (x, y, sample_weight) or an iterable of batches, "
            f"got {type(given).__name__}"
        )
    if len(given) not in (2, 3):
        raise ValueError(
            f"validation_data must be (x, y) or (x, y, sample_weight), got {len(given)} items"
        )
    return tuple(given)


def check_frequency(frequency: Any) -> Callable[[int], bool]:
    """Whether an epoch, counted from 1, is one to validate in."""
    if isinstance(frequency, (list, tuple, set, frozenset, range)):
        return lambda epoch: epoch in frequency
    if not is_integer(frequency):
        raise TypeError(
            f"validation_freq must be an int or a list, tuple, set or range, got {frequency!r}"
        )
    every = positive_int("validation_freq", frequency)
    return lambda epoch: epoch % every == 0
