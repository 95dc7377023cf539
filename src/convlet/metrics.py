"""What training reports beside the loss, by Keras's names."""

from __future__ import annotations

from typing import Any

import numpy as np

from convlet import losses
from convlet._names import to_snake_case
from convlet._variable import Array

__all__ = [
    "Accuracy",
    "BinaryAccuracy",
    "CategoricalAccuracy",
    "Mean",
    "MeanSquaredError",
    "Metric",
    "SparseCategoricalAccuracy",
    "get",
]


class Metric:
    """Base of all metrics: a mean over the samples that were shown to it since its last reset.

    Parameters
    ----------
    name : str, optional

    Notes
    -----
    A metric of your own defines `values(y_true, y_pred)`: one number for each sample. Sums are in
    float64, in order. `direction` is "up" where more is better, "down" where less is.
    """

    direction: str | None = None

    def __init__(self, name: str | None = None) -> None:
        self.name = name or to_snake_case(type(self).__name__)
        self.reset_state()

    def values(self, y_true: Any, y_pred: Any) -> Array:
        """One number for each sample."""
        raise NotImplementedError(f"{type(self).__name__} must define values")

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Count some samples, each as often as its weight says."""
        self._add(self.values(np.asarray(y_true), np.asarray(y_pred)), sample_weight)

    def _add(self, values: Array, sample_weight: Any) -> None:
        values = np.asarray(values, np.float64)
        weights = losses.aligned_weights(sample_weight, values.shape)
        self._total += sum((values * weights).ravel().tolist())
        self._count += sum(weights.ravel().tolist())

    def result(self) -> float:
        """The mean so far; 0 where there is nothing yet."""
        return self._total / self._count if self._count else 0.0

    def reset_state(self) -> None:
        """Forget all samples."""
        self._total = self._count = 0.0

    def __call__(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> float:
        """Count some samples and return the mean so far."""
        self.update_state(y_true, y_pred, sample_weight)
        return self.result()

    def get_config(self) -> dict[str, Any]:
        """Constructor arguments, as plain values."""
        return {"name": self.name}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Metric:
        """A new metric from what `get_config` returned."""
        return cls(**config)


class Mean(Metric):
    """The mean of numbers.

    Parameters
    ----------
    name : str, default "mean"

    Examples
    --------
    >>> from convlet.metrics import Mean
    >>> mean = Mean()
    >>> mean.update_state([1, 3])
    >>> mean.result()
    2.0
    """

    def update_state(self, values: Any, sample_weight: Any = None) -> None:  # type: ignore[override]
        """Count some numbers."""
        self._add(np.asarray(values), sample_weight)

    def __call__(self, values: Any, sample_weight: Any = None) -> float:  # type: ignore[override]
        """Count some numbers and return the mean so far."""
        self.update_state(values, sample_weight)
        return self.result()


class Accuracy(Metric):
    """How often y_pred equals y_true.

    Parameters
    ----------
    name : str, default "accuracy"
    """

    direction = "up"

    def values(self, y_true: Array, y_pred: Array) -> Array:
        """1 where equal, else 0."""
        return _matching(y_true, y_pred) == y_pred


class BinaryAccuracy(Metric):
    """How often y_pred is on y_true's side of a threshold.

    Parameters
    ----------
    name : str, default "binary_accuracy"
    threshold : float, default 0.5

    Examples
    --------
    >>> from convlet.metrics import BinaryAccuracy
    >>> BinaryAccuracy()([[1], [0]], [[0.7], [0.6]])
    0.5
    """

    direction = "up"

    def __init__(self, name: str | None = None, threshold: float = 0.5) -> None:
        super().__init__(name)
        if not 0 < threshold < 1:
            raise ValueError(f"threshold must be above 0 and below 1, got {threshold!r}")
        self.threshold = float(threshold)

    def values(self, y_true: Array, y_pred: Array) -> Array:
        """1 where right, else 0."""
        return _matching(y_true, y_pred) == (y_pred > self.threshold)

    def get_config(self) -> dict[str, Any]:
        """Constructor arguments, as plain values."""
        return {**super().get_config(), "threshold": self.threshold}


class CategoricalAccuracy(Metric):
    """How often the largest of y_pred is where the largest of y_true is.

    Parameters
    ----------
    name : str, default "categorical_accuracy"

    Examples
    --------
    >>> from convlet.metrics import CategoricalAccuracy
    >>> CategoricalAccuracy()([[0, 1], [1, 0]], [[0.2, 0.8], [0.4, 0.6]])
    0.5
    """

    direction = "up"

    def values(self, y_true: Array, y_pred: Array) -> Array:
        """1 where right, else 0."""
        return _matching(y_true, y_pred).argmax(axis=-1) == y_pred.argmax(axis=-1)


class SparseCategoricalAccuracy(Metric):
    """How often the largest of y_pred is at y_true, a class number.

    Parameters
    ----------
    name : str, default "sparse_categorical_accuracy"

    Examples
    --------
    >>> from convlet.metrics import SparseCategoricalAccuracy
    >>> SparseCategoricalAccuracy()([1, 0], [[0.2, 0.8], [0.4, 0.6]])
    0.5
    """

    direction = "up"

    def values(self, y_true: Array, y_pred: Array) -> Array:
        """1 where right, else 0."""
        squeezed = y_true.ndim == y_pred.ndim and y_true.shape[-1] == 1
        labels = y_true[..., 0] if squeezed else y_true
        if labels.shape != y_pred.shape[:-1]:
            raise ValueError(f"y_true must have shape {y_pred.shape[:-1]}, got {y_true.shape}")
        return labels == y_pred.argmax(axis=-1)


class MeanSquaredError(Metric):
    """Mean of (y_true - y_pred)^2.

    Parameters
    ----------
    name : str, default "mean_squared_error"
    """

    direction = "down"

    def values(self, y_true: Array, y_pred: Array) -> Array:
        """The mean over the last axis."""
        return losses.mean_squared_error(y_true, y_pred)


def _matching(y_true: Array, y_pred: Array) -> Array:
    """y_true in y_pred's shape; (N,) stands for (N, 1)."""
    if y_true.ndim == y_pred.ndim - 1 and y_pred.shape[-1] == 1:
        y_true = y_true[..., None]
    if y_true.shape != y_pred.shape:
        raise ValueError(f"y_true must have y_pred's shape {y_pred.shape}, got {y_true.shape}")
    return y_true


_CLASSES = (
    Accuracy,
    BinaryAccuracy,
    CategoricalAccuracy,
    MeanSquaredError,
    SparseCategoricalAccuracy,
)
_BY_NAME: dict[str, type[Metric]] = {
    **{cls.__name__: cls for cls in _CLASSES},
    **{to_snake_case(cls.__name__): cls for cls in _CLASSES},
    **{"mse": MeanSquaredError, "MSE": MeanSquaredError},
}


def get(identifier: Any) -> Metric:
    """The metric that a name or a class stands for, called by that name; a `Metric` is itself.

    Raises
    ------
    ValueError
        If there is no such metric.
    """
    if isinstance(identifier, Metric):
        return identifier
    if isinstance(identifier, type) and issubclass(identifier, Metric):
        return identifier()
    if isinstance(identifier, str) and identifier in _BY_NAME:
        return _BY_NAME[identifier](name=identifier)
    names = ", ".join(sorted(to_snake_case(cls.__name__) for cls in _CLASSES))
    raise ValueError(f"metric must be a Metric or one of {names}, got {identifier!r}")


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
