"""The angle between targets and outputs."""

from __future__ import annotations

from typing import Any

from convlet._variable import Array
from convlet.losses._arrays import target_like
from convlet.losses._classes import AlongAxis


class CosineSimilarity(AlongAxis):
    """-y_true y_pred / (|y_true| |y_pred|): from -1, the same direction, to 1.

    Parameters
    ----------
    axis : int, default -1
        The axis of the vectors.
    reduction, name
        As for `Loss`.

    Notes
    -----
    Lengths are at least 1e-7 in the divisor.

    Examples
    --------
    >>> from convlet.losses import CosineSimilarity
    >>> round(CosineSimilarity()([[0.0, 1.0]], [[1.0, 1.0]]), 4)
    -0.7071
    """

    def __init__(
        self,
        axis: int = -1,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = None,
    ) -> None:
        super().__init__(axis, reduction, name)

    def value_and_grad(self, y_true: Any, y_pred: Array, want_grad: bool = True) -> Any:
        """(loss of each sample, its gradient in y_pred)."""
        target = self.axis_last(target_like(y_true, y_pred))
        return self.compare("cosine", target, y_pred, want_grad)


def cosine_similarity(y_true: Any, y_pred: Any, axis: int = -1) -> Array:
    """(N, ...): see `CosineSimilarity`."""
    return CosineSimilarity(axis).call(y_true, y_pred)
