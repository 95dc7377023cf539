"""What a forward pass leaves behind for its gradient."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from convlet._variable import Array, Variable
from convlet.ops._arguments import as_array, check_shape

Gradients = tuple[Any, list[Array]]  # (dx, one gradient for each trainable weight)


class Pullback:
    """Maps the gradient of a layer's output to those of its input and weights.

    Parameters
    ----------
    function : callable
        ``function(dy, needs_dx)`` returns (dx, grads); dx is None where not needed.
    updates : sequence of (Variable, next value)
        What the forward pass would change: random states, moving statistics. The training step
        commits them together with the weights. Compute them from `Variable.latest`, which knows
        those of the pass's earlier calls.
    losses : sequence of float
        What the forward pass adds to the loss: penalties for activities, whose gradients are among
        those of the pullback.

    Raises
    ------
    TypeError, ValueError
        When called, if dy does not have the output's dtype and shape.
    """

    __slots__ = ("_dtype", "_function", "_shape", "losses", "updates")

    def __init__(
        self,
        function: Callable[[Any, bool], Gradients],
        updates: Sequence[tuple[Variable, Any]] = (),
        losses: Sequence[float] = (),
    ) -> None:
        self._function = function
        self._shape: tuple[int, ...] | None = None
        self._dtype: Any = None
        self.updates = list(updates)
        self.losses = list(losses)

    def of(self, y: Array) -> None:
        """Take gradients of y's shape and dtype only."""
        self._shape, self._dtype = y.shape, y.dtype

    def __call__(self, dy: Any, needs_dx: bool = True) -> Gradients:
        return self._function(self._checked(dy), needs_dx)

    def last(self, dy: Any, needs_dx: bool = True) -> Gradients:
        """The same, for a pullback that is not called again."""
        return self(dy, needs_dx)

    def _checked(self, dy: Any) -> Any:
        if self._shape is not None:
            dy = as_array(dy, "dy")
            if dy.dtype != self._dtype:
                raise TypeError(f"dy must have the output's dtype {self._dtype}, got {dy.dtype}")
            check_shape("dy", dy, self._shape, "the output's shape")
        return dy


class NetworkPullback(Pullback):
    """A pullback whose last call lets go what the forward pass left, as soon as it is used."""

    __slots__ = ("_last",)

    def __init__(
        self,
        function: Callable[[Any, bool], Gradients],
        last: Callable[[Any, bool], Gradients],
        updates: Sequence[tuple[Variable, Any]],
        losses: Sequence[float] = (),
    ) -> None:
        super().__init__(function, updates, losses)
        self._last = last

    def last(self, dy: Any, needs_dx: bool = True) -> Gradients:
        """The gradients; nothing is left for another call."""
        return self._last(self._checked(dy), needs_dx)
