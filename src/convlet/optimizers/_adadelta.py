"""Adadelta."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from convlet.optimizers._arguments import number
from convlet.optimizers._optimizer import Optimizer
from convlet.optimizers.schedules import LearningRateSchedule


class Adadelta(Optimizer):
    """Steps scaled by the average size of the last steps over that of the gradients.

    Parameters
    ----------
    learning_rate : float or LearningRateSchedule, default 0.001
        The paper's rule has 1.0, which was Keras's default too before 2.3.
    rho : float, default 0.95
        Between 0 and 1: how much of the averages each step keeps.
    epsilon : float, default 1e-7
        Added to average squares, under the roots.
    **kwargs
        `weight_decay`, `clipnorm`, ..., `name` of `Optimizer`.

    Raises
    ------
    ValueError, TypeError
        If an argument is out of range or of the wrong kind.

    Notes
    -----
    With gradient g, weights w and learning rate r: a = rho a + (1 - rho) g^2,
    s = -g sqrt((d + epsilon) / (a + epsilon)), d = rho d + (1 - rho) s^2, w = w + r s (Zeiler,
    ADADELTA: An Adaptive Learning Rate Method, 2012, algorithm 1).

    Examples
    --------
    >>> import numpy as np
    >>> from convlet import Variable, optimizers
    >>> w = Variable(np.array([1.0, 2.0]))
    >>> optimizers.Adadelta(learning_rate=1.0, epsilon=1.0).apply([np.array([0.0, 2.0])], [w])
    >>> w.value.round(4)
    array([1.    , 0.1743])
    """

    _rule = "adadelta"

    def __init__(
        self,
        learning_rate: float | LearningRateSchedule = 0.001,
        rho: float = 0.95,
        epsilon: float = 1e-7,
        **kwargs: Any,
    ) -> None:
        super().__init__(learning_rate, **kwargs)
        self.rho = number("rho", rho, 1.0)
        self.epsilon = number("epsilon", epsilon)

    def _slot_names(self) -> Sequence[tuple[str, ...]]:
        return [("accumulated_grad", "accumulated_delta_var")]

    def _hyper(self) -> tuple[float, ...]:
        return self.rho, self.epsilon

    def get_config(self) -> dict[str, Any]:
        """Constructor arguments, with the learning rate as it is now."""
        return super().get_config() | {"rho": self.rho, "epsilon": self.epsilon}
