"""Seeds, and generators made from them."""

from __future__ import annotations

from operator import index
from typing import Any

import numpy as np

from convlet._integers import is_integer


def make_default_seed() -> int:
    """A seed from Python's generator, which `utils.set_random_seed` seeds."""
    import random

    return random.randint(1, 10**9)


def check_seed(seed: Any) -> int:
    """An integer seed; None draws one."""
    if seed is None:
        return make_default_seed()
    if not is_integer(seed):
        raise TypeError(f"seed must be an int or None, got {seed!r}")
    if not 0 <= index(seed) < 2**64:
        raise ValueError(f"seed must be at least 0 and below 2**64, got {seed!r}")
    return index(seed)


def generator(seed: int) -> np.random.Generator:
    """A new generator of NumPy's; equal seeds give equal streams."""
    return np.random.Generator(np.random.Philox(seed))
