"""Operators on arrays: every argument is checked here, once, and nothing is kept."""

from convlet.ops._adaptive import (
    adaptive_average_pool,
    adaptive_average_pool_grad,
    adaptive_max_pool,
    adaptive_max_pool_grad,
)
from convlet.ops._convolution import conv, conv_grad
from convlet.ops._correlate import convolve2d, correlate2d
from convlet.ops._depthwise import depthwise_conv, depthwise_conv_grad
from convlet.ops._pooling import average_pool, average_pool_grad, max_pool, max_pool_grad
from convlet.ops._separable import separable_conv, separable_conv_grad
from convlet.ops._transposed import conv_transpose, conv_transpose_grad

__all__ = [
    "adaptive_average_pool",
    "adaptive_average_pool_grad",
    "adaptive_max_pool",
    "adaptive_max_pool_grad",
    "average_pool",
    "average_pool_grad",
    "conv",
    "conv_grad",
    "conv_transpose",
    "conv_transpose_grad",
    "convolve2d",
    "correlate2d",
    "depthwise_conv",
    "depthwise_conv_grad",
    "max_pool",
    "max_pool_grad",
    "separable_conv",
    "separable_conv_grad",
]
