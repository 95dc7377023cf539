"""Losses that ask for a margin."""

from __future__ import annotations

from typing import Any

import numpy as np

from convlet._variable import Array
from convlet.losses._regression import Elementwise


class Hinge(Elementwise):
    """Mean over the last axis of max(1 - y_true y_pred, 0).

    Parameters
    ----------
    reduction, name
        As for `Loss`.

    Notes
    -----
    Targets are -1 or 1; where all are 0 or 1, 0 stands for -1.

    Examples
    --------
    >>> from convlet.losses import Hinge
    >>> Hinge()([[1, -1]], [[0.5, 0.5]])
    1.0
    """

    _kind = "hinge"

    def _target(self, target: Array) -> Array:
        is_binary = bool(np.all((target == 0) | (target == 1)))
        return 2 * target - 1 if is_binary else target


class SquaredHinge(Hinge):
    """Mean over the last axis of max(1 - y_true y_pred, 0)^2.

    Parameters
    ----------
    reduction, name
        As for `Loss`.

    Notes
    -----
    Targets are -1 or 1; where all are 0 or 1, 0 stands for -1.

    Examples
    --------
    >>> from convlet.losses import SquaredHinge
    >>> SquaredHinge()([[1, -1]], [[0.5, 0.5]])
    1.25
    """

    _kind = "squared_hinge"


class CategoricalHinge(Elementwise):
    """max(n - p + 1, 0), n the largest of (1 - y_true) y_pred, p the sum of y_true y_pred.

    Parameters
    ----------
    reduction, name
        As for `Loss`.

    Examples
    --------
    >>> from convlet.losses import CategoricalHinge
    >>> CategoricalHinge()([[0, 1]], [[0.75, 0.5]])
    1.25
    """

    _kind = "categorical_hinge"


def hinge(y_true: Any, y_pred: Any) -> Array:
    """(N, ...): see `Hinge`."""
    return Hinge().call(y_true, y_pred)


def squared_hinge(y_true: Any, y_pred: Any) -> Array:
    """(N, ...): see `SquaredHinge`."""
    return SquaredHinge().call(y_true, y_pred)


def categorical_hinge(y_true: Any, y_pred: Any) -> Array:
    """(N, ...): see `CategoricalHinge`."""
    return CategoricalHinge().call(y_true, y_pred)
