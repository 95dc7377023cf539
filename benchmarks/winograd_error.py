"""How exact Winograd's algorithm is beside the direct one, and whether that lets layers use it.

    python benchmarks/winograd_error.py

An error is the largest over five seeds of max|error| / max|result|, in float32 against float64, on
normal numbers, for a batch of 16. A variant may be chosen where its error is at most 3 times the
direct algorithm's for that layer and direction.
Prints the table and writes it to results/winograd-error.md.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np

from convlet import ops
from convlet.bench.table import markdown_table
from convlet.ops import _conv_forms as conv_forms
from convlet.ops import _conv_gradients as conv_gradients
from convlet.ops._conv_checks import check_operands

SEEDS = 5
BATCH = 16  # the largest of few numbers says little
MOST = 3.0  # times direct's error
RESULT = Path(__file__).parent / "results" / "winograd-error.md"


class Layer(NamedTuple):
    """3 x 3 taps, stride 1, on squares."""

    name: str
    side: int
    channels: int
    filters: int
    padding: str = "valid"

    def describe(self):
        return f"{self.side}x{self.side}x{self.channels} to {self.filters}, {self.padding}"


LAYERS = (
    Layer("cv6", 12, 256, 512),
    Layer("cv8", 112, 64, 128),
    Layer("cv9", 56, 64, 64),
    Layer("cv10", 28, 128, 128),
    Layer("cv11", 14, 256, 256),
    Layer("cv12", 7, 512, 512),
    Layer("ref2", 26, 32, 64),
    Layer("ResNet conv2", 56, 64, 64, "same"),
    Layer("ResNet conv3", 28, 128, 128, "same"),
    Layer("ResNet conv4", 14, 256, 256, "same"),
    Layer("ResNet conv5", 7, 512, 512, "same"),
    Layer("large, few", 112, 16, 16, "same"),
    Layer("few", 28, 16, 16, "same"),
    Layer("few to many", 28, 16, 256, "same"),
    Layer("many to few", 28, 256, 16, "same"),
    Layer("small, few", 8, 16, 16, "same"),
    Layer("small", 8, 64, 64, "same"),
    Layer("smallest for 4x4", 5, 32, 32, "same"),
    Layer("too small for 4x4", 4, 64, 64),
    Layer("one output", 3, 64, 64),
    Layer("not whole vectors", 28, 24, 24, "same"),
)


def arrays(layer, seed):
    """x, kernel, the output's gradient, and the geometry."""
    rng = np.random.default_rng(seed)
    side = layer.side if layer.padding == "same" else layer.side - 2
    x, kernel, grad = (
        rng.standard_normal(shape, np.float32)
        for shape in (
            (BATCH, layer.side, layer.side, layer.channels),
            (3, 3, layer.channels, layer.filters),
            (BATCH, side, side, layer.filters),
        )
    )
    geometry = check_operands(x, kernel, 1, layer.padding, 1, "channels_last")[2]
    return x, kernel, grad, geometry


def forward(layer, seed):
    """The exact output, and a function of the tiles' size that computes it."""
    x, kernel, _, geometry = arrays(layer, seed)

    def compute(size):
        packed = conv_forms.pack(kernel, 1, size)
        return conv_forms.forward(x, kernel, None, geometry, None, None, packed)

    return ops.conv(x.astype("f8"), kernel.astype("f8"), padding=layer.padding), compute


def gradients(layer, seed, wanted):
    """Likewise, of the gradient that is wanted."""
    x, kernel, grad, geometry = arrays(layer, seed)

    def compute(size):
        out = np.empty_like(x if wanted == "x" else kernel)
        if wanted == "x":
            conv_gradients.input_gradient(grad, kernel, out, geometry, size)
        else:
            conv_gradients.kernel_gradient(x, grad, out, geometry, size)
        return out

    wide = (array.astype("f8") for array in (grad, x, kernel))
    exact = ops.conv_grad(*wide, padding=layer.padding, needs=(wanted,))
    return exact[0] if wanted == "x" else exact[1], compute


DIRECTIONS = {  # name: (exact result and computation, sizes of tiles)
    "forward": (forward, (2, 4)),
    "dx": (lambda layer, seed: gradients(layer, seed, "x"), (2, 4)),
    "dkernel": (lambda layer, seed: gradients(layer, seed, "kernel"), (2,)),
}


def errors(layer, direction):
    """Each size's error, the direct algorithm's as size 0."""
    make, sizes = DIRECTIONS[direction]
    worst = dict.fromkeys((0, *sizes), 0.0)
    for seed in range(SEEDS):
        exact, compute = make(layer, seed)
        largest = np.abs(exact).max()
        for size in worst:
            worst[size] = max(worst[size], float(np.abs(compute(size) - exact).max() / largest))
    return worst


def rows(layer):
    """Of the table; and the variants that are chosen though they may not be."""
    tiles = arrays(layer, 0)[3].tiles
    for (direction, (_, sizes)), chosen in zip(DIRECTIONS.items(), tiles, strict=True):
        found = errors(layer, direction)
        for size in sizes:
            ratio = found[size] / found[0]
            verdict = "yes" if size == chosen else ""
            if size == chosen and not ratio <= MOST:
                verdict = "**yes, though it may not**"
            yield [
                layer.name,
                layer.describe(),
                direction,
                "F(2x4)" if direction == "dkernel" else f"F({size}x{size})",
                f"{found[size]:.2e}",
                f"{found[0]:.2e}",
                f"{ratio:.2f}",
                verdict,
            ]


def main():
    head = ["layer", "shape", "direction", "variant", "error", "direct's", "ratio", "chosen"]
    cells = [row for layer in LAYERS for row in rows(layer)]
    lines = ["# Winograd's error beside the direct algorithm's", ""]
    lines += [line.strip() for line in __doc__.strip().splitlines()[4:-1]]
    lines += ["", *markdown_table(head, cells, left=4)]
    print(*lines, sep="\n")
    RESULT.write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
