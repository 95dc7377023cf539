"""Cross-entropies."""

from __future__ import annotations

from typing import Any

import numpy as np

from convlet._integers import is_integer
from convlet._variable import Array
from convlet.losses._arrays import class_numbers, target_like
from convlet.losses._classes import Crossentropy


class CategoricalCrossentropy(Crossentropy):
    """-sum over classes of y_true log(y_pred), for targets such as one-hot rows.

    Parameters
    ----------
    from_logits : bool, default False
        Whether y_pred holds scores before softmax; exact also where probabilities round to 0 or 1.
    label_smoothing : float, default 0.0
        Targets become y_true * (1 - s) + s / classes.
    axis : int, default -1
        The axis of classes.
    reduction, name
        As for `Loss`.

    Notes
    -----
    Probabilities are divided by their sum and clipped to [1e-7, 1 - 1e-7], as in Keras; beyond,
    the gradient is zero. Sums are in float64, classes ascending.

    Examples
    --------
    >>> from convlet.losses import CategoricalCrossentropy
    >>> round(CategoricalCrossentropy()([[0, 1]], [[0.5, 0.5]]), 4)
    0.6931
    """

    def value_and_grad(self, y_true: Any, y_pred: Array, want_grad: bool = True) -> Any:
        """(loss of each sample, its gradient in y_pred)."""
        target = self.axis_last(target_like(y_true, y_pred, one_hot=True))
        target = self.smoothed(target, target.shape[-1])
        return self.compare("crossentropy", target, y_pred, want_grad)


class SparseCategoricalCrossentropy(Crossentropy):
    """`CategoricalCrossentropy` for targets that are class numbers.

    Parameters
    ----------
    from_logits : bool, default False
    ignore_class : int, optional
        Samples of this class do not count: their loss and gradient are 0, and a mean is over the
        others.
    reduction, name
        As for `Loss`.
    axis : int, default -1
        The axis of classes in y_pred.

    Raises
    ------
    ValueError
        When called with a class number that is no integer from 0 to classes - 1.

    Examples
    --------
    >>> from convlet.losses import SparseCategoricalCrossentropy
    >>> round(SparseCategoricalCrossentropy()([1], [[0.5, 0.5]]), 4)
    0.6931
    """

    def __init__(
        self,
        from_logits: bool = False,
        ignore_class: int | None = None,
        reduction: str | None = "sum_over_batch_size",
        axis: int = -1,
        name: str | None = None,
    ) -> None:
        super().__init__(from_logits, 0.0, axis, reduction, name)
        if ignore_class is not None and not is_integer(ignore_class):
            raise TypeError(f"ignore_class must be an integer, got {ignore_class!r}")
        self.ignore_class = ignore_class

    def value_and_grad(self, y_true: Any, y_pred: Array, want_grad: bool = True) -> Any:
        """(loss of each sample, its gradient in y_pred)."""
        shape = self.axis_last(y_pred).shape
        labels, counted = self._labels(y_true, y_pred.ndim), None
        if self.ignore_class is not None:
            counted = np.expand_dims(labels != self.ignore_class, self.axis)
            labels = np.where(labels == self.ignore_class, 0, labels)
            y_pred = np.where(counted, y_pred, y_pred.dtype.type(0))
        target = np.zeros(shape, y_pred.dtype)
        np.put_along_axis(target, class_numbers(labels, shape)[..., None], 1, axis=-1)
        values, grad = self.compare("crossentropy", target, y_pred, want_grad)
        if counted is None:
            return values, grad
        values = np.where(counted.squeeze(self.axis), values, values.dtype.type(0))
        return values, None if grad is None else np.where(counted, grad, grad.dtype.type(0))

    def _labels(self, y_true: Any, ndim: int) -> Array:
        """Targets without the axis of classes, which they may have in size 1."""
        labels = np.asarray(y_true)
        keeps = labels.ndim == ndim and labels.shape[self.axis] == 1
        return labels.squeeze(self.axis) if keeps else labels

    def counted(self, y_true: Any, values: Array) -> Array | None:
        """Which samples are not of the ignored class."""
        if self.ignore_class is None:
            return None
        return self._labels(y_true, values.ndim + 1) != self.ignore_class

    def get_config(self) -> dict[str, Any]:
        """Constructor arguments, as plain values."""
        config = super().get_config()
        del config["label_smoothing"]
        return {**config, "ignore_class": self.ignore_class}


class BinaryCrossentropy(Crossentropy):
    """Mean over the last axis of -(y_true log(y_pred) + (1 - y_true) log(1 - y_pred)).

    Parameters
    ----------
    from_logits : bool, default False
        Whether y_pred holds scores before sigmoid.
    label_smoothing : float, default 0.0
        Targets become y_true * (1 - s) + s / 2.
    axis : int, default -1
        The axis that the mean is over.
    reduction, name
        As for `Loss`.

    Notes
    -----
    Probabilities are clipped to [1e-7, 1 - 1e-7], as in Keras; beyond, the gradient is zero.

    Examples
    --------
    >>> from convlet.losses import BinaryCrossentropy
    >>> round(BinaryCrossentropy()([[1.0]], [[0.5]]), 4)
    0.6931
    """

    def value_and_grad(self, y_true: Any, y_pred: Array, want_grad: bool = True) -> Any:
        """(loss of each sample, its gradient in y_pred)."""
        target = self.axis_last(target_like(y_true, y_pred))
        return self.compare("binary", self.smoothed(target, 2), y_pred, want_grad)


def categorical_crossentropy(
    y_true: Any,
    y_pred: Any,
    from_logits: bool = False,
    label_smoothing: float = 0.0,
    axis: int = -1,
) -> Array:
    """(N, ...): see `CategoricalCrossentropy`."""
    return CategoricalCrossentropy(from_logits, label_smoothing, axis).call(y_true, y_pred)


def sparse_categorical_crossentropy(
    y_true: Any,
    y_pred: Any,
    from_logits: bool = False,
    ignore_class: int | None = None,
    axis: int = -1,
) -> Array:
    """(N, ...): see `SparseCategoricalCrossentropy`."""
    return SparseCategoricalCrossentropy(from_logits, ignore_class, axis=axis).call(y_true, y_pred)


def binary_crossentropy(
    y_true: Any,
    y_pred: Any,
    from_logits: bool = False,
    label_smoothing: float = 0.0,
    axis: int = -1,
) -> Array:
    """(N, ...): see `BinaryCrossentropy`."""
    return BinaryCrossentropy(from_logits, label_smoothing, axis).call(y_true, y_pred)
