from collections.abc import Callable
from typing import Any, Generic, ParamSpec, TypeVar, final

from numpy.typing import NDArray

# Arrays are float32 or float64, all of one call alike, with five axes unless said otherwise:
# x and grad (N, D, H, W, C), kernel (KD, KH, KW, CI / groups, CO).
_Array = NDArray[Any]
_Triple = tuple[int, int, int]

_P = ParamSpec("_P")
_R = TypeVar("_R")

class Fused(Generic[_P, _R]):
    # One compiled function for each element type: chosen by the arguments, or by its name in C.
    def __init__(self, function: Callable[_P, _R]) -> None: ...
    def __call__(self, *args: _P.args, **kwargs: _P.kwargs) -> _R: ...
    def __getitem__(self, element_type: str) -> Callable[_P, _R]: ...

@final
class Packed:
    @property
    def isa(self) -> int: ...
    @property
    def dtype(self) -> int: ...
    @property
    def groups(self) -> int: ...
    @property
    def shape(self) -> tuple[int, int, int, int, int]: ...
    def fits(self, dtype: int, shape: tuple[int, ...], groups: int) -> bool: ...

@Fused
def pack(kernel: _Array, groups: int) -> Packed: ...
@Fused
def forward(
    x: _Array,
    kernel: _Array,
    bias: _Array | None,  # (CO,)
    out: _Array,
    strides: _Triple,
    dilations: _Triple,
    before: _Triple,
    groups: int,
    activation: int = -1,
    alpha: float = 0,
    packed: Packed | None = None,
) -> None: ...
@Fused
def input_gradient(
    grad: _Array,
    kernel: _Array,
    out: _Array,
    strides: _Triple,
    dilations: _Triple,
    before: _Triple,
    groups: int,
) -> None: ...
@Fused
def kernel_gradient(
    x: _Array,
    grad: _Array,
    out: _Array,
    strides: _Triple,
    dilations: _Triple,
    before: _Triple,
    groups: int,
) -> None: ...
def probe(dtype: int, seconds: float) -> float: ...
