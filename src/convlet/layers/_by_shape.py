"""What follows from the shape of an input, found once: checks, geometry, the call itself."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, Self, TypeVar

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


class ByShape(Refound, Generic[T]):
    """`find(shape)` for the last few shapes."""

    __slots__ = ("_found",)

    def __init__(self) -> None:
        self._found: dict[Shape, T] = {}

    def get(self, shape: Shape, find: Callable[[Shape], T]) -> T:
        """`find(shape)`, or what it returned before; errors are not kept."""
        try:
            return self._found[shape]
        except KeyError:
            found = find(shape)
        if len(self._found) >= MOST:
            self._found = {}
        self._found[shape] = found
        return found
