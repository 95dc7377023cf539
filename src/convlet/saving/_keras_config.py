"""Keras 3's configurations, as convlet has them."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any

from convlet.layers import _rules
from convlet.layers._layer import Layer
from convlet.models._registry import known_class

_DTYPES = ("float32", "float64")
# What says nothing, since what it belongs to is not used.
_IDLE = frozenset({"dtype", "ema_momentum", "renorm_momentum"})


def layer_entry_of(entry: Any) -> dict[str, Any]:
    """An entry of Keras's for a layer or model, with the arguments that convlet's class takes.

    Raises
    ------
    ValueError
        If there is no such class, or it has no such argument and that is not None or False.
    """
    from convlet import layers, models

    name = entry["class_name"]
    kind = known_class(name, Layer, models) or known_class(name, Layer, layers)
    if kind is None:
        raise ValueError(f"convlet has no layer {name!r:.200}; give it as one of custom_objects")
    config = dict(entry["config"])
    if "layers" in config:
        config["layers"] = [layer_entry_of(part) for part in config["layers"]]
        config.pop("dtype", None)
        return {**entry, "config": config}
    return {**entry, "config": arguments_of(kind, config)}


def arguments_of(kind: type, config: Mapping[str, Any]) -> dict[str, Any]:
    """Those that the class takes; others must be idle."""
    taken = _parameters(kind)
    if issubclass(kind, Layer):
        taken |= set(_rules.names(kind))
    found = {}
    for name, value in config.items():
        if name in taken:
            found[name] = _dtype_of(value) if name == "dtype" else _plain(value)
        elif value and name not in _IDLE:
            raise ValueError(f"convlet's {kind.__name__} has no {name}, got {value!r:.200}")
    return found


def _parameters(kind: type) -> set[str]:
    """Of the class's constructor, and of those that it hands **kwargs on to."""
    names: set[str] = set()
    for base in kind.__mro__:
        if "__init__" in vars(base) and base is not object:
            parameters = inspect.signature(vars(base)["__init__"]).parameters.values()
            names |= {parameter.name for parameter in parameters}
            if all(parameter.kind is not parameter.VAR_KEYWORD for parameter in parameters):
                break
    return names


def _plain(value: Any) -> Any:
    """Names of functions, and classes with their own arguments, without Keras's decoration."""
    if isinstance(value, Mapping) and value.get("class_name") == "function":
        return value["config"]
    if isinstance(value, Mapping) and "class_name" in value:
        config = {k: _plain(v) for k, v in dict(value.get("config") or {}).items() if v is not None}
        return {"class_name": value["class_name"], "config": config}
    return value


def _dtype_of(value: Any) -> Any:
    """A policy's name; mixed precision has no counterpart."""
    name = value["config"]["name"] if isinstance(value, Mapping) else value
    if name is not None and name not in _DTYPES:
        raise ValueError(f"dtype must be one of {', '.join(_DTYPES)}, got {name!r:.200}")
    return name


def compile_config_of(config: Mapping[str, Any]) -> dict[str, Any]:
    """Keras's compile configuration, for `compile_from`.

    Raises
    ------
    ValueError
        If it asks for what convlet does not have.
    """
    from convlet import losses, metrics, optimizers

    def thing(entry: Any, base: type, module: Any) -> Any:
        if isinstance(entry, list):
            return [thing(part, base, module) for part in entry]
        if isinstance(entry, Mapping) and "class_name" not in entry:
            return {key: thing(part, base, module) for key, part in entry.items()}
        entry = _plain(entry)
        kind = known_class(entry["class_name"], base, module) if isinstance(entry, dict) else None
        if kind is None:
            return entry
        return {**entry, "config": arguments_of(kind, entry["config"])}

    def measured(name: str) -> Any:
        return thing(config.get(name) or [], metrics.Metric, metrics)

    return {
        "optimizer": thing(config["optimizer"], optimizers.Optimizer, optimizers),
        "loss": thing(config.get("loss"), losses.Loss, losses),
        "loss_weights": config.get("loss_weights"),
        "metrics": measured("metrics"),
        "weighted_metrics": measured("weighted_metrics"),
    }
