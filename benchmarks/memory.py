"""How much memory operators and layers take beyond their arrays, and whether it stays so.

    python benchmarks/peers.py --section memory      (Linux only)

Each figure comes from a process of its own: the peak of its resident memory during one call, less
what stays after it (extra), and what stays less the results (kept: packed weights, mostly).
"""

from __future__ import annotations

import math
import os
import subprocess
import sys

import numpy as np

BATCH = 4
SHAPES = 20_000
WAYS = ("ops.conv", "layer", "ops.conv_grad", "layer.vjp")
# So that large arrays go back to the system when they are freed, and take no larger pages.
EXACT = {"MALLOC_MMAP_THRESHOLD_": "65536", "NUMPY_MADVISE_HUGEPAGE": "0"}
PACKED = 5  # times its kernel's size a layer's packed weights may take


def measure(threads, seconds):
    """Return (figures, lines of Markdown). The time is given by the shapes."""
    from convlet.bench import machine, report, suites
    from convlet.bench.table import markdown_table

    about = machine.describe([report.Convlet()], threads)
    cells, beyond = [], {}
    for case in suites.forward_layers(BATCH):
        words = [case.name, case.describe(), size_text(kernel_bytes(case))]
        for way in WAYS:
            extra, kept, allowed = (float(word) for word in child(way, case.name))
            beyond[f"{case.name} {way}"] = max(0.0, extra) + max(0.0, kept - allowed)
            words += [size_text(extra), size_text(kept)]
        cells.append(words)
    grown = float(child("shapes", "")[0])
    heads = ["case", "shape", "kernel"]
    heads += [f"{way} {what}" for way in WAYS for what in ("extra", "kept")]
    text = [f"# Memory beyond the arrays, threads: {threads}", "", "```", *about, "```", ""]
    text += [*markdown_table(heads, cells, left=2), ""]
    text += [f"Over {SHAPES:,} shapes memory grew by {size_text(grown)} after the first tenth."]
    figures = {"about": about, "threads": threads, "extra": beyond, "grown": grown}
    return {**figures, "shapes": SHAPES}, text


def kernel_bytes(case):
    """The size of the case's kernel."""
    return 4 * math.prod(case.kernel_shape)


def size_text(size):
    """Bytes in MiB."""
    return f"{size / 2**20:.2f} MiB"


def child(*arguments):
    """What this file prints when it is run with such arguments."""
    command = [sys.executable, __file__, *arguments]
    environment = os.environ | EXACT
    return subprocess.run(
        command, env=environment, stdout=subprocess.PIPE, check=True
    ).stdout.split()


def one_call(way, name):
    """Print (extra, kept, what may be kept) of one call, in bytes."""
    from convlet.bench import suites

    case = next(case for case in suites.forward_layers(BATCH) if case.name == name)
    calls(way, 1, 8, case.size)()  # loads code, starts threads
    call = calls(way, BATCH, None, case.size, case)
    before = resident()
    reset_peak()
    results = call()
    after, highest = resident(), peak()
    made = sum(result.nbytes for result in results)
    allowed = PACKED * kernel_bytes(case) if way.startswith("layer") else 0
    print(highest - after, after - before - made, allowed)


def calls(way, batch, channels, size, case=None):
    """A function without arguments that returns its result arrays in a tuple."""
    from convlet import layers, ops
    from convlet.bench.cases import Case

    case = case or Case("", "conv", (batch, 4 * size, 4 * size, channels), size, 16)
    data = case.data()
    x, kernel, grad, options = data["x"], data["kernel"], data["grad"], {"strides": case.stride}
    layer = layers.Conv2D(case.filters, case.size, use_bias=False, **options)
    layer.build(x.shape)
    layer.set_weights([kernel])

    def both():
        y, pullback = layer.vjp(x, True)
        dx, (dkernel,) = pullback(grad)
        return y, dx, dkernel

    return {
        "ops.conv": lambda: (ops.conv(x, kernel, **options),),
        "layer": lambda: (layer(x),),
        "ops.conv_grad": lambda: ops.conv_grad(grad, x, kernel, **options),
        "layer.vjp": both,
    }[way]


def many_shapes():
    """Print by how many bytes memory grows over many shapes, after the first tenth of them."""
    from convlet import layers, ops

    rng = np.random.default_rng(0)
    start = 0
    for number in range(SHAPES):
        if number == SHAPES // 10:
            start = resident()
        height, width, channels, filters = (int(n) for n in rng.integers(5, 40, 4))
        x = np.ones((1, height, width, channels), np.float32)
        kernel = np.ones((3, 3, channels, filters), np.float32)
        grad = ops.conv(x, kernel, padding="same")
        ops.conv_grad(grad, x, kernel, padding="same")
        ops.max_pool(x, 2)
        if number % 10 == 0:
            layers.Conv2D(filters, 3)(x)
    print(resident() - start)


def status(key):
    """An entry of this process's status, in bytes."""
    with open("/proc/self/status", encoding="ascii") as lines:
        return next(1024 * int(line.split()[1]) for line in lines if line.startswith(key))


def resident():
    """The bytes in memory now."""
    return status("VmRSS:")


def peak():
    """The most bytes in memory since `reset_peak`."""
    return status("VmHWM:")


def reset_peak():
    """Forget the peak."""
    with open("/proc/self/clear_refs", "w", encoding="ascii") as control:
        control.write("5")


if __name__ == "__main__":
    if sys.argv[1] == "shapes":
        many_shapes()
    else:
        one_call(*sys.argv[1:])
