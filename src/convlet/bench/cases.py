"""What is timed: named shapes with their data and their arithmetic.

cv1 to cv12 are the layers that M. Cho and D. Brand timed in "MEC: Memory-efficient Convolution
for Deep Neural Network" (ICML 2017, table 2), without padding; ref1 and ref2 are the two
convolutions of the lecture's CNN.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

# name: (height and width, input channels, kernel size, output channels, stride)
_LAYERS = {
    "cv1": (227, 3, 11, 96, 4),
    "cv2": (231, 3, 11, 96, 4),
    "cv3": (227, 3, 7, 64, 2),
    "cv4": (224, 64, 7, 64, 2),
    "cv5": (24, 96, 5, 256, 1),
    "cv6": (12, 256, 3, 512, 1),
    "cv7": (224, 3, 3, 64, 1),
    "cv8": (112, 64, 3, 128, 1),
    "cv9": (56, 64, 3, 64, 1),
    "cv10": (28, 128, 3, 128, 1),
    "cv11": (14, 256, 3, 256, 1),
    "cv12": (7, 512, 3, 512, 1),
    "ref1": (28, 1, 3, 32, 1),
    "ref2": (26, 32, 3, 64, 1),
}


@dataclass(frozen=True)
class Case:
    """One row of a table.

    `op` is one of conv, conv_grad_x, conv_grad_kernel, max_pool, max_pool_grad, average_pool,
    average_pool_grad, dense, dense_grad, cnn, cnn_train. `size` is the kernel's or the window's
    height and width; `filters` the output channels or units, 0 for pools.
    """

    name: str
    op: str
    x_shape: tuple[int, ...]
    size: int = 0
    filters: int = 0
    stride: int = 1

    @property
    def group(self) -> str:
        """The word that chooses this case with ``--ops``."""
        for group in ("conv_grad", "max_pool", "average_pool", "dense", "cnn"):
            if self.op.startswith(group):
                return group
        return self.op

    @property
    def kernel_shape(self) -> tuple[int, ...]:
        """(KH, KW, CI, CO) of a convolution, (CI, CO) of a dense layer."""
        if self.op.startswith("dense"):
            return (self.x_shape[-1], self.filters)
        return (self.size, self.size, self.x_shape[-1], self.filters)

    @property
    def out_shape(self) -> tuple[int, ...]:
        """The shape of the forward result; there is no padding."""
        if self.op.startswith("dense"):
            return (self.x_shape[0], self.filters)
        if self.op.startswith("cnn"):
            return (self.x_shape[0], 10)
        batch, height, width, channels = self.x_shape
        oh, ow = ((n - self.size) // self.stride + 1 for n in (height, width))
        return (batch, oh, ow, self.filters or channels)

    @property
    def flops(self) -> int | None:
        """Floating-point operations of convolution and dense arithmetic; None for pools.

        A multiply-add counts as two. Border taps count in gradients too, as for forward.
        """
        if self.op.startswith("cnn"):
            per_image = 2 * (26 * 26 * 9 * 32 + 24 * 24 * 288 * 64 + 9216 * 128 + 128 * 10)
            first = 2 * 26 * 26 * 9 * 32
            # Training is forward, dkernel and dx, but the first layer needs no dx.
            return self.x_shape[0] * (
                3 * per_image - first if self.op == "cnn_train" else per_image
            )
        if not self.filters:
            return None
        forward = 2 * math.prod(self.out_shape) * math.prod(self.kernel_shape[:-1])
        return 2 * forward if self.op == "dense_grad" else forward

    @property
    def terms(self) -> int:
        """How many products make one element of the result, for the tolerance."""
        if self.op == "conv_grad_kernel":
            return math.prod(self.out_shape[:-1])
        if self.op == "conv_grad_x":
            return self.size * self.size * self.filters
        if self.op == "dense_grad":
            return max(self.x_shape[0], self.filters)
        if self.op.startswith("cnn"):
            return 9216
        return math.prod(self.kernel_shape[:-1]) if self.filters else self.size * self.size

    def data(self, seed: int = 0) -> dict[str, Any]:
        """Return float32 arrays: x, and as the op needs them kernel, bias and grad."""
        rng = np.random.default_rng(seed)

        def normal(shape: tuple[int, ...], scale: float = 1.0) -> np.ndarray:
            return (scale * rng.standard_normal(shape)).astype(np.float32)

        if self.op.startswith("cnn"):
            return _cnn_data(rng, self.x_shape)
        arrays = {"x": normal(self.x_shape), "grad": normal(self.out_shape)}
        if self.filters:
            scale = 1 / math.sqrt(math.prod(self.kernel_shape[:-1]))
            arrays["kernel"] = normal(self.kernel_shape, scale)
            arrays["bias"] = normal((self.filters,))
        return arrays

    def describe(self) -> str:
        """Return the shape in a few characters, such as 26x26x32 3x3 64."""
        batch = f" b{self.x_shape[0]}" if self.x_shape[0] > 1 else ""
        if self.op.startswith("dense"):
            return f"{self.x_shape[1]} to {self.filters}{batch}"
        if self.op.startswith("cnn"):
            return f"28x28x1{batch}" if batch else "28x28x1 b1"
        image = "x".join(map(str, self.x_shape[1:]))
        stride = f" s{self.stride}" if self.stride > 1 else ""
        filters = f" {self.filters}" if self.filters else ""
        return f"{image} {self.size}x{self.size}{filters}{stride}{batch}"


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


def forward_layers() -> list[Case]:
    """Return the fourteen convolutions, forward, one image."""
    return [
        Case(name, "conv", (1, side, side, channels), size, filters, stride)
        for name, (side, channels, size, filters, stride) in _LAYERS.items()
    ]


def all_cases(quick: bool = False) -> list[Case]:
    """Return every case of ``convlet bench``, or with `quick` a few of each kind."""
    forward = forward_layers()
    named = {case.name: case for case in forward}
    gradients = []
    for name in ("ref1", "ref2", "cv3", "cv5", "cv9", "cv10", "cv11", "cv12"):
        case = replace(named[name], x_shape=(16, *named[name].x_shape[1:]))
        gradients.append(replace(case, name=f"{name} dx", op="conv_grad_x"))
        gradients.append(replace(case, name=f"{name} dkernel", op="conv_grad_kernel"))
    if quick:
        forward = [named[name] for name in ("ref1", "ref2", "cv3", "cv9", "cv12")]
        gradients = [case for case in gradients if case.name.split()[0] in ("ref2", "cv9")]
    return forward + gradients + _pools(quick) + _dense(quick) + _networks(quick)


def _pools(quick: bool) -> list[Case]:
    shapes = [("lecture", (128, 24, 24, 64), 2, 2)]
    if not quick:
        shapes += [("2x2", (1, 112, 112, 64), 2, 2), ("3x3 s2", (1, 112, 112, 64), 3, 2)]
    return [
        Case(f"{short} {name}{suffix}", kind + gradient, x_shape, size, 0, stride)
        for kind, short in (("max_pool", "max"), ("average_pool", "average"))
        for name, x_shape, size, stride in shapes
        for gradient, suffix in (("", ""), ("_grad", " dx"))
    ]


def _dense(quick: bool) -> list[Case]:
    shapes = [("hidden", (128, 9216), 128)]
    if not quick:
        shapes += [("hidden b1", (1, 9216), 128), ("output", (128, 128), 10)]
    return [
        Case(name + suffix, "dense" + gradient, x_shape, 0, filters)
        for name, x_shape, filters in shapes
        for gradient, suffix in (("", ""), ("_grad", " gradients"))
    ]


def _networks(quick: bool) -> list[Case]:
    batches = (128,) if quick else (1, 128)
    inference = [Case(f"inference b{n}", "cnn", (n, 28, 28, 1)) for n in batches]
    return [*inference, Case("training step b128", "cnn_train", (128, 28, 28, 1))]
