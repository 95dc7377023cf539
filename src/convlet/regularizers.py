"""Penalties for large weights, by Keras's names: added to the loss, and to the gradients."""

from __future__ import annotations

from typing import Any

import numpy as np

from convlet._cext.updates import sum_of_squares
from convlet._lookup import Configured, Lookup
from convlet._variable import Array
from convlet.config import check_number

__all__ = [
    "L1",
    "L1L2",
    "L2",
    "Regularizer",
    "deserialize",
    "get",
    "l1",
    "l1_l2",
    "l2",
    "serialize",
]


class Regularizer(Configured):
    """Base of all regularizers.

    Notes
    -----
    One of your own defines `value_and_grad(x)`: the penalty, and its gradient in x; and
    `get_config` where it has arguments.
    """

    def value_and_grad(self, x: Array) -> tuple[float, Array]:
        """The penalty for x, and its gradient."""
        raise NotImplementedError(f"{type(self).__name__} must define value_and_grad")

    def __call__(self, x: Any) -> float:
        """The penalty for x."""
        return self.value_and_grad(np.asarray(x))[0]


class L1L2(Regularizer):
    """l1 * sum(|x|) + l2 * sum(x^2).

    Parameters
    ----------
    l1, l2 : float, default 0.0

    Notes
    -----
    Sums are in double precision, in pieces of 16384 elements that are added in order. The gradient
    of |x| at 0 is 0.

    Examples
    --------
    >>> from convlet.regularizers import L1L2
    >>> L1L2(1.0, 0.5)([3.0, -4.0])
    19.5
    """

    def __init__(self, l1: float = 0.0, l2: float = 0.0) -> None:
        self.l1 = check_number("l1", 0.0 if l1 is None else l1)
        self.l2 = check_number("l2", 0.0 if l2 is None else l2)

    def value_and_grad(self, x: Array) -> tuple[float, Array]:
        """The penalty for x, and its gradient."""
        x = np.ascontiguousarray(x)
        value, grad = 0.0, np.zeros_like(x)
        if self.l1:
            # The compiled sum is of squares.
            value += self.l1 * sum_of_squares(np.sqrt(np.abs(x)))
            grad = grad + x.dtype.type(self.l1) * np.sign(x)
        if self.l2:
            value += self.l2 * sum_of_squares(x)
            grad = grad + x.dtype.type(2 * self.l2) * x
        return value, grad

    def get_config(self) -> dict[str, Any]:
        """Constructor arguments, as plain values."""
        return {"l1": self.l1, "l2": self.l2}


class L1(L1L2):
    """l1 * sum(|x|).

    Parameters
    ----------
    l1 : float, default 0.01

    Examples
    --------
    >>> from convlet.regularizers import L1
    >>> L1(0.5)([3.0, -4.0])
    3.5
    """

    def __init__(self, l1: float = 0.01) -> None:
        super().__init__(l1=l1)

    def get_config(self) -> dict[str, Any]:
        """Constructor arguments, as plain values."""
        return {"l1": self.l1}


class L2(L1L2):
    """l2 * sum(x^2).

    Parameters
    ----------
    l2 : float, default 0.01

    Examples
    --------
    >>> from convlet.regularizers import L2
    >>> L2(0.5)([3.0, -4.0])
    12.5
    """

    def __init__(self, l2: float = 0.01) -> None:
        super().__init__(l2=l2)

    def get_config(self) -> dict[str, Any]:
        """Constructor arguments, as plain values."""
        return {"l2": self.l2}


l1, l2, l1_l2 = L1, L2, L1L2
_LOOKUP = Lookup(
    "regularizer",
    Regularizer,
    {"L1": L1, "L2": L2, "L1L2": L1L2, "l1": L1, "l2": L2, "l1_l2": L1L2},
)


def get(identifier: Any) -> Regularizer | None:
    """The regularizer that a name, a class or a configuration stands for; None is None.

    Raises
    ------
    ValueError
        If there is no such regularizer.

    Examples
    --------
    >>> from convlet import regularizers
    >>> regularizers.get("l2").get_config()
    {'l2': 0.01}
    """
    return _LOOKUP.get(identifier)


def serialize(regularizer: Regularizer) -> dict[str, Any]:
    """The class and configuration of a regularizer, for `deserialize`."""
    return _LOOKUP.serialize(regularizer)


def deserialize(config: dict[str, Any]) -> Regularizer:
    """A new regularizer from what `serialize` returned: one of those here.

    Raises
    ------
    ValueError
        If it names another class.
    """
    return _LOOKUP.deserialize(config)
