"""What layers with random numbers share: a seed, and how many training passes there were."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from convlet._random import check_seed
from convlet._variable import Array, Variable
from convlet.layers._layer import Layer, Shape


class Random(Layer):
    """Random numbers follow from seed, pass and position, whatever the threads."""

    def __init__(self, seed: int | None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._given_seed = seed
        self._seed = self._state("seed", np.uint64(check_seed(seed)))
        self.passes = self._state("passes", np.int64(0))

    def _state(self, name: str, value: Any) -> Variable:
        return Variable(value, name=name, trainable=False, path=f"{self.name}/{name}")

    def call(self, x: Array, training: bool = False) -> Array:
        """x itself, unless training."""
        return super().call(x, training) if training else x

    def _bind(self, input_shape: Shape) -> Callable[[Array], Array]:
        return lambda x: x

    @property
    def seed(self) -> int:
        """The seed that was given, drawn, or loaded with the model."""
        return int(self._seed.value)

    @seed.setter
    def seed(self, value: int) -> None:
        self._seed.assign(np.uint64(check_seed(value)))

    def _draw(self) -> tuple[np.random.Generator, list[tuple[Variable, Any]]]:
        """The generator of this training pass, and the count of passes after it."""
        step = int(self.passes.latest)
        generator = np.random.Generator(np.random.Philox(key=self.seed, counter=step << 128))
        return generator, [(self.passes, np.int64(step + 1))]

    @property
    def variables(self) -> list[Variable]:
        """Seed and count of training passes, which are state but no weights."""
        return [*self.weights, self._seed, self.passes]

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """The input's."""
        return input_shape

    def get_config(self) -> dict[str, Any]:
        """Constructor arguments, as plain values."""
        return {**super().get_config(), "seed": self._given_seed}
