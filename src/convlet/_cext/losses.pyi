from typing import Any

from numpy.typing import NDArray

_Array = NDArray[Any]

KINDS: dict[str, int]

def rows(kind: str, target: _Array, y: _Array, values: _Array, grad: _Array | None) -> None: ...
