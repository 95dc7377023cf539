from typing import final

from convlet._cext.convolution import _Activation, _Array
from convlet.ops._conv_checks import Geometry

# Two spatial axes; all arrays of one call are float32, or all are float64.

@final
class Transformed:
    nbytes: int

def transform(kernel: _Array, size: int) -> Transformed: ...
def forward(
    x: _Array,
    kernel: _Array,
    bias: _Array | None,
    out: _Array,
    geometry: Geometry,
    activation: _Activation,
    transformed: Transformed,
    pools: bool = False,
    places: _Array | None = None,
    slope: tuple[int, _Array] | None = None,
) -> bool: ...
def kernel_gradient(
    x: _Array, grad: _Array, out: _Array, geometry: Geometry, places: _Array | None = None
) -> bool: ...
