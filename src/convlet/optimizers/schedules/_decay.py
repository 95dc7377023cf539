"""Learning rates that fall by a formula."""

from __future__ import annotations

import math
from typing import Any

from convlet._numbers import finite, not_negative, positive
from convlet.optimizers.schedules._schedule import LearningRateSchedule, periods, power


class _Decay(LearningRateSchedule):
    """A learning rate that falls with steps / decay_steps, or with the whole part of that."""

    def __init__(
        self,
        initial_learning_rate: float,
        decay_steps: float,
        decay_rate: float,
        staircase: bool,
        name: str,
    ) -> None:
        self.initial_learning_rate = finite("initial_learning_rate", initial_learning_rate)
        self.decay_steps = positive("decay_steps", decay_steps)
        self.decay_rate = finite("decay_rate", decay_rate)
        self.staircase = bool(staircase)
        self.name = name

    def _progress(self, step: Any) -> float:
        progress = periods(step, self.decay_steps)
        return math.floor(progress) if self.staircase else progress

    def get_config(self) -> dict[str, Any]:
        """Constructor arguments, as plain values."""
        return {
            "initial_learning_rate": self.initial_learning_rate,
            "decay_steps": self.decay_steps,
            "decay_rate": self.decay_rate,
            "staircase": self.staircase,
            "name": self.name,
        }


class ExponentialDecay(_Decay):
    """initial_learning_rate * decay_rate ** (step / decay_steps).

    Parameters
    ----------
    initial_learning_rate : float
    decay_steps : number
        Above 0.
    decay_rate : float
    staircase : bool, default False
        Whether the exponent is rounded down.
    name : str, default "ExponentialDecay"

    Raises
    ------
    ValueError, TypeError
        If a number is out of range or none.

    Examples
    --------
    >>> from convlet.optimizers.schedules import ExponentialDecay
    >>> ExponentialDecay(1.0, decay_steps=10, decay_rate=0.5)(20)
    0.25
    """

    def __init__(
        self,
        initial_learning_rate: float,
        decay_steps: float,
        decay_rate: float,
        staircase: bool = False,
        name: str = "ExponentialDecay",
    ) -> None:
        super().__init__(initial_learning_rate, decay_steps, decay_rate, staircase, name)
        positive("decay_rate", decay_rate)

    def __call__(self, step: Any) -> float:
        """The learning rate after `step` steps."""
        return self.initial_learning_rate * power(self.decay_rate, self._progress(step))


class InverseTimeDecay(_Decay):
    """initial_learning_rate / (1 + decay_rate * step / decay_steps).

    Parameters
    ----------
    initial_learning_rate : float
    decay_steps : number
        Above 0.
    decay_rate : float
        At least 0.
    staircase : bool, default False
        Whether step / decay_steps is rounded down.
    name : str, default "InverseTimeDecay"

    Raises
    ------
    ValueError, TypeError
        If a number is out of range or none.

    Examples
    --------
    >>> from convlet.optimizers.schedules import InverseTimeDecay
    >>> InverseTimeDecay(1.0, decay_steps=10, decay_rate=0.5)(20)
    0.5
    """

    def __init__(
        self,
        initial_learning_rate: float,
        decay_steps: float,
        decay_rate: float,
        staircase: bool = False,
        name: str = "InverseTimeDecay",
    ) -> None:
        super().__init__(initial_learning_rate, decay_steps, decay_rate, staircase, name)
        not_negative("decay_rate", decay_rate)

    def __call__(self, step: Any) -> float:
        """The learning rate after `step` steps."""
        return self.initial_learning_rate / (1 + self.decay_rate * self._progress(step))


class PolynomialDecay(LearningRateSchedule):
    """From one learning rate to another: (initial - end) (1 - step / decay_steps)^power + end.

    Parameters
    ----------
    initial_learning_rate : float
    decay_steps : number
        Above 0; the learning rate stays at its end after that.
    end_learning_rate : float, default 0.0001
    power : float, default 1.0
        At least 0.
    cycle : bool, default False
        Whether to begin again after `decay_steps`, with twice, three times, ... as many.
    name : str, default "PolynomialDecay"

    Raises
    ------
    ValueError, TypeError
        If a number is out of range or none.

    Examples
    --------
    >>> from convlet.optimizers.schedules import PolynomialDecay
    >>> PolynomialDecay(1.0, decay_steps=10, end_learning_rate=0.0)(5)
    0.5
    """

    def __init__(
        self,
        initial_learning_rate: float,
        decay_steps: float,
        end_learning_rate: float = 0.0001,
        power: float = 1.0,
        cycle: bool = False,
        name: str = "PolynomialDecay",
    ) -> None:
        self.initial_learning_rate = finite("initial_learning_rate", initial_learning_rate)
        self.decay_steps = positive("decay_steps", decay_steps)
        self.end_learning_rate = finite("end_learning_rate", end_learning_rate)
        self.power = not_negative("power", power)
        self.cycle = bool(cycle)
        self.name = name

    def __call__(self, step: Any) -> float:
        """The learning rate after `step` steps."""
        step, length = not_negative("step", step), self.decay_steps
        if self.cycle:
            length *= max(1, math.ceil(periods(step, length)))
        progress = min(step, length) / length
        fall = self.initial_learning_rate - self.end_learning_rate
        return fall * math.pow(1 - progress, self.power) + self.end_learning_rate

    def get_config(self) -> dict[str, Any]:
        """Constructor arguments, as plain values."""
        return {
            "initial_learning_rate": self.initial_learning_rate,
            "decay_steps": self.decay_steps,
            "end_learning_rate": self.end_learning_rate,
            "power": self.power,
            "cycle": self.cycle,
            "name": self.name,
        }
