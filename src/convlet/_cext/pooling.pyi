from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convlet.ops._geometry import Window

# Arrays are float32 or float64, all of one call alike, (N, D, H, W, C) unless said otherwise.
# Leading spatial axes may be missing.
_Array = NDArray[Any]
_Indices = NDArray[np.int64]

def max_pool(x: _Array, y: _Array, indices: _Indices | None, windows: Sequence[Window]) -> None: ...
def average_pool(x: _Array, y: _Array, include_pad: bool, windows: Sequence[Window]) -> None: ...
def max_pool_gradient(grad: _Array, x: _Array, dx: _Array, windows: Sequence[Window]) -> None: ...
def average_pool_gradient(
    grad: _Array, dx: _Array, include_pad: bool, windows: Sequence[Window]
) -> None: ...
def max_pool_gradient_at(
    grad: _Array,
    indices: _Indices,
    dx: _Array,  # (N, D * H * W, C)
) -> None: ...
