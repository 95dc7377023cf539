"""Intersection over union of classes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from convlet._integers import check_int, is_integer, positive_int
from convlet._numbers import finite
from convlet._sums import ordered_sum, sums_by_group
from convlet._variable import Array
from convlet.losses._arrays import aligned_weights, real
from convlet.metrics._metric import Metric

EPSILON = 1e-7


class IoU(Metric):
    """The mean, over some classes, of samples in both y_true and y_pred over those in either.

    Parameters
    ----------
    num_classes : int
    target_class_ids : list of int
        The classes, below `num_classes`.
    name : str, default "io_u"
    ignore_class : int, optional
        Samples whose y_true is this do not count.
    sparse_y_true, sparse_y_pred : bool, default True
        Whether each holds class numbers, rather than a number for each class along `axis`.
    axis : int, default -1
        The axis of classes.

    Attributes
    ----------
    total_cm : ndarray (num_classes, num_classes)
        Sums of weights, by y_true and y_pred.

    Raises
    ------
    ValueError, TypeError
        If an argument is none of these.

    Notes
    -----
    Class numbers out of range do not count. Divisors have 1e-7 more, as in Keras.

    Examples
    --------
    >>> from convlet.metrics import IoU
    >>> round(IoU(2, target_class_ids=[0])([0, 0, 1, 1], [0, 1, 0, 1]), 4)
    0.3333
    """

    direction = "up"

    def __init__(
        self,
        num_classes: int,
        target_class_ids: Sequence[int],
        name: str | None = None,
        ignore_class: int | None = None,
        sparse_y_true: bool = True,
        sparse_y_pred: bool = True,
        axis: int = -1,
    ) -> None:
        self.num_classes = positive_int("num_classes", num_classes)
        self.reset_state()  # an error for too many classes, before they are listed
        self.target_class_ids = [check_int("target_class_ids", i, 0) for i in target_class_ids]
        if not all(one < num_classes for one in self.target_class_ids):
            raise ValueError(
                f"target_class_ids must be below num_classes={num_classes}, got {target_class_ids}"
            )
        for what, value in (("ignore_class", ignore_class), ("axis", axis)):
            if not (is_integer(value) or (what == "ignore_class" and value is None)):
                raise TypeError(f"{what} must be an int, got {value!r}")
        self.ignore_class, self.axis = ignore_class, axis
        self.sparse_y_true, self.sparse_y_pred = bool(sparse_y_true), bool(sparse_y_pred)
        super().__init__(name)

    def reset_state(self) -> None:
        """Forget all samples."""
        self.total_cm = np.zeros((self.num_classes, self.num_classes))

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Count some samples, each as often as its weight says."""
        truth = self._classes(y_true, self.sparse_y_true)
        found = self._classes(y_pred, self.sparse_y_pred)
        if truth.ndim == found.ndim + 1 and truth.shape[-1] == 1:
            truth = truth[..., 0]
        if found.ndim == truth.ndim + 1 and found.shape[-1] == 1:
            found = found[..., 0]
        if truth.shape != found.shape:
            raise ValueError(
                f"y_true must have as many samples as y_pred, got {truth.shape} and {found.shape}"
            )
        weights = np.ravel(aligned_weights(sample_weight, truth.shape))
        truth, found = np.ravel(truth), np.ravel(found)
        inside = (truth >= 0) & (truth < self.num_classes)
        inside &= (found >= 0) & (found < self.num_classes)
        if self.ignore_class is not None:
            inside &= truth != self.ignore_class
        places = (truth * self.num_classes + found)[inside]
        cells = sums_by_group(places, weights[inside], self.num_classes**2)
        self.total_cm = self.total_cm + cells.reshape(self.total_cm.shape)

    def _classes(self, y: Any, sparse: bool) -> Array:
        """Class numbers; what is none becomes -1."""
        array = real("y_true and y_pred", y)
        if not sparse:
            if not -array.ndim <= self.axis < array.ndim:
                raise ValueError(f"axis must be one of the {array.ndim} there are, got {self.axis}")
            return array.argmax(axis=self.axis)
        return np.where(np.isfinite(array), array, -1).astype(np.int64)

    def result(self) -> float:
        """The mean so far, over the classes that are there."""
        values = []
        for one in self.target_class_ids:
            both = float(self.total_cm[one, one])
            either = ordered_sum(self.total_cm[one]) + ordered_sum(self.total_cm[:, one]) - both
            if either > 1e-9:
                values.append(both / (either + EPSILON))
        return ordered_sum(values) / (len(values) + EPSILON)

    def get_config(self) -> dict[str, Any]:
        """Constructor arguments, as plain values."""
        return {
            **super().get_config(),
            "num_classes": self.num_classes,
            "target_class_ids": self.target_class_ids,
            "ignore_class": self.ignore_class,
            "sparse_y_true": self.sparse_y_true,
            "sparse_y_pred": self.sparse_y_pred,
            "axis": self.axis,
        }

    def _config_without(self, *names: str) -> dict[str, Any]:
        return {name: value for name, value in IoU.get_config(self).items() if name not in names}


