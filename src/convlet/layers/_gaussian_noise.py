"""Noise while training."""

from __future__ import annotations

from typing import Any

import numpy as np

from convlet._variable import Array
from convlet.layers._pullback import Pullback
from convlet.layers._random import Random
from convlet.layers._rectifiers import from_zero


class GaussianNoise(Random):
    """While training, add normally distributed numbers of mean 0.

    Parameters
    ----------
    stddev : float
        Their standard deviation, at least 0.
    seed : int, optional
        Default: drawn from Python's generator, which `convlet.utils.set_random_seed` seeds.
    **kwargs
        `name`, `dtype`, `trainable`, `input_shape` of `Layer`.

    Notes
    -----
    The numbers are those of NumPy's generator over Philox4x64-10, whose key is the seed and whose
    counter begins at the number of training passes before: they do not depend on the threads.

    Examples
    --------
    >>> import numpy as np
    >>> from convlet.layers import GaussianNoise
    >>> layer, x = GaussianNoise(0.1, seed=1), np.zeros((1, 6), np.float32)
    >>> layer(x)
    array([[0., 0., 0., 0., 0., 0.]], dtype=float32)
    >>> bool(layer(x, training=True).any())
    True
    """

    def __init__(self, stddev: float, seed: int | None = None, **kwargs: Any) -> None:
        super().__init__(seed, **kwargs)
        self.stddev = from_zero("stddev", stddev)

    def vjp(self, x: Array, training: bool = False) -> tuple[Array, Pullback]:
        """The output, and the identity for its gradient."""
        pullback = Pullback(lambda dy, needs_dx: (dy, []))
        if not training or self.stddev == 0:
            return x, pullback
        generator, pullback.updates = self._draw()
        noise = generator.standard_normal(x.shape, x.dtype)
        return np.ascontiguousarray(x + noise * x.dtype.type(self.stddev)), pullback

    def get_config(self) -> dict[str, Any]:
        """Constructor arguments, as plain values."""
        return {**super().get_config(), "stddev": self.stddev}
