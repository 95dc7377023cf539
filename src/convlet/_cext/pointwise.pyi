from typing import Any

from numpy.typing import NDArray

from convlet._cext._fused import fused

# Arrays are C-contiguous float32 or float64, all of one call alike; one axis, rows for softmax.
_Array = NDArray[Any]

ACTIVATIONS: tuple[str, ...]

def activation_code(name: str) -> int: ...
def gradient_from_output(code: int) -> bool: ...
@fused
def activation(code: int, alpha: float, x: _Array, out: _Array) -> None: ...
@fused
def activation_gradient(
    code: int, alpha: float, grad: _Array, value: _Array, out: _Array
) -> None: ...
@fused
def softmax(x: _Array, out: _Array) -> None: ...
@fused
def softmax_gradient(grad: _Array, y: _Array, out: _Array) -> None: ...
@fused
def dropout(x: _Array, out: _Array, rate: float, seed: int, step: int) -> None: ...
