"""One small call of every operator, and a layer of every class."""

from __future__ import annotations

import inspect

import numpy as np

from convlet import layers


def arguments(name, dtype="float32", wide=1):
    """Arrays are new each time; a KeyError for an operator that has no example yet.

    `wide` times as many channels and filters as 3 to 8.
    """

    def array(*shape):
        return np.random.default_rng(len(shape)).standard_normal(shape).astype(dtype)

    c, f = 4 * wide, 6 * wide
    conv = {"x": array(2, 5, 6, c), "kernel": array(2, 3, c, f)}
    depthwise = {"x": array(2, 5, 6, c), "kernel": array(2, 3, c, 2)}
    separable = {
        "x": array(2, 5, 6, c),
        "depthwise_kernel": array(2, 3, c, 2),
        "pointwise_kernel": array(1, 1, 2 * c, f // 2),
    }
    transposed = {"x": array(2, 3, 4, c), "kernel": array(2, 3, f, c), "strides": (2, 2)}
    pool = {"x": array(2, 6, 6, c), "pool_size": 2}
    adaptive = {"x": array(2, 5, 6, c), "output_size": (3, 3)}
    images = {"in1": array(9, 8), "in2": array(3, 2), "boundary": "symm", "fillvalue": 0}
    pooled = array(2, 3, 3, c)
    return {
        "conv": {**conv, "bias": array(f), "activation": "gelu"},
        "conv_grad": {**conv, "grad": array(2, 4, 4, f)},
        "depthwise_conv": {**depthwise, "bias": array(2 * c)},
        "depthwise_conv_grad": {**depthwise, "grad": array(2, 4, 4, 2 * c)},
        "separable_conv": {**separable, "bias": array(f // 2)},
        "separable_conv_grad": {**separable, "grad": array(2, 4, 4, f // 2)},
        "conv_transpose": {**transposed, "bias": array(f)},
        "conv_transpose_grad": {**transposed, "grad": array(2, 6, 9, f)},
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


def layer_names():
    """Those of all classes that compute from one input, without aliases."""
    others = ("Layer", "InputLayer", "RepeatVector")  # which takes vectors
    classes = {name: getattr(layers, name) for name in layers.__all__ if name not in others}
    return [
        name
        for name, kind in classes.items()
        if inspect.isclass(kind)
        and issubclass(kind, layers.Layer)
        and not kind.several_inputs
        and kind.__name__ == name
    ]


def layer(name, dtype="float32"):
    """A new one of plain arguments, and an input; its rank is in its name, where it has one."""
    values = {
        **{"filters": 30, "units": 30, "rate": 0.5, "activation": "tanh", "seed": 3},
        **{"kernel_size": 3, "padding": 1, "cropping": 1, "output_size": 2, "size": 2},
        **{"groups": 1, "stddev": 0.1, "dims": (3, 1, 2), "scale": 2.0, "target_shape": (-1,)},
        **{"factor": 0.2, "height_factor": 0.2, "width_factor": 0.3, "height": 5, "width": 4},
    }
    rank = int("".join(filter(str.isdigit, name)) or 2)
    kind = getattr(layers, name)
    wanted = inspect.signature(kind.__init__).parameters
    given = {key: value for key, value in values.items() if key in wanted}
    x = np.random.default_rng(rank).standard_normal((2, *(9, 8, 7)[:rank], 37)).astype(dtype)
    return kind(**given, dtype=dtype), x
