"""python benchmarks/denormals.py: how long operators take on denormals, compared with 1s.

Input and weights are all denormal, or all 1; the two take turns. Prints the median ratio of their
times for each operator and element type.
"""

from __future__ import annotations

from statistics import median
from time import perf_counter

import numpy as np

from convlet import ops

ROUNDS = 31


def calls(value, dtype):
    """Each operator's call on arrays that hold nothing but `value`."""
    x, grad = np.full((4, 28, 28, 32), value, dtype), np.full((4, 26, 26, 64), value, dtype)
    kernel, thin = np.full((3, 3, 32, 64), value, dtype), np.full((3, 3, 32, 1), value, dtype)
    small = np.full((4, 14, 14, 32), value, dtype)
    return {
        "conv": lambda: ops.conv(x, kernel),
        "conv, gelu": lambda: ops.conv(x, kernel, activation="gelu"),
        "conv_grad": lambda: ops.conv_grad(grad, x, kernel),
        "conv_transpose": lambda: ops.conv_transpose(grad, kernel),
        "depthwise_conv": lambda: ops.depthwise_conv(x, thin),
        "max_pool": lambda: ops.max_pool(x, 2),
        "max_pool_grad": lambda: ops.max_pool_grad(small, x, 2),
        "average_pool": lambda: ops.average_pool(x, 3),
        "average_pool_grad": lambda: ops.average_pool_grad(small, x, 2),
        "adaptive_average_pool": lambda: ops.adaptive_average_pool(x, 5),
        "correlate2d": lambda: ops.correlate2d(x[0, :, :, 0], kernel[:, :, 0, 0], "same", "symm"),
    }


def seconds(call):
    start = perf_counter()
    call()
    return perf_counter() - start


def main():
    """Print the table."""
    for dtype in ("float32", "float64"):
        tiny = np.finfo(dtype).tiny / 8
        normal, denormal = calls(1, dtype), calls(tiny, dtype)
        for name, ones in normal.items():
            times = [(seconds(denormal[name]), seconds(ones)) for _ in range(ROUNDS)]
            ratio = median(slow for slow, _ in times) / median(fast for _, fast in times)
            print(f"{dtype}  {name:22} {ratio:5.2f}")


if __name__ == "__main__":
    main()
