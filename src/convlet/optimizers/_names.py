"""Optimizers by name and configuration."""

from __future__ import annotations

from typing import Any

from convlet import optimizers
from convlet.optimizers._optimizer import Optimizer

# By lower-case names; a class is loaded when it is asked for.
_CLASSES = {
    name.lower(): name
    for name in (
        *("Adadelta", "Adagrad", "Adam", "Adamax", "AdamW", "Lion", "Nadam", "RMSprop"),
        "SGD",
    )
}


def serialize(optimizer: Optimizer) -> dict[str, Any]:
    """An optimizer's class and configuration, without its state.

    Parameters
    ----------
    optimizer : Optimizer

    Returns
    -------
    dict
        "class_name" and "config", as `deserialize` takes them.

    Raises
    ------
    TypeError
        If it is no optimizer.

    Examples
    --------
    >>> from convlet import optimizers
    >>> optimizers.serialize(optimizers.SGD(0.5))["class_name"]
    'SGD'
    """
    if not isinstance(optimizer, Optimizer):
        raise TypeError(f"optimizer must be an Optimizer, got {type(optimizer).__name__}")
    return {"class_name": type(optimizer).__name__, "config": optimizer.get_config()}


def deserialize(config: dict[str, Any]) -> Optimizer:
    """A new optimizer from what `serialize` returned.

    Parameters
    ----------
    config : dict
        "class_name", in any case of letters, and "config", the constructor's arguments.

    Returns
    -------
    Optimizer

    Raises
    ------
    ValueError
        If there is no such optimizer, or the dict has no such keys.
    TypeError
        If config is no dict.

    Examples
    --------
    >>> from convlet import optimizers
    >>> optimizers.deserialize({"class_name": "SGD", "config": {"momentum": 0.9}}).momentum
    0.9
    """
    if not isinstance(config, dict):
        raise TypeError(f"config must be a dict, got {type(config).__name__}")
    if not isinstance(config.get("class_name"), str):
        raise ValueError(f'config must have a "class_name", a str, got keys {sorted(config)}')
    name = config["class_name"]
    kind = _CLASSES.get(name.lower())
    if kind is None:
        known = ", ".join(f'"{one}"' for one in _CLASSES.values())
        raise ValueError(f'optimizer must be one of {known}, got "{name}"')
    made: Optimizer = getattr(optimizers, kind).from_config(config.get("config", {}))
    return made


def get(identifier: Any) -> Optimizer | None:
    """The optimizer that is meant.

    Parameters
    ----------
    identifier : str, dict, Optimizer or None
        A class's name in any case of letters, for the defaults; or as `deserialize` takes it; an
        optimizer and None are returned as they are.

    Returns
    -------
    Optimizer or None

    Raises
    ------
    ValueError
        If it is none of these.

    Examples
    --------
    >>> from convlet import optimizers
    >>> optimizers.get("rmsprop").rho
    0.9
    """
    if isinstance(identifier, dict):
        return deserialize(identifier)
    if isinstance(identifier, str):
        return deserialize({"class_name": identifier})
    if identifier is None or isinstance(identifier, Optimizer):
        return identifier
    raise ValueError(
        "optimizer must be a name, a configuration dict or an Optimizer instance, "
        f"got {identifier!r}"
    )
