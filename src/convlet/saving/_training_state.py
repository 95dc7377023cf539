"""The state of training in a file, for a model that is there already."""

from __future__ import annotations

from typing import Any

from convlet._variable import Variable
from convlet.saving._archive import Archive, write
from convlet.saving._variables import entries, entry_names
from convlet.saving._zip import unreadable


def write_state(model: Any, path: Any, epoch: int) -> None:
    """Weights, random states and the optimizer's state before an epoch."""
    groups = _groups(model)
    arrays = [entry for name, variables in groups.items() for entry in entries(name, variables)]
    write(path, {"state": {"epoch": epoch}}, arrays)


def read_state(model: Any, path: Any) -> int:
    """Give the model the state that a file has, and return its epoch.

    Raises
    ------
    ValueError
        If the file is damaged, or of another model; the model is then as before.
    """
    groups = _groups(model)
    with Archive(path) as archive:
        epoch = archive.document("state").get("epoch")
        if not isinstance(epoch, int) or epoch < 0:
            raise unreadable(path, f"its epoch must be a number, got {epoch!r:.200}")
        named = [
            pair
            for name, variables in groups.items()
            for pair in zip(entry_names(name, variables), variables, strict=True)
        ]
        archive.expect(name for name, _ in named)
        values = [(v, archive.array(name, v.shape)) for name, v in named]
    for variable, value in values:
        variable.assign(value)
    return epoch


def _groups(model: Any) -> dict[str, list[Variable]]:
    if model.optimizer is None:
        raise ValueError(f"{model.name} must be compiled to have a state of training")
    model.optimizer.build(model.trainable_weights)
    return {"variables": model.variables, "optimizer": model.optimizer.variables}
