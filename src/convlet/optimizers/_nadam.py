"""Nadam."""

from __future__ import annotations

import numpy as np

from convlet._variable import Array, Variable
from convlet.optimizers._adamax import Adamax


class Nadam(Adamax):
    """`Adam` with Nesterov's momentum.

    Parameters
    ----------
    learning_rate : float or LearningRateSchedule, default 0.001
    beta_1, beta_2 : float, default 0.9, 0.999
        At least 0 and below 1: how much of the averages of gradients and of squared gradients
        each step keeps.
    epsilon : float, default 1e-7
        Added to the root of the average square.
    **kwargs
        `weight_decay`, `clipnorm`, ..., `name` of `Optimizer`.

    Raises
    ------
    ValueError, TypeError
        If an argument is out of range or of the wrong kind.

    Notes
    -----
    With gradient g, weights w, learning rate r, step t: b_t = beta_1 (1 - 0.96^t / 2),
    p_t = b_1 b_2 ... b_t, m = m + (g - m) (1 - beta_1), v = v + (g^2 - v) (1 - beta_2),
    n = b_(t+1) m / (1 - p_(t+1)) + (1 - b_t) g / (1 - p_t),
    w = w - r n / (sqrt(v / (1 - beta_2^t)) + epsilon) (Dozat, Incorporating Nesterov Momentum into
    Adam, 2016).

    Examples
    --------
    >>> import numpy as np
    >>> from convlet import Variable, optimizers
    >>> w = Variable(np.array([1.0, 2.0]))
    >>> optimizers.Nadam(learning_rate=0.5).apply([np.array([1.0, -8.0])], [w])
    >>> w.value.round(4)
    array([0.4686, 2.5314])
    """

    _rule = "nadam"

    def _slot_names(self) -> list[tuple[str, ...]]:
        return [("momentum", "velocity")]

    def _more_variables(self, variables: list[Variable]) -> list[Variable]:
        self._product = self._own_variable("product", np.ones(()))
        return [self._product]

    def _more_updates(self) -> list[tuple[Variable, Array]]:
        return [(self._product, np.asarray(self._next_product()))]

    def _next_product(self) -> float:
        """The product of the momenta up to the next step."""
        return float(self._product) * self.beta_1 * (1 - 0.5 * 0.96 ** (self._updates() + 1))

    def _hyper(self) -> tuple[float, ...]:
        return *super()._hyper(), self._next_product() if self.built else 1.0
