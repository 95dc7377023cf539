"""Schedules by name and configuration."""

from __future__ import annotations

from typing import Any

from convlet.optimizers import schedules
from convlet.optimizers.schedules._schedule import LearningRateSchedule

_CLASSES = (
    *("CosineDecay", "CosineDecayRestarts", "ExponentialDecay", "InverseTimeDecay"),
    *("PiecewiseConstantDecay", "PolynomialDecay"),
)


def serialize(learning_rate_schedule: LearningRateSchedule) -> dict[str, Any]:
    """A schedule's class and configuration, as `deserialize` takes them.

    Raises
    ------
    TypeError
        If it is no schedule.

    Examples
    --------
    >>> from convlet.optimizers import schedules
    >>> schedules.serialize(schedules.CosineDecay(0.1, 100))["class_name"]
    'CosineDecay'
    """
    if not isinstance(learning_rate_schedule, LearningRateSchedule):
        kind = type(learning_rate_schedule).__name__
        raise TypeError(f"learning_rate_schedule must be a LearningRateSchedule, got {kind}")
    return {
        "class_name": type(learning_rate_schedule).__name__,
        "config": learning_rate_schedule.get_config(),
    }


def deserialize(config: dict[str, Any]) -> LearningRateSchedule:
    """A new schedule from what `serialize` returned.

    Raises
    ------
    TypeError
        If config is no dict.
    ValueError
        If there is no such schedule.

    Examples
    --------
    >>> from convlet.optimizers import schedules
    >>> config = schedules.serialize(schedules.CosineDecay(0.1, 100))
    >>> schedules.deserialize(config)(100)
    0.0
    """
    if not isinstance(config, dict):
        raise TypeError(f"config must be a dict, got {type(config).__name__}")
    name = config.get("class_name")
    if not isinstance(name, str) or name not in _CLASSES:
        raise ValueError(f"class_name must be one of {', '.join(_CLASSES)}, got {name!r}")
    made: LearningRateSchedule = getattr(schedules, name).from_config(config.get("config", {}))
    return made
