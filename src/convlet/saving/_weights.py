"""The weights of a model in a file, for another model of the same layers."""

from __future__ import annotations

import os
from typing import Any

from convlet.saving import _hdf5, _safetensors
from convlet.saving._archive import Archive, write
from convlet.saving._atomic import replacing
from convlet.saving._model import check_overwrite, check_suffix
from convlet.saving._variables import entries, entry_names, fill
from convlet.saving._zip import open_regular

_HDF5, _SAFETENSORS = ".weights.h5", ".safetensors"
_SUFFIXES = (".npz", _HDF5, _SAFETENSORS)


def save_weights(model: Any, filepath: Any, overwrite: bool = True) -> None:
    """Write a model's weights into a file: see `Sequential.save_weights`.

    Parameters
    ----------
    model : Sequential or Model
        A built one.
    filepath : path-like
    overwrite : bool, default True

    Raises
    ------
    ValueError
        If the model is not built, or the file's name ends otherwise, or there is a file that may
        not be replaced.
    """
    check_suffix(filepath, _SUFFIXES)
    check_overwrite(filepath, overwrite)
    check_built(model)
    name = os.fspath(filepath)
    if name.endswith(_HDF5):
        with replacing(filepath) as file:
            _hdf5.write(file, model)
    elif name.endswith(_SAFETENSORS):
        _safetensors.write(filepath, model)
    else:
        variables = model.variables
        paths = [variable.path for variable in variables]
        write(filepath, {"config": {"variables": paths}}, entries("variables", variables))


def load_weights(model: Any, filepath: Any) -> None:
    """Give a model the weights of a file: see `Sequential.load_weights`.

    Parameters
    ----------
    model : Sequential or Model
        A built one, of the same layers as the one that was saved.
    filepath : path-like

    Raises
    ------
    ValueError
        If the model is not built, the file's weights do not fit it, or it is damaged. The model
        then keeps its weights.
    """
    check_suffix(filepath, _SUFFIXES)
    check_built(model)
    name = os.fspath(filepath)
    if name.endswith(_HDF5):
        with open_regular(filepath) as file:
            _hdf5.read(file, filepath, _hdf5.model_groups(model))
    elif name.endswith(_SAFETENSORS):
        _safetensors.read(filepath, model)
    else:
        variables = model.variables
        with Archive(filepath) as archive:
            archive.expect(entry_names("variables", variables))
            fill(archive, "variables", variables)


def check_built(model: Any) -> None:
    """An error if the model has no weights yet."""
    if not model.built:
        raise ValueError(
            f"{model.name} has no weights before it is built: call it on an array, or "
            "build(input_shape)"
        )
