from typing import Any, final

from numpy.typing import NDArray

from convlet.ops._conv_checks import Geometry

# Arrays are float32 or float64, all of one call alike: x and grad (N, D, H, W, C), kernel
# (KD, KH, KW, CI / groups, CO). Leading spatial axes may be missing.
_Array = NDArray[Any]
_Activation = tuple[int, float]  # see ops._activation.activation_code

@final
class Packed:
    nbytes: int

def pack(kernel: _Array, groups: int) -> Packed: ...
def forward(
    x: _Array,
    kernel: _Array,
    bias: _Array | None,  # (CO,)
    out: _Array,
    geometry: Geometry,
    activation: _Activation,
    packed: Packed | None = None,
) -> None: ...
def input_gradient(
    grad: _Array,
    kernel: _Array,
    bias: _Array | None,  # (CI,)
    out: _Array,
    geometry: Geometry,
    activation: _Activation,
) -> None: ...
def kernel_gradient(
    x: _Array,
    grad: _Array,
    out: _Array,
    bias: _Array | None,  # (CO,), or (parts, CO)
    geometry: Geometry,
    parts: int = 1,
) -> None: ...
def probe(dtype: int, seconds: float) -> float: ...
