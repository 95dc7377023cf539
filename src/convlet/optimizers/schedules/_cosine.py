"""Learning rates that fall along a cosine."""

from __future__ import annotations

import math
from typing import Any

from convlet._numbers import finite, not_negative, positive
from convlet.optimizers.schedules._schedule import LearningRateSchedule, periods, power


class CosineDecay(LearningRateSchedule):
    """From a learning rate down to its `alpha` part, along half a cosine, after a warm-up.

    Parameters
    ----------
    initial_learning_rate : float
    decay_steps : number
        Above 0; those of the warm-up come before.
    alpha : float, default 0.0
    name : str, default "CosineDecay"
    warmup_target : float, optional
        Where the warm-up ends, to which it rises in a line; by default there is none.
    warmup_steps : number, default 0
        At least 0.

    Raises
    ------
    ValueError, TypeError
        If a number is out of range or none.

    Notes
    -----
    From Loshchilov and Hutter, SGDR: Stochastic Gradient Descent with Warm Restarts, 2017.

    Examples
    --------
    >>> from convlet.optimizers.schedules import CosineDecay
    >>> rate = CosineDecay(0.0, 100, warmup_target=1.0, warmup_steps=10)
    >>> rate(5), rate(10), rate(110)
    (0.5, 1.0, 0.0)
    """

    def __init__(
        self,
        initial_learning_rate: float,
        decay_steps: float,
        alpha: float = 0.0,
        name: str = "CosineDecay",
        warmup_target: float | None = None,
        warmup_steps: float = 0,
    ) -> None:
        self.initial_learning_rate = finite("initial_learning_rate", initial_learning_rate)
        self.decay_steps = positive("decay_steps", decay_steps)
        self.alpha = finite("alpha", alpha)
        self.name = name
        self.warmup_target = (
            None if warmup_target is None else finite("warmup_target", warmup_target)
        )
        self.warmup_steps = not_negative("warmup_steps", warmup_steps)

    def __call__(self, step: Any) -> float:
        """The learning rate after `step` steps."""
        step, start = not_negative("step", step), self.initial_learning_rate
        if self.warmup_target is not None:
            if step < self.warmup_steps:
                return (self.warmup_target - start) * (step / self.warmup_steps) + start
            step, start = step - self.warmup_steps, self.warmup_target
        return start * fallen(min(step, self.decay_steps) / self.decay_steps, 1.0, self.alpha)

    def get_config(self) -> dict[str, Any]:
        """Constructor arguments, as plain values."""
        return {
            "initial_learning_rate": self.initial_learning_rate,
            "decay_steps": self.decay_steps,
            "alpha": self.alpha,
            "name": self.name,
            "warmup_target": self.warmup_target,
            "warmup_steps": self.warmup_steps,
        }


class CosineDecayRestarts(LearningRateSchedule):
    """Along half a cosine again and again, each time longer and from lower.

    Parameters
    ----------
    initial_learning_rate : float
    first_decay_steps : number
        Above 0; of the first half cosine.
    t_mul : float, default 2.0
        At least 1: how much longer each is than the one before.
    m_mul : float, default 1.0
        At least 0: how much of the height each has of the one before.
    alpha : float, default 0.0
        The part of the learning rate that is left at the end.
    name : str, default "SGDRDecay"

    Raises
    ------
    ValueError, TypeError
        If a number is out of range or none.

    Notes
    -----
    From Loshchilov and Hutter, SGDR: Stochastic Gradient Descent with Warm Restarts, 2017.

    Examples
    --------
    >>> from convlet.optimizers.schedules import CosineDecayRestarts
    >>> rate = CosineDecayRestarts(1.0, 10, m_mul=0.5)
    >>> rate(0), rate(10), rate(30), rate(70)
    (1.0, 0.5, 0.25, 0.125)
    """

    def __init__(
        self,
        initial_learning_rate: float,
        first_decay_steps: float,
        t_mul: float = 2.0,
        m_mul: float = 1.0,
        alpha: float = 0.0,
        name: str = "SGDRDecay",
    ) -> None:
        self.initial_learning_rate = finite("initial_learning_rate", initial_learning_rate)
        self.first_decay_steps = positive("first_decay_steps", first_decay_steps)
        self.t_mul, self.m_mul = finite("t_mul", t_mul), not_negative("m_mul", m_mul)
        if self.t_mul < 1:
            raise ValueError(f"t_mul must be at least 1, got {t_mul!r}")
        self.alpha = finite("alpha", alpha)
        self.name = name

    def __call__(self, step: Any) -> float:
        """The learning rate after `step` steps."""
        done = periods(step, self.first_decay_steps)
        restarts = self._restarts(done)
        part = (done - self._before(restarts)) / power(self.t_mul, restarts)
        height = power(self.m_mul, restarts)
        return self.initial_learning_rate * fallen(part, height, self.alpha)

    def _before(self, restarts: int) -> float:
        """The length of so many half cosines, the first one's being 1."""
        if self.t_mul == 1:
            return float(restarts)
        return (power(self.t_mul, restarts) - 1) / (self.t_mul - 1)

    def _restarts(self, done: float) -> int:
        if self.t_mul == 1:
            return math.floor(done)
        restarts = math.floor(math.log1p(done * (self.t_mul - 1)) / math.log(self.t_mul))
        # A logarithm may round to the other side of a whole number.
        return restarts + (self._before(restarts + 1) <= done) - (self._before(restarts) > done)

    def get_config(self) -> dict[str, Any]:
        """Constructor arguments, as plain values."""
        return {
            "initial_learning_rate": self.initial_learning_rate,
            "first_decay_steps": self.first_decay_steps,
            "t_mul": self.t_mul,
            "m_mul": self.m_mul,
            "alpha": self.alpha,
            "name": self.name,
        }


def fallen(part: float, height: float, alpha: float) -> float:
    """The share of the learning rate at this part of half a cosine."""
    return (1 - alpha) * 0.5 * height * (1 + math.cos(math.pi * part)) + alpha
