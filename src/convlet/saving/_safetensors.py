"""Weights by name in a safetensors file. Needs safetensors (extra ``safetensors``)."""

from __future__ import annotations

from typing import Any

import numpy as np

from convlet.saving._atomic import replacing
from convlet.saving._paths import weights_by_name
from convlet.saving._zip import open_regular, unreadable


def write(path: Any, model: Any) -> None:
    """All weights, as "conv2d/kernel"."""
    library = _library()
    arrays = {name: np.array(weight.value) for name, weight in weights_by_name(model).items()}
    data = library.save(arrays)
    with replacing(path) as file:
        file.write(data)


def read(path: Any, model: Any) -> None:
    """Give the model's weights the values of a file that has these names, and no others."""
    library = _library()
    weights = weights_by_name(model)
    with open_regular(path) as file:
        data = file.read()
    try:
        arrays = library.load(data)
    except Exception as error:  # the library's own, and those of element types that NumPy lacks
        raise unreadable(path, f"it is no safetensors file, or damaged: {error}") from error
    if arrays.keys() != weights.keys():
        missing, strange = sorted(weights.keys() - arrays), sorted(arrays.keys() - weights)
        raise unreadable(path, f"it lacks {missing[:9]} and has {strange[:9]} that do not fit")
    try:
        for name, weight in weights.items():
            weight.check(arrays[name])
    except (TypeError, ValueError) as error:
        raise unreadable(path, str(error)) from error
    for name, weight in weights.items():
        weight.assign(arrays[name])


def _library() -> Any:
    try:
        import safetensors.numpy
    except ImportError as error:
        wanted = 'pip install "convlet[safetensors]"'
        raise ImportError(f"safetensors files need safetensors: {wanted}") from error
    return safetensors.numpy
