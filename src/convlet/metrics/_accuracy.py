"""How often outputs are right."""

from __future__ import annotations

from typing import Any

import numpy as np

from convlet._integers import positive_int
from convlet._variable import Array
from convlet.metrics._metric import Metric


class Accuracy(Metric):
    """How often y_pred equals y_true.

    Parameters
    ----------
    name : str, default "accuracy"
    """

    direction = "up"

    def values(self, y_true: Array, y_pred: Array) -> Array:
        """1 where equal, else 0."""
        return matching(y_true, y_pred) == y_pred


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
        return matching(y_true, y_pred) == (y_pred > self.threshold)

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
        return matching(y_true, y_pred).argmax(axis=-1) == y_pred.argmax(axis=-1)


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
        return class_of(y_true, y_pred) == y_pred.argmax(axis=-1)


class TopKCategoricalAccuracy(Metric):
    """How often the class of the largest of y_true is among the k largest of y_pred.

    Parameters
    ----------
    k : int, default 5
        At least 1.
    name : str, default "top_k_categorical_accuracy"

    Raises
    ------
    ValueError, TypeError
        If k is no such integer.

    Notes
    -----
    A class is among the k largest if fewer than k are larger, and y_pred is finite there.

    Examples
    --------
    >>> from convlet.metrics import TopKCategoricalAccuracy
    >>> TopKCategoricalAccuracy(k=2)([[0, 0, 1], [1, 0, 0]], [[0.5, 0.2, 0.3], [0.1, 0.4, 0.5]])
    0.5
    """

    direction = "up"

    def __init__(self, k: int = 5, name: str | None = None) -> None:
        super().__init__(name)
        self.k = positive_int("k", k)

    def values(self, y_true: Array, y_pred: Array) -> Array:
        """1 where right, else 0."""
        return among_largest(matching(y_true, y_pred).argmax(axis=-1), y_pred, self.k)

    def get_config(self) -> dict[str, Any]:
        """Constructor arguments, as plain values."""
        return {**super().get_config(), "k": self.k}


class SparseTopKCategoricalAccuracy(TopKCategoricalAccuracy):
    """How often y_true, a class number, is among the k largest of y_pred.

    Parameters
    ----------
    k : int, default 5
        At least 1.
    name : str, default "sparse_top_k_categorical_accuracy"

    Raises
    ------
    ValueError, TypeError
        If k is no such integer.

    Notes
    -----
    A class is among the k largest if fewer than k are larger, and y_pred is finite there.

    Examples
    --------
    >>> from convlet.metrics import SparseTopKCategoricalAccuracy
    >>> SparseTopKCategoricalAccuracy(k=2)([2, 0], [[0.5, 0.2, 0.3], [0.1, 0.4, 0.5]])
    0.5
    """

    def values(self, y_true: Array, y_pred: Array) -> Array:
        """1 where right, else 0."""
        return among_largest(class_of(y_true, y_pred), y_pred, self.k)


def class_of(y_true: Array, y_pred: Array) -> Array:
    """y_true in the shape of y_pred without the axis of classes."""
    squeezed = y_true.ndim == y_pred.ndim and y_true.shape[-1] == 1
    labels: Array = y_true[..., 0] if squeezed else y_true
    if labels.shape != y_pred.shape[:-1]:
        raise ValueError(f"y_true must have shape {y_pred.shape[:-1]}, got {y_true.shape}")
    return labels


def among_largest(labels: Array, y_pred: Array, k: int) -> Array:
    """Whether fewer than k classes have more than the label's."""
    if y_pred.shape[-1] == 0:
        raise ValueError(f"y_pred must have at least one class, got shape {y_pred.shape}")
    wrong = (labels < 0) | (labels >= y_pred.shape[-1])
    places = np.where(wrong, 0, labels).astype(np.int64)[..., None]
    own = np.take_along_axis(y_pred, places, axis=-1)
    larger = np.count_nonzero(y_pred > own, axis=-1)
    return (larger < k) & np.isfinite(own[..., 0]) & ~wrong


def matching(y_true: Array, y_pred: Array) -> Array:
    """y_true in y_pred's shape; (N,) stands for (N, 1)."""
    if y_true.ndim == y_pred.ndim - 1 and y_pred.shape[-1] == 1:
        y_true = y_true[..., None]
    if y_true.shape != y_pred.shape:
        raise ValueError(f"y_true must have y_pred's shape {y_pred.shape}, got {y_true.shape}")
    return y_true
