"""RMSprop."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from convlet.optimizers._arguments import flag, number
from convlet.optimizers._optimizer import Optimizer
from convlet.optimizers.schedules import LearningRateSchedule


class RMSprop(Optimizer):
    """Steps scaled by the root of the average squared gradient.

    Parameters
    ----------
    learning_rate : float or LearningRateSchedule, default 0.001
    rho : float, default 0.9
        Between 0 and 1: how much of the average each step keeps.
    momentum : float, default 0.0
        Between 0 and 1: how much of the last step the next one keeps.
    epsilon : float, default 1e-7
        Added to the average square, under the root.
    centered : bool, default False
        Whether to subtract the squared average gradient from the average square.
    **kwargs
        `weight_decay`, `clipnorm`, ..., `name` of `Optimizer`.

    Raises
    ------
    ValueError, TypeError
        If an argument is out of range or of the wrong kind.

    Notes
    -----
    With gradient g, weights w and learning rate r: v = rho v + (1 - rho) g^2,
    s = r g / sqrt(v + epsilon), w = w - s. With momentum p: m = p m + s, w = w - m. Centered:
    a = rho a + (1 - rho) g, and v - a^2 instead of v under the root (Graves, Generating Sequences
    With Recurrent Neural Networks, 2013, section 4.2). The rule is from Hinton's lectures (Neural
    Networks for Machine Learning, 2012, lecture 6e).

    Examples
    --------
    >>> import numpy as np
    >>> from convlet import Variable, optimizers
    >>> w = Variable(np.array([1.0, 2.0]))
    >>> optimizers.RMSprop(learning_rate=0.5, rho=0.75).apply([np.array([1.0, -8.0])], [w])
    >>> w.value.round(4)
    array([0., 3.])
    """

    _rule = "rmsprop"

    def __init__(
        self,
        learning_rate: float | LearningRateSchedule = 0.001,
        rho: float = 0.9,
        momentum: float = 0.0,
        epsilon: float = 1e-7,
        centered: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(learning_rate, **kwargs)
        self.rho = number("rho", rho, 1.0)
        self.momentum = number("momentum", momentum, 1.0)
        self.epsilon = number("epsilon", epsilon)
        self.centered = flag("centered", centered)

    def _slot_names(self) -> Sequence[tuple[str, ...]]:
        momentum = [("momentum",)] if self.momentum else []
        average = [("average_gradient",)] if self.centered else []
        return [("velocity",), *momentum, *average]

    def _hyper(self) -> tuple[float, ...]:
        return self.rho, self.momentum, self.epsilon, self.centered

    def get_config(self) -> dict[str, Any]:
        """Constructor arguments, with the learning rate as it is now."""
        return super().get_config() | {
            "rho": self.rho,
            "momentum": self.momentum,
            "epsilon": self.epsilon,
            "centered": self.centered,
        }
