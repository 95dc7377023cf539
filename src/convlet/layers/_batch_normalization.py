"""Normalization by the statistics of a batch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from convlet import initializers
from convlet._cext import normalization
from convlet._variable import Array
from convlet.config import check_number
from convlet.layers._layer import Layer, Shape
from convlet.layers._normalized import check_axis, check_epsilon
from convlet.layers._pullback import Gradients, Pullback
from convlet.ops._arguments import contiguous


class BatchNormalization(Layer):
    """Each channel to mean 0 and variance 1, then times gamma, plus beta.

    Training takes the batch's mean and variance, and moves running averages of them, which
    inference takes.

    Parameters
    ----------
    axis : int, default -1
        The axis of channels; 1 for channels first.
    momentum : float, default 0.99
        What the running averages keep of themselves in a training step.
    epsilon : float, default 0.001
        Added to variances.
    center, scale : bool, default True
        Whether there is a beta, a gamma.
    beta_initializer, gamma_initializer : default "zeros", "ones"
    moving_mean_initializer, moving_variance_initializer : default "zeros", "ones"
    **kwargs
        `name`, `dtype`, `trainable`, `input_shape` of `Layer`.

    Notes
    -----
    With ``trainable = False`` it infers while others train, as in Keras. Variances are those of the
    whole batch, not of the population that it is drawn from. Statistics are in double precision:
    rows (pixels of the batch) are cut into runs by the array's shape alone, whose means and squared
    distances are merged in order (T. Chan et al., 1979). S. Ioffe, C. Szegedy (ICML 2015).

    Examples
    --------
    >>> import numpy as np
    >>> from convlet.layers import BatchNormalization
    >>> layer, x = BatchNormalization(epsilon=0), np.array([[1, 2], [3, 6]], np.float32)
    >>> layer(x, training=True)
    array([[-1., -1.],
           [ 1.,  1.]], dtype=float32)
    >>> layer.moving_mean.value
    array([0.02, 0.04], dtype=float32)
    """

    regularized: ClassVar[Mapping[str, str]] = {"gamma": "gamma", "beta": "beta"}

    def __init__(
        self,
        axis: int = -1,
        momentum: float = 0.99,
        epsilon: float = 1e-3,
        center: bool = True,
        scale: bool = True,
        beta_initializer: Any = "zeros",
        gamma_initializer: Any = "ones",
        moving_mean_initializer: Any = "zeros",
        moving_variance_initializer: Any = "ones",
        **kwargs: Any,
    ) -> None:
        for name in ("renorm", "synchronized"):
            if kwargs.pop(name, False):
                raise ValueError(f"{name} must be False: convlet has no such normalization")
        super().__init__(**kwargs)
        self.axis = check_axis(axis)
        self.momentum = check_number("momentum", momentum)
        self.epsilon = check_epsilon(epsilon)
        self.center, self.scale = bool(center), bool(scale)
        self.beta_initializer = initializers.get(beta_initializer)
        self.gamma_initializer = initializers.get(gamma_initializer)
        self.moving_mean_initializer = initializers.get(moving_mean_initializer)
        self.moving_variance_initializer = initializers.get(moving_variance_initializer)

    def build(self, input_shape: Shape) -> None:
        """Make gamma, beta, and the running averages: (channels,) each."""
        shape = (self._channels(input_shape),)
        self.gamma = self.beta = None
        if self.scale:
            self.gamma = self.add_weight(shape, self.gamma_initializer, name="gamma")
        if self.center:
            self.beta = self.add_weight(shape, self.beta_initializer, name="beta")
        self.moving_mean = self.add_weight(
            shape, self.moving_mean_initializer, trainable=False, name="moving_mean"
        )
        self.moving_variance = self.add_weight(
            shape, self.moving_variance_initializer, trainable=False, name="moving_variance"
        )

    def _channels(self, input_shape: Shape) -> int:
        rank = len(input_shape)
        size = input_shape[self.axis] if -rank <= self.axis < rank else None
        if rank < 2 or self.axis in (0, -rank) or not size:
            raise ValueError(
                f"{self.name}: axis {self.axis} must be one after N and have a known size above 0, "
                f"got shape {input_shape}"
            )
        if self.built and size != self.moving_mean.size:
            raise ValueError(
                f"{self.name}: the input must have {self.moving_mean.size} channels, as when the "
                f"layer was built, got shape {input_shape}"
            )
        return size

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """The input's."""
        self._channels(input_shape)
        return input_shape

    def _matrix(self, x: Array) -> Array:
        """(pixels of the batch, channels), C-contiguous."""
        moved = np.moveaxis(x, self.axis, -1)
        return contiguous(moved).reshape(-1, self.moving_mean.size)

    def _like(self, matrix: Array, x: Array) -> Array:
        """A matrix in x's shape."""
        shape = np.moveaxis(x, self.axis, -1).shape
        return contiguous(np.moveaxis(matrix.reshape(shape), -1, self.axis))

    def _factors(self, mean: Array, variance: Array) -> tuple[Array, Array]:
        """1 / sqrt(variance + epsilon); and mean, scale and shift as rows."""
        inverse = 1 / np.sqrt(variance + variance.dtype.type(self.epsilon))
        gain = inverse if self.gamma is None else inverse * self.gamma.value
        shift = np.zeros_like(mean) if self.beta is None else self.beta.value
        return inverse, np.array([mean, gain, shift], self.compute_dtype)

    def vjp(self, x: Array, training: bool = False) -> tuple[Array, Pullback]:
        """The output, and the map from its gradient to those of x, gamma and beta."""
        self._channels(x.shape)
        matrix = self._matrix(x)
        trains = training and self.trainable and matrix.size > 0
        mean, variance, updates = self._statistics(matrix, trains)
        inverse, factors = self._factors(mean, variance)
        y = np.empty_like(matrix)
        normalization.column_scale(matrix, factors, y)

        def gradients(dy: Array, needs_dx: bool) -> Gradients:
            slopes = self._matrix(dy)
            total, product = np.empty((2, factors.shape[1]))
            normalization.column_products(slopes, matrix, factors[0], total, product)
            found = {"gamma": product * inverse, "beta": total}
            grads = [found[n].astype(x.dtype) for n in self._trained("gamma", "beta")]
            if not needs_dx:
                return None, grads
            if not trains:
                total, product = np.zeros((2, factors.shape[1]))
            count = max(len(matrix), 1)
            bend = [total / count, product / count * np.square(inverse)]
            back = np.array([*factors[:2], *bend], x.dtype)
            dx = np.empty_like(matrix)
            normalization.column_slope(slopes, matrix, back, dx)
            return self._like(dx, x), grads

        return self._like(y, x), Pullback(gradients, updates)

    def _statistics(self, matrix: Array, trains: bool) -> tuple[Array, Array, list[Any]]:
        """Mean and variance to normalize with, and the running averages' next values."""
        kept = self.moving_mean, self.moving_variance
        if not trains:
            return kept[0].latest, kept[1].latest, []
        mean, variance = np.empty((2, matrix.shape[1]))
        normalization.column_moments(matrix, mean, variance)
        fresh = 1 - self.momentum
        updates = [
            (running, running.latest * self.momentum + now.astype(running.dtype) * fresh)
            for running, now in zip(kept, (mean, variance), strict=True)
        ]
        return mean, variance, updates

    def get_config(self) -> dict[str, Any]:
        """Constructor arguments, as plain values."""
        names = ("beta", "gamma", "moving_mean", "moving_variance")
        made = {f"{name}_initializer": getattr(self, f"{name}_initializer") for name in names}
        return {
            **super().get_config(),
            "axis": self.axis,
            "momentum": self.momentum,
            "epsilon": self.epsilon,
            "center": self.center,
            "scale": self.scale,
            **{name: initializers.serialize(value) for name, value in made.items()},
        }
