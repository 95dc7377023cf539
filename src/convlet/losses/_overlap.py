"""Losses of segmentation: how much targets and outputs overlap."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from convlet._integers import is_integer
from convlet._numbers import not_negative
from convlet._variable import Array
from convlet.losses._arrays import rows, target_like
from convlet.losses._loss import Loss

EPSILON = 1e-7


class Tversky(Loss):
    """1 - I / (I + alpha (T - I) + beta (Y - I)): I, T, Y sums of y_true y_pred, y_true, y_pred.

    Parameters
    ----------
    alpha : float, default 0.5
        At least 0: what targets weigh that are not found.
    beta : float, default 0.5
        At least 0: what outputs weigh that are no targets.
    reduction, name
        As for `Loss`.
    axis : int, tuple of int or None, default None
        The axes that the sums are over; None stands for all, samples too.

    Raises
    ------
    ValueError, TypeError
        If a number is negative or none, or an axis is not one of y_pred's.

    Notes
    -----
    The divisor has 1e-7 more. From Salehi et al., Tversky loss function for image segmentation
    using 3D fully convolutional deep networks, 2017.

    Examples
    --------
    >>> from convlet.losses import Tversky
    >>> round(Tversky()([[1.0, 0.0]], [[0.5, 0.5]]), 4)
    0.5
    """

    def __init__(
        self,
        alpha: float = 0.5,
        beta: float = 0.5,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = None,
        axis: Any = None,
    ) -> None:
        super().__init__(name, reduction)
        self.alpha, self.beta = not_negative("alpha", alpha), not_negative("beta", beta)
        axes = axis if isinstance(axis, (tuple, list)) else () if axis is None else (axis,)
        for one in axes:
            if not is_integer(one):
                raise TypeError(f"axis must be None, an integer or several, got {axis!r}")
        self.axis = None if axis is None else tuple(one.__index__() for one in axes)

    def value_and_grad(self, y_true: Any, y_pred: Array, want_grad: bool = True) -> Any:
        """(loss of each sample, its gradient in y_pred)."""
        target, axes = target_like(y_true, y_pred), self._axes(y_pred.ndim)
        moved = range(-len(axes), 0)
        y = np.moveaxis(y_pred, axes, moved)
        kept = y.shape[: y.ndim - len(axes)]
        flat = (*kept, math.prod(y.shape[len(kept) :]))
        values, grad = rows(
            "overlap",
            np.moveaxis(target, axes, moved).reshape(flat),
            y.reshape(flat),
            want_grad,
            self.alpha,
            self.beta,
            self._epsilon,
        )
        return values, None if grad is None else np.moveaxis(grad.reshape(y.shape), moved, axes)

    _epsilon = EPSILON

    def _axes(self, ndim: int) -> tuple[int, ...]:
        if self.axis is None:
            return tuple(range(ndim))
        axes = {axis % ndim for axis in self.axis if -ndim <= axis < ndim}
        if len(axes) != len(self.axis) or not axes:
            raise ValueError(f"axis must be different ones of y_pred's {ndim}, got {self.axis}")
        return tuple(sorted(axes))

    def get_config(self) -> dict[str, Any]:
        """Constructor arguments, as plain values."""
        return {"alpha": self.alpha, "beta": self.beta, "axis": self.axis, **super().get_config()}


class Dice(Tversky):
    """1 - 2 I / (T + Y): I, T, Y sums of y_true y_pred, y_true, y_pred.

    Parameters
    ----------
    reduction, name
        As for `Loss`.
    axis : int, tuple of int or None, default None
        The axes that the sums are over; None stands for all, samples too.

    Raises
    ------
    ValueError, TypeError
        If an axis is no integer, or not one of y_pred's.

    Notes
    -----
    The divisor has 1e-7 more.

    Examples
    --------
    >>> from convlet.losses import Dice
    >>> round(Dice()([[1.0, 0.0]], [[0.5, 0.5]]), 4)
    0.5
    """

    _epsilon = EPSILON / 2  # as Tversky's divisor is half of this one

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = None,
        axis: Any = None,
    ) -> None:
        super().__init__(0.5, 0.5, reduction, name, axis)

    def get_config(self) -> dict[str, Any]:
        """Constructor arguments, as plain values."""
        config = super().get_config()
        return {name: config[name] for name in ("reduction", "name", "axis")}


def dice(y_true: Any, y_pred: Any, axis: Any = None) -> Array:
    """See `Dice`."""
    return Dice(axis=axis).call(y_true, y_pred)


def tversky(
    y_true: Any, y_pred: Any, alpha: float = 0.5, beta: float = 0.5, axis: Any = None
) -> Array:
    """See `Tversky`."""
    return Tversky(alpha, beta, axis=axis).call(y_true, y_pred)
