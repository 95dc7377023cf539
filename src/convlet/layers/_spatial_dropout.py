"""Dropout of whole channels."""

from __future__ import annotations

from typing import Any

from convlet import config
from convlet.layers._dropout import Dropout
from convlet.ops._arguments import DATA_FORMATS, check_choice


class SpatialDropout(Dropout):
    """While training, set whole channels to zero at random; `rank` is the number of spatial axes.

    Parameters
    ----------
    rate : float
        The probability of zero: at least 0, at most 1.
    data_format : {"channels_last", "channels_first"}, optional
        Default: `convlet.config.image_data_format()`.
    seed : int, optional
        Default: drawn from Python's generator.
    **kwargs
        `name`, `dtype`, `trainable`, `input_shape` of `Layer`.

    Notes
    -----
    Otherwise as `Dropout`. J. Tompson et al. (CVPR 2015).
    """

    rank: int

    def __init__(
        self, rate: float, data_format: str | None = None, seed: int | None = None, **kwargs: Any
    ) -> None:
        self.data_format = check_choice(
            "data_format", data_format or config.image_data_format(), DATA_FORMATS
        )
        axes = (1,) * self.rank
        first = self.data_format == "channels_first"
        super().__init__(
            rate, (None, None, *axes) if first else (None, *axes, None), seed, **kwargs
        )

    def get_config(self) -> dict[str, Any]:
        """Constructor arguments, as plain values."""
        found = {**super().get_config(), "data_format": self.data_format}
        del found["noise_shape"]
        return found


class SpatialDropout1D(SpatialDropout):
    """`SpatialDropout` of (N, W, C); its parameters, but without `data_format`.

    Examples
    --------
    >>> import numpy as np
    >>> from convlet.layers import SpatialDropout1D
    >>> y = SpatialDropout1D(0.5, seed=1)(np.ones((1, 3, 8), np.float32), training=True)
    >>> bool((y == y[:, :1]).all())
    True
    """

    rank = 1

    def __init__(self, rate: float, seed: int | None = None, **kwargs: Any) -> None:
        super().__init__(rate, "channels_last", seed, **kwargs)

    def get_config(self) -> dict[str, Any]:
        """Constructor arguments, as plain values."""
        found = super().get_config()
        del found["data_format"]
        return found


class SpatialDropout2D(SpatialDropout):
    """`SpatialDropout` of (N, H, W, C), or (N, C, H, W) with channels first.

    Parameters are those of `SpatialDropout3D`.

    Examples
    --------
    >>> import numpy as np
    >>> from convlet.layers import SpatialDropout2D
    >>> y = SpatialDropout2D(0.5, seed=1)(np.ones((1, 3, 3, 8), np.float32), training=True)
    >>> bool((y == y[:, :1, :1]).all())
    True
    """

    rank = 2


class SpatialDropout3D(SpatialDropout):
    """`SpatialDropout` of (N, D, H, W, C), or (N, C, D, H, W) with channels first.

    Parameters
    ----------
    rate : float
        The probability of zero: at least 0, at most 1.
    data_format : {"channels_last", "channels_first"}, optional
        Default: `convlet.config.image_data_format()`.
    seed : int, optional
        Default: drawn from Python's generator.
    **kwargs
        `name`, `dtype`, `trainable`, `input_shape` of `Layer`.
    """

    rank = 3
