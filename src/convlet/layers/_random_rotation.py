"""Images turned about their centres."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from convlet._variable import Array
from convlet.layers._augmentation import Affine, factor_range, stacked, uniform


class RandomRotation(Affine):
    """While training, turn each image about its centre by a random angle.

    Parameters
    ----------
    factor : float or 2 floats
        Angles in full turns, from -1 to 1: from -factor to factor, or from one number to the other.
    fill_mode : {"reflect", "wrap", "constant", "nearest"}, default "reflect"
        What lies beyond an image: its mirror image (d c b a | a b c d | d c b a), the image again,
        `fill_value`, or the nearest pixel.
    interpolation : {"bilinear", "nearest"}, default "bilinear"
    seed : int, optional
        Default: drawn from Python's generator, which `convlet.utils.set_random_seed` seeds.
    fill_value : float, default 0.0
    data_format : {"channels_last", "channels_first"}, optional
        Default: `convlet.config.image_data_format()`.
    **kwargs
        `name`, `dtype`, `trainable`, `input_shape` of `Layer`.

    Raises
    ------
    ValueError, TypeError
        If an argument has a value or is of a kind that it cannot be.

    Notes
    -----
    Input (N, H, W, C) or (N, C, H, W), output the same; a model's inference leaves images alone.
    Called on an array without `training`, the layer turns it. Angles are numbers of NumPy's
    generator over Philox4x64-10, keyed by the seed and the number of training passes before: an
    image's depends on its place in the batch, and not on threads. For given numbers, results are
    those of Keras, whose own numbers are others. Coordinates and weights are in float64.

    Examples
    --------
    >>> import numpy as np
    >>> from convlet.layers import RandomRotation
    >>> x = np.arange(4, dtype=np.float32).reshape(1, 2, 2, 1)
    >>> RandomRotation((0.25, 0.25))(x)[0, :, :, 0].round(4)
    array([[1., 3.],
           [0., 2.]], dtype=float32)
    """

    def __init__(
        self,
        factor: Any,
        fill_mode: str = "reflect",
        interpolation: str = "bilinear",
        seed: int | None = None,
        fill_value: float = 0.0,
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(fill_mode, interpolation, seed, fill_value, data_format, **kwargs)
        self.factor = factor_range("factor", factor)

    def _maps(self, rng: np.random.Generator, count: int, height: int, width: int) -> Array:
        (turns,) = uniform(rng, count, self.factor)
        angles = (2 * math.pi * turns).tolist()
        cosine, sine = (np.array([of(angle) for angle in angles]) for of in (math.cos, math.sin))
        x, y = (width - 1) / 2, (height - 1) / 2
        ends = x - x * cosine + y * sine, y - x * sine - y * cosine
        return stacked(count, cosine, -sine, ends[0], sine, cosine, ends[1])

    def get_config(self) -> dict[str, Any]:
        """Constructor arguments, as plain values."""
        return {**super().get_config(), "factor": self.factor}
