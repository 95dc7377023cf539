from typing import Any

from numpy.typing import NDArray

# Arrays are C-contiguous float32 or float64, all of one call alike.
_Array = NDArray[Any]

KINDS: dict[str, int]

def rows(
    kind: str,
    target: _Array,  # (N, C), as y and grad
    y: _Array,
    values: _Array,  # (N,)
    grad: _Array | None,
    numbers: tuple[float, ...] = (),  # at most three
) -> None: ...
