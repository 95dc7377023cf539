"""Steps of weights that have a constraint."""

from __future__ import annotations

from typing import Any, NamedTuple

from convlet._cext import updates as compiled
from convlet._variable import Array, Variable
from convlet.optimizers._arguments import like

Assignments = list[tuple[Variable, Array]]


class Update(NamedTuple):
    """What the compiled step takes: see `convlet._cext.updates.apply`."""

    rule: str
    hyper: tuple[float, ...]
    variables: list[Variable]
    grads: list[Any]
    slots: list[tuple[Variable, ...]]
    undecayed: frozenset[int]
    averaging: dict[str, Any]

    def run(self, assignments: Assignments) -> None:
        """Take the step, and assign values after it, in one compiled call."""
        compiled.apply(*self[:5], assignments, self.undecayed, **self.averaging)

    def projections(self, constrained: list[Variable], overwrites: bool) -> Assignments:
        """What constraints make of their weights as they will be, whether by a step or not.

        The step is taken by copies first, so that weights go from one allowed value to the next.
        """
        after = {id(variable): variable._data for variable in constrained}
        chosen = [i for i, variable in enumerate(self.variables) if id(variable) in after]
        if chosen:
            copies = self._copies(chosen)
            copies.run([])
            ends = copies.averaging["averages"] if overwrites else copies.variables
            for place, end in zip(chosen, ends, strict=True):
                after[id(self.variables[place])] = end._data
        values = [(variable, variable.constraint(after[id(variable)])) for variable in constrained]
        return [(variable, like("constraint", value, variable)) for variable, value in values]

    def _copies(self, chosen: list[int]) -> Update:
        averaging = dict(self.averaging)
        if averaging:
            averaging["averages"] = [_copy(averaging["averages"][place]) for place in chosen]
        return Update(
            self.rule,
            self.hyper,
            [_copy(self.variables[place]) for place in chosen],
            [self.grads[place] for place in chosen],
            [tuple(map(_copy, self.slots[place])) for place in chosen],
            frozenset(i for i, place in enumerate(chosen) if place in self.undecayed),
            averaging,
        )


def _copy(variable: Variable) -> Variable:
    return Variable(variable._data, name=variable.name)
