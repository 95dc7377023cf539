"""The variables of a model as the arrays of a file, in the order that its layers fix."""

from __future__ import annotations

from typing import Any

from convlet._variable import Variable


def fill(archive: Any, group: str, variables: list[Variable]) -> None:
    """Give the variables the values of a file's arrays; all of them, or none."""
    names = entry_names(group, variables)
    values = [archive.array(n, v.shape) for n, v in zip(names, variables, strict=True)]
    for variable, value in zip(variables, values, strict=True):
        variable.assign(value)


def entry_names(group: str, variables: list[Variable]) -> list[str]:
    """In a file: group/0, group/1 and so on."""
    return [f"{group}/{number}" for number in range(len(variables))]


def entries(group: str, variables: list[Variable]) -> Any:
    """(name, array) of each, to write."""
    return zip(entry_names(group, variables), (v.value for v in variables), strict=True)
