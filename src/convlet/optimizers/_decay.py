"""Which variables weight decay leaves alone."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from convlet._variable import Variable


class Exclusion:
    """Variables, and parts of names."""

    def __init__(self, variables: Iterable[Any] = (), names: Iterable[str] = ()) -> None:
        self.variables = list(variables)
        for variable in self.variables:
            if not isinstance(variable, Variable):
                kind = type(variable).__name__
                raise TypeError(f"var_list must have Variables, got {kind}")
        names = [names] if isinstance(names, str) else list(names)
        self.patterns = [re.compile(name) for name in names]

    def places(self, variables: list[Variable]) -> frozenset[int]:
        """Where they are among `variables`."""
        excluded = {id(variable) for variable in self.variables}
        return frozenset(
            place
            for place, variable in enumerate(variables)
            if id(variable) in excluded or any(p.search(variable.name) for p in self.patterns)
        )
