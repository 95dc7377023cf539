"""Class numbers and one-hot rows."""

from __future__ import annotations

from typing import Any

import numpy as np

from convlet import config
from convlet._variable import Array


def to_categorical(x: Any, num_classes: int | None = None) -> Array:
    """One-hot rows for class numbers.

    Parameters
    ----------
    x : array of int, any shape
        Class numbers from 0; a last axis of size 1 is dropped.
    num_classes : int, optional
        Default: the largest of `x`, plus 1.

    Returns
    -------
    ndarray (*shape, num_classes)
        Of `convlet.config.floatx()`: 1 at the class number, else 0.

    Raises
    ------
    ValueError, TypeError
        If an element is no integer from 0 to num_classes - 1.

    Examples
    --------
    >>> from convlet.utils import to_categorical
    >>> to_categorical([0, 2])
    array([[1., 0., 0.],
           [0., 0., 1.]], dtype=float32)
    """
    given = np.asarray(x)
    if given.dtype.kind not in "fiub":
        raise TypeError(f"x must be class numbers, got {given.dtype}")
    if given.ndim > 1 and given.shape[-1] == 1:
        given = given[..., 0]
    if given.size == 0 and num_classes is None:
        raise ValueError("num_classes must be given where x is empty")
    labels = given.astype(np.int64)
    classes = int(labels.max()) + 1 if num_classes is None else int(num_classes)
    wrong = (labels != given) | (labels < 0) | (labels >= classes)
    if wrong.any():
        raise ValueError(f"x must be integers from 0 to {classes - 1}, got {given[wrong][0]}")
    result = np.zeros((*labels.shape, classes), config.floatx())
    np.put_along_axis(result, labels[..., None], 1, axis=-1)
    return result
