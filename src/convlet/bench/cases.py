"""What can be timed: a case is one operator on one shape, with its data and its arithmetic."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

_GROUPS = ("conv_grad", "conv", "max_pool", "average_pool", "dense", "cnn")


@dataclass(frozen=True)
class Case:
    """One row of a table, in axes N *spatial C; each provider builds its own operator from it.

    `op` is one of conv, conv_transpose, conv_grad_x, conv_grad_kernel, filter, max_pool,
    max_pool_grad, average_pool, average_pool_grad, dense, dense_grad, cnn, cnn_train. `size`,
    `stride`, `padding` (before and after) and `dilation` hold for every spatial axis; `filters` are
    the output channels or units, 0 for pools. A filter is a convolution of one channel, its padding
    zero. `layout` says how x lies in memory: "channels_last", "channels_first", "crop" (a part of a
    larger array in every axis), "step" (every second element of every axis).
    """

    name: str
    op: str
    x_shape: tuple[int, ...]
    size: int = 0
    filters: int = 0
    stride: int = 1
    padding: int = 0
    dilation: int = 1
    groups: int = 1
    dtype: str = "float32"
    layout: str = "channels_last"

    @property
    def group(self) -> str:
        """The word that chooses this case with ``--ops``."""
        return next((group for group in _GROUPS if self.op.startswith(group)), self.op)

    @property
    def rank(self) -> int:
        """The number of spatial axes."""
        return len(self.x_shape) - 2

    @property
    def depthwise(self) -> bool:
        """Whether each channel is convolved by itself, with one filter."""
        return self.op == "conv" and self.groups == self.x_shape[-1] == self.filters > 1

    @property
    def kernel_shape(self) -> tuple[int, ...]:
        """(*sizes, CI / groups, CO) of a convolution, (*sizes, CO, CI) transposed; (CI, CO)."""
        channels = self.x_shape[-1]
        if self.op.startswith("dense"):
            return (channels, self.filters)
        if self.op == "conv_transpose":
            return (*(self.size,) * self.rank, self.filters, channels)
        return (*(self.size,) * self.rank, channels // self.groups, self.filters)

    @property
    def out_shape(self) -> tuple[int, ...]:
        """The shape of the forward result."""
        batch, *spatial, channels = self.x_shape
        if self.op.startswith("dense"):
            return (batch, self.filters)
        if self.op.startswith("cnn"):
            return (batch, 10)
        room = 2 * self.padding - self.dilation * (self.size - 1) - 1
        if self.op == "conv_transpose":
            lengths = [(n - 1) * self.stride - room for n in spatial]
        else:
            lengths = [(n + room) // self.stride + 1 for n in spatial]
        return (batch, *lengths, self.filters or channels)

    @property
    def flops(self) -> int | None:
        """Floating-point operations of convolution and dense arithmetic; None for pools.

        A multiply-add counts as two. Taps at the border count as all others do.
        """
        if self.op.startswith("cnn"):
            return _cnn_flops(self.x_shape[0], self.op == "cnn_train")
        if not self.filters:
            return None
        pixels = self.x_shape if self.op == "conv_transpose" else self.out_shape
        forward = 2 * math.prod(pixels[:-1]) * math.prod(self.kernel_shape)
        return 2 * forward if self.op == "dense_grad" else forward

    @property
    def terms(self) -> int:
        """How many products make one element of the result, for the tolerance."""
        if self.op == "conv_grad_kernel":
            return math.prod(self.out_shape[:-1])
        if self.op == "conv_grad_x":
            return self.size**self.rank * self.filters
        if self.op == "conv_transpose":
            return self.size**self.rank * self.x_shape[-1]
        if self.op == "dense_grad":
            return max(self.x_shape[0], self.filters)
        if self.op.startswith("cnn"):
            return 9216
        return math.prod(self.kernel_shape[:-1]) if self.filters else self.size**self.rank

    def data(self, seed: int = 0) -> dict[str, Any]:
        """Return arrays of `dtype`: x, and as the op needs them kernel, bias and grad."""
        rng = np.random.default_rng(seed)
        if self.op.startswith("cnn"):
            return _cnn_data(rng, self.x_shape)

        def normal(shape: tuple[int, ...], scale: float = 1.0) -> np.ndarray:
            return (scale * rng.standard_normal(shape)).astype(self.dtype)

        arrays = {"x": _lay(normal(self.x_shape), self.layout), "grad": normal(self.out_shape)}
        if self.filters:
            scale = 1 / math.sqrt(math.prod(self.kernel_shape[:-1]))
            arrays["kernel"] = normal(self.kernel_shape, scale)
            arrays["bias"] = normal((self.filters,), float(self.op != "filter"))
        return arrays

    def describe(self) -> str:
        """Return the shape in a few characters, such as 26x26x32 3x3 64."""
        batch = f" b{self.x_shape[0]}" if self.x_shape[0] > 1 else ""
        if self.op.startswith("dense"):
            return f"{self.x_shape[1]} to {self.filters}{batch}"
        if self.op.startswith("cnn"):
            return f"28x28x1{batch}" if batch else "28x28x1 b1"
        words = ["x".join(map(str, self.x_shape[1:])), "x".join([str(self.size)] * self.rank)]
        words += [str(self.filters)] if self.filters else []
        numbers = {"s": self.stride, "d": self.dilation, "g": self.groups}
        words += [f"{letter}{number}" for letter, number in numbers.items() if number > 1]
        words += [f"p{self.padding}"] if self.padding else []
        words += [word for word in (self.dtype, self.layout) if word not in _USUAL]
        return " ".join(words) + batch


_USUAL = ("float32", "channels_last")


def _lay(x: np.ndarray, layout: str) -> np.ndarray:
    """Return the same values as x in another memory layout."""
    if layout == "channels_first":
        return np.moveaxis(np.ascontiguousarray(np.moveaxis(x, -1, 1)), 1, -1)
    if layout in ("crop", "step"):
        larger = np.zeros(tuple(2 * n for n in x.shape), x.dtype)
        part = [slice(n // 2, n // 2 + n) for n in x.shape]
        view: np.ndarray = larger[
            tuple(part if layout == "crop" else [slice(None, None, 2)] * x.ndim)
        ]
        view[...] = x
        return view
    return x


def _cnn_flops(batch: int, training: bool) -> int:
    per_image = 2 * (26 * 26 * 9 * 32 + 24 * 24 * 288 * 64 + 9216 * 128 + 128 * 10)
    first = 2 * 26 * 26 * 9 * 32
    # Training is forward, dkernel and dx, but the first layer needs no dx.
    return batch * (3 * per_image - first if training else per_image)


def _cnn_data(rng: np.random.Generator, x_shape: tuple[int, ...]) -> dict[str, Any]:
    """Images, one-hot labels, and the lecture's CNN's weights in Keras's order, Glorot uniform."""
    weights = []
    for shape in ((3, 3, 1, 32), (3, 3, 32, 64), (9216, 128), (128, 10)):
        field = math.prod(shape[:-2])
        limit = math.sqrt(6 / (field * (shape[-2] + shape[-1])))
        weights += [
            rng.uniform(-limit, limit, shape).astype(np.float32),
            np.zeros(shape[-1], np.float32),
        ]
    labels = np.eye(10, dtype=np.float32)[rng.integers(10, size=x_shape[0])]
    return {"x": rng.random(x_shape, np.float32), "labels": labels, "weights": weights}
