"""Gradient descent, with momentum."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from convlet.optimizers._arguments import flag, number
from convlet.optimizers._optimizer import Optimizer
from convlet.optimizers.schedules import LearningRateSchedule


class SGD(Optimizer):
    """Gradient descent.

    Parameters
    ----------
    learning_rate : float or LearningRateSchedule, default 0.01
    momentum : float, default 0.0
        Between 0 and 1: how much of the last step the next one keeps.
    nesterov : bool, default False
        Whether to use Nesterov's momentum.
    **kwargs
        `weight_decay`, `clipnorm`, ..., `name` of `Optimizer`.

    Raises
    ------
    ValueError, TypeError
        If an argument is out of range or of the wrong kind.

    Notes
    -----
    With gradient g, weights w and learning rate r: w = w - r g. With momentum p:
    m = p m - r g, then w = w + m, or with Nesterov's w = w + p m - r g (Sutskever et al., On the
    importance of initialization and momentum in deep learning, 2013, section 2).

    Examples
    --------
    >>> import numpy as np
    >>> from convlet import Variable, optimizers
    >>> w = Variable(np.array([1.0, 2.0]))
    >>> optimizers.SGD(learning_rate=0.5).apply([np.array([1.0, -1.0])], [w])
    >>> w.value
    array([0.5, 2.5])
    """

    _rule = "sgd"

    def __init__(
        self,
        learning_rate: float | LearningRateSchedule = 0.01,
        momentum: float = 0.0,
        nesterov: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(learning_rate, **kwargs)
        self.momentum = number("momentum", momentum, 1.0)
        self.nesterov = flag("nesterov", nesterov)

    def _slot_names(self) -> Sequence[tuple[str, ...]]:
        return [("momentum",)] if self.momentum else []

    def _hyper(self) -> tuple[float, ...]:
        return self.momentum, self.nesterov

    def get_config(self) -> dict[str, Any]:
        """Constructor arguments, with the learning rate as it is now."""
        return super().get_config() | {"momentum": self.momentum, "nesterov": self.nesterov}
