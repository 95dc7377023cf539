"""Images lighter and darker, flatter and starker, at random."""

from __future__ import annotations

from typing import Any

import numpy as np

from convlet._variable import Array
from convlet.config import check_number
from convlet.layers._augmentation import Augmentation, Range, factor_range, uniform
from convlet.ops._pooling import average_pool


class _Colors(Augmentation):
    """A change of values by a random number for each image, clipped to their range."""

    bounds: Range

    def __init__(
        self,
        factor: Any,
        value_range: Any = (0, 255),
        seed: int | None = None,
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(data_format, seed=seed, **kwargs)
        self.factor = factor_range("factor", factor, self.bounds)
        if not isinstance(value_range, (tuple, list)) or len(value_range) != 2:
            raise ValueError(f"value_range must be two numbers, got {value_range!r}")
        low, high = sorted(check_number("value_range", part) for part in value_range)
        self.value_range = low, high

    def _clipped(self, y: Array) -> tuple[Array, Array]:
        """Within the range, and where the gradient passes."""
        low, high = self.value_range
        return np.clip(y, low, high).astype(y.dtype, copy=False), (y >= low) & (y <= high)

    def get_config(self) -> dict[str, Any]:
        """Constructor arguments, as plain values."""
        own = {"factor": self.factor, "value_range": self.value_range}
        return {**super().get_config(), **own}


class RandomBrightness(_Colors):
    """While training, add to each image a random part of its range of values.

    Parameters
    ----------
    factor : float or 2 floats
        Parts, from -1 to 1: from -factor to factor, or from one number to the other.
    value_range : 2 floats, default (0, 255)
        The least and the largest value; results are clipped to them.
    seed, data_format, **kwargs
        As for `RandomRotation`, whose notes hold.

    Examples
    --------
    >>> import numpy as np
    >>> from convlet.layers import RandomBrightness
    >>> x = np.array([0.2, 0.8], np.float32).reshape(1, 1, 2, 1)
    >>> RandomBrightness((0.5, 0.5), value_range=(0, 1))(x).ravel()
    array([0.7, 1. ], dtype=float32)
    """

    bounds = -1.0, 1.0

    def _change(self, x: Array, rng: np.random.Generator | None) -> tuple[Array, Any]:
        if rng is None:
            return x, lambda dy: dy
        (parts,) = uniform(rng, len(x), self.factor)
        more = (parts * (self.value_range[1] - self.value_range[0])).astype(x.dtype)
        y, passes = self._clipped(x + more[:, None, None, None])
        return y, lambda dy: np.where(passes, dy, 0)


class RandomContrast(_Colors):
    """While training, multiply each channel's distance from its mean over the image.

    Parameters
    ----------
    factor : float or 2 floats
        From 0 to 1. The multipliers are from 1 to 1 + factor, or, of two numbers, from 1 - the
        smaller one to 1 + the larger one, as in Keras.
    value_range : 2 floats, default (0, 255)
        The least and the largest value; results are clipped to them.
    seed, data_format, **kwargs
        As for `RandomRotation`, whose notes hold.

    Examples
    --------
    >>> import numpy as np
    >>> from convlet.layers import RandomContrast
    >>> x = np.array([0.25, 0.75], np.float32).reshape(1, 1, 2, 1)
    >>> y = RandomContrast((0.5, 0.5), value_range=(0, 1), seed=1)(x)
    >>> bool(0.5 * (0.75 - 0.25) <= y[0, 0, 1, 0] - y[0, 0, 0, 0] <= 1.5 * (0.75 - 0.25))
    True
    """

    bounds = 0.0, 1.0

    def _change(self, x: Array, rng: np.random.Generator | None) -> tuple[Array, Any]:
        if rng is None or not x.size:
            return x, lambda dy: dy
        (factors,) = uniform(rng, len(x), (1 - self.factor[0], 1 + self.factor[1]))
        factor = factors.astype(x.dtype)[:, None, None, None]
        size = x.shape[1:3]
        mean = average_pool(x, size)
        y, passes = self._clipped((x - mean) * factor + mean)

        def back(dy: Array) -> Array:
            slope = np.where(passes, dy, 0)
            return slope * factor + (1 - factor) * average_pool(slope, size)

        return y, back
