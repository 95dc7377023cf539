"""Images looked up at moved places: an affine map of coordinates, and its adjoint."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from convlet._cext import runtime
from convlet._variable import Array
from convlet.ops._blocks import blocks

FILL_MODES = ("reflect", "wrap", "constant", "nearest")
INTERPOLATIONS = ("nearest", "bilinear")


class Lookup(NamedTuple):
    """What is read between pixels, and beyond the image."""

    interpolation: str = "bilinear"
    fill_mode: str = "nearest"
    fill_value: float = 0.0


class Tap(NamedTuple):
    """One of the pixels that each output pixel reads, for some images (first axis)."""

    place: Array  # among all pixels of these images
    weight: Array | None  # None: 1
    inside: Array | None  # None: everywhere


def sample(x: Array, maps: Array, size: tuple[int, ...], how: Lookup) -> Array:
    """Images whose pixel (i, j) is x's at row b0 j + b1 i + b2, column a0 j + a1 i + a2.

    Parameters
    ----------
    x : ndarray (N, H, W, C), C-contiguous
    maps : ndarray (N, 6), float64
        a0, a1, a2, b0, b1, b2 of each image: the first six numbers of Keras's transforms.
    size : tuple of 2 ints
        Rows and columns of the output.
    how : Lookup

    Returns
    -------
    ndarray (N, *size, C)
        Taps are added in row-major order, in x's element type; coordinates and weights are
        computed in float64.
    """
    y = np.zeros((len(x), *size, x.shape[3]), x.dtype)
    for some, taps in _blocks(x.shape, maps, size, how):
        pixels = x[some].reshape(-1, x.shape[3])
        into = y[some].reshape(-1, size[0] * size[1], x.shape[3])
        with runtime.flushing(), np.errstate(invalid="ignore"):  # an infinity beside a weight of 0
            for tap in taps:
                values = pixels[tap.place]
                if tap.inside is not None:
                    values[~tap.inside] = how.fill_value
                into += values if tap.weight is None else values * tap.weight[..., None]
    return y


def scatter(dy: Array, maps: Array, size: tuple[int, ...], how: Lookup) -> Array:
    """The gradient of `sample` in x, whose images have `size` rows and columns.

    Sums are in float64: tap by tap, the output's pixels in row-major order.
    """
    channels = dy.shape[3]
    dx = np.zeros((len(dy), *size, channels), dy.dtype)
    for some, taps in _blocks(dx.shape, maps, dy.shape[1:3], how):
        slopes = dy[some].reshape(-1, dy.shape[1] * dy.shape[2], channels)
        places, parts = [], []
        with runtime.flushing():
            for tap in taps:
                part = slopes if tap.weight is None else slopes * tap.weight[..., None]
                if tap.inside is not None:
                    part = np.where(tap.inside[..., None], part, 0)
                places.append(np.ravel(tap.place[..., None] * channels + np.arange(channels)))
                parts.append(np.ravel(part))
        target = dx[some]
        sums = np.bincount(np.concatenate(places), np.concatenate(parts), target.size)
        target[...] = sums.reshape(target.shape)
    return dx


def _blocks(
    shape: tuple[int, ...], maps: Array, size: tuple[int, ...], how: Lookup
) -> Iterator[tuple[slice, list[Tap]]]:
    """The taps of a few images at a time, so that memory does not grow with their number."""
    _, height, width, channels = shape
    if not maps.size:
        return
    for (some,) in blocks((slice(0, len(maps)),), 8 * size[0] * size[1] * (4 + channels)):
        yield some, _taps(maps[some], (height, width), size, how)


def _taps(maps: Array, size: tuple[int, ...], out: tuple[int, ...], how: Lookup) -> list[Tap]:
    rows, columns = (grid.reshape(-1) for grid in np.indices(out, np.float64))
    a0, a1, a2, b0, b1, b2 = (maps[:, place, None] for place in range(6))
    along = (b0 * columns + b1 * rows + b2, a0 * columns + a1 * rows + a2)
    first = np.arange(len(maps))[:, None] * (size[0] * size[1])
    taps = []
    for row in _nodes(along[0], size[0], how):
        for column in _nodes(along[1], size[1], how):
            place = first + row[0] * size[1] + column[0]
            weight = None if row[1] is None else row[1] * column[1]
            inside = None if row[2] is None else row[2] & column[2]
            taps.append(Tap(place, weight, inside))
    return taps


def _nodes(where: Array, size: int, how: Lookup) -> list[tuple[Any, Any, Any]]:
    """Index, weight and whether it is inside, for each pixel that is read along an axis."""
    low = np.rint(where) if how.interpolation == "nearest" else np.floor(where)
    index = low.astype(np.intp)
    found: list[tuple[Array, Any]] = [(index, None)]
    if how.interpolation == "bilinear":
        found = [(index, 1 - (where - low)), (index + 1, where - low)]
    constant = how.fill_mode == "constant"
    return [
        (_within(one, size, how.fill_mode), weight, (one >= 0) & (one < size) if constant else None)
        for one, weight in found
    ]


def _within(index: Array, size: int, fill_mode: str) -> Array:
    """The pixel that stands for one beyond the image."""
    if fill_mode == "wrap":
        return index % size
    if fill_mode == "reflect":  # d c b a | a b c d | d c b a
        index = index % (2 * size)
        return np.minimum(index, 2 * size - 1 - index)
    return np.clip(index, 0, size - 1)
