"""For which convolutions Winograd's algorithm is faster than the direct one, and as exact."""

from __future__ import annotations

from typing import NamedTuple

from convlet import _algorithm


class Tiles(NamedTuple):
    """Sizes of tiles for each direction of a convolution: 2 or 4, or 0 for the direct algorithm.

    Those of a kernel's gradient are 2 high and 4 wide.
    """

    forward: int = 0
    input_gradient: int = 0
    kernel_gradient: int = 0


DIRECT = Tiles()

_LEAST_CHANNELS = 16  # transforms are divided among the channels of the other side
_MOST_CHANNELS = 512  # a block of tiles must fit a thread's scratch, in float64 too
# Time for one product of transformed numbers, in that of a direct multiply-add; 1 / eps of the
# transforms' memory traffic is in it. Measured with AVX-512 and AVX2 on 64 to 512 channels.
_COST = {0: 1.0, 2: 1.35, 4: 1.3}
# Reading one transformed number of a kernel, in multiply-adds: where all do not fit L2, and else.
_READ_FAR, _READ_NEAR = 10, 1
_NEAR = 1 << 14  # pairs of channels
# Time for a direct multiply-add of outputs that borders cut into short rows.
_BORDERS = 1.2
# Tiles of 4 x 4 are exact enough (benchmarks/winograd_error.py) where what they read has this side:
# below, the direct algorithm skips most taps, while the tiles' rounding stays.
_LEAST_SIDE = 5
_WIDEST = 16  # channels of a vector; a packed kernel is filled up to whole ones


def tile_sizes(
    kernel_shape: tuple[int, ...],
    strides: tuple[int, ...],
    dilations: tuple[int, ...],
    groups: int,
    height: int,
    width: int,
    out_height: int,
    out_width: int,
) -> Tiles:
    """The one function that decides; of batch, threads, memory and element type it knows nothing.

    A kernel (3, 3, CI, CO), strides and dilations of 1, one group; the input is height x width.
    """
    ci, co = kernel_shape[-2:]
    plain = kernel_shape[:-2] == (3, 3) and set(strides) == set(dilations) == {1} and groups == 1
    if not plain or not _LEAST_CHANNELS <= min(ci, co) <= max(ci, co) <= _MOST_CHANNELS:
        return DIRECT
    largest = min(_largest_exact(height, width), _largest_packed(co))
    return Tiles(
        _fastest(ci * co, (height, width), (out_height, out_width), largest),
        _fastest(
            ci * co,
            (out_height, out_width),
            (height, width),
            _largest_exact(out_height, out_width),
        ),
        2 if out_height * out_width >= _LEAST_CHANNELS else 0,
    )


def _largest_exact(height: int, width: int) -> int:
    """The largest size whose error is small enough when it reads images of height x width."""
    return 4 if min(height, width) >= _LEAST_SIDE else 2


def _largest_packed(co: int) -> int:
    """The largest size for which a packed kernel takes at most 5 times its size."""
    filled = -(-co // _WIDEST) * _WIDEST
    return 4 if 4 * filled <= 5 * co else 2


def _fastest(
    channel_pairs: int, source: tuple[int, int], outs: tuple[int, int], largest: int
) -> int:
    """The size with the least time for one image, of `source` pixels to `outs`."""
    read = _READ_NEAR if channel_pairs <= _NEAR else _READ_FAR

    def time(size: int) -> float:
        if size == 0:
            seen = _taps_seen(source[0], outs[0]) * _taps_seen(source[1], outs[1])
            return min(_BORDERS * seen, 9 * outs[0] * outs[1]) + 9 * read
        tiles = -(-outs[0] // size) * -(-outs[1] // size)
        return (size + 2) ** 2 * (_COST[size] * tiles + read)

    return min((size for size in _COST if size <= largest), key=time)


def _taps_seen(source: int, outs: int) -> float:
    """Along one axis, taps that meet no padding, of all outputs; the direct algorithm's work."""
    unpadded = max(source - outs + 2, 0) / 2  # at each end: 2 of a "valid" convolution, 1 of "same"
    return 3 * source - unpadded * (unpadded + 1)


def allowed(tiles: Tiles) -> Tiles:
    """`tiles`, or none where `set_algorithm` says so."""
    return tiles if _algorithm._current == "auto" else DIRECT
