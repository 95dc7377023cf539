"""Losses of numbers, each a mean over the last axis."""

from __future__ import annotations

from typing import Any

from convlet._numbers import positive
from convlet._variable import Array
from convlet.losses._arrays import rows, target_like
from convlet.losses._loss import Loss


class Elementwise(Loss):
    """A mean, or a sum, over the last axis of something that compiled code knows as `_kind`."""

    _kind = ""

    def __init__(
        self, reduction: str | None = "sum_over_batch_size", name: str | None = None
    ) -> None:
        super().__init__(name, reduction)

    def value_and_grad(self, y_true: Any, y_pred: Array, want_grad: bool = True) -> Any:
        """(loss of each sample, its gradient in y_pred)."""
        target = self._target(target_like(y_true, y_pred))
        return rows(self._kind, target, y_pred, want_grad, *self._numbers())

    def _target(self, target: Array) -> Array:
        """Targets of y_pred's shape as the formula has them."""
        return target

    def _numbers(self) -> tuple[float, ...]:
        """The formula's own."""
        return ()


class MeanSquaredError(Elementwise):
    """Mean over the last axis of (y_true - y_pred)^2.

    Parameters
    ----------
    reduction, name
        As for `Loss`.

    Examples
    --------
    >>> from convlet.losses import MeanSquaredError
    >>> MeanSquaredError()([[0.0, 1.0]], [[0.0, 3.0]])
    2.0
    """

    _kind = "squares"


class MeanAbsoluteError(Elementwise):
    """Mean over the last axis of |y_true - y_pred|.

    Parameters
    ----------
    reduction, name
        As for `Loss`.

    Notes
    -----
    Where both are equal the gradient is 0.

    Examples
    --------
    >>> from convlet.losses import MeanAbsoluteError
    >>> MeanAbsoluteError()([[0.0, 1.0]], [[0.0, 3.0]])
    1.0
    """

    _kind = "distances"


class MeanAbsolutePercentageError(Elementwise):
    """100 times the mean over the last axis of |y_true - y_pred| / |y_true|.

    Parameters
    ----------
    reduction, name
        As for `Loss`.

    Notes
    -----
    Divisors are at least 1e-7.

    Examples
    --------
    >>> from convlet.losses import MeanAbsolutePercentageError
    >>> MeanAbsolutePercentageError()([[2.0, 1.0]], [[2.0, 3.0]])
    100.0
    """

    _kind = "percentages"


class MeanSquaredLogarithmicError(Elementwise):
    """Mean over the last axis of (log(1 + y_true) - log(1 + y_pred))^2.

    Parameters
    ----------
    reduction, name
        As for `Loss`.

    Notes
    -----
    Both are at least 1e-7; below, the gradient is 0.

    Examples
    --------
    >>> from convlet.losses import MeanSquaredLogarithmicError
    >>> round(MeanSquaredLogarithmicError()([[0.0]], [[1.0]]), 4)
    0.4805
    """

    _kind = "log_squares"


class LogCosh(Elementwise):
    """Mean over the last axis of log(cosh(y_pred - y_true)).

    Parameters
    ----------
    reduction, name
        As for `Loss`.

    Examples
    --------
    >>> from convlet.losses import LogCosh
    >>> round(LogCosh()([[0.0]], [[1.0]]), 4)
    0.4338
    """

    _kind = "log_cosh"


class Poisson(Elementwise):
    """Mean over the last axis of y_pred - y_true log(y_pred + 1e-7).

    Parameters
    ----------
    reduction, name
        As for `Loss`.

    Examples
    --------
    >>> from convlet.losses import Poisson
    >>> round(Poisson()([[3.0]], [[1.0]]), 4)
    1.0
    """

    _kind = "poisson"


class KLDivergence(Elementwise):
    """Sum over the last axis of y_true log(y_true / y_pred).

    Parameters
    ----------
    reduction, name
        As for `Loss`.

    Notes
    -----
    Both are clipped to [1e-7, 1]; beyond, the gradient is 0.

    Examples
    --------
    >>> from convlet.losses import KLDivergence
    >>> round(KLDivergence()([[0.5, 0.5]], [[0.25, 0.75]]), 4)
    0.1438
    """

    _kind = "divergence"

    def __init__(
        self, reduction: str | None = "sum_over_batch_size", name: str | None = "kl_divergence"
    ) -> None:
        super().__init__(reduction, name)


class Huber(Elementwise):
    """Mean over the last axis of d^2 / 2, d = y_pred - y_true, from |d| = delta on a line.

    Parameters
    ----------
    delta : float, default 1.0
        Above 0: from where on the loss is delta |d| - delta^2 / 2.
    reduction, name
        As for `Loss`; the name is "huber_loss".

    Raises
    ------
    ValueError, TypeError
        If `delta` is no such number.

    Examples
    --------
    >>> from convlet.losses import Huber
    >>> Huber()([[0.0, 0.0]], [[1.0, 3.0]])
    1.5
    """

    _kind = "huber"

    def __init__(
        self,
        delta: float = 1.0,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "huber_loss",
    ) -> None:
        super().__init__(reduction, name)
        self.delta = positive("delta", delta)

    def _numbers(self) -> tuple[float, ...]:
        return (self.delta,)

    def get_config(self) -> dict[str, Any]:
        """Constructor arguments, as plain values."""
        return {"delta": self.delta, **super().get_config()}


def mean_squared_error(y_true: Any, y_pred: Any) -> Array:
    """(N, ...): see `MeanSquaredError`."""
    return MeanSquaredError().call(y_true, y_pred)


def mean_absolute_error(y_true: Any, y_pred: Any) -> Array:
    """(N, ...): see `MeanAbsoluteError`."""
    return MeanAbsoluteError().call(y_true, y_pred)


def mean_absolute_percentage_error(y_true: Any, y_pred: Any) -> Array:
    """(N, ...): see `MeanAbsolutePercentageError`."""
    return MeanAbsolutePercentageError().call(y_true, y_pred)


def mean_squared_logarithmic_error(y_true: Any, y_pred: Any) -> Array:
    """(N, ...): see `MeanSquaredLogarithmicError`."""
    return MeanSquaredLogarithmicError().call(y_true, y_pred)


def log_cosh(y_true: Any, y_pred: Any) -> Array:
    """(N, ...): see `LogCosh`."""
    return LogCosh().call(y_true, y_pred)


def poisson(y_true: Any, y_pred: Any) -> Array:
    """(N, ...): see `Poisson`."""
    return Poisson().call(y_true, y_pred)


def kl_divergence(y_true: Any, y_pred: Any) -> Array:
    """(N, ...): see `KLDivergence`."""
    return KLDivergence().call(y_true, y_pred)


def huber(y_true: Any, y_pred: Any, delta: float = 1.0) -> Array:
    """(N, ...): see `Huber`."""
    return Huber(delta).call(y_true, y_pred)
