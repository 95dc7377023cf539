"""Dropout: random zeros while training."""

from __future__ import annotations

from typing import Any

import numpy as np

from convlet._cext import pointwise
from convlet._random import check_seed
from convlet._variable import Array, Variable
from convlet.layers._layer import Layer, Shape
from convlet.layers._pullback import Gradients, Pullback


class Dropout(Layer):
    """While training, set elements to zero at random and scale the others to keep the mean.

    Parameters
    ----------
    rate : float
        The probability of zero: at least 0, at most 1.
    seed : int, optional
        Default: drawn from Python's generator, which `convlet.utils.set_random_seed` seeds.
    **kwargs
        `name`, `dtype`, `trainable`, `input_shape` of `Layer`.

    Raises
    ------
    ValueError, TypeError
        If `rate` is no number from 0 to 1, or `seed` no integer from 0 on.

    Notes
    -----
    Elements that stay are divided by 1 - rate. Which ones stay depends on the seed, the number of
    training passes before, and the element's position: not on the number of threads. From
    N. Srivastava et al., "Dropout" (JMLR 15, 2014), section 10 for the scaling; random bits are
    those of Philox4x32-10 (J. Salmon et al., SC 2011).

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

    def __init__(self, rate: float, seed: int | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if isinstance(rate, bool) or not isinstance(rate, (int, float, np.floating)):
            raise TypeError(f"rate must be a number, got {rate!r}")
        if not 0 <= rate <= 1:
            raise ValueError(f"rate must be at least 0 and at most 1, got {rate!r}")
        self.rate = float(rate)
        self._given_seed = seed
        self.seed = check_seed(seed)
        self.passes = Variable(np.int64(0), name="passes", trainable=False, path=self.name)

    @property
    def variables(self) -> list[Variable]:
        """The count of training passes, which is state but no weight."""
        return [*self.weights, self.passes]

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """The input's."""
        return input_shape

    def call(self, x: Array, training: bool = False) -> Array:
        """x, or in training x with zeros; counts the pass then."""
        y, pullback = self.vjp(x, training)
        for variable, value in pullback.updates:
            variable.assign(value)
        return y

    def vjp(self, x: Array, training: bool = False) -> tuple[Array, Pullback]:
        """The output, and the same zeros and scale for its gradient."""
        if not training or self.rate == 0:
            return x, Pullback(lambda dy, needs_dx: (dy, []))
        step = int(self.passes.value)

        def gradients(dy: Array, needs_dx: bool) -> Gradients:
            return (self._drop(dy, step) if needs_dx else None), []

        return self._drop(x, step), Pullback(gradients, [(self.passes, np.int64(step + 1))])

    def _drop(self, x: Array, step: int) -> Array:
        if self.rate == 1:
            return x * 0
        x = np.ascontiguousarray(x)
        y = np.empty(x.shape, x.dtype)
        pointwise.dropout(x.reshape(-1), y.reshape(-1), self.rate, self.seed, step)
        return y

    def get_config(self) -> dict[str, Any]:
        """Constructor arguments, as plain values."""
        return {**super().get_config(), "rate": self.rate, "seed": self._given_seed}
