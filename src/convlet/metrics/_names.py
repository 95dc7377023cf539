"""Metrics by name, and as plain values."""

from __future__ import annotations

from typing import Any

from convlet import metrics
from convlet._names import to_snake_case
from convlet._variable import Array
from convlet.metrics._metric import Metric

# Classes' names: a class is loaded when it is asked for.
_CLASSES = [name for name in dir(metrics) if name[0].isupper() and name != "Metric"]
_ALIASES = {
    **dict.fromkeys(("mse", "MSE"), "MeanSquaredError"),
    **dict.fromkeys(("mae", "MAE"), "MeanAbsoluteError"),
    **dict.fromkeys(("mape", "MAPE"), "MeanAbsolutePercentageError"),
    **dict.fromkeys(("msle", "MSLE"), "MeanSquaredLogarithmicError"),
    **dict.fromkeys(("bce", "BCE"), "BinaryCrossentropy"),
    "kl_divergence": "KLDivergence",
}
_BY_NAME = {
    **{name: name for name in _CLASSES},
    **{to_snake_case(name): name for name in _CLASSES},
    **_ALIASES,
}


def serialize(metric: Metric) -> dict[str, Any]:
    """A metric's class and configuration, as `deserialize` takes them.

    Raises
    ------
    TypeError
        If it is no metric.

    Examples
    --------
    >>> from convlet import metrics
    >>> metrics.serialize(metrics.MeanIoU(3))["config"]["num_classes"]
    3
    """
    if not isinstance(metric, Metric):
        raise TypeError(f"metric must be a Metric, got {type(metric).__name__}")
    return {"class_name": type(metric).__name__, "config": metric.get_config()}


def deserialize(config: dict[str, Any]) -> Metric:
    """A new metric from what `serialize` returned.

    Raises
    ------
    TypeError
        If config is no dict.
    ValueError
        If there is no such metric.

    Examples
    --------
    >>> from convlet import metrics
    >>> metrics.deserialize(metrics.serialize(metrics.Recall(class_id=1))).class_id
    1
    """
    if not isinstance(config, dict):
        raise TypeError(f"config must be a dict, got {type(config).__name__}")
    return _by_name(config.get("class_name")).from_config(config.get("config", {}))


def get(identifier: Any) -> Metric:
    """The metric that a name, a class or a dict stands for, called by that name.

    Parameters
    ----------
    identifier : str, dict, Metric or type
        A dict is as `deserialize` takes it; a `Metric` is itself.

    Returns
    -------
    Metric

    Raises
    ------
    ValueError
        If there is no such metric.
    """
    if isinstance(identifier, Metric):
        return identifier
    if isinstance(identifier, type) and issubclass(identifier, Metric):
        return identifier()
    if isinstance(identifier, dict):
        return deserialize(identifier)
    return _by_name(identifier)(name=identifier)


def resolve(identifier: Any, y_true: Array, y_pred: Array) -> Metric:
    """`get`, with "accuracy" or "acc" the one that fits the targets and outputs, as in Keras."""
    if not isinstance(identifier, str) or identifier.lower() not in ("accuracy", "acc"):
        return get(identifier)
    classes = y_pred.shape[-1]
    if classes == 1:
        return metrics.BinaryAccuracy(name=identifier)
    if y_true.ndim < y_pred.ndim or y_true.shape[-1] == 1:
        return metrics.SparseCategoricalAccuracy(name=identifier)
    return metrics.CategoricalAccuracy(name=identifier)


def _by_name(name: Any) -> type[Metric]:
    if isinstance(name, str) and name in _BY_NAME:
        kind: type[Metric] = getattr(metrics, _BY_NAME[name])
        return kind
    names = ", ".join(sorted(to_snake_case(cls) for cls in _CLASSES))
    raise ValueError(f"metric must be a Metric or one of {names}, got {name!r}")
