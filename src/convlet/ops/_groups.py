"""Groups of images for each of which a kernel's gradient is made: by shape alone."""

from __future__ import annotations

from math import prod

from convlet.ops._arguments import Array

_PARTIAL_BYTES = 1 << 18  # of gradients in memory at once, beside what threads have as scratch
_LEAST_TILES = 512  # of a group
_LEAST_PIXELS = 1 << 12
_LEAST_CHANNELS = 16  # a vector


def groups_of_tiles(shape: tuple[int, ...], out: Array) -> int:
    """Of the kernel's gradient `out` by tiles of 2 x 4, of outputs (N OH OW CO).

    A power of 2, as there may be so many gradients in memory at once: those of small kernels, for
    which threads have nothing else to divide but by transforming the same image several times.
    """
    images, height, width, _ = shape
    tiles = images * -(-height // 2) * -(-width // 4)
    return _power(min(images, tiles // _LEAST_TILES), out)


def equal_groups(shape: tuple[int, ...], out: Array) -> int:
    """Of one that is computed directly, of outputs (N *spatial CO): it divides N."""
    if shape[-1] < _LEAST_CHANNELS:
        return 1
    groups = _power(prod(shape[:-1]) // _LEAST_PIXELS, out)
    while shape[0] % groups:
        groups //= 2
    return groups


def _power(most: int, out: Array) -> int:
    """Of 2."""
    most = max(1, min(most, _PARTIAL_BYTES // (out.size * out.itemsize)))
    return 1 << most.bit_length() - 1
