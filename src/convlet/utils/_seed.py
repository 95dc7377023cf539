"""One seed for everything random."""

from __future__ import annotations

import numpy as np

from convlet._integers import is_integer
from convlet.backend import clear_session as clear_session


def set_random_seed(seed: int) -> None:
    """Seed Python's and NumPy's generators, from which all of convlet's seeds are drawn.

    Parameters
    ----------
    seed : int
        From 0 to 2**32 - 1.

    Raises
    ------
    ValueError, TypeError
        If it is no such integer.

    Notes
    -----
    Models built and trained after it come out the same to the bit, at any number of threads.

    Examples
    --------
    >>> from convlet import utils
    >>> utils.set_random_seed(42)
    """
    import random

    if not is_integer(seed):
        raise TypeError(f"seed must be an int, got {seed!r}")
    if not 0 <= seed.__index__() < 2**32:
        raise ValueError(f"seed must be at least 0 and below 2**32, got {seed!r}")
    random.seed(seed.__index__())  # takes no integers of NumPy's
    np.random.seed(seed)
