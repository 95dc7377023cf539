"""Operators on arrays: every argument is checked here, once, and nothing is kept."""

from __future__ import annotations

from typing import TYPE_CHECKING

from convlet._lazy import lazily

if TYPE_CHECKING:
    from convlet.ops._adaptive import adaptive_average_pool as adaptive_average_pool
    from convlet.ops._adaptive import adaptive_average_pool_grad as adaptive_average_pool_grad
    from convlet.ops._adaptive import adaptive_max_pool as adaptive_max_pool
    from convlet.ops._adaptive import adaptive_max_pool_grad as adaptive_max_pool_grad
    from convlet.ops._convolution import conv as conv
    from convlet.ops._convolution import conv_grad as conv_grad
    from convlet.ops._correlate import convolve2d as convolve2d
    from convlet.ops._correlate import correlate2d as correlate2d
    from convlet.ops._depthwise import depthwise_conv as depthwise_conv
    from convlet.ops._depthwise import depthwise_conv_grad as depthwise_conv_grad
    from convlet.ops._pooling import average_pool as average_pool
    from convlet.ops._pooling import average_pool_grad as average_pool_grad
    from convlet.ops._pooling import max_pool as max_pool
    from convlet.ops._pooling import max_pool_grad as max_pool_grad
    from convlet.ops._separable import separable_conv as separable_conv
    from convlet.ops._separable import separable_conv_grad as separable_conv_grad
    from convlet.ops._transposed import conv_transpose as conv_transpose
    from convlet.ops._transposed import conv_transpose_grad as conv_transpose_grad
else:
    __getattr__, __dir__, __all__ = lazily(
        __name__,
        {
            "_adaptive": (
                "adaptive_average_pool",
                "adaptive_average_pool_grad",
                "adaptive_max_pool",
                "adaptive_max_pool_grad",
            ),
            "_convolution": (
                "conv",
                "conv_grad",
            ),
            "_correlate": (
                "convolve2d",
                "correlate2d",
            ),
            "_depthwise": (
                "depthwise_conv",
                "depthwise_conv_grad",
            ),
            "_pooling": (
                "average_pool",
                "average_pool_grad",
                "max_pool",
                "max_pool_grad",
            ),
            "_separable": (
                "separable_conv",
                "separable_conv_grad",
            ),
            "_transposed": (
                "conv_transpose",
                "conv_transpose_grad",
            ),
        },
    )
