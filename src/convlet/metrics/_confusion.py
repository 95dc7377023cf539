"""True and false positives and negatives, and their shares."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from convlet._integers import is_integer, positive_int
from convlet._numbers import finite
from convlet._sums import ordered_sum, sums_by_group
from convlet._variable import Array
from convlet.losses._arrays import aligned_weights, real
from convlet.metrics._accuracy import matching
from convlet.metrics._metric import Metric


class Counts(Metric):
    """Base of metrics that count, for each threshold, what lies above it and what should.

    Attributes
    ----------
    true_positives, false_positives, true_negatives, false_negatives : ndarray (thresholds,)
        Sums of weights.
    """

    thresholds: list[float]

    def reset_state(self) -> None:
        """Forget all samples."""
        self._reset(())

    def _reset(self, labels: tuple[int, ...]) -> None:
        shape = (len(self.thresholds), *labels)
        self.true_positives, self.false_positives = np.zeros(shape), np.zeros(shape)
        self.true_negatives, self.false_negatives = np.zeros(shape), np.zeros(shape)

    def _counts_of(self, y_true: Array, y_pred: Array, weights: Array) -> tuple[Array, ...]:
        """True and false positives, true and false negatives for each threshold.

        A prediction is positive above the threshold, in its own element type; NaN never is.
        """
        flat = np.ravel(y_pred)
        flat = flat if flat.dtype.kind == "f" else flat.astype(np.float64)
        order = sorted(range(len(self.thresholds)), key=self.thresholds.__getitem__)
        ascending = np.asarray(self.thresholds, flat.dtype)[order]
        passed = np.searchsorted(ascending, flat, side="left")
        passed[np.isnan(flat)] = 0
        counts = []
        for chosen in (np.ravel(y_true) != 0, np.ravel(y_true) == 0):
            given = np.where(chosen, np.ravel(weights), 0.0)
            groups = sums_by_group(passed, given, len(order) + 1)
            above, total = np.zeros(len(order)), 0.0
            for place in range(len(order) - 1, -1, -1):
                total += groups[place + 1]
                above[order[place]] = total
            counts.append((above, ordered_sum(given) - above))
        (true_positives, false_negatives), (false_positives, true_negatives) = counts
        return true_positives, false_positives, true_negatives, false_negatives

    def _add_counts(self, counts: Sequence[Array]) -> None:
        self.true_positives = self.true_positives + counts[0]
        self.false_positives = self.false_positives + counts[1]
        self.true_negatives = self.true_negatives + counts[2]
        self.false_negatives = self.false_negatives + counts[3]


class _AtThresholds(Counts):
    """Counts at the thresholds that the caller gives."""

    direction: str | None = None

    def __init__(
        self,
        thresholds: Any = None,
        name: str | None = None,
        default: float = 0.5,
        top_k: int | None = None,
        class_id: int | None = None,
    ) -> None:
        self._given = thresholds
        given = default if thresholds is None else thresholds
        given = list(given) if isinstance(given, (list, tuple, np.ndarray)) else [given]
        self.thresholds = [finite("thresholds", threshold) for threshold in given]
        if thresholds is not None and not all(0 <= one <= 1 for one in self.thresholds):
            raise ValueError(f"thresholds must be from 0 to 1, got {thresholds!r}")
        if not self.thresholds:
            raise ValueError("thresholds must have at least one, got none")
        self.top_k = None if top_k is None else positive_int("top_k", top_k)
        if class_id is not None and not is_integer(class_id):
            raise TypeError(f"class_id must be an int, got {class_id!r}")
        self.class_id = class_id
        super().__init__(name)

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Count some samples, each as often as its weight says."""
        y_pred = real("y_pred", y_pred)
        y_true = matching(real("y_true", y_true), y_pred)
        weights = aligned_weights(sample_weight, y_pred.shape)
        if self.top_k is not None:
            y_pred = _only_largest(y_pred, self.top_k)
        if self.class_id is not None:
            if y_pred.ndim < 2 or not 0 <= self.class_id < y_pred.shape[-1]:
                raise ValueError(
                    f"class_id must be one of y_pred's classes, got {self.class_id} "
                    f"for shape {y_pred.shape}"
                )
            y_true, y_pred, weights = (a[..., self.class_id] for a in (y_true, y_pred, weights))
        self._add_counts(self._counts_of(y_true, y_pred, weights))

    def _one(self, values: Array) -> Any:
        """A float for one threshold, else an array."""
        return float(values[0]) if len(self.thresholds) == 1 else values

    def get_config(self) -> dict[str, Any]:
        """Constructor arguments, as plain values."""
        given = self._given
        return {
            **super().get_config(),
            "thresholds": list(given) if isinstance(given, (tuple, np.ndarray)) else given,
        }


