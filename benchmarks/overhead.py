"""What calling a model costs for each layer, kernels of next to no work included.

Two models of equal layers, one longer than the other, take turns; a layer's cost is the difference
of their medians by the difference of their lengths.
"""

from __future__ import annotations

import numpy as np

SHORT, LONG = 8, 40  # layers


def measure(threads, seconds):
    """Return (figures, lines of Markdown)."""
    from convlet.bench import machine, report, timing
    from convlet.bench.providers import installed_peers
    from convlet.bench.table import markdown_table, time_text

    chains = {"convlet": convlet_chain}
    providers = [report.Convlet(), *installed_peers(threads)]
    if any(provider.name == "torch" for provider in providers):
        chains["torch"] = torch_chain
    calls = {
        f"{name} {length}": chain(length)
        for name, chain in chains.items()
        for length in (SHORT, LONG)
    }
    samples = timing.measure(calls, seconds=max(seconds, 1.0), probed=tuple(calls))
    medians = {name: timing.median_seconds(taken) for name, taken in samples.items()}
    layer = {
        name: (medians[f"{name} {LONG}"] - medians[f"{name} {SHORT}"]) / (LONG - SHORT)
        for name in chains
    }
    used = [provider for provider in providers if provider.name in chains]
    about = machine.describe(used, threads)
    cells = []
    for name in chains:
        lengths = (time_text(medians[f"{name} {length}"]) for length in (SHORT, LONG))
        cells.append([name, *lengths, time_text(layer[name])])
    heads = ["model(x), batch 1", f"{SHORT} layers", f"{LONG} layers", "a layer"]
    text = ["# Overhead of a layer: Conv2D(1, 1, activation=relu) on one pixel", ""]
    text += ["```", *about, "```", "", *markdown_table(heads, cells)]
    return {"about": about, "threads": threads, "per layer": layer}, text


def convlet_chain(length):
    """A call of a model of so many layers."""
    from convlet import layers
    from convlet.models import Sequential

    model = Sequential([layers.Input((1, 1, 1))])
    for _ in range(length):
        model.add(layers.Conv2D(1, 1, activation="relu"))
    x = np.ones((1, 1, 1, 1), np.float32)
    return lambda: model(x)


def torch_chain(length):
    """The same in PyTorch, whose ReLU is a layer of its own."""
    import torch

    layers = [layer for _ in range(length) for layer in (torch.nn.Conv2d(1, 1, 1), torch.nn.ReLU())]
    model, x = torch.nn.Sequential(*layers).eval(), torch.ones(1, 1, 1, 1)

    def call():
        with torch.inference_mode():
            return model(x)

    return call
