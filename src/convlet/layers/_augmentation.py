"""What layers share that change images at random while training."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from convlet import config
from convlet._variable import Array
from convlet.config import check_number
from convlet.layers._affine import FILL_MODES, INTERPOLATIONS, Lookup, sample, scatter
from convlet.layers._layer import Layer, Shape
from convlet.layers._pullback import Gradients, Pullback
from convlet.layers._random import Random
from convlet.layers._symbolic import is_symbolic
from convlet.ops._arguments import DATA_FORMATS, check_choice, contiguous

Range = tuple[float, float]


class Images(Layer):
    """Images (N, H, W, C), or (N, C, H, W), that are changed with channels last."""

    def __init__(self, data_format: str | None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.data_format = check_choice(
            "data_format", data_format or config.image_data_format(), DATA_FORMATS
        )

    def _change(self, x: Array, rng: np.random.Generator | None) -> tuple[Array, Any]:
        """The result for (N, H, W, C), and a function that maps its gradient to x's.

        Without a generator, as at inference.
        """
        raise NotImplementedError

    def _generator(self, training: bool) -> tuple[np.random.Generator | None, list[Any]]:
        """Random numbers for a pass, and what drawing them changes."""
        return None, []

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """The input's."""
        self.check_rank(input_shape, 4)
        return input_shape

    def call(self, x: Array, training: bool = False) -> Array:
        """The output for x."""
        self.compute_output_shape(x.shape)
        y: Array = super().call(x, training)
        return y

    def vjp(self, x: Array, training: bool = False) -> tuple[Array, Pullback]:
        """The output, and the map from its gradient to x's."""
        self.compute_output_shape(x.shape)
        rng, updates = self._generator(training)
        y, back = self._change(self._last(x), rng)

        def gradients(dy: Array, needs_dx: bool) -> Gradients:
            return (self._given(back(self._last(dy))) if needs_dx else None), []

        return self._given(y), Pullback(gradients, updates)

    def _last(self, x: Array) -> Array:
        """With channels last."""
        return contiguous(np.moveaxis(x, 1, -1) if self.data_format == "channels_first" else x)

    def _given(self, x: Array) -> Array:
        """In the layer's data format."""
        return contiguous(np.moveaxis(x, -1, 1) if self.data_format == "channels_first" else x)

    def get_config(self) -> dict[str, Any]:
        """Constructor arguments, as plain values."""
        return {**super().get_config(), "data_format": self.data_format}


class Augmentation(Images, Random):
    """Images changed at random while training.

    Called on an array, without `training`, it changes it, as in Keras; in a model it does so while
    that trains.
    """

    def __call__(self, x: Any, training: bool | None = None) -> Any:
        """As any layer; without `training`, an array is changed at random."""
        alone = training is None and not is_symbolic(x)
        return super().__call__(x, True if alone else training)

    def _generator(self, training: bool) -> tuple[np.random.Generator | None, list[Any]]:
        return self._draw() if training else (None, [])


class Affine(Augmentation):
    """Coordinates moved by a random affine map for each image."""

    def __init__(
        self,
        fill_mode: str,
        interpolation: str,
        seed: int | None,
        fill_value: float,
        data_format: str | None,
        **kwargs: Any,
    ) -> None:
        super().__init__(data_format, seed=seed, **kwargs)
        self.lookup = Lookup(
            check_choice("interpolation", interpolation, INTERPOLATIONS),
            check_choice("fill_mode", fill_mode, FILL_MODES),
            check_number("fill_value", fill_value),
        )

    def _maps(self, rng: np.random.Generator, count: int, height: int, width: int) -> Array:
        """For `sample`; each image's are drawn after those of the images before it."""
        raise NotImplementedError

    def _change(self, x: Array, rng: np.random.Generator | None) -> tuple[Array, Any]:
        if rng is None or not x.size:
            return x, lambda dy: dy
        size = x.shape[1], x.shape[2]
        maps = self._maps(rng, len(x), *size)
        back = partial(scatter, maps=maps, size=size, how=self.lookup)
        return sample(x, maps, size, self.lookup), back

    def get_config(self) -> dict[str, Any]:
        """Constructor arguments, as plain values."""
        return {**super().get_config(), **self.lookup._asdict()}


def factor_range(name: str, factor: Any, bounds: Range = (-1.0, 1.0)) -> Range:
    """From -factor to factor, or from one of two numbers to the other, within bounds."""
    rule = f"{name} must be a number, or two, from {bounds[0]:g} to {bounds[1]:g}, got {factor!r}"
    parts = list(factor) if isinstance(factor, (tuple, list)) else [factor]
    if len(parts) != 2 and isinstance(factor, (tuple, list)):
        raise ValueError(rule)
    numbers = [check_number(name, part) for part in parts]
    if not all(bounds[0] <= number <= bounds[1] for number in numbers):
        raise ValueError(rule)
    if len(numbers) == 1:
        numbers = [max(-abs(numbers[0]), bounds[0]), abs(numbers[0])]
    return min(numbers), max(numbers)


def uniform(rng: np.random.Generator, count: int, *ranges: Range) -> list[Array]:
    """Numbers of each range, `count` of them: those of one image are drawn together."""
    drawn = rng.random((count, len(ranges)))
    return [low + (high - low) * drawn[:, place] for place, (low, high) in enumerate(ranges)]


def stacked(count: int, *numbers: Any) -> Array:
    """(count, 6), from columns and constants."""
    maps = np.empty((count, len(numbers)))
    for place, column in enumerate(numbers):
        maps[:, place] = column
    return maps
