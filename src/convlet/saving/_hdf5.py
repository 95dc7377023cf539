"""Weights in HDF5 as Keras 3 keeps them. Needs h5py (extra ``keras``).

What is read are datasets of numbers that lie in the file itself, uncompressed, under names that are
known before. Links to elsewhere, to other files above all, are refused.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import IO, Any

import numpy as np

from convlet._variable import Array, Variable
from convlet.saving._paths import keras_groups
from convlet.saving._zip import unreadable


def write(file: IO[bytes], model: Any) -> None:
    """Weights as `model.save_weights` of Keras writes them, into a file that is open."""
    with _h5py().File(file, "w") as root:
        for path, layer in keras_groups(model):
            group = root.create_group(path)
            group.attrs["name"] = layer.name
            for number, weight in enumerate(layer.weights):
                group[str(number)] = weight.value


def read(file: IO[bytes], path: Any, groups: Iterable[tuple[str, list[Variable]]]) -> None:
    """Give variables the values of a file that is open: all of them, or none."""
    h5py = _h5py()
    values: list[tuple[Variable, Array]] = []
    try:
        with h5py.File(file, "r") as root:
            for name, variables in groups:
                group = _found(h5py, root, name)
                if not isinstance(group, h5py.Group) or len(group) != len(variables):
                    raise ValueError(f"{name} must hold {len(variables)} arrays")
                for number, variable in enumerate(variables):
                    found = _found(h5py, group, str(number))
                    values.append((variable, _array(h5py, found, f"{name}/{number}", variable)))
    except MemoryError:
        raise
    except Exception as error:  # h5py's errors are of many kinds
        raise unreadable(path, f"its weights do not fit, or it is damaged: {error}") from error
    for variable, value in values:
        variable.assign(value)


def model_groups(model: Any) -> list[tuple[str, list[Variable]]]:
    """What `read` is to look for."""
    return [(path, layer.weights) for path, layer in keras_groups(model)]


def _found(h5py: Any, group: Any, path: str) -> Any:
    """What lies at the path, by hard links alone."""
    for name in path.split("/"):
        link = group.get(name, getlink=True) if isinstance(group, h5py.Group) else None
        if not isinstance(link, h5py.HardLink):
            raise ValueError(f"it has no {path}")
        group = group[name]
    return group


def _array(h5py: Any, dataset: Any, name: str, variable: Variable) -> Array:
    """The dataset's elements; nothing is allocated before it is what it must be."""
    if not isinstance(dataset, h5py.Dataset) or dataset.external or dataset.is_virtual:
        raise ValueError(f"{name} must be an array in the file itself")
    if dataset.shape != variable.shape or dataset.dtype.kind not in "fiu":
        raise ValueError(
            f"{name} must have shape {variable.shape} and real numbers, "
            f"got {dataset.shape} and {dataset.dtype}"
        )
    if dataset.size and dataset.id.get_storage_size() != dataset.size * dataset.dtype.itemsize:
        raise ValueError(f"{name} must be stored whole and uncompressed")
    return np.asarray(dataset[()])


def _h5py() -> Any:
    try:
        import h5py
    except ImportError as error:
        raise ImportError('Keras\'s files need h5py: pip install "convlet[keras]"') from error
    return h5py
