"""Models in files that Keras 3 made: a zip of JSON and HDF5."""

from __future__ import annotations

import io
import warnings
from typing import Any

from convlet.layers._building import unfilled
from convlet.models._registry import layer_from
from convlet.models._trainer import Trainer
from convlet.saving import _hdf5
from convlet.saving._archive import is_sealed
from convlet.saving._compiled import compile_from
from convlet.saving._keras_config import compile_config_of, layer_entry_of
from convlet.saving._zip import StoredZip, UnreadableError, open_regular

_WEIGHTS = "model.weights.h5"


def is_keras(path: Any) -> bool:
    """Whether the file is a model of Keras's."""
    with open_regular(path) as file:
        if is_sealed(file):
            return False
        try:
            return _WEIGHTS in StoredZip(file, path).names
        except UnreadableError:
            return False


def load_keras_model(path: Any, compile: bool) -> Any:
    """The model that a file of Keras's holds."""
    with open_regular(path) as file:
        archive = StoredZip(file, path)
        config = archive.document("config.json")
        weights = io.BytesIO(archive.read(_WEIGHTS))
    with unfilled(archive.size):
        model = layer_from(layer_entry_of(config))
    if not isinstance(model, Trainer):
        raise ValueError(f"it must be a model, got {type(model).__name__}")
    _hdf5.read(weights, path, _hdf5.model_groups(model))
    if compile and config.get("compile_config"):
        try:
            compile_from(model, compile_config_of(config["compile_config"]))
        except (KeyError, TypeError, ValueError) as error:
            warnings.warn(f"{model.name} is not compiled: {error}", stacklevel=3)
        else:
            _load_slots(model, weights, path)
    return model


def _load_slots(model: Any, weights: io.BytesIO, path: Any) -> None:
    """The optimizer's state, where it has any."""
    model.optimizer.build(model.trainable_weights)
    try:
        _hdf5.read(weights, path, [("optimizer/vars", model.optimizer.variables)])
    except UnreadableError as error:
        warnings.warn(f"the optimizer begins anew: {error}", stacklevel=4)
