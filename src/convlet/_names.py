"""Names for what the user did not name."""

from __future__ import annotations

import re
import threading
from collections import Counter

_lock = threading.Lock()
_used: Counter[str] = Counter()


def to_snake_case(name: str) -> str:
    """A class's name in snake case: MaxPooling2D is max_pooling2d."""
    name = re.sub(r"\W+", "", name)
    name = re.sub(r"(.)([A-Z][a-z]+)", r"\1_\2", name)
    return re.sub(r"([a-z])([A-Z])", r"\1_\2", name).lower()


def auto_name(prefix: str | type) -> str:
    """dense, then dense_1, dense_2 and so on."""
    stem = to_snake_case(prefix.__name__ if isinstance(prefix, type) else prefix)
    with _lock:
        number = _used[stem]
        _used[stem] += 1
    return f"{stem}_{number}" if number else stem


def reset() -> None:
    """Begin to count anew."""
    with _lock:
        _used.clear()
