"""An activation's derivative without a pass of its own.

Where a maximum follows it is taken of the gradients that get through; where a map follows, with the
map's gradient.
"""

from __future__ import annotations

from collections.abc import Callable

from convlet._variable import Array
from convlet.layers._pullback import Gradients, Pullback
from convlet.ops._activation import Slope, activation_code, activation_grad
from convlet.ops._row_activations import ROWS

Function = Callable[[Array, bool], Gradients]
SlopedFunction = Callable[[Array, bool, Slope | None], Gradients]


class MapPullback(Pullback):
    """Of what begins with a map of x, whose gradient that map can multiply by a slope."""

    __slots__ = ("_sloped", "slope", "x")

    def __init__(
        self, function: SlopedFunction, x: Array | None, slope: Slope | None = None
    ) -> None:
        super().__init__(lambda dy, needs_dx: function(dy, needs_dx, slope))
        self._sloped, self.x, self.slope = function, x, slope

    def behind(self, slope: Slope) -> MapPullback:
        """That of what is made of the activation's input instead of x, its output."""
        return MapPullback(self._sloped, None, slope)


class ActivatedPullback(MapPullback):
    """Of an activation of what a map computes.

    The derivative follows from `value`; `map_gradients` takes gradients of the map's own result.
    """

    __slots__ = ("map_gradients", "name", "value")

    def __init__(
        self,
        name: str,
        value: Array,
        map_gradients: SlopedFunction,
        x: Array | None = None,
        slope: Slope | None = None,
    ) -> None:
        def gradients(dy: Array, needs_dx: bool, slope: Slope | None) -> Gradients:
            return map_gradients(activation_grad(name, dy, value), needs_dx, slope)

        super().__init__(gradients, x, slope)
        self.name, self.value, self.map_gradients = name, value, map_gradients

    def behind(self, slope: Slope) -> MapPullback:
        """As there."""
        return ActivatedPullback(self.name, self.value, self.map_gradients, None, slope)

    def of_map(self) -> MapPullback:
        """That of the map alone."""
        return MapPullback(self.map_gradients, self.x, self.slope)


class MaximumPullback(Pullback):
    """Of maxima y of x: an element's gradient goes to where in x it stands."""

    __slots__ = ("x", "y")

    def __init__(self, function: Function, x: Array, y: Array) -> None:
        super().__init__(function)
        self.x, self.y = x, y


def defer(activated: Pullback, reader: Pullback) -> tuple[Pullback, Pullback] | None:
    """The two with the derivative moved from the first to the second; None where that cannot be.

    Nothing but the reader may read what was activated, and the derivative must follow from it.
    """
    if not isinstance(activated, ActivatedPullback) or activated.name in ROWS:
        return None
    name, value = activated.name, activated.value
    if (
        isinstance(reader, MaximumPullback)
        and reader.x is value
        and 2 * reader.y.size <= value.size
    ):
        return activated.of_map(), _behind_maximum(name, reader)
    if isinstance(reader, MapPullback) and reader.x is value and activation_code(name)[0] >= 0:
        return activated.of_map(), reader.behind(Slope(name, value))
    return None


def _behind_maximum(name: str, maximum: MaximumPullback) -> Pullback:
    """With few maxima there is less to read and to write.

    The derivative at the maximum is that at its place in x, and everywhere else a gradient of 0 is
    multiplied.
    """

    def gradients(dy: Array, needs_dx: bool) -> Gradients:
        return maximum(activation_grad(name, dy, maximum.y), needs_dx)

    return Pullback(gradients)
