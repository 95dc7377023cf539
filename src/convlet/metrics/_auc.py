"""The area under a curve over thresholds."""

from __future__ import annotations

from typing import Any

import numpy as np

from convlet._integers import check_int
from convlet._numbers import finite
from convlet._sums import ordered_sum, sums_by_group
from convlet._variable import Array
from convlet.activations import sigmoid
from convlet.losses._arrays import aligned_weights, real
from convlet.metrics._accuracy import matching
from convlet.metrics._confusion import Counts, share

EPSILON = 1e-7
CURVES = ("ROC", "PR")
SUMMATIONS = ("interpolation", "minoring", "majoring")


class AUC(Counts):
    """The area under recall over false positives (ROC), or precision over recall (PR).

    Parameters
    ----------
    num_thresholds : int, default 200
        At least 2: how many thresholds there are, at equal distances from 0 to 1.
    curve : {"ROC", "PR"}, default "ROC"
    summation_method : {"interpolation", "minoring", "majoring"}, default "interpolation"
        What stands between two thresholds: a line (for PR, what lies between counts), the lower
        end, or the higher one.
    name : str, default "auc"
    thresholds : list of float, optional
        Those between 0 and 1, in place of `num_thresholds`.
    multi_label : bool, default False
        Whether the area is the mean over the columns of y_pred (N, L).
    num_labels : int, optional
        L, only with `multi_label`.
    label_weights : list of float, optional
        What each column counts.
    from_logits : bool, default False
        Whether y_pred holds scores before sigmoid.

    Raises
    ------
    ValueError, TypeError
        If an argument is none of these.

    Notes
    -----
    Davis and Goadrich, The Relationship Between Precision-Recall and ROC Curves, 2006, for what
    lies between two points of PR.

    Examples
    --------
    >>> from convlet.metrics import AUC
    >>> round(AUC(num_thresholds=3)([0, 0, 1, 1], [0.0, 0.5, 0.3, 0.9]), 4)
    0.75
    """

    direction = "up"

    def __init__(
        self,
        num_thresholds: int = 200,
        curve: str = "ROC",
        summation_method: str = "interpolation",
        name: str | None = None,
        thresholds: Any = None,
        multi_label: bool = False,
        num_labels: int | None = None,
        label_weights: Any = None,
        from_logits: bool = False,
    ) -> None:
        if curve not in CURVES:
            raise ValueError(f"curve must be one of {CURVES}, got {curve!r}")
        if str(summation_method).lower() not in SUMMATIONS:
            raise ValueError(
                f"summation_method must be one of {SUMMATIONS}, got {summation_method!r}"
            )
        if num_labels is not None and not multi_label:
            raise ValueError("num_labels must not be given without multi_label=True")
        if thresholds is None:
            last = check_int("num_thresholds", num_thresholds, 2) - 1
            inner = (np.arange(1, last) / last).tolist()
        else:
            inner = sorted(finite("thresholds", threshold) for threshold in thresholds)
            if not all(0 <= threshold <= 1 for threshold in inner):
                raise ValueError(f"thresholds must be from 0 to 1, got {thresholds!r}")
        self._given = None if thresholds is None else inner
        self.thresholds = [-EPSILON, *inner, 1 + EPSILON]
        self.curve, self.summation_method = curve, str(summation_method).lower()
        self.multi_label, self.num_labels = bool(multi_label), num_labels
        self.label_weights = (
            None
            if label_weights is None
            else [finite("label_weights", weight) for weight in label_weights]
        )
        self.from_logits = bool(from_logits)
        super().__init__(name)

    def reset_state(self) -> None:
        """Forget all samples."""
        self._reset((self.num_labels,) if self.multi_label and self.num_labels else ())

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Count some samples, each as often as its weight says."""
        y_pred = real("y_pred", y_pred)
        y_true = matching(real("y_true", y_true), y_pred)
        if self.from_logits:
            y_pred = sigmoid(y_pred)
        y_pred = np.clip(y_pred, 0, 1)
        weights = aligned_weights(sample_weight, y_pred.shape)
        if not self.multi_label:
            if self.label_weights is not None:
                weights = weights * np.asarray(self._weights(y_pred))
            self._add_counts(self._counts_of(y_true, y_pred, weights))
            return
        if y_pred.ndim != 2 or self.num_labels not in (None, y_pred.shape[1]):
            raise ValueError(
                f"y_pred must have shape (N, {self.num_labels or 'L'}) with multi_label=True, "
                f"got {y_pred.shape}"
            )
        self._weights(y_pred)
        columns = zip(y_true.T, y_pred.T, weights.T, strict=True)
        counts = [self._counts_of(*column) for column in columns]
        self._add_counts([np.stack(parts, axis=1) for parts in zip(*counts, strict=True)])

    def _add_counts(self, counts: Any) -> None:
        if self.true_positives.ndim < counts[0].ndim:
            self._reset(counts[0].shape[1:])
        super()._add_counts(counts)

    def _weights(self, y_pred: Array) -> list[float] | None:
        weights = self.label_weights
        if weights is not None and len(weights) != y_pred.shape[-1]:
            raise ValueError(
                f"label_weights must be as many as labels, {y_pred.shape[-1]}, got {len(weights)}"
            )
        return weights

    def result(self) -> float:
        """The area so far."""
        areas = self._steps()
        if areas.ndim == 1:
            return ordered_sum(areas)
        count = areas.shape[1]
        labels = np.broadcast_to(np.arange(count), areas.shape)
        areas = sums_by_group(labels, areas, count)
        weights = np.asarray(self.label_weights or np.ones(count))
        whole = ordered_sum(weights)
        return ordered_sum(areas * weights) / whole if whole else 0.0

    def _steps(self) -> Array:
        """The area between each threshold and the next."""
        recall = share(self.true_positives, self.false_negatives)
        if self.curve == "PR" and self.summation_method == "interpolation":
            return self._between()
        if self.curve == "ROC":
            x, y = share(self.false_positives, self.true_negatives), recall
        else:
            x, y = recall, share(self.true_positives, self.false_positives)
        if self.summation_method == "interpolation":
            heights = (y[:-1] + y[1:]) / 2
        else:
            ends = np.minimum if self.summation_method == "minoring" else np.maximum
            heights = ends(y[:-1], y[1:])
        return (x[:-1] - x[1:]) * heights

    def _between(self) -> Array:
        """The area under precision where counts, not precision, lie on a line between points."""
        found = self.true_positives
        positives = found + self.false_positives
        gain, change = found[:-1] - found[1:], positives[:-1] - positives[1:]
        slope = _quotient(gain, np.maximum(change, 0))
        start = found[1:] - slope * positives[1:]
        both = (positives[:-1] > 0) & (positives[1:] > 0)
        ratio = np.where(both, _quotient(positives[:-1], positives[1:]), 1.0)
        area = slope * (gain + start * np.log(ratio))
        return _quotient(area, np.maximum(found[1:] + self.false_negatives[1:], 0))

    def get_config(self) -> dict[str, Any]:
        """Constructor arguments, as plain values."""
        return {
            **super().get_config(),
            "num_thresholds": len(self.thresholds),
            "curve": self.curve,
            "summation_method": self.summation_method,
            "thresholds": self._given,
            "multi_label": self.multi_label,
            "num_labels": self.num_labels,
            "label_weights": self.label_weights,
            "from_logits": self.from_logits,
        }


def _quotient(a: Array, b: Array) -> Array:
    """a / b, 0 where b is."""
    return np.divide(a, b, out=np.zeros_like(a), where=b != 0)
