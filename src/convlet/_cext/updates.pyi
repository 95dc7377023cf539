from typing import Any

from numpy.typing import NDArray

from convlet._variable import Variable

def apply(
    rule: str,
    hyper: tuple[float, ...],
    variables: list[Variable],
    grads: list[NDArray[Any]] | list[NDArray[Any] | None],  # None: only the average changes
    slots: list[tuple[Variable, ...]],
    assignments: list[tuple[Variable, NDArray[Any]]],
    undecayed: frozenset[int] = ...,
    averages: list[Variable] | None = None,
    momentum: float = 0,
) -> None: ...
def sum_of_squares(array: NDArray[Any]) -> float: ...
