"""What weights must be, by Keras's names: each step of training ends with a projection onto it."""

from __future__ import annotations

from typing import Any

import numpy as np

from convlet._integers import check_int
from convlet._lookup import Configured, Lookup
from convlet._variable import Array
from convlet.config import check_number, epsilon, floatx
from convlet.ops._sums import sum_to

__all__ = [
    "Constraint",
    "MaxNorm",
    "MinMaxNorm",
    "NonNeg",
    "UnitNorm",
    "deserialize",
    "get",
    "max_norm",
    "min_max_norm",
    "non_neg",
    "serialize",
    "unit_norm",
]


class Constraint(Configured):
    """Base of all constraints.

    Notes
    -----
    One of your own defines `__call__(w)`, which returns an array of w's shape; and `get_config`
    where it has arguments. Weights begin as their initializers say: the first step projects them.
    """

    def __call__(self, w: Any) -> Array:
        """The nearest allowed value for w, or one on the way to it."""
        raise NotImplementedError(f"{type(self).__name__} must define __call__")


class MinMaxNorm(Constraint):
    """Euclidean norms along axes from min_value to max_value.

    Parameters
    ----------
    min_value, max_value : float, default 0.0, 1.0
    rate : float, default 1.0
        How far each step goes: 1 is all the way to the allowed norm.
    axis : int or list of int, default 0
        What a norm runs over: 0 for each column of a dense kernel, [0, 1, 2] for each filter of a
        `Conv2D`.

    Raises
    ------
    ValueError, TypeError
        If an argument is no number, or w has no such axis.

    Notes
    -----
    w is multiplied by the wanted norm over (`convlet.config.epsilon()` + its norm), as in Keras.
    Squares are summed as `convlet.ops.conv_grad` sums dbias.

    Examples
    --------
    >>> from convlet.constraints import MinMaxNorm
    >>> MinMaxNorm(1.0, 2.5)([[3.0, 0.6], [4.0, 0.0]]).round(4)
    array([[1.5, 1. ],
           [2. , 0. ]], dtype=float32)
    """

    def __init__(
        self, min_value: float = 0.0, max_value: float = 1.0, rate: float = 1.0, axis: Any = 0
    ) -> None:
        self.min_value = check_number("min_value", min_value)
        self.max_value = check_number("max_value", max_value)
        self.rate = check_number("rate", rate)
        self.axis = _axes(axis)

    def __call__(self, w: Any) -> Array:
        """w, its norms where they should be."""
        w = _floating(w)
        norms = _norms(w, self.axis)
        wanted = np.clip(norms, self.min_value, self.max_value)
        if self.rate != 1:
            wanted = w.dtype.type(self.rate) * wanted + w.dtype.type(1 - self.rate) * norms
        return np.asarray(w * (wanted / (w.dtype.type(epsilon()) + norms)))

    def get_config(self) -> dict[str, Any]:
        """Constructor arguments, as plain values."""
        return {
            "min_value": self.min_value,
            "max_value": self.max_value,
            "rate": self.rate,
            "axis": self.axis,
        }


class MaxNorm(MinMaxNorm):
    """Euclidean norms along axes of at most max_value.

    Parameters
    ----------
    max_value : float, default 2
    axis : int or list of int, default 0
        As for `MinMaxNorm`.

    Notes
    -----
    N. Srivastava et al., "Dropout" (JMLR 15, 2014), section 5.1.

    Examples
    --------
    >>> from convlet.constraints import MaxNorm
    >>> MaxNorm(2.5)([[3.0, 0.6], [4.0, 0.0]]).round(4)
    array([[1.5, 0.6],
           [2. , 0. ]], dtype=float32)
    """

    def __init__(self, max_value: float = 2, axis: Any = 0) -> None:
        super().__init__(0.0, max_value, axis=axis)

    def get_config(self) -> dict[str, Any]:
        """Constructor arguments, as plain values."""
        return {"max_value": self.max_value, "axis": self.axis}


class UnitNorm(Constraint):
    """Euclidean norms along axes of 1.

    Parameters
    ----------
    axis : int or list of int, default 0
        As for `MinMaxNorm`.

    Examples
    --------
    >>> from convlet.constraints import UnitNorm
    >>> UnitNorm()([[3.0, 0.5], [4.0, 0.0]]).round(4)
    array([[0.6, 1. ],
           [0.8, 0. ]], dtype=float32)
    """

    def __init__(self, axis: Any = 0) -> None:
        self.axis = _axes(axis)

    def __call__(self, w: Any) -> Array:
        """w over its norms."""
        w = _floating(w)
        return np.asarray(w / (w.dtype.type(epsilon()) + _norms(w, self.axis)))

    def get_config(self) -> dict[str, Any]:
        """Constructor arguments, as plain values."""
        return {"axis": self.axis}


class NonNeg(Constraint):
    """No negative elements.

    Examples
    --------
    >>> from convlet.constraints import NonNeg
    >>> NonNeg()([-1.0, 2.0])
    array([0., 2.], dtype=float32)
    """

    def __call__(self, w: Any) -> Array:
        """w, with 0 for what is negative."""
        w = _floating(w)
        return np.maximum(w, w.dtype.type(0))


def _floating(w: Any) -> Array:
    array = np.asarray(w)
    return array if array.dtype.kind == "f" and hasattr(w, "dtype") else array.astype(floatx())


def _axes(axis: Any) -> int | list[int]:
    if isinstance(axis, (list, tuple)):
        return [check_int("axis", one) for one in axis]
    return check_int("axis", axis)


def _norms(w: Array, axis: int | list[int]) -> Array:
    axes = axis if isinstance(axis, list) else [axis]
    if any(not -w.ndim <= one < w.ndim for one in axes):
        raise ValueError(f"axis must be among those of an array of shape {w.shape}, got {axis}")
    over = {one % w.ndim for one in axes}
    shape = tuple(1 if one in over else size for one, size in enumerate(w.shape))
    return np.sqrt(sum_to(np.square(w), shape))


max_norm, min_max_norm, non_neg, unit_norm = MaxNorm, MinMaxNorm, NonNeg, UnitNorm
_LOOKUP = Lookup(
    "constraint",
    Constraint,
    {
        **{"MaxNorm": MaxNorm, "MinMaxNorm": MinMaxNorm, "NonNeg": NonNeg, "UnitNorm": UnitNorm},
        **{"max_norm": MaxNorm, "min_max_norm": MinMaxNorm},
        **{"non_neg": NonNeg, "unit_norm": UnitNorm},
    },
)


def get(identifier: Any) -> Constraint | None:
    """The constraint that a name, a class or a configuration stands for; None is None.

    Raises
    ------
    ValueError
        If there is no such constraint.

    Examples
    --------
    >>> from convlet import constraints
    >>> constraints.get("max_norm").get_config()
    {'max_value': 2.0, 'axis': 0}
    """
    return _LOOKUP.get(identifier)


def serialize(constraint: Constraint) -> dict[str, Any]:
    """The class and configuration of a constraint, for `deserialize`."""
    return _LOOKUP.serialize(constraint)


def deserialize(config: dict[str, Any]) -> Constraint:
    """A new constraint from what `serialize` returned: one of those here.

    Raises
    ------
    ValueError
        If it names another class.
    """
    return _LOOKUP.deserialize(config)
