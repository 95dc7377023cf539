"""What a forward pass leaves behind for its gradient."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from convlet._variable import Array, Variable

Gradients = tuple[Any, list[Array]]  # (dx, one gradient for each trainable weight)


class Pullback:
    """Maps the gradient of a layer's output to those of its input and weights.

    Parameters
    ----------
    function : callable
        ``function(dy, needs_dx)`` returns (dx, grads); dx is None where not needed.
    updates : sequence of (Variable, next value)
        What the forward pass would change: random states, moving statistics. The training step
        commits them together with the weights.
    """

    __slots__ = ("_function", "updates")

    def __init__(
        self,
        function: Callable[[Any, bool], Gradients],
        updates: Sequence[tuple[Variable, Any]] = (),
    ) -> None:
        self._function = function
        self.updates = list(updates)

    def __call__(self, dy: Any, needs_dx: bool = True) -> Gradients:
        return self._function(dy, needs_dx)
