"""Images shifted, or larger and smaller."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from convlet._variable import Array
from convlet.layers._augmentation import Affine, factor_range, stacked, uniform


class _TwoFactors(Affine):
    """What has a factor for rows and one for columns."""

    height_factor: Any
    width_factor: Any

    def get_config(self) -> dict[str, Any]:
        """Constructor arguments, as plain values."""
        factors = {"height_factor": self.height_factor, "width_factor": self.width_factor}
        return {**super().get_config(), **factors}


class RandomTranslation(_TwoFactors):
    """While training, shift each image by random parts of its height and width.

    Parameters
    ----------
    height_factor, width_factor : float or 2 floats
        Shifts down and to the right, from -1 to 1: from -factor to factor, or from one number to
        the other.
    fill_mode, interpolation, seed, fill_value, data_format, **kwargs
        As for `RandomRotation`, whose notes hold.

    Examples
    --------
    >>> import numpy as np
    >>> from convlet.layers import RandomTranslation
    >>> x = np.arange(4, dtype=np.float32).reshape(1, 1, 4, 1)
    >>> RandomTranslation(0.0, (0.5, 0.5), fill_mode="constant")(x).ravel()
    array([0., 0., 0., 1.], dtype=float32)
    """

    def __init__(
        self,
        height_factor: Any,
        width_factor: Any,
        fill_mode: str = "reflect",
        interpolation: str = "bilinear",
        seed: int | None = None,
        fill_value: float = 0.0,
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(fill_mode, interpolation, seed, fill_value, data_format, **kwargs)
        self._rows = factor_range("height_factor", height_factor)
        self._columns = factor_range("width_factor", width_factor)
        self.height_factor, self.width_factor = height_factor, width_factor

    def _maps(self, rng: np.random.Generator, count: int, height: int, width: int) -> Array:
        down, right = uniform(rng, count, self._rows, self._columns)
        return stacked(count, 1, 0, -right * width, 0, 1, -down * height)


class RandomZoom(_TwoFactors):
    """While training, zoom each image by a random factor about its centre.

    Parameters
    ----------
    height_factor : float or 2 floats
        What is added to 1, above -1 and at most 1: from -factor to factor, or from one number to
        the other. Above 0 the image shrinks, below 0 it grows.
    width_factor : float or 2 floats, optional
        Of columns. Default: the same number as for rows, which keeps the proportions.
    fill_mode, interpolation, seed, fill_value, data_format, **kwargs
        As for `RandomRotation`, whose notes hold.

    Examples
    --------
    >>> import numpy as np
    >>> from convlet.layers import RandomZoom
    >>> x = np.arange(4, dtype=np.float32).reshape(1, 1, 4, 1)
    >>> RandomZoom((-0.5, -0.5))(x).ravel()
    array([0.75, 1.25, 1.75, 2.25], dtype=float32)
    """

    def __init__(
        self,
        height_factor: Any,
        width_factor: Any = None,
        fill_mode: str = "reflect",
        interpolation: str = "bilinear",
        seed: int | None = None,
        fill_value: float = 0.0,
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(fill_mode, interpolation, seed, fill_value, data_format, **kwargs)
        bounds = math.nextafter(-1.0, 0.0), 1.0
        self._rows = factor_range("height_factor", height_factor, bounds)
        self._columns = None
        if width_factor is not None:
            self._columns = factor_range("width_factor", width_factor, bounds)
        self.height_factor, self.width_factor = height_factor, width_factor

    def _maps(self, rng: np.random.Generator, count: int, height: int, width: int) -> Array:
        rows, columns = uniform(rng, count, self._rows, self._columns or self._rows)
        down = 1 + rows
        across = down if self._columns is None else 1 + columns
        ends = (width - 1) / 2 * (1 - across), (height - 1) / 2 * (1 - down)
        return stacked(count, across, 0, ends[0], 0, down, ends[1])
