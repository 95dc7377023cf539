"""Lion."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from convlet.optimizers._arguments import number
from convlet.optimizers._optimizer import Optimizer
from convlet.optimizers.schedules import LearningRateSchedule


class Lion(Optimizer):
    """Steps of one size, in the direction of the gradients' average.

    Parameters
    ----------
    learning_rate : float or LearningRateSchedule, default 0.001
    beta_1 : float, default 0.9
        Above 0 and at most 1: how much of the average decides the direction, the rest of it being
        the gradient.
    beta_2 : float, default 0.99
        Between 0 and 1: how much of the average each step keeps.
    **kwargs
        `weight_decay`, `clipnorm`, ..., `name` of `Optimizer`.

    Raises
    ------
    ValueError, TypeError
        If an argument is out of range or of the wrong kind.

    Notes
    -----
    With gradient g, weights w and learning rate r: w = w - r sign(beta_1 m + (1 - beta_1) g), then
    m = beta_2 m + (1 - beta_2) g (Chen et al., Symbolic Discovery of Optimization Algorithms,
    2023). The sign of NaN is NaN.

    Examples
    --------
    >>> import numpy as np
    >>> from convlet import Variable, optimizers
    >>> w = Variable(np.array([1.0, 2.0]))
    >>> optimizers.Lion(learning_rate=0.5).apply([np.array([1.0, -8.0])], [w])
    >>> w.value
    array([0.5, 2.5])
    """

    _rule = "lion"

    def __init__(
        self,
        learning_rate: float | LearningRateSchedule = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.99,
        **kwargs: Any,
    ) -> None:
        super().__init__(learning_rate, **kwargs)
        self.beta_1 = number("beta_1", beta_1, 1.0)
        if self.beta_1 == 0:
            raise ValueError(f"beta_1 must be above 0 and at most 1, got {beta_1}")
        self.beta_2 = number("beta_2", beta_2, 1.0)

    def _slot_names(self) -> Sequence[tuple[str, ...]]:
        return [("momentum",)]

    def _hyper(self) -> tuple[float, ...]:
        return self.beta_1, self.beta_2

    def get_config(self) -> dict[str, Any]:
        """Constructor arguments, with the learning rate as it is now."""
        return super().get_config() | {"beta_1": self.beta_1, "beta_2": self.beta_2}
