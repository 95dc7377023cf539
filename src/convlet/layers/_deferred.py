"""An activation's derivative where a maximum follows: taken of the gradients that get through."""

from __future__ import annotations

from collections.abc import Callable

from convlet._variable import Array
from convlet.layers._pullback import Gradients, Pullback
from convlet.ops._activation import activation_grad
from convlet.ops._row_activations import ROWS

Function = Callable[[Array, bool], Gradients]


class ActivatedPullback(Pullback):
    """Of an activation of what a map computes.

    The derivative follows from `value`; `map_gradients` takes gradients of the map's own result.
    """

    __slots__ = ("map_gradients", "name", "value")

    def __init__(self, name: str, value: Array, map_gradients: Function) -> None:
        def gradients(dy: Array, needs_dx: bool) -> Gradients:
            return map_gradients(activation_grad(name, dy, value), needs_dx)

        super().__init__(gradients)
        self.name, self.value, self.map_gradients = name, value, map_gradients


class MaximumPullback(Pullback):
    """Of maxima y of x: an element's gradient goes to where in x it stands."""

    __slots__ = ("x", "y")

    def __init__(self, function: Function, x: Array, y: Array) -> None:
        super().__init__(function)
        self.x, self.y = x, y


def defer(activated: Pullback, maximum: Pullback) -> tuple[Pullback, Pullback] | None:
    """The two with the derivative moved from the first to the second; None where that cannot be.

    Nothing but the maximum may read what was activated. The derivative at the maximum is that at
    its place in x, and everywhere else a gradient of 0 is multiplied. With less than half as many
    maxima as elements of x there is less to read and to write.
    """
    if not (isinstance(activated, ActivatedPullback) and isinstance(maximum, MaximumPullback)):
        return None
    name, y, pool = activated.name, maximum.y, maximum
    if activated.value is not maximum.x or name in ROWS or 2 * y.size > maximum.x.size:
        return None

    def gradients(dy: Array, needs_dx: bool) -> Gradients:
        return pool(activation_grad(name, dy, y), needs_dx)

    return Pullback(activated.map_gradients), Pullback(gradients)
