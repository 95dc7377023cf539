"""Regularizers and constraints that a layer is given, by the names of its arguments."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Protocol

from convlet import constraints, regularizers

KINDS: Mapping[str, Any] = {"regularizer": regularizers, "constraint": constraints}


class Ruled(Protocol):
    """A layer: weights that may have rules, and what their arguments' names begin with."""

    regularized: ClassVar[Mapping[str, str]]


def names(layer: Ruled | type[Ruled]) -> dict[str, Any]:
    """The arguments that the layer takes, each with the module that knows its values."""
    found = {"activity_regularizer": regularizers}
    for stem in layer.regularized.values():
        found |= {f"{stem}_{kind}": module for kind, module in KINDS.items()}
    return found


def accept(layer: Ruled, given: Mapping[str, Any]) -> None:
    """Make them attributes of the layer; None where they are not given."""
    known = names(layer)
    if unknown := [name for name in given if name not in known]:
        raise TypeError(f"{type(layer).__name__} has no argument {unknown[0]!r}")
    for name, module in known.items():
        setattr(layer, name, module.get(given.get(name)))


def configuration(layer: Ruled) -> dict[str, Any]:
    """Those that are there, as plain values."""
    found = {name: (module, getattr(layer, name)) for name, module in names(layer).items()}
    return {name: module.serialize(rule) for name, (module, rule) in found.items() if rule}


def of_weight(layer: Ruled, weight: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """The regularizer and the constraint of a weight: given ones, else the layer's."""
    stem = layer.regularized.get(weight)
    return {
        kind: module.get(given.get(kind)) or getattr(layer, f"{stem}_{kind}", None)
        for kind, module in KINDS.items()
    }