class MeanIoU(IoU):
    """`IoU` of all classes.

    Parameters
    ----------
    num_classes : int
    name : str, default "mean_io_u"
    ignore_class, sparse_y_true, sparse_y_pred, axis
        As for `IoU`.

    Examples
    --------
    >>> from convlet.metrics import MeanIoU
    >>> round(MeanIoU(2)([0, 0, 1, 1], [0, 1, 1, 1]), 4)
    0.5833
    """

    def __init__(
        self,
        num_classes: int,
        name: str | None = None,
        ignore_class: int | None = None,
        sparse_y_true: bool = True,
        sparse_y_pred: bool = True,
        axis: int = -1,
    ) -> None:
        every = range(positive_int("num_classes", num_classes))
        super().__init__(num_classes, every, name, ignore_class, sparse_y_true, sparse_y_pred, axis)

    def get_config(self) -> dict[str, Any]:
        """Constructor arguments, as plain values."""
        return self._config_without("target_class_ids")


class BinaryIoU(IoU):
    """`IoU` of two classes, y_pred being 1 from a threshold on.

    Parameters
    ----------
    target_class_ids : list of int, default (0, 1)
    threshold : float, default 0.5
    name : str, default "binary_io_u"

    Examples
    --------
    >>> from convlet.metrics import BinaryIoU
    >>> round(BinaryIoU(threshold=0.3)([0, 1, 0, 1], [0.1, 0.2, 0.4, 0.7]), 4)
    0.3333
    """

    def __init__(
        self,
        target_class_ids: Sequence[int] = (0, 1),
        threshold: float = 0.5,
        name: str | None = None,
    ) -> None:
        super().__init__(2, target_class_ids, name)
        self.threshold = finite("threshold", threshold)

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Count some samples, each as often as its weight says."""
        super().update_state(y_true, real("y_pred", y_pred) >= self.threshold, sample_weight)

    def get_config(self) -> dict[str, Any]:
        """Constructor arguments, as plain values."""
        return {
            "name": self.name,
            "target_class_ids": self.target_class_ids,
            "threshold": self.threshold,
        }


class OneHotIoU(IoU):
    """`IoU` of targets that are one-hot rows.

    Parameters
    ----------
    num_classes, target_class_ids
        As for `IoU`.
    name : str, default "one_hot_io_u"
    ignore_class, axis
        As for `IoU`.
    sparse_y_pred : bool, default False
    """

    def __init__(
        self,
        num_classes: int,
        target_class_ids: Sequence[int],
        name: str | None = None,
        ignore_class: int | None = None,
        sparse_y_pred: bool = False,
        axis: int = -1,
    ) -> None:
        super().__init__(
            num_classes, target_class_ids, name, ignore_class, False, sparse_y_pred, axis
        )

    def get_config(self) -> dict[str, Any]:
        """Constructor arguments, as plain values."""
        return self._config_without("sparse_y_true")


class OneHotMeanIoU(MeanIoU):
    """`MeanIoU` of targets that are one-hot rows.

    Parameters
    ----------
    num_classes : int
    name : str, default "one_hot_mean_io_u"
    ignore_class, axis
        As for `IoU`.
    sparse_y_pred : bool, default False
    """

    def __init__(
        self,
        num_classes: int,
        name: str | None = None,
        ignore_class: int | None = None,
        sparse_y_pred: bool = False,
        axis: int = -1,
    ) -> None:
        super().__init__(num_classes, name, ignore_class, False, sparse_y_pred, axis)

    def get_config(self) -> dict[str, Any]:
        """Constructor arguments, as plain values."""
        return self._config_without("target_class_ids", "sparse_y_true")