def _only_largest(y_pred: Array, k: int) -> Array:
    """The k largest along the last axis, the first ones of equals; others are minus infinity."""
    if k > y_pred.shape[-1]:
        raise ValueError(f"top_k must be at most the number of classes, got {k}")
    order = np.argsort(-y_pred, axis=-1, kind="stable")[..., :k]
    result = np.full(y_pred.shape, -np.inf)
    np.put_along_axis(result, order, np.take_along_axis(y_pred, order, -1), -1)
    return result


class _Condition(_AtThresholds):
    """One of the four counts."""

    _attribute = ""

    def __init__(self, thresholds: Any = None, name: str | None = None) -> None:
        super().__init__(thresholds, name)

    def result(self) -> Any:
        """The sum of weights so far, for each threshold if there are several."""
        return self._one(getattr(self, self._attribute))


class TruePositives(_Condition):
    """How many samples are predicted positive and are.

    Parameters
    ----------
    thresholds : float or list of float, default 0.5
        Predictions above it are positive.
    name : str, default "true_positives"
    """

    _attribute = "true_positives"


class FalsePositives(_Condition):
    """How many samples are predicted positive and are not.

    Parameters
    ----------
    thresholds : float or list of float, default 0.5
        Predictions above it are positive.
    name : str, default "false_positives"
    """

    _attribute = "false_positives"


class TrueNegatives(_Condition):
    """How many samples are predicted negative and are.

    Parameters
    ----------
    thresholds : float or list of float, default 0.5
        Predictions above it are positive.
    name : str, default "true_negatives"
    """

    _attribute = "true_negatives"


class FalseNegatives(_Condition):
    """How many samples are predicted negative and are not.

    Parameters
    ----------
    thresholds : float or list of float, default 0.5
        Predictions above it are positive.
    name : str, default "false_negatives"
    """

    _attribute = "false_negatives"


class _Share(_AtThresholds):
    """True positives by something."""

    direction = "up"
    _others = ""

    def __init__(
        self,
        thresholds: Any = None,
        top_k: int | None = None,
        class_id: int | None = None,
        name: str | None = None,
    ) -> None:
        default = 0.5 if top_k is None else -1e10
        super().__init__(thresholds, name, default, top_k, class_id)

    def result(self) -> Any:
        """The share so far, 0 of nothing; for each threshold if there are several."""
        return self._one(share(self.true_positives, getattr(self, self._others)))

    def get_config(self) -> dict[str, Any]:
        """Constructor arguments, as plain values."""
        return {**super().get_config(), "top_k": self.top_k, "class_id": self.class_id}


class Precision(_Share):
    """How many of those predicted positive are.

    Parameters
    ----------
    thresholds : float or list of float, default 0.5
        Predictions above it are positive; with `top_k` there is none by default.
    top_k : int, optional
        Only the k largest of each sample count as predictions.
    class_id : int, optional
        Only this class counts.
    name : str, default "precision"

    Examples
    --------
    >>> from convlet.metrics import Precision
    >>> Precision()([0, 1, 1], [0.6, 0.7, 0.2])
    0.5
    """

    _others = "false_positives"


class Recall(_Share):
    """How many of those that are positive are predicted.

    Parameters
    ----------
    thresholds : float or list of float, default 0.5
        Predictions above it are positive; with `top_k` there is none by default.
    top_k : int, optional
        Only the k largest of each sample count as predictions.
    class_id : int, optional
        Only this class counts.
    name : str, default "recall"

    Examples
    --------
    >>> from convlet.metrics import Recall
    >>> Recall()([0, 1, 1], [0.6, 0.7, 0.2])
    0.5
    """

    _others = "false_negatives"


def share(part: Array, rest: Array) -> Array:
    """part / (part + rest), 0 where both are 0."""
    whole = part + rest
    return np.divide(part, whole, out=np.zeros_like(whole), where=whole != 0)
