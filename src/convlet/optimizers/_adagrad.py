"""Adagrad."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from convlet.optimizers._arguments import number
from convlet.optimizers._optimizer import Optimizer
from convlet.optimizers.schedules import LearningRateSchedule


class Adagrad(Optimizer):
    """Steps scaled by the root of the sum of all squared gradients.

    Parameters
    ----------
    learning_rate : float or LearningRateSchedule, default 0.001
    initial_accumulator_value : float, default 0.1
        What the sum begins with; at least 0.
    epsilon : float, default 1e-7
        Added to the sum, under the root.
    **kwargs
        `weight_decay`, `clipnorm`, ..., `name` of `Optimizer`.

    Raises
    ------
    ValueError, TypeError
        If an argument is out of range or of the wrong kind.

    Notes
    -----
    With gradient g, weights w and learning rate r: a = a + g^2, w = w - r g / sqrt(a + epsilon)
    (Duchi, Hazan and Singer, Adaptive Subgradient Methods for Online Learning and Stochastic
    Optimization, 2011).

    Examples
    --------
    >>> import numpy as np
    >>> from convlet import Variable, optimizers
    >>> w = Variable(np.array([1.0, 2.0]))
    >>> rule = optimizers.Adagrad(learning_rate=0.5, initial_accumulator_value=0.0)
    >>> rule.apply([np.array([1.0, -8.0])], [w])
    >>> w.value.round(4)
    array([0.5, 2.5])
    """

    _rule = "adagrad"

    def __init__(
        self,
        learning_rate: float | LearningRateSchedule = 0.001,
        initial_accumulator_value: float = 0.1,
        epsilon: float = 1e-7,
        **kwargs: Any,
    ) -> None:
        super().__init__(learning_rate, **kwargs)
        self.initial_accumulator_value = number(
            "initial_accumulator_value", initial_accumulator_value
        )
        self.epsilon = number("epsilon", epsilon)

    def _slot_names(self) -> Sequence[tuple[str, ...]]:
        return [("accumulator",)]

    def _slot_start(self, name: str) -> float:
        return self.initial_accumulator_value if name == "accumulator" else 0.0

    def _hyper(self) -> tuple[float, ...]:
        return (self.epsilon,)

    def get_config(self) -> dict[str, Any]:
        """Constructor arguments, with the learning rate as it is now."""
        return super().get_config() | {
            "initial_accumulator_value": self.initial_accumulator_value,
            "epsilon": self.epsilon,
        }
