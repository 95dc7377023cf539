"""One small call of every operator: its arguments by name."""

from __future__ import annotations

import numpy as np


def arguments(name, dtype="float32"):
    """Arrays are new each time; a KeyError for an operator that has no example yet."""

    def array(*shape):
        return np.random.default_rng(len(shape)).standard_normal(shape).astype(dtype)

    conv = {"x": array(2, 5, 6, 4), "kernel": array(2, 3, 4, 6)}
    depthwise = {"x": array(2, 5, 6, 4), "kernel": array(2, 3, 4, 2)}
    separable = {
        "x": array(2, 5, 6, 4),
        "depthwise_kernel": array(2, 3, 4, 2),
        "pointwise_kernel": array(1, 1, 8, 3),
    }
    transposed = {"x": array(2, 3, 4, 4), "kernel": array(2, 3, 6, 4), "strides": (2, 2)}
    pool = {"x": array(2, 6, 6, 4), "pool_size": 2}
    adaptive = {"x": array(2, 5, 6, 4), "output_size": (3, 3)}
    images = {"in1": array(9, 8), "in2": array(3, 2), "boundary": "symm", "fillvalue": 0}
    pooled = array(2, 3, 3, 4)
    return {
        "conv": {**conv, "bias": array(6), "activation": "gelu"},
        "conv_grad": {**conv, "grad": array(2, 4, 4, 6)},
        "depthwise_conv": {**depthwise, "bias": array(8)},
        "depthwise_conv_grad": {**depthwise, "grad": array(2, 4, 4, 8)},
        "separable_conv": {**separable, "bias": array(3)},
        "separable_conv_grad": {**separable, "grad": array(2, 4, 4, 3)},
        "conv_transpose": {**transposed, "bias": array(6)},
        "conv_transpose_grad": {**transposed, "grad": array(2, 6, 9, 6)},
        "max_pool": {**pool, "return_indices": True},
        "max_pool_grad": {**pool, "grad": pooled, "indices": np.zeros(pooled.shape, np.int64)},
        "average_pool": pool,
        "average_pool_grad": {**pool, "grad": pooled},
        "adaptive_max_pool": adaptive,
        "adaptive_max_pool_grad": {**adaptive, "grad": pooled},
        "adaptive_average_pool": adaptive,
        "adaptive_average_pool_grad": {**adaptive, "grad": pooled},
        "correlate2d": images,
        "convolve2d": images,
    }[name]
