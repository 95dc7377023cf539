"""Dropout: random zeros while training."""

from __future__ import annotations

from typing import Any

import numpy as np

from convlet._cext import pointwise
from convlet._reuse import empty
from convlet._variable import Array
from convlet.layers._layer import Shape, batch_shape
from convlet.layers._pullback import Gradients, Pullback
from convlet.layers._random import Random
from convlet.ops._arguments import contiguous


class Dropout(Random):
    """While training, set elements to zero at random and scale the others to keep the mean.

    Parameters
    ----------
    rate : float
        The probability of zero: at least 0, at most 1.
    noise_shape : tuple of int or None, optional
        Shape of the zeros, for each axis 1 or the input's size (None stands for it): where it is 1,
        elements along that axis are dropped together. Default: the input's.
    seed : int, optional
        Default: drawn from Python's generator, which `convlet.utils.set_random_seed` seeds.
    **kwargs
        `name`, `dtype`, `trainable`, `input_shape` of `Layer`.

    Raises
    ------
    ValueError, TypeError
        If `rate` is no number from 0 to 1, `noise_shape` no tuple of sizes that fits the input, or
        `seed` no integer from 0 on.

    Notes
    -----
    Elements that stay are divided by 1 - rate. Which ones stay depends on the seed, the number of
    training passes before, and the element's position: not on the number of threads. From
    N. Srivastava et al., "Dropout" (JMLR 15, 2014), section 10 for the scaling; random bits are
    those of Philox4x32-10 (J. Salmon et al., SC 2011). An element is multiplied by 0, so a NaN or
    an infinity that is dropped becomes NaN.

    Examples
    --------
    >>> import numpy as np
    >>> from convlet.layers import Dropout
    >>> layer, x = Dropout(0.5, seed=1), np.ones((1, 6), np.float32)
    >>> layer(x)
    array([[1., 1., 1., 1., 1., 1.]], dtype=float32)
    >>> sorted(set(layer(x, training=True).ravel().tolist()))
    [0.0, 2.0]
    """

    def __init__(
        self,
        rate: float,
        noise_shape: tuple[int | None, ...] | None = None,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(seed, **kwargs)
        if isinstance(rate, bool) or not isinstance(rate, (int, float, np.floating)):
            raise TypeError(f"rate must be a number, got {rate!r}")
        if not 0 <= rate <= 1:
            raise ValueError(f"rate must be at least 0 and at most 1, got {rate!r}")
        self.rate = float(rate)
        self.noise_shape: Shape | None = None
        if noise_shape is not None:
            self.noise_shape = batch_shape(noise_shape, "noise_shape")[1:]

    def vjp(self, x: Array, training: bool = False) -> tuple[Array, Pullback]:
        """The output, and the same zeros and scale for its gradient."""
        if not training or self.rate == 0:
            return x, Pullback(lambda dy, needs_dx: (dy, []))
        seed, step = self.seed, int(self.passes.latest)

        def gradients(dy: Array, needs_dx: bool) -> Gradients:
            return (self._drop(dy, seed, step) if needs_dx else None), []

        return self._drop(x, seed, step), Pullback(gradients, [(self.passes, np.int64(step + 1))])

    def _drop(self, x: Array, seed: int, step: int) -> Array:
        if self.rate == 1:
            with np.errstate(invalid="ignore"):  # of infinities
                return x * 0
        noisy = x if self.noise_shape is None else np.ones(self._noise_shape(x.shape), x.dtype)
        noisy = contiguous(noisy)
        y = empty(noisy.shape, x.dtype)
        pointwise.dropout(noisy.reshape(-1), y.reshape(-1), self.rate, seed, step)
        if self.noise_shape is None:
            return y
        with np.errstate(invalid="ignore"):
            return x * y

    def _noise_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """`noise_shape` for an input."""
        given = self.noise_shape or ()
        if len(given) != len(shape) or any(
            size not in (None, 1, own) for size, own in zip(given, shape, strict=True)
        ):
            raise ValueError(
                f"{self.name}: noise_shape must have 1, None or the input's size for each axis, "
                f"got {given} for an input of shape {shape}"
            )
        return tuple(own if size is None else size for size, own in zip(given, shape, strict=True))

    def get_config(self) -> dict[str, Any]:
        """Constructor arguments, as plain values."""
        return {
            **super().get_config(),
            "rate": self.rate,
            "noise_shape": self.noise_shape,
        }
