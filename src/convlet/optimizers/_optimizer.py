"""What all optimizers share: learning rate, clipping, slots, and the step itself."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from convlet import config
from convlet._cext import updates as compiled
from convlet._names import auto_name
from convlet._variable import Array, Variable
from convlet.optimizers._arguments import like, number, optional_number
from convlet.optimizers._clipping import clipped
from convlet.optimizers.schedules import LearningRateSchedule, deserialize, serialize


class Optimizer:
    """Base class of optimizers.

    Parameters
    ----------
    learning_rate : float or LearningRateSchedule
        At least 0; kept as a variable of `convlet.config.floatx()`, unless it is a schedule.
    weight_decay : float, optional
        Before the rule, each weight loses this times the learning rate times itself.
    clipnorm : float, optional
        Each gradient whose Euclidean norm is above this is scaled down to it; 0 is no clipping.
    clipvalue : float, optional
        Elements of gradients are clipped to [-clipvalue, clipvalue]; 0 is no clipping.
    global_clipnorm : float, optional
        All gradients together are scaled down to this norm; 0 is no clipping.
    name : str, optional
        By default the class's name in snake case.

    Attributes
    ----------
    built : bool
        Whether there are slots, for the variables of `build`.

    Raises
    ------
    ValueError
        If a number is out of range, or more than one kind of clipping is asked for.
    TypeError
        If an argument that should be a number is none.

    Notes
    -----
    Norms are summed in double precision, in an order that does not depend on the threads. If a
    gradient is not finite, its clipped elements are NaN, as in Keras.
    """

    _rule = ""

    def __init__(
        self,
        learning_rate: float | LearningRateSchedule,
        weight_decay: float | None = None,
        clipnorm: float | None = None,
        clipvalue: float | None = None,
        global_clipnorm: float | None = None,
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

    # ------------------------------------------------------------------------------------- state

    @property
    def learning_rate(self) -> Any:
        """The learning rate, a scalar variable; set it to a number, or to a schedule for good.

        With a schedule, what it says for the next step, a scalar of `convlet.config.floatx()`.
        """
        if isinstance(self._learning_rate, LearningRateSchedule):
            rate = self._learning_rate(int(self._iterations.value))
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
        """How many steps have been taken, an int64 scalar variable."""
        return self._iterations

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
        all_slots: list[Variable] = []
        for names in self._slot_names():
            made = [tuple(self._slot_like(v, name) for name in names) for v in variables]
            slots = [before + new for before, new in zip(slots, made, strict=True)]
            all_slots += [slot for group in made for slot in group]
        self._trainable_variables, self._slots = variables, slots
        self._all_slots = all_slots
        self.built = True

    def _own_variable(self, name: str, value: Array) -> Variable:
        return Variable(value, name=name, trainable=False, path=f"{self.name}/{name}")

    def _slot_like(self, variable: Variable, name: str) -> Variable:
        zeros = np.zeros(variable.shape, variable.dtype)
        return self._own_variable(f"{variable.path.replace('/', '_')}_{name}", zeros)

    def _slot_names(self) -> Sequence[tuple[str, ...]]:
        """Groups of slots; within a group, a variable's slots stand together in `variables`."""
        raise NotImplementedError

    def _hyper(self) -> tuple[float, ...]:
        """The rule's numbers after learning rate and weight decay."""
        raise NotImplementedError

    # -------------------------------------------------------------------------------------- step

    def apply(
        self,
        grads: Iterable[Any],
        trainable_variables: Iterable[Variable] | None = None,
        updates: Iterable[tuple[Variable, Any]] = (),
    ) -> None:
        """Take one step.

        Parameters
        ----------
        grads : list of array
            One for each variable, of its shape; cast to its dtype. None leaves its variable alone.
        trainable_variables : list of Variable, optional
            By default those of `build`; the first call builds.
        updates : list of (Variable, array), default ()
            Values to assign together with the step, such as moving statistics.

        Raises
        ------
        ValueError
            If numbers of gradients and variables differ, shapes differ, a variable is unknown, or
            all gradients are None.
        TypeError
            If a gradient or a value does not consist of real numbers.

        Notes
        -----
        Weights, slots, `iterations` and updates change in one compiled call that nothing
        interrupts: an exception, Ctrl-C's too, leaves the state before the step or after it.
        Without any gradient, only the updates are made.
        """
        grads = list(grads)
        assignments = [(v, like("updates", value, v)) for v, value in updates]
        if not grads:
            compiled.apply(self._rule, self._all_hyper(), [], [], [], assignments)
            return
        places = self._places(grads, trainable_variables)
        variables = [self._trainable_variables[i] for i, _ in places]
        arrays = [like("grads", g, v) for (_, g), v in zip(places, variables, strict=True)]
        slots = [self._slots[i] for i, _ in places]
        arrays = clipped(arrays, self.clipvalue, self.clipnorm, self.global_clipnorm)
        step = np.array(int(self._iterations.value) + 1, np.int64)
        assignments.append((self._iterations, step))
        compiled.apply(self._rule, self._all_hyper(), variables, arrays, slots, assignments)

    def apply_gradients(self, grads_and_vars: Iterable[tuple[Any, Variable]]) -> Variable:
        """Take one step, given pairs of gradient and variable.

        Parameters
        ----------
        grads_and_vars : list of (array, Variable)
            As for `apply`.

        Returns
        -------
        Variable
            `iterations`.
        """
        pairs = list(grads_and_vars)
        self.apply([g for g, _ in pairs], [v for _, v in pairs])
        return self._iterations

    def _all_hyper(self) -> tuple[float, ...]:
        return (float(self.learning_rate), self.weight_decay or 0.0, *self._hyper())

    def _places(
        self, grads: list[Any], variables: Iterable[Variable] | None
    ) -> list[tuple[int, Any]]:
        """The gradients that are there, each with its variable's place among those of `build`."""
        if variables is None and not self.built:
            raise ValueError("trainable_variables must be given before the optimizer is built")
        variables = self._trainable_variables if variables is None else list(variables)
        if len(grads) != len(variables):
            raise ValueError(
                f"grads must be as many as the variables, {len(variables)}, got {len(grads)}"
            )
        self.build(variables)
        known = {id(variable): i for i, variable in enumerate(self._trainable_variables)}
        for variable in variables:
            if id(variable) not in known:
                raise ValueError(
                    "trainable_variables must be among those the optimizer was built with, "
                    f"got {variable!r}"
                )
        pairs = list(zip(variables, grads, strict=True))
        missing = [variable.path for variable, grad in pairs if grad is None]
        if len(missing) == len(pairs):
            raise ValueError("grads must have at least one gradient, got None for every variable")
        if missing:
            warnings.warn(f"no gradients for variables {', '.join(missing)}", stacklevel=3)
        return [(known[id(variable)], grad) for variable, grad in pairs if grad is not None]

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
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Optimizer:
        """A new optimizer, without state, from what `get_config` returned."""
        config = dict(config)
        if isinstance(config.get("learning_rate"), dict):
            config["learning_rate"] = deserialize(config["learning_rate"])
        return cls(**config)


def _rate(value: Any) -> float | LearningRateSchedule:
    """A schedule as it is, or a number that is at least 0."""
    return value if isinstance(value, LearningRateSchedule) else number("learning_rate", value)
