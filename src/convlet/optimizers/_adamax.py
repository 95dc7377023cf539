"""Adamax."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from convlet.optimizers._arguments import BELOW_ONE, number
from convlet.optimizers._optimizer import Optimizer
from convlet.optimizers.schedules import LearningRateSchedule


class Adamax(Optimizer):
    """Steps scaled by an average of the gradients and their largest size, which fades.

    Parameters
    ----------
    learning_rate : float or LearningRateSchedule, default 0.001
    beta_1, beta_2 : float, default 0.9, 0.999
        At least 0 and below 1: how much of the average and of the largest size each step keeps.
    epsilon : float, default 1e-7
        Added to the largest size.
    **kwargs
        `weight_decay`, `clipnorm`, ..., `name` of `Optimizer`.

    Raises
    ------
    ValueError, TypeError
        If an argument is out of range or of the wrong kind.

    Notes
    -----
    With gradient g, weights w, learning rate r, step t: m = m + (g - m) (1 - beta_1),
    u = max(beta_2 u, |g|), w = w - r m / ((1 - beta_1^t) (u + epsilon)) (Kingma and Ba, Adam: A
    Method for Stochastic Optimization, 2015, algorithm 2).

    Examples
    --------
    >>> import numpy as np
    >>> from convlet import Variable, optimizers
    >>> w = Variable(np.array([1.0, 2.0]))
    >>> optimizers.Adamax(learning_rate=0.5).apply([np.array([1.0, -8.0])], [w])
    >>> w.value.round(4)
    array([0.5, 2.5])
    """

    _rule = "adamax"

    def __init__(
        self,
        learning_rate: float | LearningRateSchedule = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
        **kwargs: Any,
    ) -> None:
        super().__init__(learning_rate, **kwargs)
        self.beta_1 = number("beta_1", beta_1, BELOW_ONE)
        self.beta_2 = number("beta_2", beta_2, BELOW_ONE)
        self.epsilon = number("epsilon", epsilon)

    def _slot_names(self) -> Sequence[tuple[str, ...]]:
        return [("momentum", "norm")]

    def _hyper(self) -> tuple[float, ...]:
        return self.beta_1, self.beta_2, self.epsilon, self._updates() + 1

    def get_config(self) -> dict[str, Any]:
        """Constructor arguments, with the learning rate as it is now."""
        return super().get_config() | {
            "beta_1": self.beta_1,
            "beta_2": self.beta_2,
            "epsilon": self.epsilon,
        }
