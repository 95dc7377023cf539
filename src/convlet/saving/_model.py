"""A whole model in a file: configuration, weights, random states, and how it learns."""

from __future__ import annotations

import os
from collections.abc import Mapping
from itertools import chain
from typing import Any

from convlet._variable import Variable
from convlet.layers._building import unfilled
from convlet.models._registry import custom_object_scope, layer_entry, layer_from
from convlet.models._trainer import Trainer
from convlet.saving._archive import Archive, write
from convlet.saving._compiled import compile_config, compile_from
from convlet.saving._keras_model import is_keras, load_keras_model
from convlet.saving._variables import entries, entry_names, fill
from convlet.saving._zip import UnreadableError, unreadable


def save_model(model: Any, filepath: Any, overwrite: bool = True) -> None:
    """Write a model into a file: `Sequential.save`, which see, as a function.

    Parameters
    ----------
    model : Sequential or Model
    filepath : path-like
    overwrite : bool, default True

    Raises
    ------
    ValueError, TypeError, OSError
        As `save` does.

    Examples
    --------
    >>> import os, tempfile
    >>> import convlet
    >>> from convlet import layers, models
    >>> model = convlet.Sequential([layers.Input((8, 8, 1)), layers.Conv2D(4, 3)])
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     models.save_model(model, os.path.join(folder, "m.keras"))
    ...     models.load_model(os.path.join(folder, "m.keras")).count_params()
    40
    """
    check_suffix(filepath, (".keras",))
    check_overwrite(filepath, overwrite)
    variables = model.variables
    config = {
        "model": layer_entry(model),
        "variables": [variable.path for variable in variables],
        "compile": compile_config(model),
        "optimizer": _trained_places(model, variables),
    }
    slots = [] if config["optimizer"] is None else model.optimizer.variables
    arrays = chain(entries("variables", variables), entries("optimizer", slots))
    write(filepath, {"config": config}, arrays)


def load_model(
    filepath: Any, custom_objects: Mapping[str, Any] | None = None, compile: bool = True
) -> Any:
    """The model that a file holds.

    Parameters
    ----------
    filepath : path-like
        A file that `save` made, or Keras 3, which needs h5py (extra ``keras``).
    custom_objects : dict of str to class, optional
        Layers, optimizers, losses and metrics of your own, by their class's name.
    compile : bool, default True
        Whether to compile the model as it was, with the optimizer's state: training then goes on
        bit for bit.

    Returns
    -------
    Sequential or Model

    Raises
    ------
    ValueError
        If the file is damaged, or says what cannot be.
    OSError
        If it cannot be opened.
    ImportError
        If Keras made it, and h5py is not installed.

    Notes
    -----
    A model that Keras saved must have layers that are known here, and use nothing that convlet's
    lack. If its loss, metrics or optimizer are not known, it is not compiled, and a warning says
    so.

    A file is data: nothing that it names is imported or run. It may name classes of convlet and of
    `custom_objects`, no others. Weights are allocated up to the size of the file's own arrays.
    convlet's files are read by Python alone, the weights in Keras's by the HDF5 library.

    Examples
    --------
    >>> from convlet import models
    >>> models.load_model("absent.keras")
    Traceback (most recent call last):
    FileNotFoundError: [Errno 2] No such file or directory: 'absent.keras'
    """
    with custom_object_scope(custom_objects):
        try:
            if is_keras(filepath):
                return load_keras_model(filepath, compile)
            with Archive(filepath) as archive:
                return _loaded(archive, compile)
        except (MemoryError, OSError, UnreadableError):
            raise
        except Exception as error:  # whatever a made-up configuration may lead to
            problem = f"its configuration makes no model: {error}"
            raise unreadable(filepath, problem) from error


def _trained_places(model: Any, variables: list[Variable]) -> list[int] | None:
    """Which variables the optimizer has slots for; None where it has none."""
    if model.optimizer is None or not model.optimizer.built:
        return None
    places = {id(variable): place for place, variable in enumerate(variables)}
    return [places[id(variable)] for variable in model.optimizer._trainable_variables]


def _loaded(archive: Archive, compile: bool) -> Any:
    config = archive.document("config")
    with unfilled(archive.size):
        model = layer_from(config["model"])
    if not isinstance(model, Trainer):
        raise ValueError(f"it must be a model, got {type(model).__name__}")
    variables = model.variables
    names = entry_names("variables", variables)
    fill(archive, "variables", variables)
    places = config["optimizer"]
    if compile and config["compile"] is not None:
        compile_from(model, config["compile"])
        if places is not None:
            model.optimizer.build([variables[int(place)] for place in places])
            fill(archive, "optimizer", model.optimizer.variables)
            names += entry_names("optimizer", model.optimizer.variables)
    if compile or places is None:
        archive.expect(names)
    return model


def check_suffix(filepath: Any, suffixes: tuple[str, ...]) -> None:
    """An error if the file's name ends otherwise."""
    name = os.fspath(filepath)
    if not isinstance(name, str) or not name.endswith(suffixes):
        raise ValueError(f"filepath must end in {' or '.join(suffixes)}, got {name!r}")


def check_overwrite(filepath: Any, overwrite: bool) -> None:
    """An error if there is a file that may not be replaced."""
    if not overwrite and os.path.exists(filepath):
        raise ValueError(f"there is a file {os.fspath(filepath)} already, and overwrite is False")
