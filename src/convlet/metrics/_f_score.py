"""Precision and recall in one number."""

from __future__ import annotations

from typing import Any

import numpy as np

from convlet._numbers import positive
from convlet._sums import ordered_sum, sums_by_group
from convlet._variable import Array
from convlet.losses._arrays import aligned_weights, real
from convlet.metrics._accuracy import matching
from convlet.metrics._metric import Metric

EPSILON = 1e-7
AVERAGES = (None, "micro", "macro", "weighted")


class FBetaScore(Metric):
    """(1 + beta^2) p r / (beta^2 p + r), p precision and r recall of each column of y_pred.

    Parameters
    ----------
    average : {None, "micro", "macro", "weighted"}, default None
        None: one number for each column. "micro": of all columns as one. "macro": the mean.
        "weighted": the mean by the columns' numbers of positives.
    beta : float, default 1.0
        Above 0: how much recall counts.
    threshold : float, optional
        Predictions above it are positive, by default the largest of each row; above 0, at most 1.
    name : str, default "fbeta_score"

    Raises
    ------
    ValueError, TypeError
        If an argument is none of these; when called, if y_pred is not of shape (N, C).

    Notes
    -----
    Divisors have 1e-7 more, as in Keras.

    Examples
    --------
    >>> from convlet.metrics import FBetaScore
    >>> y_true, y_pred = [[1, 0], [1, 0], [0, 1]], [[0.9, 0.1], [0.4, 0.6], [0.2, 0.8]]
    >>> FBetaScore(beta=2.0)(y_true, y_pred).round(4)
    array([0.5556, 0.8333])
    """

    direction = "up"

    def __init__(
        self,
        average: str | None = None,
        beta: float = 1.0,
        threshold: float | None = None,
        name: str | None = "fbeta_score",
    ) -> None:
        if average not in AVERAGES:
            raise ValueError(f"average must be one of {AVERAGES}, got {average!r}")
        self.average, self.beta = average, positive("beta", beta)
        self.threshold = None if threshold is None else positive("threshold", threshold)
        if self.threshold is not None and self.threshold > 1:
            raise ValueError(f"threshold must be above 0 and at most 1, got {threshold!r}")
        super().__init__(name)

    def reset_state(self) -> None:
        """Forget all samples."""
        self.true_positives, self.false_positives = np.zeros(0), np.zeros(0)
        self.false_negatives = np.zeros(0)

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Count some samples, each as often as its weight says."""
        y_pred = real("y_pred", y_pred)
        if y_pred.ndim != 2:
            raise ValueError(f"y_pred must have shape (N, C), got {y_pred.shape}")
        truth = matching(real("y_true", y_true), y_pred).astype(np.float64)
        if self.threshold is None:
            largest = y_pred.max(axis=-1, keepdims=True) if y_pred.size else y_pred
            found = (y_pred >= largest) & (np.abs(y_pred) > 1e-9)
        else:
            found = y_pred > self.threshold
        weights = aligned_weights(sample_weight, y_pred.shape)
        parts = (found * truth, found * (1 - truth), ~found * truth)
        sums = [self._sums(part * weights) for part in parts]
        if not self.true_positives.size:
            self.true_positives, self.false_positives, self.false_negatives = sums
            return
        self.true_positives = self.true_positives + sums[0]
        self.false_positives = self.false_positives + sums[1]
        self.false_negatives = self.false_negatives + sums[2]

    def _sums(self, values: Array) -> Array:
        """Over samples, or over all for "micro"."""
        if self.average == "micro":
            return np.array([ordered_sum(values)])
        columns = values.shape[1]
        return sums_by_group(np.broadcast_to(np.arange(columns), values.shape), values, columns)

    def result(self) -> Any:
        """The score so far."""
        found = self.true_positives
        precision = found / (found + self.false_positives + EPSILON)
        recall = found / (found + self.false_negatives + EPSILON)
        square = self.beta**2
        scores = (1 + square) * (precision * recall / (square * precision + recall + EPSILON))
        if self.average is None:
            return scores
        if self.average == "weighted":
            positives = found + self.false_negatives
            scores = scores * positives / (ordered_sum(positives) + EPSILON)
            return ordered_sum(scores)
        return ordered_sum(scores) / max(scores.size, 1)

    def get_config(self) -> dict[str, Any]:
        """Constructor arguments, as plain values."""
        return {
            **super().get_config(),
            "average": self.average,
            "beta": self.beta,
            "threshold": self.threshold,
        }


class F1Score(FBetaScore):
    """2 p r / (p + r), p precision and r recall of each column of y_pred.

    Parameters
    ----------
    average, threshold
        As for `FBetaScore`.
    name : str, default "f1_score"

    Examples
    --------
    >>> from convlet.metrics import F1Score
    >>> y_true, y_pred = [[1, 0], [1, 0], [0, 1]], [[0.9, 0.1], [0.4, 0.6], [0.2, 0.8]]
    >>> round(F1Score(average="macro")(y_true, y_pred), 4)
    0.6667
    """

    def __init__(
        self,
        average: str | None = None,
        threshold: float | None = None,
        name: str | None = "f1_score",
    ) -> None:
        super().__init__(average, 1.0, threshold, name)

    def get_config(self) -> dict[str, Any]:
        """Constructor arguments, as plain values."""
        config = super().get_config()
        del config["beta"]
        return config
