"""Seeds, and generators made from them."""

from __future__ import annotations

from typing import Any

import numpy as np


def make_default_seed() -> int:
    """A seed from Python's generator, which `utils.set_random_seed` seeds."""
    import random

    return random.randint(1, 10**9)


def check_seed(seed: Any) -> int:
    """An integer seed; None draws one."""
    if seed is None:
        return make_default_seed()
    if isinstance(seed, bool) or not hasattr(seed, "__index__"):
        raise TypeError(f"seed must be an int or None, got {seed!r}")
    if not 0 <= seed.__index__() < 2**64:
        raise ValueError(f"seed must be at least 0 and below 2**64, got {seed!r}")
    return int(seed.__index__())


def generator(seed: int) -> np.random.Generator:
    """A new generator of NumPy's; equal seeds give equal streams."""
    return np.random.Generator(np.random.Philox(seed))
