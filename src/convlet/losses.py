"""What training makes small, by Keras's names: as objects, and as functions of each sample."""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable
from typing import Any

import numpy as np

from convlet import config
from convlet._cext import losses as compiled
from convlet._cext import runtime
from convlet._integers import is_integer
from convlet._names import to_snake_case
from convlet._variable import Array
from convlet.ops._arguments import contiguous

__all__ = [
    "BinaryCrossentropy",
    "CategoricalCrossentropy",
    "Loss",
    "MeanSquaredError",
    "SparseCategoricalCrossentropy",
    "binary_crossentropy",
    "categorical_crossentropy",
    "get",
    "mean_squared_error",
    "sparse_categorical_crossentropy",
]

_REDUCTIONS = ("sum_over_batch_size", "sum", "mean", "mean_with_sample_weight", "none", None)


class Loss:
    """Base of all losses.

    Parameters
    ----------
    name : str, optional
        Default: the class's name in snake case.
    reduction : str or None, default "sum_over_batch_size"
        How the samples' losses become one number: "sum_over_batch_size" or "mean" (their mean),
        "sum", "mean_with_sample_weight" (divided by the sum of the weights, or 0 where that is 0),
        "none" or None (not).

    Notes
    -----
    A loss of your own defines `value_and_grad(y_true, y_pred, want_grad=True)`: the loss of each
    sample, and its gradient in y_pred (or None where that is not wanted). Sums over samples are in
    float64, in order; they are divided once.
    """

    axis = -1  # of y_pred, that the samples' losses do not have

    def __init__(
        self, name: str | None = None, reduction: str | None = "sum_over_batch_size"
    ) -> None:
        if reduction not in _REDUCTIONS:
            raise ValueError(f"reduction must be one of {_REDUCTIONS}, got {reduction!r}")
        self.reduction = reduction
        self.name = name or to_snake_case(type(self).__name__)

    def value_and_grad(self, y_true: Any, y_pred: Array, want_grad: bool = True) -> Any:
        """(loss of each sample, its gradient in y_pred), the gradient shaped as y_pred."""
        raise NotImplementedError(f"{type(self).__name__} must define value_and_grad")

    def call(self, y_true: Any, y_pred: Any) -> Array:
        """The loss of each sample: the shape of y_pred without its last axis."""
        return self.value_and_grad(y_true, floating(y_pred), False)[0]

    def __call__(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> Any:
        """The loss of all samples, reduced: a float, or an array where there is no reduction."""
        values = self.call(y_true, y_pred)
        weights, divisor = self._weighting(values, sample_weight)
        if self.reduction in ("none", None):
            return values if sample_weight is None else values * weights.astype(values.dtype)
        return _quotient(_ordered_sum(values * weights), divisor)

    def vjp(
        self, y_true: Any, y_pred: Any, sample_weight: Any = None
    ) -> tuple[float, Callable[[], Array]]:
        """The loss, and a function that returns its gradient in y_pred."""
        if self.reduction in ("none", None):
            raise ValueError("reduction must make one number to have a gradient, got none")
        y_pred = floating(y_pred)
        values, grad = self.value_and_grad(y_true, y_pred)
        weights, divisor = self._weighting(values, sample_weight)
        factors = weights * _quotient(1.0, divisor)
        scale = np.expand_dims(factors, self.axis).astype(y_pred.dtype)
        value = _quotient(_ordered_sum(values * weights), divisor)

        def gradient() -> Array:
            with runtime.flushing():
                return np.multiply(grad, scale, order="C")

        return value, gradient

    def _weighting(self, values: Array, sample_weight: Any) -> tuple[Array, float]:
        """What each sample's loss is multiplied by, and what their sum is divided by."""
        weights = aligned_weights(sample_weight, values.shape)
        if self.reduction in ("sum", "none", None):
            return weights, 1.0
        if self.reduction == "mean_with_sample_weight":
            return weights, _ordered_sum(weights)
        return weights, float(values.size)

    def get_config(self) -> dict[str, Any]:
        """Constructor arguments, as plain values."""
        return {"name": self.name, "reduction": self.reduction}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Loss:
        """A new loss from what `get_config` returned."""
        return cls(**config)


class MeanSquaredError(Loss):
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

    def __init__(
        self, reduction: str | None = "sum_over_batch_size", name: str | None = None
    ) -> None:
        super().__init__(name, reduction)

    def value_and_grad(self, y_true: Any, y_pred: Array, want_grad: bool = True) -> Any:
        """(loss of each sample, its gradient in y_pred)."""
        return _rows("squares", _target(y_true, y_pred), y_pred, want_grad)


class _Crossentropy(Loss):
    """The arguments that cross-entropies share."""

    def __init__(
        self,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        axis: int = -1,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = None,
    ) -> None:
        super().__init__(name, reduction)
        if not 0 <= label_smoothing <= 1:
            raise ValueError(f"label_smoothing must be from 0 to 1, got {label_smoothing!r}")
        if not is_integer(axis):
            raise TypeError(f"axis must be an integer, got {axis!r}")
        self.from_logits = bool(from_logits)
        self.label_smoothing = float(label_smoothing)
        self.axis = axis.__index__()

    def _classes_last(self, array: Array) -> Array:
        if not -array.ndim <= self.axis < array.ndim:
            raise ValueError(f"axis must be one of y_pred's {array.ndim}, got {self.axis}")
        return np.moveaxis(array, self.axis, -1)

    def _compare(self, kind: str, target: Array, y_pred: Array, want_grad: bool) -> Any:
        """Of arrays with classes last; the gradient as y_pred had them."""
        kind += "_logits" * self.from_logits
        values, grad = _rows(kind, target, self._classes_last(y_pred), want_grad)
        return values, None if grad is None else np.moveaxis(grad, -1, self.axis)

    def get_config(self) -> dict[str, Any]:
        """Constructor arguments, as plain values."""
        return {
            "from_logits": self.from_logits,
            "label_smoothing": self.label_smoothing,
            "axis": self.axis,
            **super().get_config(),
        }


class CategoricalCrossentropy(_Crossentropy):
    """-sum over classes of y_true log(y_pred), for targets such as one-hot rows.

    Parameters
    ----------
    from_logits : bool, default False
        Whether y_pred holds scores before softmax; exact also where probabilities round to 0 or 1.
    label_smoothing : float, default 0.0
        Targets become y_true * (1 - s) + s / classes.
    axis : int, default -1
        The axis of classes.
    reduction, name
        As for `Loss`.

    Notes
    -----
    Probabilities are divided by their sum and clipped to [1e-7, 1 - 1e-7], as in Keras; beyond,
    the gradient is zero. Sums are in float64, classes ascending.

    Examples
    --------
    >>> from convlet.losses import CategoricalCrossentropy
    >>> round(CategoricalCrossentropy()([[0, 1]], [[0.5, 0.5]]), 4)
    0.6931
    """

    def value_and_grad(self, y_true: Any, y_pred: Array, want_grad: bool = True) -> Any:
        """(loss of each sample, its gradient in y_pred)."""
        target = self._classes_last(_target(y_true, y_pred, one_hot=True))
        if self.label_smoothing:
            smoothing = self.label_smoothing
            target = target * (1 - smoothing) + smoothing / target.shape[-1]
        return self._compare("crossentropy", target, y_pred, want_grad)


class SparseCategoricalCrossentropy(_Crossentropy):
    """`CategoricalCrossentropy` for targets that are class numbers.

    Parameters
    ----------
    from_logits : bool, default False
    axis : int, default -1
        The axis of classes in y_pred.
    reduction, name
        As for `Loss`.

    Raises
    ------
    ValueError
        When called with a class number that is no integer from 0 to classes - 1.

    Examples
    --------
    >>> from convlet.losses import SparseCategoricalCrossentropy
    >>> round(SparseCategoricalCrossentropy()([1], [[0.5, 0.5]]), 4)
    0.6931
    """

    def __init__(
        self,
        from_logits: bool = False,
        *,  # Keras has ignore_class here
        axis: int = -1,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = None,
    ) -> None:
        super().__init__(from_logits, 0.0, axis, reduction, name)

    def value_and_grad(self, y_true: Any, y_pred: Array, want_grad: bool = True) -> Any:
        """(loss of each sample, its gradient in y_pred)."""
        shape = self._classes_last(y_pred).shape
        target = np.zeros(shape, y_pred.dtype)
        labels = _labels(y_true, shape, self.axis)
        np.put_along_axis(target, labels[..., None], 1, axis=-1)
        return self._compare("crossentropy", target, y_pred, want_grad)

    def get_config(self) -> dict[str, Any]:
        """Constructor arguments, as plain values."""
        config = super().get_config()
        del config["label_smoothing"]
        return config


class BinaryCrossentropy(_Crossentropy):
    """Mean over the last axis of -(y_true log(y_pred) + (1 - y_true) log(1 - y_pred)).

    Parameters
    ----------
    from_logits : bool, default False
        Whether y_pred holds scores before sigmoid.
    label_smoothing : float, default 0.0
        Targets become y_true * (1 - s) + s / 2.
    axis : int, default -1
        The axis that the mean is over.
    reduction, name
        As for `Loss`.

    Notes
    -----
    Probabilities are clipped to [1e-7, 1 - 1e-7], as in Keras; beyond, the gradient is zero.

    Examples
    --------
    >>> from convlet.losses import BinaryCrossentropy
    >>> round(BinaryCrossentropy()([[1.0]], [[0.5]]), 4)
    0.6931
    """

    def value_and_grad(self, y_true: Any, y_pred: Array, want_grad: bool = True) -> Any:
        """(loss of each sample, its gradient in y_pred)."""
        target = self._classes_last(_target(y_true, y_pred))
        smoothing = self.label_smoothing
        target = target * (1 - smoothing) + smoothing / 2 if smoothing else target
        return self._compare("binary", target, y_pred, want_grad)


def floating(y_pred: Any) -> Array:
    """y_pred as float32 or float64, with at least two axes."""
    array = np.asarray(y_pred)
    if array.dtype not in (np.float32, np.float64) or not array.dtype.isnative:
        if array.dtype.kind not in "fiub":
            raise TypeError(f"y_pred must be real numbers, got {array.dtype}")
        array = array.astype(config.floatx())
    if array.ndim < 2 or array.shape[-1] == 0:
        raise ValueError(f"y_pred must have shape (N, ..., C) with C above 0, got {array.shape}")
    return array


def aligned_weights(sample_weight: Any, shape: tuple[int, ...]) -> Array:
    """Weights in float64 of the samples' shape, ones for None; fewer axes are the leading ones."""
    if sample_weight is None:
        return np.ones(shape)
    given = np.asarray(sample_weight, np.float64)
    if given.ndim == len(shape) + 1 and given.shape[-1] == 1:
        given = given[..., 0]
    if given.shape != shape[: given.ndim]:
        raise ValueError(f"sample_weight must have the samples' shape {shape}, got {given.shape}")
    return np.broadcast_to(given.reshape(given.shape + (1,) * (len(shape) - given.ndim)), shape)


def _target(y_true: Any, y_pred: Array, one_hot: bool = False) -> Array:
    """y_true of y_pred's dtype and shape; (N,) stands for (N, 1)."""
    target = np.asarray(y_true)
    if target.dtype.kind not in "fiub":
        raise TypeError(f"y_true must be real numbers, got {target.dtype}")
    if target.ndim == y_pred.ndim - 1 and y_pred.shape[-1] == 1:
        target = target[..., None]
    if target.shape != y_pred.shape:
        hint = ""
        if one_hot and target.ndim <= y_pred.ndim and target.shape[:1] == y_pred.shape[:1]:
            hint = ": for class numbers use sparse_categorical_crossentropy or utils.to_categorical"
        raise ValueError(
            f"y_true must have y_pred's shape {y_pred.shape}, got {target.shape}{hint}"
        )
    return target.astype(y_pred.dtype, copy=False)


def _labels(y_true: Any, shape: tuple[int, ...], axis: int) -> Array:
    """Class numbers as integers of shape[:-1], below shape[-1]; `axis` of y_true may be there."""
    labels = np.asarray(y_true)
    if labels.dtype.kind not in "fiub":
        raise TypeError(f"y_true must be class numbers, got {labels.dtype}")
    if labels.ndim == len(shape) and labels.shape[axis] == 1:
        labels = labels.squeeze(axis)
    if labels.shape != shape[:-1]:
        raise ValueError(f"y_true must have shape {shape[:-1]}, got {labels.shape}")
    wrong = ~((labels >= 0) & (labels < shape[-1]) & (labels == np.floor(labels)))
    if wrong.any():
        raise ValueError(
            f"y_true must be class numbers from 0 to {shape[-1] - 1}, got {labels[wrong][0]}"
        )
    return labels.astype(np.int64)


def _rows(kind: str, target: Array, y_pred: Array, want_grad: bool) -> Any:
    """The compiled loss over the last axis: its values, and its gradient or None."""
    columns = y_pred.shape[-1]
    y = contiguous(y_pred).reshape(math.prod(y_pred.shape[:-1]), columns)
    target = contiguous(target, y.dtype).reshape(y.shape)
    values = np.empty(y.shape[0], y.dtype)
    grad = np.empty(y.shape, y.dtype) if want_grad else None
    compiled.rows(kind, target, y, values, grad)
    shaped = None if grad is None else grad.reshape(y_pred.shape)
    return values.reshape(y_pred.shape[:-1]), shaped


def _ordered_sum(values: Array) -> float:
    return float(sum(values.ravel().tolist()))


def _quotient(total: float, divisor: float) -> float:
    """0 where there is nothing to divide by."""
    return total / divisor if divisor else 0.0


def mean_squared_error(y_true: Any, y_pred: Any) -> Array:
    """(N, ...): see `MeanSquaredError`."""
    return MeanSquaredError().call(y_true, y_pred)


def categorical_crossentropy(
    y_true: Any,
    y_pred: Any,
    from_logits: bool = False,
    label_smoothing: float = 0.0,
    axis: int = -1,
) -> Array:
    """(N, ...): see `CategoricalCrossentropy`."""
    return CategoricalCrossentropy(from_logits, label_smoothing, axis).call(y_true, y_pred)


def sparse_categorical_crossentropy(
    y_true: Any, y_pred: Any, from_logits: bool = False, *, axis: int = -1
) -> Array:
    """(N, ...): see `SparseCategoricalCrossentropy`."""
    return SparseCategoricalCrossentropy(from_logits, axis=axis).call(y_true, y_pred)


def binary_crossentropy(
    y_true: Any,
    y_pred: Any,
    from_logits: bool = False,
    label_smoothing: float = 0.0,
    axis: int = -1,
) -> Array:
    """(N, ...): see `BinaryCrossentropy`."""
    return BinaryCrossentropy(from_logits, label_smoothing, axis).call(y_true, y_pred)


_CLASSES = (
    BinaryCrossentropy,
    CategoricalCrossentropy,
    MeanSquaredError,
    SparseCategoricalCrossentropy,
)
_BY_NAME: dict[str, type[Loss]] = {
    **{cls.__name__: cls for cls in _CLASSES},
    **{to_snake_case(cls.__name__): cls for cls in _CLASSES},
    **{"mse": MeanSquaredError, "MSE": MeanSquaredError},
    **{"bce": BinaryCrossentropy, "BCE": BinaryCrossentropy},
}
_BY_FUNCTION: dict[Any, type[Loss]] = {
    binary_crossentropy: BinaryCrossentropy,
    categorical_crossentropy: CategoricalCrossentropy,
    mean_squared_error: MeanSquaredError,
    sparse_categorical_crossentropy: SparseCategoricalCrossentropy,
}


def get(identifier: Any) -> Loss | None:
    """The loss that a name, a class or one of the functions here stands for.

    Parameters
    ----------
    identifier : str, Loss, type, function or None
        A `Loss` is itself, and None is None.

    Returns
    -------
    Loss or None

    Raises
    ------
    ValueError
        If there is no loss of that name.
    TypeError
        If it is a function of another kind, whose gradient is not known.

    Examples
    --------
    >>> from convlet import losses
    >>> losses.get(losses.categorical_crossentropy).name
    'categorical_crossentropy'
    """
    if identifier is None or isinstance(identifier, Loss):
        return identifier
    if isinstance(identifier, type) and issubclass(identifier, Loss):
        return identifier()
    if isinstance(identifier, str):
        if identifier in _BY_NAME:
            return _BY_NAME[identifier]()
        names = ", ".join(sorted(to_snake_case(cls.__name__) for cls in _CLASSES))
        raise ValueError(f"loss must be one of {names}, got {identifier!r}")
    if isinstance(identifier, Hashable) and identifier in _BY_FUNCTION:
        return _BY_FUNCTION[identifier]()
    raise TypeError(
        "loss must be a name, a Loss, or a function of convlet.losses, got "
        f"{identifier!r}: a custom loss must subclass Loss with a value_and_grad, "
        "which its vjp calls"
    )
