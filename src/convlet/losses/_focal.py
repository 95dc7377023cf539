"""Cross-entropies that make much of what is predicted badly."""

from __future__ import annotations

from typing import Any

from convlet._numbers import finite, not_negative
from convlet._variable import Array
from convlet.losses._arrays import target_like
from convlet.losses._classes import Crossentropy


class _Focal(Crossentropy):
    """The arguments that both share."""

    def __init__(self, alpha: float, gamma: float, *others: Any) -> None:
        super().__init__(*others)
        self.alpha, self.gamma = finite("alpha", alpha), not_negative("gamma", gamma)

    def get_config(self) -> dict[str, Any]:
        """Constructor arguments, as plain values."""
        return {"alpha": self.alpha, "gamma": self.gamma, **super().get_config()}


class BinaryFocalCrossentropy(_Focal):
    """`BinaryCrossentropy` times (1 - p)^gamma for each element, p the target's probability.

    Parameters
    ----------
    apply_class_balancing : bool, default False
        Whether elements also weigh alpha where the target is 1, 1 - alpha where it is 0.
    alpha : float, default 0.25
    gamma : float, default 2.0
        At least 0.
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
    From Lin et al., Focal Loss for Dense Object Detection, 2017.

    Examples
    --------
    >>> from convlet.losses import BinaryFocalCrossentropy
    >>> round(BinaryFocalCrossentropy()([[1.0]], [[0.5]]), 4)
    0.1733
    """

    def __init__(
        self,
        apply_class_balancing: bool = False,
        alpha: float = 0.25,
        gamma: float = 2.0,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        axis: int = -1,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = None,
    ) -> None:
        super().__init__(alpha, gamma, from_logits, label_smoothing, axis, reduction, name)
        self.apply_class_balancing = bool(apply_class_balancing)

    def value_and_grad(self, y_true: Any, y_pred: Array, want_grad: bool = True) -> Any:
        """(loss of each sample, its gradient in y_pred)."""
        target = self.smoothed(self.axis_last(target_like(y_true, y_pred)), 2)
        numbers = (self.gamma, self.alpha, float(self.apply_class_balancing))
        return self.compare("binary_focal", target, y_pred, want_grad, *numbers)

    def get_config(self) -> dict[str, Any]:
        """Constructor arguments, as plain values."""
        return {"apply_class_balancing": self.apply_class_balancing, **super().get_config()}


class CategoricalFocalCrossentropy(_Focal):
    """-sum over classes of alpha (1 - y_pred)^gamma y_true log(y_pred).

    Parameters
    ----------
    alpha : float, default 0.25
    gamma : float, default 2.0
        At least 0.
    from_logits : bool, default False
        Whether y_pred holds scores before softmax.
    label_smoothing : float, default 0.0
        Targets become y_true * (1 - s) + s / classes.
    axis : int, default -1
        The axis of classes.
    reduction, name
        As for `Loss`.

    Notes
    -----
    From Lin et al., Focal Loss for Dense Object Detection, 2017. Probabilities are divided by
    their sum and clipped to [1e-7, 1 - 1e-7]; beyond, the gradient is zero.

    Examples
    --------
    >>> from convlet.losses import CategoricalFocalCrossentropy
    >>> round(CategoricalFocalCrossentropy()([[0, 1]], [[0.5, 0.5]]), 4)
    0.0433
    """

    def __init__(
        self,
        alpha: float = 0.25,
        gamma: float = 2.0,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        axis: int = -1,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = None,
    ) -> None:
        super().__init__(alpha, gamma, from_logits, label_smoothing, axis, reduction, name)

    def value_and_grad(self, y_true: Any, y_pred: Array, want_grad: bool = True) -> Any:
        """(loss of each sample, its gradient in y_pred)."""
        target = self.axis_last(target_like(y_true, y_pred, one_hot=True))
        target = self.smoothed(target, target.shape[-1])
        return self.compare("focal", target, y_pred, want_grad, self.gamma, self.alpha)


def binary_focal_crossentropy(
    y_true: Any,
    y_pred: Any,
    apply_class_balancing: bool = False,
    alpha: float = 0.25,
    gamma: float = 2.0,
    from_logits: bool = False,
    label_smoothing: float = 0.0,
    axis: int = -1,
) -> Array:
    """(N, ...): see `BinaryFocalCrossentropy`."""
    options = (apply_class_balancing, alpha, gamma, from_logits, label_smoothing, axis)
    return BinaryFocalCrossentropy(*options).call(y_true, y_pred)


def categorical_focal_crossentropy(
    y_true: Any,
    y_pred: Any,
    alpha: float = 0.25,
    gamma: float = 2.0,
    from_logits: bool = False,
    label_smoothing: float = 0.0,
    axis: int = -1,
) -> Array:
    """(N, ...): see `CategoricalFocalCrossentropy`."""
    options = (alpha, gamma, from_logits, label_smoothing, axis)
    return CategoricalFocalCrossentropy(*options).call(y_true, y_pred)
