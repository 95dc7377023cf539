from typing import Any, final

from numpy.typing import NDArray

from convlet._cext._fused import fused

# Arrays are float32 or float64, all of one call alike, with five axes unless said otherwise:
# x and grad (N, D, H, W, C), kernel (KD, KH, KW, CI / groups, CO).
_Array = NDArray[Any]
_Triple = tuple[int, int, int]

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

@fused
def pack(kernel: _Array, groups: int) -> Packed: ...
@fused
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
@fused
def input_gradient(
    grad: _Array,
    kernel: _Array,
    bias: _Array | None,  # (CI,)
    out: _Array,
    strides: _Triple,
    dilations: _Triple,
    before: _Triple,
    groups: int,
    activation: int = -1,
    alpha: float = 0,
) -> None: ...
@fused
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
