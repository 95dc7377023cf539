"""Mirror images."""

from __future__ import annotations

from typing import Any

import numpy as np

from convlet._variable import Array
from convlet.layers._affine import Lookup
from convlet.layers._augmentation import Affine, stacked, uniform
from convlet.ops._arguments import check_choice

MODES = ("horizontal", "vertical", "horizontal_and_vertical")


class RandomFlip(Affine):
    """While training, mirror images at random, each with probability 0.5.

    Parameters
    ----------
    mode : str, default "horizontal_and_vertical"
        "horizontal" (left becomes right), "vertical", or both at once.
    seed, data_format, **kwargs
        As for `RandomRotation`.

    Examples
    --------
    >>> import numpy as np
    >>> from convlet.layers import RandomFlip
    >>> x = np.arange(3, dtype=np.float32).reshape(1, 1, 3, 1)
    >>> sorted({tuple(RandomFlip(seed=n)(x).ravel().tolist()) for n in range(9)})
    [(0.0, 1.0, 2.0), (2.0, 1.0, 0.0)]
    """

    def __init__(
        self,
        mode: str = "horizontal_and_vertical",
        seed: int | None = None,
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__("nearest", "nearest", seed, 0.0, data_format, **kwargs)
        self.mode = check_choice("mode", mode, MODES)

    def _maps(self, rng: np.random.Generator, count: int, height: int, width: int) -> Array:
        (drawn,) = uniform(rng, count, (0.0, 1.0))
        flip = (drawn <= 0.5).astype(np.float64)
        across = flip if "horizontal" in self.mode else 0 * flip
        down = flip if "vertical" in self.mode else 0 * flip
        return stacked(
            count, 1 - 2 * across, 0, across * (width - 1), 0, 1 - 2 * down, down * (height - 1)
        )

    def get_config(self) -> dict[str, Any]:
        """Constructor arguments, as plain values."""
        shared = super().get_config()
        for name in Lookup._fields:
            del shared[name]
        return {**shared, "mode": self.mode}
