"""Operators on arrays: every argument is checked here, once, and nothing is kept."""

from convlet.ops._convolution import conv, conv_grad
from convlet.ops._pooling import average_pool, average_pool_grad, max_pool, max_pool_grad
from convlet.ops._transposed import conv_transpose, conv_transpose_grad

__all__ = [
    "average_pool",
    "average_pool_grad",
    "conv",
    "conv_grad",
    "conv_transpose",
    "conv_transpose_grad",
    "max_pool",
    "max_pool_grad",
]
