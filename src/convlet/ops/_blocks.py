"""Cutting a result into blocks, where an intermediate array must not grow with it."""

from __future__ import annotations

from collections.abc import Iterator
from math import prod

# Of an intermediate array: fits into a processor's own cache.
BLOCK_BYTES = 512 * 1024

Block = tuple[slice, ...]


def blocks(whole: Block, bytes_each: int) -> Iterator[Block]:
    """The box `whole` in boxes, in row-major order, of at most BLOCK_BYTES or of one element."""
    pending = [whole]
    while pending:
        block = pending.pop()
        sizes = [part.stop - part.start for part in block]
        if prod(sizes) * bytes_each <= BLOCK_BYTES or max(sizes) == 1:
            yield block
            continue
        # The outermost axis that can be cut: so that a block is as contiguous as can be.
        axis = next(i for i, size in enumerate(sizes) if size > 1)
        middle = block[axis].start + sizes[axis] // 2
        halves = slice(block[axis].start, middle), slice(middle, block[axis].stop)
        pending += [(*block[:axis], half, *block[axis + 1 :]) for half in reversed(halves)]
