"""What `compile` was given, as plain values: names, and classes with their configurations."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from convlet.models._registry import custom_class, known_class


def compile_config(model: Any) -> dict[str, Any] | None:
    """For `compile_from`; None where the model is not compiled.

    Raises
    ------
    TypeError
        If something has no name and no configuration.
    """
    from convlet import losses

    if model._running is None:
        return None
    return {
        "optimizer": _entry("optimizer", model.optimizer),
        "loss": _each(lambda loss: _entry("loss", loss, losses), model.loss),
        "loss_weights": model._running.weights,
        "metrics": _each(lambda metric: _entry("metric", metric), model._running.given),
        "weighted_metrics": _each(lambda m: _entry("metric", m), model._running.weighted),
    }


def compile_from(model: Any, config: Mapping[str, Any]) -> None:
    """Compile the model as `compile_config` found another one."""
    from convlet import losses, metrics, optimizers

    model.compile(
        optimizer=_thing("optimizer", config["optimizer"], optimizers.Optimizer, optimizers),
        loss=_each(lambda loss: _thing("loss", loss, losses.Loss, losses), config["loss"]),
        loss_weights=config["loss_weights"],
        **{
            key: _each(lambda m: _thing("metric", m, metrics.Metric, metrics), config[key])
            for key in ("metrics", "weighted_metrics")
        },
    )


def _each(convert: Callable[[Any], Any], value: Any) -> Any:
    """What a model of several outputs was given: lists, and dicts by name, of single things."""
    if isinstance(value, (list, tuple)):
        return [_each(convert, one) for one in value]
    if isinstance(value, Mapping) and set(value) != {"class_name", "config"}:
        return {key: _each(convert, one) for key, one in value.items()}
    return convert(value)


def _entry(role: str, value: Any, functions: Any = None) -> Any:
    """A name stays itself; an object becomes its class's name and its configuration."""
    if value is None or isinstance(value, str):
        return value
    name = str(getattr(value, "__name__", None))
    if functions is not None and name in functions.__all__ and getattr(functions, name) is value:
        return name
    if isinstance(value, type):
        return {"class_name": name, "config": {}}
    if hasattr(value, "get_config"):
        return {"class_name": type(value).__name__, "config": value.get_config()}
    raise TypeError(
        f"a {role} must be a name, a function of convlet.losses, or have a get_config to be saved, "
        f"got {value!r}"
    )


def _thing(role: str, entry: Any, base: type, module: Any) -> Any:
    """What `_entry` was given, or its like."""
    if entry is None or isinstance(entry, str):
        return custom_class(entry, base) or entry
    kind = known_class(entry["class_name"], base, module)
    if kind is None:
        raise ValueError(
            f"a {role} must be one of convlet's, or of custom_objects, got "
            f"{entry['class_name']!r:.200}"
        )
    return kind.from_config(dict(entry["config"]))
