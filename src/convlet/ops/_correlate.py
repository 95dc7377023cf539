"""Correlation and convolution of two plain images, as SciPy has them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from convlet.ops import _arguments as arguments
from convlet.ops import _convolution as convolution
from convlet.ops._arguments import Array
from convlet.ops._blocks import Block, blocks

MODES = ("full", "same", "valid")
BOUNDARIES = {
    "fill": "fill",
    "wrap": "wrap",
    "circular": "wrap",
    "symm": "symm",
    "symmetric": "symm",
}
Pads = tuple[int, int]  # what an output's window begins before the image, and ends after it


def correlate2d(
    in1: Any, in2: Any, mode: str = "full", boundary: str = "fill", fillvalue: float = 0
) -> Array:
    """Correlate two 2-D arrays: `scipy.signal.correlate2d`.

    out[i, j] = sum over k, l of in1[i + k - top, j + l - left] * in2[k, l]

    Parameters
    ----------
    in1, in2 : array (H, W) and (KH, KW)
        float32 or float64, of the same dtype, any strides.
    mode : {"full", "same", "valid"}
        "full": every output to which an element of both contributes; "same": those in the centre,
        as many as in1 has; "valid": those that need nothing beyond the larger array.
    boundary : {"fill", "wrap", "symm"}
        What lies beyond in1: `fillvalue`, in1 again ("circular", too), or in1 mirrored with its
        border repeated ("symmetric", too).
    fillvalue : float, default 0

    Returns
    -------
    ndarray (H + KH - 1, W + KW - 1) for "full", (H, W) for "same"
        And the difference of the sizes + 1 for "valid". C-contiguous, of in1's dtype.

    Raises
    ------
    TypeError
        If an array is not float32 or float64, dtypes differ, or an option is of a wrong kind.
    ValueError
        If an array does not have two axes or is empty, an option has a value that it cannot have,
        or for "valid" neither array is at least as large as the other along both axes.

    Notes
    -----
    The accumulator has in1's dtype and starts at zero; in2's elements are taken in row-major order,
    by fused multiply-adds where the processor has them: the same bits for any thread count and
    strides. A fillvalue of 0 adds nothing, not even where in2 is infinite.

    Examples
    --------
    >>> import numpy as np
    >>> from convlet import ops
    >>> image = np.arange(9.).reshape(3, 3)
    >>> ops.correlate2d(image, np.array([[-1., 0., 1.]]), mode="same", boundary="symm")
    array([[1., 2., 1.],
           [1., 2., 1.],
           [1., 2., 1.]])
    """
    in1, in2 = _check(in1, in2)
    name, fill = _check_options(mode, boundary, fillvalue)
    if _second_is_larger(mode, in1, in2):
        return np.ascontiguousarray(_correlate(in2, in1, mode, name, fill, 0)[::-1, ::-1])
    return _correlate(in1, in2, mode, name, fill, 0)


def convolve2d(
    in1: Any, in2: Any, mode: str = "full", boundary: str = "fill", fillvalue: float = 0
) -> Array:
    """Convolve two 2-D arrays: `scipy.signal.convolve2d`, `correlate2d` with in2 turned around.

    Parameters
    ----------
    in1, in2, mode, boundary, fillvalue
        As `correlate2d` takes them.

    Returns
    -------
    ndarray
        As `correlate2d` returns it.

    Raises
    ------
    TypeError, ValueError
        As `correlate2d`.

    Notes
    -----
    Numerics are those of `correlate2d`.

    Examples
    --------
    >>> import numpy as np
    >>> from convlet import ops
    >>> ops.convolve2d(np.array([[1., 2.]]), np.array([[1., 10.]]))
    array([[ 1., 12., 20.]])
    """
    in1, in2 = _check(in1, in2)
    name, fill = _check_options(mode, boundary, fillvalue)
    if _second_is_larger(mode, in1, in2):
        in1, in2 = in2, in1
    return _correlate(in1, in2[::-1, ::-1], mode, name, fill, 1)


def _check(in1: Any, in2: Any) -> tuple[Array, Array]:
    in1, in2 = arguments.as_array(in1, "in1", 2), arguments.as_array(in2, "in2", 2)
    arguments.check_same_dtype("in1", in1, "in2", in2)
    arguments.check_not_empty("in1", in1.shape)
    arguments.check_not_empty("in2", in2.shape)
    return in1, in2


def _check_options(mode: Any, boundary: Any, fillvalue: Any) -> tuple[str, float]:
    """The boundary's short name, and the value."""
    arguments.check_choice("mode", mode, MODES)
    arguments.check_choice("boundary", boundary, tuple(BOUNDARIES))
    try:
        return BOUNDARIES[boundary], float(np.asarray(fillvalue).astype(float, casting="same_kind"))
    except (TypeError, ValueError):
        raise TypeError(f"fillvalue must be a real number, got {fillvalue!r}") from None


