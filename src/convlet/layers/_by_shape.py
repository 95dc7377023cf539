"""What follows from the shape of an input, found once: checks, geometry, the call itself."""

from __future__ import annotations

from collections.abc import Callable
from typing import Self, TypeVar

from convlet.layers._building import Shape

T = TypeVar("T")
MOST = 8  # shapes; a network in use sees one or two


class Refound:
    """What a layer can find again: a copy of the layer starts without it.

    What is found may refer to the layer, and in the copy must not refer to the first one.
    """

    __slots__ = ()

    def __deepcopy__(self, memo: object) -> Self:
        return type(self)()

    def __reduce__(self) -> tuple[type[Self], tuple[()]]:
        return type(self), ()


class ByShape(Refound, dict[Shape, T]):
    """What was found for the last few shapes.

    `self.get(shape) or self.find(shape, search)` is quicker than the latter alone, in small calls.
    """

    __slots__ = ()

    def find(self, shape: Shape, search: Callable[[Shape], T]) -> T:
        """`search(shape)`, or what it returned before; errors are not kept."""
        try:
            return self[shape]
        except KeyError:
            found = search(shape)
        if len(self) >= MOST:
            self.clear()
        self[shape] = found
        return found
