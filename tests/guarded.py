"""Arrays between guards: canaries, which show writes, and forbidden pages, which stop reads."""

from __future__ import annotations

import ctypes
import mmap

import numpy as np

CANARY = -123456.75
MARGIN = 64  # elements, longer than any vector


def canaried(shape, dtype, fill=np.nan):
    """A contiguous array of `fill`, and the canaries before and behind it."""
    size = int(np.prod(shape))
    memory = np.full(size + 2 * MARGIN, CANARY, dtype)
    inner = memory[MARGIN:-MARGIN].reshape(shape)
    inner[...] = fill
    return inner, np.lib.stride_tricks.as_strided(
        memory, (2, MARGIN), ((size + MARGIN) * memory.itemsize, memory.itemsize)
    )


def canaried_gaps(shape, dtype, fill=np.nan):
    """An array of every second element on each axis, and the memory that holds it.

    `memory` equals the canary wherever the array is not.
    """
    memory = np.full([2 * size + 1 for size in shape], CANARY, dtype)
    inner = memory[tuple(slice(1, 2 * size, 2) for size in shape)]
    inner[...] = fill
    return inner, memory


def mprotect():
    """The C library's, or None where there is none."""
    try:
        return ctypes.CDLL(None).mprotect
    except (AttributeError, TypeError):
        return None


def beside_forbidden_page(array, *, at_end):
    """A copy that ends where a page begins (or begins where one ends) that nobody may touch."""
    page = mmap.PAGESIZE
    pages = -(-array.nbytes // page)
    memory = mmap.mmap(-1, (pages + 2) * page)
    start = ctypes.addressof(ctypes.c_char.from_buffer(memory))
    for forbidden in (start, start + (pages + 1) * page):
        if mprotect()(ctypes.c_void_p(forbidden), ctypes.c_size_t(page), 0):
            raise OSError("mprotect failed")
    offset = page + (pages * page - array.nbytes if at_end else 0)
    copy = np.frombuffer(memory, array.dtype, array.size, offset).reshape(array.shape)
    copy[...] = array
    return copy
