from typing import Any

from numpy.typing import NDArray

from convlet._variable import Variable

def apply(
    rule: str,
    hyper: tuple[float, ...],
    variables: list[Variable],
    grads: list[NDArray[Any]],
    slots: list[tuple[Variable, ...]],
    assignments: list[tuple[Variable, NDArray[Any]]],
) -> None: ...
def sum_of_squares(array: NDArray[Any]) -> float: ...
