"""How much memory operators and layers take beyond their arrays, and whether it stays so.

    python benchmarks/peers.py --section memory      (Linux only)

Each figure comes from a process of its own: the peak of its resident memory during one call, less
what stays after it (extra), and what stays less the results (kept). Code does not count: it is read
from files where it first runs, and kept by the system, not by a call. Layers may have packed
weights beside their kernels: those that a call leaves are part of `kept`, and those that an input
gradient makes and drops are part of `extra`; their sizes stand beside the two as "of it packed".
"""

from __future__ import annotations

import gc
import math
import os
import subprocess
import sys

import numpy as np

BATCH = 4
SHAPES = 20_000
OPERATORS, LAYERS = ("ops.conv", "ops.conv_grad"), ("layer", "layer dx", "layer dkernel")
# So that large arrays go back to the system when they are freed, and take no larger pages.
EXACT = {"MALLOC_MMAP_THRESHOLD_": "65536", "NUMPY_MADVISE_HUGEPAGE": "0"}


def measure(threads, seconds):
    """Return (figures, lines of Markdown). The time is given by the shapes."""
    from convlet.bench import machine, report, suites
    from convlet.bench.table import markdown_table

    about = machine.describe([report.Convlet()], threads)
    cells, whole, beyond = [], {}, {}
    for case in suites.forward_layers(BATCH):
        words = [case.name, case.describe(), size_text(kernel_bytes(case))]
        for way in (*OPERATORS, *LAYERS):
            extra, dropped, kept, left = (float(word) for word in child(way, case.name))
            name = f"{case.name} {way}"
            whole[name] = max(0.0, extra) + max(0.0, kept)
            beyond[name] = max(0.0, extra - dropped) + max(0.0, kept - left)
            words += [size_text(extra), size_text(kept)]
            if way in LAYERS:
                words.append(size_text(dropped + left))
        cells.append(words)
    grown = float(child("shapes", "")[0])
    heads = ["case", "shape", "kernel"]
    heads += [f"{way} {what}" for way in OPERATORS for what in ("extra", "kept")]
    heads += [f"{way} {what}" for way in LAYERS for what in ("extra", "kept", "of it packed")]
    text = [f"# Memory beyond the arrays, threads: {threads}", "", "```", *about, "```", ""]
    text += [*markdown_table(heads, cells, left=2), ""]
    text += [f"Over {SHAPES:,} shapes memory grew by {size_text(grown)} after the first tenth."]
    figures = {"about": about, "threads": threads, "whole": whole, "beyond packed": beyond}
    return {**figures, "grown": grown, "shapes": SHAPES}, text


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
    """Print (extra, packed weights in it, kept, packed weights in it) of one call, in bytes."""
    from convlet.bench import suites
    from convlet.bench.cases import Case

    case = next(case for case in suites.forward_layers(BATCH) if case.name == name)
    call, _ = calls(way, Case("", "conv", (1, 4 * case.size, 4 * case.size, 8), case.size, 16))
    call()  # loads code, starts threads
    call, packed = calls(way, case)
    before = resident()
    reset_peak()
    results = call()
    after, highest = resident(), peak()
    made = sum(result.nbytes for result in results)
    dropped, left = packed()
    print(highest - after, dropped, after - before - made, left)


def calls(way, case):
    """A function that returns its results in a tuple, and one that tells its `packed_bytes`."""
    from convlet import layers, ops

    data = case.data()
    x, kernel, grad, options = data["x"], data["kernel"], data["grad"], {"strides": case.stride}
    layer = layers.Conv2D(case.filters, case.size, use_bias=False, **options)
    layer.build(x.shape)
    layer.set_weights([kernel])

    def gradient():
        layer.trainable = way == "layer dkernel"
        y, pullback = layer.vjp(x, True)
        dx, grads = pullback(grad, needs_dx=way == "layer dx")
        return y, *(grads if dx is None else [dx])

    call = {
        "ops.conv": lambda: (ops.conv(x, kernel, **options),),
        "ops.conv_grad": lambda: ops.conv_grad(grad, x, kernel, **options),
        "layer": lambda: (layer(x),),
    }.get(way, gradient)
    return call, lambda: packed_bytes(way, layer, x.shape) if way in LAYERS else (0, 0)


def packed_bytes(way, layer, x_shape):
    """The sizes of (what an input gradient drops, what the layer keeps)."""
    from convlet._cext import winograd

    size, dropped = layer._fit(x_shape).tiles.input_gradient, 0
    if way == "layer dx" and size:
        turned = layer.kernel.numpy()[::-1, ::-1].swapaxes(-1, -2)
        dropped = winograd.transform(turned, size).nbytes
    _, kept = layer._packed._entry
    return dropped, kept.nbytes if kept else 0


def many_shapes():
    """Print by how many bytes memory grows over many shapes, after the first tenth of them."""
    from convlet import layers, ops

    rng = np.random.default_rng(0)
    start = 0
    for number in range(SHAPES):
        if number % 100 == 0:
            gc.collect()  # layers that wait for it come and go by 1 MiB
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
    """The bytes in memory now, without what was read from files."""
    return status("VmRSS:") - status("RssFile:")


def peak():
    """The most of them since `reset_peak`: what was read stays."""
    return status("VmHWM:") - status("RssFile:")


def reset_peak():
    """Forget the peak."""
    with open("/proc/self/clear_refs", "w", encoding="ascii") as control:
        control.write("5")


if __name__ == "__main__":
    if sys.argv[1] == "shapes":
        many_shapes()
    else:
        one_call(*sys.argv[1:])
