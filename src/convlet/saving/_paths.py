"""Where a weight stands in a model: by layers' names, or as Keras's files number them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from convlet._names import to_snake_case
from convlet._variable import Variable


def weights_by_name(model: Any) -> dict[str, Variable]:
    """As "conv2d/kernel", with the names of models within before.

    Raises
    ------
    ValueError
        If two weights have the same.
    """
    found: dict[str, Variable] = {}
    for path, weight in _by_name(model, "", set()):
        if path in found:
            raise ValueError(f"{model.name} has two weights {path!r}: give layers other names")
        found[path] = weight
    return found


def _by_name(model: Any, prefix: str, seen: set[int]) -> Iterator[tuple[str, Variable]]:
    for layer in _new(model.layers, seen):
        path = f"{prefix}{layer.name}/"
        if hasattr(layer, "layers"):
            yield from _by_name(layer, path, seen)
        else:
            yield from ((path + weight.name, weight) for weight in layer.weights)


def keras_groups(model: Any, prefix: str = "", seen: Any = None) -> Iterator[tuple[str, Any]]:
    """(path, layer) of each layer that has weights, as in Keras's HDF5 files.

    Names are those of classes, counted within each model; a shared layer stands where it is first.
    """
    seen = set() if seen is None else seen
    used: dict[str, int] = {}
    for layer in model.layers:
        name = to_snake_case(type(layer).__name__)
        number = used[name] = used.get(name, -1) + 1
        path = f"{prefix}layers/{name}_{number}" if number else f"{prefix}layers/{name}"
        if not _new([layer], seen):
            continue
        if hasattr(layer, "layers"):
            yield from keras_groups(layer, f"{path}/", seen)
        elif layer.weights:
            yield f"{path}/vars", layer


def _new(layers: list[Any], seen: set[int]) -> list[Any]:
    """Those that have not been here."""
    fresh = [layer for layer in layers if id(layer) not in seen]
    seen.update(id(layer) for layer in fresh)
    return fresh
