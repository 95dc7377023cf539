"""What all optimizers share: clipping, and the step itself."""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from typing import Any

import numpy as np

from convlet._cext import updates as compiled
from convlet._variable import Array, Variable
from convlet.optimizers._arguments import like
from convlet.optimizers._clipping import clipped
from convlet.optimizers._projection import Update
from convlet.optimizers._state import State


class Optimizer(State):
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
    use_ema : bool, default False
        Whether to keep a moving average of each weight, which takes its place at the end of `fit`.
    ema_momentum : float, default 0.99
        How much of the average each step keeps.
    ema_overwrite_frequency : int, optional
        After how many updates, each time, the averages take the weights' places.
    gradient_accumulation_steps : int, optional
        How many steps, at least 2, add up their gradients for one update by the mean.
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
    gradient is not finite, its clipped elements are NaN, as in Keras. A weight with a constraint
    (`convlet.constraints`) is projected at the end of each step, its average is not. Averages
    follow the weights in every step, updates or not; schedules count steps, rules count updates.
    """

    _rule = ""

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
            self._assign(assignments)
            return
        places = self._places(grads, trainable_variables)
        variables = [self._trainable_variables[i] for i, _ in places]
        arrays = [like("grads", g, v) for (_, g), v in zip(places, variables, strict=True)]
        self._step([place for place, _ in places], arrays, assignments)

    def _step(
        self, places: list[int], grads: list[Array], assignments: list[tuple[Variable, Array]]
    ) -> None:
        """One step of the variables in these places."""
        step = int(self._iterations) + 1
        known = self._trainable_variables
        constrained = [known[place] for place in places if known[place].constraint is not None]
        assignments.append((self._iterations, np.array(step, np.int64)))
        due = self._accumulation.is_due(step)
        grads, sums = self._accumulation.take(grads, places, due)
        assignments += sums
        if due:
            grads = clipped(grads, self.clipvalue, self.clipnorm, self.global_clipnorm)
            assignments += self._more_updates()
        else:
            places = []
        given: list[Any] = grads
        averaging: dict[str, Any] = {}
        overwriting: list[tuple[Variable, Array]] = []
        if self._averages.use:  # which follow all variables, those without a gradient too
            by_place = dict(zip(places, grads, strict=True))
            places = list(range(len(self._slots)))
            given = [by_place.get(place) for place in places]
            averaging = self._averages.arguments(first=self._updates() == 0)
            overwriting = self._averages.overwriting(self._trainable_variables, self._updates() + 1)
            assignments += overwriting
        update = Update(
            self._rule,
            self._all_hyper(),
            [self._trainable_variables[place] for place in places],
            given,
            [self._slots[place] for place in places],
            frozenset(i for i, place in enumerate(places) if place in self._undecayed),
            averaging,
        )
        if constrained:
            assignments += update.projections(constrained, bool(overwriting))
        update.run(assignments)

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

    def finalize_variable_values(self, var_list: Iterable[Variable] | None = None) -> None:
        """Give weights the values of their averages, if there are any; `fit` ends with it.

        Parameters
        ----------
        var_list : list of Variable, optional
            By default those of `build`.
        """
        if not (self._averages.use and self.built):
            return
        given = None if var_list is None else {id(variable) for variable in var_list}
        values = self._averages.final(self._trainable_variables)
        values = [pair for pair in values if given is None or id(pair[0]) in given]
        self._assign(values)

    @property
    def use_ema(self) -> bool:
        """Whether there are moving averages of weights."""
        return self._averages.use

    def exchange_averages(self) -> None:
        """Let weights and their moving averages change places, once there are averages."""
        if self._averages.use and self._updates():
            self._assign(self._averages.exchanged(self._trainable_variables))

    def keep_weights_as_averages(self) -> None:
        """Give the moving averages the values of the weights."""
        if self._averages.use and self.built:
            pairs = zip(self._averages.slots, self._trainable_variables, strict=True)
            self._assign([(slot, variable.value) for slot, variable in pairs])

    def _assign(self, values: list[tuple[Variable, Array]]) -> None:
        """All of them, uninterrupted."""
        compiled.apply(self._rule, self._all_hyper(), [], [], [], values)

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
