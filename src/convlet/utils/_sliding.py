"""The lecture's moving picture: a kernel that strides over an image, a window that pools it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from convlet import ops
from convlet._variable import Array
from convlet.layers._working import window_working
from convlet.ops._arguments import check_choice
from convlet.ops._geometry import normalize_padding, normalize_tuple, resolve_padding
from convlet.utils._animation import Animation
from convlet.utils._canvas import BLUE, GREEN, GREY, INK, ORANGE, PAPER, bare_axes

_MOST_FRAMES = 400
_LEGIBLE = 0.3  # inches: cells from this size on have numbers
_TERMS = 9  # products up to which the arithmetic is written out
_BETWEEN, _MARGIN = 1.6, 0.8  # cells


def animate_convolution(
    image: Any, kernel: Any, strides: Any = 1, padding: Any = "valid", *, seconds: float = 0.6
) -> Animation:
    """Show a kernel striding over an image, and the output that it makes, pixel by pixel.

    Parameters
    ----------
    image : array (H, W)
    kernel : array (KH, KW)
        It is not flipped: this is what `ops.conv` does.
    strides : int or 2 ints, default 1
    padding : str, int or pairs, default "valid"
        As for `convlet.ops.conv`.
    seconds : float, default 0.6
        For each of the output's pixels.

    Returns
    -------
    Animation
        Its `save` writes a .gif, or an .html page with a slider; a notebook shows it as it is. Its
        `figure` is the matplotlib figure.

    Raises
    ------
    ValueError
        If an array is not 2-D, an argument cannot be, or there are more than 400 frames.
    ImportError
        If matplotlib is not installed.

    Examples
    --------
    >>> import numpy as np
    >>> from convlet import utils
    >>> image = np.arange(25).reshape(5, 5) % 7
    >>> utils.animate_convolution(image, [[1, 0, -1]] * 3, strides=2).frames
    4
    """
    x, k = _plane("image", image), _plane("kernel", kernel)
    y = ops.conv(x[None, ..., None], k[..., None, None], strides=strides, padding=padding)

    def arithmetic(window: Array, inside: Array, value: float) -> str:
        if k.size > _TERMS:
            return f"the sum of {k.size} products = {_text(value)}"
        products = zip(window.ravel(), k.ravel(), strict=True)
        terms = " + ".join(f"{_text(a)}·{_factor(b)}" for a, b in products)
        return f"{terms} = {_text(value)}"

    sliding = _Sliding(x, k.shape, y[0, ..., 0], strides, padding, arithmetic, ORANGE)
    return sliding.animation("convolution", seconds, k)


def animate_pooling(
    image: Any,
    pool_size: Any = 2,
    strides: Any = None,
    padding: Any = "valid",
    *,
    mode: str = "max",
    seconds: float = 0.6,
) -> Animation:
    """Show a window striding over an image, and what pooling makes of it, pixel by pixel.

    Parameters
    ----------
    image : array (H, W)
    pool_size : int or 2 ints, default 2
    strides : int or 2 ints, default `pool_size`
    padding : str, int or pairs, default "valid"
        As for `convlet.ops.max_pool`.
    mode : {"max", "average"}, default "max"
    seconds : float, default 0.6
        For each of the output's pixels.

    Returns
    -------
    Animation
        As for `animate_convolution`.

    Raises
    ------
    ValueError
        If the image is not 2-D, an argument cannot be, or there are more than 400 frames.
    ImportError
        If matplotlib is not installed.

    Examples
    --------
    >>> import numpy as np
    >>> from convlet import utils
    >>> utils.animate_pooling(np.arange(16).reshape(4, 4)).frames
    4
    """
    check_choice("mode", mode, ("max", "average"))
    x, pool = _plane("image", image), ops.max_pool if mode == "max" else ops.average_pool
    size = normalize_tuple(pool_size, 2, "pool_size")
    strides = size if strides is None else strides
    y = pool(x[None, ..., None], size, strides=strides, padding=padding)

    def arithmetic(window: Array, inside: Array, value: float) -> str:
        numbers = [_text(number) for number in window[inside]]
        if len(numbers) > _TERMS:
            return f"the {mode} of {len(numbers)} numbers = {_text(value)}"
        if mode == "max":
            return f"max({', '.join(numbers)}) = {_text(value)}"
        return f"({' + '.join(numbers)}) / {len(numbers)} = {_text(value)}"

    sliding = _Sliding(x, size, y[0, ..., 0], strides, padding, arithmetic, GREEN)
    return sliding.animation(f"{mode} pooling", seconds)


class _Sliding:
    """The picture: padded image, kernel if there is one, output so far, and the arithmetic."""

    def __init__(
        self,
        x: Array,
        window: tuple[int, ...],
        y: Array,
        strides: Any,
        padding: Any,
        arithmetic: Callable[[Array, Array, float], str],
        color: str,
    ) -> None:
        if y.size > _MOST_FRAMES:
            raise ValueError(
                f"image must make at most {_MOST_FRAMES} outputs to be shown, got {y.size}: take a "
                "smaller one, or larger strides"
            )
        self.x, self.window, self.y, self.color = x, window, y, color
        self.strides = normalize_tuple(strides, 2, "strides")
        pads = normalize_padding(padding, 2)
        each: Any = (pads, pads) if isinstance(pads, str) else pads
        self.pads = [
            resolve_padding(n, k, s, 1, p)
            for n, k, s, p in zip(x.shape, window, self.strides, each, strict=True)
        ]
        self.padded = np.pad(x, self.pads)
        self.inside = np.pad(np.ones(x.shape, bool), self.pads)
        self.arithmetic = arithmetic
        lines = window_working(x.shape, window, self.strides, (1, 1), pads)
        self.working = "output size: " + ",  ".join(lines)

    def animation(self, title: str, seconds: float, kernel: Array | None = None) -> Animation:
        """All of it, at its first frame."""
        grids = [self.padded.shape, *([] if kernel is None else [kernel.shape]), self.y.shape]
        cell = min(0.5, 9.0 / sum(width for _, width in grids))
        tall = max(height for height, _ in grids)
        wide = sum(width for _, width in grids) + _BETWEEN * (len(grids) - 1) + 2 * _MARGIN
        head, foot = 0.75 / cell, 0.75 / cell  # cells
        self.cell, self.middle = cell, foot + tall / 2
        width = max(wide * cell, 7.2)
        self.figure, self.axes = bare_axes(width, cell * (tall + head + foot))
        self.axes.set_xlim((wide - width / cell) / 2, (wide + width / cell) / 2)
        self.axes.set_ylim(0, tall + head + foot)
        self._say(wide / 2, tall + foot + 0.47 / cell, title, size=11, weight="bold")
        self._say(wide / 2, 0.52 / cell, self.working, size=9, color=GREY)
        left = _MARGIN
        pad = "" if self.inside.all() else ", padded"
        name = f"input {self.x.shape[0]} x {self.x.shape[1]}{pad}"
        self.corner = self._grid(left, self.padded, name, self.inside)
        left += self.padded.shape[1] + _BETWEEN
        if kernel is not None:
            self._grid(
                left, kernel, f"kernel {kernel.shape[0]} x {kernel.shape[1]}", color=self.color
            )
            left += kernel.shape[1] + _BETWEEN
        self._prepare_output(left)
        self._frame(0)
        moving = [part for parts in self.cells for part in parts]
        moving += [self.frame, self.spot, self.line]
        return Animation(self.figure, self.y.size, self._frame, moving, seconds, title)

    def _say(self, x: float, y: float, text: str, *, size: float, **style: Any) -> Any:
        style = {"ha": "center", "va": "center", "color": INK, **style}
        return self.axes.text(x, y, text, fontsize=size, **style)

    def _grid(
        self, left: float, values: Array, name: str, inside: Any = None, color: str = BLUE
    ) -> tuple[float, float]:
        """Cells with their values; the upper left corner."""
        top = self.middle + values.shape[0] / 2
        shades = _shades(values)
        for (row, column), value in np.ndenumerate(values):
            padding = inside is not None and not inside[row, column]
            shade = None if padding else float(shades[row, column])
            self._cell(left + column, top - row, shade, color)
            if self.cell >= _LEGIBLE and not (padding and self.color == GREEN):
                ink = GREY if padding else INK
                self._number(left + column, top - row, value, color=ink)
        self._say(left + values.shape[1] / 2, top + 0.2 / self.cell, name, size=8.5)
        return left, top

    def _cell(self, left: float, top: float, shade: float | None, color: str) -> Any:
        """A square; without a shade, it is of the padding."""
        from matplotlib.colors import to_rgb
        from matplotlib.patches import Rectangle

        style: dict[str, Any] = {"fc": "white", "ec": GREY, "lw": 0.6, "ls": (0, (2, 2))}
        if shade is not None:
            fill = tuple(1 - 0.6 * shade * (1 - part) for part in to_rgb(color))
            style = {"fc": fill, "ec": color, "lw": 0.6}
        return self.axes.add_patch(Rectangle((left, top - 1), 1, 1, **style))

    def _number(self, left: float, top: float, value: float, **style: Any) -> Any:
        size = min(9.0, 19 * self.cell)
        return self._say(left + 0.5, top - 0.5, _text(value), size=size, **style)

    def _prepare_output(self, left: float) -> None:
        """Cells that frames will fill, the two frames that move, and the line of arithmetic."""
        from matplotlib.patches import Rectangle

        height, width = self.y.shape
        self.target = (left, self.middle + height / 2)
        self._say(
            left + width / 2,
            self.target[1] + 0.2 / self.cell,
            f"output {height} x {width}",
            size=8.5,
        )
        shades, self.cells = _shades(self.y), []
        for row, column in np.ndindex(self.y.shape):
            place = (left + column, self.target[1] - row)
            self._cell(*place, 0.0, BLUE).set(fc=PAPER)
            parts = [self._cell(*place, shades[row, column], BLUE)]
            if self.cell >= _LEGIBLE:
                parts.append(self._number(*place, float(self.y[row, column])))
            self.cells.append(parts)
        style: dict[str, Any] = {"fc": "none", "ec": self.color, "lw": 2.4, "zorder": 5}
        self.frame = self.axes.add_patch(Rectangle((0, 0), *self.window[::-1], **style))
        self.spot = self.axes.add_patch(Rectangle((0, 0), 1, 1, **style))
        middle = sum(self.axes.get_xlim()) / 2
        self.line = self._say(middle, 0.24 / self.cell, "", size=9, color=self.color)

    def _frame(self, number: int) -> None:
        row, column = divmod(number, self.y.shape[1])
        first = (row * self.strides[0], column * self.strides[1])
        height, width = self.window
        self.frame.set_xy((self.corner[0] + first[1], self.corner[1] - first[0] - height))
        self.spot.set_xy((self.target[0] + column, self.target[1] - row - 1))
        for place, parts in enumerate(self.cells):
            for part in parts:
                part.set_visible(place <= number)
        part = (slice(first[0], first[0] + height), slice(first[1], first[1] + width))
        value = float(self.y[row, column])
        self.line.set_text(self.arithmetic(self.padded[part], self.inside[part], value))


def _plane(name: str, value: Any) -> Array:
    array = np.asarray(value)
    if array.dtype.kind not in "fiub":
        raise TypeError(f"{name} must be real numbers, got {array.dtype}")
    if array.ndim != 2 or array.size == 0:
        raise ValueError(f"{name} must be 2-D and not empty, got shape {array.shape}")
    if not np.isfinite(array).all():
        raise ValueError(f"{name} must be finite to be drawn, got {array[~np.isfinite(array)][0]}")
    return array.astype(np.float64)


def _shades(values: Array) -> Any:
    """From 0 for the smallest to 1 for the largest."""
    low, high = values.min(), values.max()
    return (values - low) / (high - low) if high > low else np.full(values.shape, 0.3)


def _text(value: float) -> str:
    return f"{value + 0.0:.3g}"


def _factor(value: float) -> str:
    return _text(value) if value >= 0 else f"({_text(value)})"
