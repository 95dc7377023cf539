"""Weights: arrays that change only through one door, which counts the changes."""

from __future__ import annotations

from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:  # what it defines takes as long to import as a fifth of convlet
    from numpy.typing import NDArray

    Array = NDArray[Any]
else:
    Array = np.ndarray

# What earlier calls of the pass that is running will change: next values by id of the variable.
changes: ContextVar[dict[int, Any] | None] = ContextVar("changes", default=None)


class Variable:
    """A named array that layers and optimizers own.

    Parameters
    ----------
    value : array
        The first value; copied.
    name : str, default "variable"
    trainable : bool, default True
        Whether training may change it.
    path : str, optional
        Where it stands in its model, such as "conv2d/kernel"; default `name`.

    Attributes
    ----------
    version : int
        Grows with every change of the value.

    Notes
    -----
    Arrays that a variable hands out are read-only views: change the value by `assign`. A training
    step changes it in place, so copy a view that must stay as it is.

    Examples
    --------
    >>> import numpy as np
    >>> from convlet import Variable
    >>> v = Variable(np.zeros(2, np.float32), name="bias")
    >>> v.assign([1, 2])
    >>> v.value, v.version
    (array([1., 2.], dtype=float32), 1)
    """

    # convlet's own reading takes `_data`: a view takes as long as a small network's layer.
    __slots__ = ("_data", "_version", "constraint", "name", "path", "regularizer", "trainable")

    def __init__(
        self, value: Any, *, name: str = "variable", trainable: bool = True, path: str | None = None
    ) -> None:
        self._data: Array = np.array(value, order="C")
        self._version = 0
        self.name = name
        self.path = name if path is None else path
        self.trainable = trainable
        self.regularizer: Any = None  # of `convlet.regularizers`
        self.constraint: Any = None  # of `convlet.constraints`

    @property
    def shape(self) -> tuple[int, ...]:
        """Sizes of the axes."""
        return self._data.shape

    @property
    def dtype(self) -> np.dtype[Any]:
        """Element type."""
        return self._data.dtype

    @property
    def ndim(self) -> int:
        """Number of axes."""
        return self._data.ndim

    @property
    def size(self) -> int:
        """Number of elements."""
        return self._data.size

    @property
    def version(self) -> int:
        """How often the value has changed."""
        return self._version

    @property
    def value(self) -> Array:
        """The value as a read-only view, C-contiguous."""
        view = self._data.view()
        view.flags.writeable = False
        return view

    @property
    def latest(self) -> Array:
        """The value, or the next one that an earlier call of the running pass has for it.

        A training pass assigns at its end. What a layer changes while it trains, it reads here, so
        that a layer that is called twice counts on. See `convlet.layers.Pullback`.
        """
        found = changes.get()
        if not found or id(self) not in found:
            return self.value
        return np.asarray(found[id(self)], self.dtype)

    def numpy(self) -> Array:
        """The value as a read-only view, as `value`."""
        return self.value

    def assign(self, value: Any) -> None:
        """Replace the value.

        Parameters
        ----------
        value : array
            Of the variable's shape; cast to its dtype and copied.

        Raises
        ------
        ValueError
            If the shape differs.
        TypeError
            If the value does not consist of real numbers.
        """
        array = np.asarray(value)
        self.check(array)
        self._data = np.array(array, self.dtype, order="C")
        self._version += 1

    def check(self, value: Array) -> None:
        """The errors of `assign`, without assigning."""
        if value.dtype.kind not in "fiub":
            raise TypeError(f"{self.path}: value must be real numbers, got {value.dtype}")
        if value.shape != self.shape:
            raise ValueError(
                f"{self.path}: value must have the variable's shape {self.shape}, got {value.shape}"
            )

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Array:
        wanted = self.dtype if dtype is None else np.dtype(dtype)
        if copy is False and wanted != self.dtype:
            raise ValueError(f"a variable of {self.dtype} is no {wanted} without a copy")
        return np.array(self._data, wanted) if copy or wanted != self.dtype else self.value

    def __float__(self) -> float:
        return float(self._data)

    def __int__(self) -> int:
        return int(self._data)

    def __repr__(self) -> str:
        return f"<Variable {self.path} shape={self.shape} dtype={self.dtype}>"