def _second_is_larger(mode: str, in1: Array, in2: Array) -> bool:
    """Whether the roles change: "valid" slides the smaller array over the larger."""
    pairs = list(zip(in1.shape, in2.shape, strict=True))
    if mode != "valid" or all(one >= other for one, other in pairs):
        return False
    if all(one <= other for one, other in pairs):
        return True
    raise ValueError(
        'for mode "valid" one array must be at least as large as the other along both axes, got '
        f"in1 of shape {in1.shape} and in2 of shape {in2.shape}"
    )


def _correlate(
    image: Array, kernel: Array, mode: str, boundary: str, fill: float, turned: int
) -> Array:
    pads = tuple(_pads(size, mode, turned) for size in kernel.shape)
    padding = pads if boundary == "fill" and fill == 0 else ((0, 0), (0, 0))
    x, wide = image[None, :, :, None], kernel[:, :, None, None]
    if padding == pads:
        return convolution.conv(x, wide, padding=pads)[0, :, :, 0]
    shape = tuple(
        length + before + after - size + 1
        for length, size, (before, after) in zip(image.shape, kernel.shape, pads, strict=True)
    )
    out, _ = arguments.output_array(None, shape, "channels_last", (("in1", image),))
    for block, inside in _regions(image.shape, kernel.shape, shape, pads, image.itemsize):
        rows, columns = (
            np.arange(part.start - before, part.stop - before + size - 1)
            for part, (before, _), size in zip(block, pads, kernel.shape, strict=True)
        )
        part = (
            image[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
            if inside
            else _beyond(image, rows, columns, boundary, fill)
        )
        convolution.conv(part[None, :, :, None], wide, out=out[None, *block, None])
    return out


def _pads(size: int, mode: str, turned: int) -> Pads:
    if mode == "valid":
        return 0, 0
    before = size - 1 if mode == "full" else (size - 1 + turned) // 2
    return before, size - 1 if mode == "full" else size - 1 - before


def _regions(
    lengths: tuple[int, ...],
    sizes: tuple[int, ...],
    shape: tuple[int, ...],
    pads: tuple[Pads, ...],
    itemsize: int,
) -> Iterator[tuple[Block, bool]]:
    """Boxes of outputs: those whose windows lie inside the image, and blocks of the others."""
    cuts = []
    for length, size, out, (before, _) in zip(lengths, sizes, shape, pads, strict=True):
        first = min(before, out)
        cuts.append((0, first, max(first, min(length - size + 1 + before, out)), out))
    (top, first, end, bottom), (left, start, stop, right) = cuts
    inner = slice(first, end), slice(start, stop)
    if first < end and start < stop:
        yield inner, True
    for rows, columns in (
        (slice(top, first), slice(left, right)),
        (inner[0], slice(left, start)),
        (inner[0], slice(stop, right)),
        (slice(end, bottom), slice(left, right)),
    ):
        if rows.start < rows.stop and columns.start < columns.stop:
            for block in blocks((rows, columns), itemsize):
                yield block, False


def _beyond(image: Array, rows: Array, columns: Array, boundary: str, fill: float) -> Array:
    """The image at these rows and columns, on it or beyond."""
    if boundary == "wrap":
        return image[np.ix_(rows % image.shape[0], columns % image.shape[1])]
    if boundary == "symm":
        height, width = image.shape
        mirrored = (
            np.minimum(at % (2 * length), 2 * length - 1 - at % (2 * length))
            for at, length in ((rows, height), (columns, width))
        )
        return image[np.ix_(*mirrored)]
    part = np.full((len(rows), len(columns)), fill, image.dtype)
    inside = tuple(
        (at >= 0) & (at < length) for at, length in zip((rows, columns), image.shape, strict=True)
    )
    part[np.ix_(*inside)] = image[np.ix_(rows[inside[0]], columns[inside[1]])]
    return part
