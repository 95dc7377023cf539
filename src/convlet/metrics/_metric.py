"""What all metrics share, and those of plain numbers."""

from __future__ import annotations

from typing import Any, Self

import numpy as np

from convlet._names import to_snake_case
from convlet._sums import ordered_sum
from convlet._variable import Array
from convlet.losses._arrays import aligned_weights, real


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
        self._add(self.values(real("y_true", y_true), real("y_pred", y_pred)), sample_weight)

    def _add(self, values: Array, sample_weight: Any) -> None:
        values = np.asarray(values, np.float64)
        weights = aligned_weights(sample_weight, values.shape)
        self._total += ordered_sum(values * weights)
        self._count += ordered_sum(weights)

    def result(self) -> Any:
        """The mean so far; 0 where there is nothing yet."""
        return self._total / self._count if self._count else 0.0

    def reset_state(self) -> None:
        """Forget all samples."""
        self._total = self._count = 0.0

    def __call__(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> Any:
        """Count some samples and return the result so far."""
        self.update_state(y_true, y_pred, sample_weight)
        return self.result()

    def get_config(self) -> dict[str, Any]:
        """Constructor arguments, as plain values."""
        return {"name": self.name}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Self:
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
        self._add(real("values", values), sample_weight)

    def __call__(self, values: Any, sample_weight: Any = None) -> float:  # type: ignore[override]
        """Count some numbers and return the mean so far."""
        self.update_state(values, sample_weight)
        return self.result()


class Sum(Mean):
    """The sum of numbers, each times its weight.

    Parameters
    ----------
    name : str, default "sum"

    Examples
    --------
    >>> from convlet.metrics import Sum
    >>> total = Sum()
    >>> total.update_state([1, 3])
    >>> total.result()
    4.0
    """

    def result(self) -> float:
        """The sum so far."""
        return self._total
