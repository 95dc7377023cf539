"""Metrics by name, and as plain values."""

from __future__ import annotations

from typing import Any

from convlet._names import to_snake_case
from convlet._variable import Array
from convlet.metrics import _accuracy, _auc, _confusion, _f_score, _iou, _losses, _metric
from convlet.metrics._accuracy import (
    BinaryAccuracy,
    CategoricalAccuracy,
    SparseCategoricalAccuracy,
)
from convlet.metrics._metric import Metric

_MODULES = (_accuracy, _auc, _confusion, _f_score, _iou, _losses, _metric)
_CLASSES: dict[str, type[Metric]] = {
    name: kind
    for module in _MODULES
    for name, kind in vars(module).items()
    if isinstance(kind, type)
    and issubclass(kind, Metric)
    and kind.__module__ == module.__name__
    and name[0] != "_"
    and name not in ("Metric", "LossMetric", "Counts")
}
_ALIASES = {
    **dict.fromkeys(("mse", "MSE"), "MeanSquaredError"),
    **dict.fromkeys(("mae", "MAE"), "MeanAbsoluteError"),
    **dict.fromkeys(("mape", "MAPE"), "MeanAbsolutePercentageError"),
    **dict.fromkeys(("msle", "MSLE"), "MeanSquaredLogarithmicError"),
    **dict.fromkeys(("bce", "BCE"), "BinaryCrossentropy"),
    "kl_divergence": "KLDivergence",
}
_BY_NAME: dict[str, type[Metric]] = {
    **_CLASSES,
    **{to_snake_case(name): kind for name, kind in _CLASSES.items()},
    **{alias: _CLASSES[name] for alias, name in _ALIASES.items()},
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
        return BinaryAccuracy(name=identifier)
    if y_true.ndim < y_pred.ndim or y_true.shape[-1] == 1:
        return SparseCategoricalAccuracy(name=identifier)
    return CategoricalAccuracy(name=identifier)


def _by_name(name: Any) -> type[Metric]:
    if isinstance(name, str) and name in _BY_NAME:
        return _BY_NAME[name]
    names = ", ".join(sorted(to_snake_case(cls) for cls in _CLASSES))
    raise ValueError(f"metric must be a Metric or one of {names}, got {name!r}")
