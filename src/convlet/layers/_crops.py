"""Windows of images, of one size."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from convlet._integers import positive_int
from convlet._variable import Array
from convlet.layers._affine import Lookup, sample, scatter
from convlet.layers._augmentation import Augmentation, Images
from convlet.layers._layer import Layer, Shape

Window = tuple[int, ...]  # first row and column, height and width


class _Crop(Images):
    """One window of all images of a batch, resized to height and width if it has other sizes."""

    def __init__(self, height: int, width: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.height = positive_int("height", height)
        self.width = positive_int("width", width)

    def _window(self, rows: int, columns: int, rng: np.random.Generator | None) -> Window:
        raise NotImplementedError

    def call(self, x: Array, training: bool = False) -> Array:
        """The windows, also of inference."""
        y: Array = Layer.call(self, x, training)
        return y

    def _bind(self, input_shape: Shape) -> Callable[[Array], Array]:
        return self.call

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """The input's, with the window's sizes."""
        count, *sizes = super().compute_output_shape(input_shape)
        if 0 in sizes:
            raise ValueError(f"{self.name}: images must not be empty, got shape {input_shape}")
        if self.data_format == "channels_first":
            return (count, input_shape[1], self.height, self.width)
        return (count, self.height, self.width, input_shape[3])

    def _change(self, x: Array, rng: np.random.Generator | None) -> tuple[Array, Any]:
        window = self._window(x.shape[1], x.shape[2], rng)
        size = self.height, self.width

        def inside(image: Array) -> Array:
            return image[:, window[0] : window[0] + window[2], window[1] : window[1] + window[3]]

        def back(dy: Array) -> Array:
            dx = np.zeros(x.shape, x.dtype)
            inside(dx)[...] = dy if window[2:] == size else _resized_grad(dy, window)
            return dx

        part = inside(x)
        return part if window[2:] == size else _resized(part, size), back

    def get_config(self) -> dict[str, Any]:
        """Constructor arguments, as plain values."""
        return {**super().get_config(), "height": self.height, "width": self.width}


class RandomCrop(_Crop, Augmentation):
    """While training, cut a window out of images at a random place, the same for the whole batch.

    Parameters
    ----------
    height, width : int
        Of the window.
    seed : int, optional
        Default: drawn from Python's generator, which `convlet.utils.set_random_seed` seeds.
    data_format : {"channels_last", "channels_first"}, optional
        Default: `convlet.config.image_data_format()`.
    **kwargs
        `name`, `dtype`, `trainable`, `input_shape` of `Layer`.

    Notes
    -----
    Input (N, H, W, C), output (N, height, width, C). While inferring, and where H or W is not
    larger than the window, the largest centred window of its proportions is resized to it, as
    Keras's documentation has it. Called on an array without `training`, the layer is training.

    Examples
    --------
    >>> import numpy as np
    >>> from convlet.layers import RandomCrop
    >>> x = np.arange(9, dtype=np.float32).reshape(1, 3, 3, 1)
    >>> RandomCrop(2, 2, seed=1)(x)[0, :, :, 0]
    array([[0., 1.],
           [3., 4.]], dtype=float32)
    """

    def __init__(
        self,
        height: int,
        width: int,
        seed: int | None = None,
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(height, width, seed=seed, data_format=data_format, **kwargs)

    def _window(self, rows: int, columns: int, rng: np.random.Generator | None) -> Window:
        if rng is None or rows <= self.height or columns <= self.width:
            return proportional(rows, columns, self.height, self.width)
        first = (
            int(rng.integers(rows - self.height + 1)),
            int(rng.integers(columns - self.width + 1)),
        )
        return (*first, self.height, self.width)


class CenterCrop(_Crop):
    """Cut the window in the middle out of images.

    Parameters
    ----------
    height, width : int
        Of the window.
    data_format : {"channels_last", "channels_first"}, optional
        Default: `convlet.config.image_data_format()`.
    **kwargs
        `name`, `dtype`, `trainable`, `input_shape` of `Layer`.

    Notes
    -----
    Of an image that is smaller, the largest centred window of the same proportions is resized.

    Examples
    --------
    >>> import numpy as np
    >>> from convlet.layers import CenterCrop
    >>> CenterCrop(1, 2)(np.arange(12, dtype=np.float32).reshape(1, 3, 4, 1)).ravel()
    array([5., 6.], dtype=float32)
    """

    def __init__(
        self, height: int, width: int, data_format: str | None = None, **kwargs: Any
    ) -> None:
        super().__init__(height, width, data_format=data_format, **kwargs)

    def _window(self, rows: int, columns: int, rng: np.random.Generator | None) -> Window:
        if rows >= self.height and columns >= self.width:
            middle = (rows - self.height) // 2, (columns - self.width) // 2
            return (*middle, self.height, self.width)
        return proportional(rows, columns, self.height, self.width)


def proportional(rows: int, columns: int, height: int, width: int) -> Window:
    """The largest window of the proportions of height and width, in the middle."""
    high = max(min(rows, columns * height // width), 1)
    wide = max(min(columns, rows * width // height), 1)
    return (rows - high) // 2, (columns - wide) // 2, high, wide


def _maps(count: int, window: tuple[int, ...], size: tuple[int, ...]) -> Array:
    """Each output pixel's centre, in the window's coordinates."""
    down, across = (have / want for have, want in zip(window, size, strict=True))
    row = [across, 0.0, across / 2 - 0.5, 0.0, down, down / 2 - 0.5]
    return np.array([row] * count).reshape(count, 6)


def _resized(x: Array, size: tuple[int, ...]) -> Array:
    maps = _maps(len(x), (x.shape[1], x.shape[2]), size)
    return sample(np.ascontiguousarray(x), maps, size, Lookup())


def _resized_grad(dy: Array, window: Window) -> Array:
    maps = _maps(len(dy), window[2:], (dy.shape[1], dy.shape[2]))
    return scatter(dy, maps, window[2:], Lookup())
