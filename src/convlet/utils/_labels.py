"""Class numbers and one-hot rows."""

from __future__ import annotations

from typing import Any

import numpy as np

from convlet._integers import positive_int
from convlet._variable import Array


def to_categorical(x: Any, num_classes: int | None = None) -> Array:
    """One-hot rows for class numbers.

    Parameters
    ----------
    x : array of int, any shape
        Class numbers from 0, as any real type; a last axis of size 1 is dropped.
    num_classes : int, optional
        Default: the largest of `x`, plus 1.

    Returns
    -------
    ndarray (*shape, num_classes)
        float64, as Keras has it: 1 at the class number, else 0.

    Raises
    ------
    ValueError, TypeError
        If an element is no integer from 0 to num_classes - 1. (Keras cuts fractions off and counts
        negative numbers from the end.)

    Examples
    --------
    >>> from convlet.utils import to_categorical
    >>> to_categorical([0, 2])
    array([[1., 0., 0.],
           [0., 0., 1.]])
    """
    given = np.asarray(x)
    if given.dtype.kind not in "fiub":
        raise TypeError(f"x must be class numbers, got {given.dtype}")
    if given.ndim > 1 and given.shape[-1] == 1:
        given = given[..., 0]
    classes = _class_count(given, num_classes)
    with np.errstate(invalid="ignore"):  # NaN and infinity are refused below
        labels = given.astype(np.int64)
    wrong = (labels != given) | (labels < 0) | (labels >= classes)
    if wrong.any():
        raise ValueError(f"x must be integers from 0 to {classes - 1}, got {given[wrong][0]}")
    result = np.zeros((*labels.shape, classes))
    np.put_along_axis(result, labels[..., None], 1, axis=-1)
    return result


def _class_count(given: Array, num_classes: Any) -> int:
    if num_classes is None:
        if given.size == 0:
            raise ValueError("num_classes must be given where x is empty")
        largest = given.max()
        if not 0 <= largest < 2**63:
            raise ValueError(f"x must be integers from 0, got {largest}")
        return int(largest) + 1
    return positive_int("num_classes", num_classes)
