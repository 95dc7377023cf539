"""Losses as metrics: means of their values over samples."""

from __future__ import annotations

import math
from typing import Any

from convlet import losses
from convlet._variable import Array
from convlet.losses._arrays import aligned_weights
from convlet.metrics._metric import Metric


class LossMetric(Metric):
    """The mean of a loss; `Loss` says what the other arguments mean."""

    direction = "down"
    _loss: type[losses.Loss]
    _name: str | None = None

    def __init__(self, name: str | None = None, **kwargs: Any) -> None:
        super().__init__(name or self._name)
        self.loss = self._loss(**kwargs)
        self._options = kwargs

    def values(self, y_true: Array, y_pred: Array) -> Array:
        """The loss of each sample."""
        return self.loss.call(y_true, y_pred)

    def get_config(self) -> dict[str, Any]:
        """Constructor arguments, as plain values."""
        return {**super().get_config(), **self._options}


class MeanSquaredError(LossMetric):
    """The mean of `losses.MeanSquaredError`.

    Parameters
    ----------
    name : str, default "mean_squared_error"
    """

    _loss = losses.MeanSquaredError

    def __init__(self, name: str | None = None) -> None:
        super().__init__(name)


class MeanAbsoluteError(LossMetric):
    """The mean of `losses.MeanAbsoluteError`.

    Parameters
    ----------
    name : str, default "mean_absolute_error"
    """

    _loss = losses.MeanAbsoluteError

    def __init__(self, name: str | None = None) -> None:
        super().__init__(name)


class MeanAbsolutePercentageError(LossMetric):
    """The mean of `losses.MeanAbsolutePercentageError`.

    Parameters
    ----------
    name : str, default "mean_absolute_percentage_error"
    """

    _loss = losses.MeanAbsolutePercentageError

    def __init__(self, name: str | None = None) -> None:
        super().__init__(name)


class MeanSquaredLogarithmicError(LossMetric):
    """The mean of `losses.MeanSquaredLogarithmicError`.

    Parameters
    ----------
    name : str, default "mean_squared_logarithmic_error"
    """

    _loss = losses.MeanSquaredLogarithmicError

    def __init__(self, name: str | None = None) -> None:
        super().__init__(name)


class LogCoshError(LossMetric):
    """The mean of `losses.LogCosh`.

    Parameters
    ----------
    name : str, default "logcosh"
    """

    _loss = losses.LogCosh
    _name = "logcosh"

    def __init__(self, name: str | None = None) -> None:
        super().__init__(name)


class Hinge(LossMetric):
    """The mean of `losses.Hinge`.

    Parameters
    ----------
    name : str, default "hinge"
    """

    _loss = losses.Hinge

    def __init__(self, name: str | None = None) -> None:
        super().__init__(name)


class SquaredHinge(LossMetric):
    """The mean of `losses.SquaredHinge`.

    Parameters
    ----------
    name : str, default "squared_hinge"
    """

    _loss = losses.SquaredHinge

    def __init__(self, name: str | None = None) -> None:
        super().__init__(name)


class CategoricalHinge(LossMetric):
    """The mean of `losses.CategoricalHinge`.

    Parameters
    ----------
    name : str, default "categorical_hinge"
    """

    _loss = losses.CategoricalHinge

    def __init__(self, name: str | None = None) -> None:
        super().__init__(name)


class KLDivergence(LossMetric):
    """The mean of `losses.KLDivergence`.

    Parameters
    ----------
    name : str, default "kl_divergence"
    """

    _loss = losses.KLDivergence
    _name = "kl_divergence"

    def __init__(self, name: str | None = None) -> None:
        super().__init__(name)


class Poisson(LossMetric):
    """The mean of `losses.Poisson`.

    Parameters
    ----------
    name : str, default "poisson"
    """

    _loss = losses.Poisson

    def __init__(self, name: str | None = None) -> None:
        super().__init__(name)


class RootMeanSquaredError(MeanSquaredError):
    """The root of the mean of (y_true - y_pred)^2.

    Parameters
    ----------
    name : str, default "root_mean_squared_error"

    Examples
    --------
    >>> from convlet.metrics import RootMeanSquaredError
    >>> RootMeanSquaredError()([[0.0, 0.0]], [[3.0, 3.0]])
    3.0
    """

    def result(self) -> float:
        """The root of the mean so far."""
        return math.sqrt(super().result())


class BinaryCrossentropy(LossMetric):
    """The mean of `losses.BinaryCrossentropy`.

    Parameters
    ----------
    name : str, default "binary_crossentropy"
    from_logits : bool, default False
    label_smoothing : float, default 0
    """

    _loss = losses.BinaryCrossentropy

    def __init__(
        self, name: str | None = None, from_logits: bool = False, label_smoothing: float = 0
    ) -> None:
        super().__init__(name, from_logits=from_logits, label_smoothing=label_smoothing)


class CategoricalCrossentropy(LossMetric):
    """The mean of `losses.CategoricalCrossentropy`.

    Parameters
    ----------
    name : str, default "categorical_crossentropy"
    from_logits : bool, default False
    label_smoothing : float, default 0
    axis : int, default -1
    """

    _loss = losses.CategoricalCrossentropy

    def __init__(
        self,
        name: str | None = None,
        from_logits: bool = False,
        label_smoothing: float = 0,
        axis: int = -1,
    ) -> None:
        options = {"from_logits": from_logits, "label_smoothing": label_smoothing, "axis": axis}
        super().__init__(name, **options)


class SparseCategoricalCrossentropy(LossMetric):
    """The mean of `losses.SparseCategoricalCrossentropy`.

    Parameters
    ----------
    name : str, default "sparse_categorical_crossentropy"
    from_logits : bool, default False
    ignore_class : int, optional
        Samples of this class do not count.
    axis : int, default -1
    """

    _loss = losses.SparseCategoricalCrossentropy

    def __init__(
        self,
        name: str | None = None,
        from_logits: bool = False,
        ignore_class: int | None = None,
        axis: int = -1,
    ) -> None:
        super().__init__(name, from_logits=from_logits, ignore_class=ignore_class, axis=axis)

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Count some samples, each as often as its weight says."""
        values = self.loss.call(y_true, y_pred)
        counted = self.loss.counted(y_true, values)
        weights = aligned_weights(sample_weight, values.shape)
        self._add(values, weights if counted is None else weights * counted)


class CosineSimilarity(LossMetric):
    """The mean cosine of the angle between y_true and y_pred.

    Parameters
    ----------
    name : str, default "cosine_similarity"
    axis : int, default -1
        The axis of the vectors.
    """

    direction = "up"
    _loss = losses.CosineSimilarity

    def __init__(self, name: str | None = None, axis: int = -1) -> None:
        super().__init__(name, axis=axis)

    def values(self, y_true: Array, y_pred: Array) -> Array:
        """The cosine of each sample."""
        return -super().values(y_true, y_pred)
