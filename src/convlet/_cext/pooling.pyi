from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convlet._cext._fused import fused
from convlet.ops._geometry import Window

# Arrays are float32 or float64, all of one call alike, (N, D, H, W, C) unless said otherwise.
_Array = NDArray[Any]
_Indices = NDArray[np.int64]

@fused
def max_pool(x: _Array, y: _Array, indices: _Indices | None, windows: Sequence[Window]) -> None: ...
@fused
def average_pool(x: _Array, y: _Array, include_pad: bool, windows: Sequence[Window]) -> None: ...
@fused
def max_pool_gradient(grad: _Array, x: _Array, dx: _Array, windows: Sequence[Window]) -> None: ...
@fused
def average_pool_gradient(
    grad: _Array, dx: _Array, include_pad: bool, windows: Sequence[Window]
) -> None: ...
@fused
def max_pool_gradient_at(
    grad: _Array,
    indices: _Indices,
    dx: _Array,  # (N, D * H * W, C)
) -> None: ...
