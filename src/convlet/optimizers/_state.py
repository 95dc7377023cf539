"""What an optimizer is made of: numbers, learning rate, slots."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Self

import numpy as np

from convlet import config
from convlet._names import auto_name
from convlet._variable import Array, Variable
from convlet.optimizers._accumulation import Accumulation
from convlet.optimizers._arguments import number, optional_number
from convlet.optimizers._averages import Averages
from convlet.optimizers._decay import Exclusion
from convlet.optimizers.schedules._names import deserialize, serialize
from convlet.optimizers.schedules._schedule import LearningRateSchedule


class State:
    """Everything of an optimizer but its step; `Optimizer` says what the parameters mean."""

    def __init__(
        self,
        learning_rate: float | LearningRateSchedule,
        weight_decay: float | None = None,
        clipnorm: float | None = None,
        clipvalue: float | None = None,
        global_clipnorm: float | None = None,
        use_ema: bool = False,
        ema_momentum: float = 0.99,
        ema_overwrite_frequency: int | None = None,
        gradient_accumulation_steps: int | None = None,
        name: str | None = None,
    ) -> None:
        rate = _rate(learning_rate)
        self.weight_decay = optional_number("weight_decay", weight_decay)
        self.clipnorm = optional_number("clipnorm", clipnorm)
        self.clipvalue = optional_number("clipvalue", clipvalue)
        self.global_clipnorm = optional_number("global_clipnorm", global_clipnorm)
        if sum(value is not None for value in (clipnorm, clipvalue, global_clipnorm)) > 1:
            raise ValueError(
                "only one of clipnorm, clipvalue and global_clipnorm may be given, got "
                f"clipnorm={clipnorm}, clipvalue={clipvalue}, global_clipnorm={global_clipnorm}"
            )
        self._averages = Averages(use_ema, ema_momentum, ema_overwrite_frequency)
        self._accumulation = Accumulation(gradient_accumulation_steps)
        if not isinstance(name, str | None):
            raise TypeError(f"name must be a str, got {type(name).__name__}")
        self.name = auto_name(type(self)) if name is None else name
        self.built = False
        self._iterations = self._own_variable("iteration", np.zeros((), np.int64))
        self._learning_rate: Variable | LearningRateSchedule = (
            rate
            if isinstance(rate, LearningRateSchedule)
            else self._own_variable("learning_rate", np.array(rate, dtype=config.floatx()))
        )
        self._trainable_variables: list[Variable] = []
        self._slots: list[tuple[Variable, ...]] = []
        self._all_slots: list[Variable] = []
        self._excluded = Exclusion()
        self._undecayed: frozenset[int] = frozenset()

    # ------------------------------------------------------------------------------------- state

    @property
    def learning_rate(self) -> Any:
        """The learning rate, a scalar variable; set it to a number, or to a schedule for good.

        With a schedule, what it says for the next step, a scalar of `convlet.config.floatx()`.
        """
        if isinstance(self._learning_rate, LearningRateSchedule):
            rate = self._learning_rate(int(self._iterations))
            return np.dtype(config.floatx()).type(rate)
        return self._learning_rate

    @learning_rate.setter
    def learning_rate(self, value: Any) -> None:
        rate = _rate(value)
        if isinstance(rate, LearningRateSchedule):
            self._learning_rate = rate
        elif isinstance(self._learning_rate, LearningRateSchedule):
            raise TypeError("learning_rate must be a schedule, as it has been, to be set anew")
        else:
            self._learning_rate.assign(rate)

    @property
    def iterations(self) -> Variable:
        """How many updates have been made, an int64 scalar variable.

        With accumulated gradients it is a copy, since `variables` has the number of steps.
        """
        if self._accumulation.steps is None:
            return self._iterations
        return Variable(np.int64(self._updates()), name="iteration", trainable=False)

    def _updates(self) -> int:
        return self._accumulation.updates(int(self._iterations))

    @property
    def variables(self) -> list[Variable]:
        """All of the optimizer's state: iteration, learning rate unless scheduled, slots."""
        rate = [self._learning_rate] if isinstance(self._learning_rate, Variable) else []
        return [self._iterations, *rate, *self._all_slots]

    def build(self, variables: Iterable[Variable]) -> None:
        """Make the slots; does nothing if they are there.

        Parameters
        ----------
        variables : list of Variable
            What the optimizer will train, each once.

        Raises
        ------
        TypeError
            If one is no Variable.
        ValueError
            If one is there twice.
        """
        if self.built:
            return
        variables = list(variables)
        for variable in variables:
            if not isinstance(variable, Variable):
                raise TypeError(f"variables must be Variables, got {type(variable).__name__}")
        if len({id(variable) for variable in variables}) != len(variables):
            raise ValueError("variables must have each variable once, got one twice")
        slots: list[tuple[Variable, ...]] = [()] * len(variables)
        # Nothing is appended in place: an interrupted build may be done again.
        averages, sums = (
            [self._slot_like(v, name) for v in variables] if wanted else []
            for name, wanted in (
                ("average", self._averages.use),
                ("gradient_accumulator", self._accumulation.steps),
            )
        )
        all_slots = averages + sums
        for names in self._slot_names():
            made = [tuple(self._slot_like(v, name) for name in names) for v in variables]
            slots = [before + new for before, new in zip(slots, made, strict=True)]
            all_slots += [slot for group in made for slot in group]
        self._trainable_variables, self._slots = variables, slots
        self._averages.slots, self._accumulation.slots = averages, sums
        self._all_slots = all_slots + self._more_variables(variables)
        self._undecayed = self._excluded.places(variables)
        self.built = True

    def exclude_from_weight_decay(
        self, var_list: Iterable[Variable] | None = None, var_names: Iterable[str] | None = None
    ) -> None:
        """Leave some variables without weight decay.

        Parameters
        ----------
        var_list : list of Variable, optional
        var_names : list of str, optional
            Each a part of a variable's name, or a pattern to be found in it, as "bias".

        Raises
        ------
        ValueError
            If the optimizer is built already.
        TypeError
            If `var_list` has anything but Variables.
        """
        if self.built:
            raise ValueError("exclude_from_weight_decay must be called before build or a step")
        self._excluded = Exclusion(var_list or (), var_names or ())

    def _own_variable(self, name: str, value: Array) -> Variable:
        return Variable(value, name=name, trainable=False, path=f"{self.name}/{name}")

    def _slot_like(self, variable: Variable, name: str) -> Variable:
        value = np.full(variable.shape, self._slot_start(name), variable.dtype)
        return self._own_variable(f"{variable.path.replace('/', '_')}_{name}", value)

    def _slot_start(self, name: str) -> float:
        """What slots of this name begin with."""
        return 0.0

    def _more_variables(self, variables: list[Variable]) -> list[Variable]:
        """State that does not belong to one variable."""
        return []

    def _more_updates(self) -> list[tuple[Variable, Array]]:
        """The next values of `_more_variables`."""
        return []

    def _slot_names(self) -> Sequence[tuple[str, ...]]:
        """Groups of slots; within a group, a variable's slots stand together in `variables`."""
        raise NotImplementedError

    def _hyper(self) -> tuple[float, ...]:
        """The rule's numbers after learning rate and weight decay."""
        raise NotImplementedError

    # ------------------------------------------------------------------------------------ config

    def get_config(self) -> dict[str, Any]:
        """Constructor arguments, with the learning rate as it is now."""
        rate = self._learning_rate
        return {
            "name": self.name,
            "learning_rate": (
                serialize(rate) if isinstance(rate, LearningRateSchedule) else float(rate)
            ),
            "weight_decay": self.weight_decay,
            "clipnorm": self.clipnorm,
            "global_clipnorm": self.global_clipnorm,
            "clipvalue": self.clipvalue,
            **self._averages.get_config(),
            "gradient_accumulation_steps": self._accumulation.steps,
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Self:
        """A new optimizer, without state, from what `get_config` returned."""
        config = dict(config)
        if isinstance(config.get("learning_rate"), dict):
            config["learning_rate"] = deserialize(config["learning_rate"])
        return cls(**config)


def _rate(value: Any) -> float | LearningRateSchedule:
    """A schedule as it is, or a number that is at least 0."""
    return value if isinstance(value, LearningRateSchedule) else number("learning_rate", value)
