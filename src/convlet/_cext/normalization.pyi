from typing import Any

from numpy.typing import NDArray

from convlet._cext._fused import fused

# Matrices and parameters are C-contiguous float32 or float64, all of one call alike; statistics of
# columns or rows are float64.
_Array = NDArray[Any]

@fused
def column_moments(x: _Array, mean: _Array, variance: _Array) -> None: ...
@fused
def column_products(
    dy: _Array, x: _Array, mean: _Array, total: _Array, product: _Array
) -> None: ...
@fused
def column_scale(x: _Array, parameters: _Array, out: _Array) -> None: ...
@fused
def column_slope(dy: _Array, x: _Array, parameters: _Array, out: _Array) -> None: ...
@fused
def rows(x: _Array, epsilon: float, out: _Array, inverse: _Array) -> None: ...
@fused
def rows_slope(dy: _Array, y: _Array, inverse: _Array, out: _Array) -> None: ...
