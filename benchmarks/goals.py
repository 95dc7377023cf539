"""What convlet promises about speed, each promise beside what was measured.

A goal is computed from the sections' figures; it has no row where its section has not been run.
"""

from __future__ import annotations

from math import exp, inf, log
from statistics import mean
from typing import NamedTuple

NOISE = 0.95  # a ratio below is "behind"


class Goal(NamedTuple):
    """One row of the summary."""

    work: str
    goal: str
    measured: str
    met: bool


def geometric_mean(ratios):
    """The geometric mean of a mapping's values."""
    return exp(mean(log(ratio) for ratio in ratios.values()))


def behind(ratios, limit=NOISE):
    """The entries below `limit`, the worst first."""
    late = {name: ratio for name, ratio in ratios.items() if ratio < limit}
    return dict(sorted(late.items(), key=lambda item: item[1]))


def ratios(figures, others=None, ours="convlet"):
    """{case: time of the quickest of `others` over ours}; `others` are all peers by default."""
    found = {}
    for row in figures["rows"]:
        times = [row["seconds"].get(name, inf) for name in others or figures["peers"]]
        if ours in row["seconds"] and min(times) < inf:
            found[row["case"]] = min(times) / row["seconds"][ours]
    return found


def only(mapping, *words):
    """The entries whose names have any of the words."""
    return {name: value for name, value in mapping.items() if any(word in name for word in words)}


def listed(late):
    """A few names with their ratios."""
    shown = [f"{name} {ratio:.2f}" for name, ratio in list(late.items())[:6]]
    return ", ".join(shown) + (f" and {len(late) - 6} more" if len(late) > 6 else "")


def mean_and_none_behind(figures, least, ours="convlet"):
    """(measured, met) of a geometric mean and of no row behind."""
    found = ratios(figures, ours=ours)
    middle, late = geometric_mean(found), behind(found)
    measured = f"{middle:.2f}; behind: {listed(late) or 'none'}"
    return measured, middle >= least and not late


def at_least(found, limit, *, unit=""):
    """(measured, met) of the smallest of some ratios."""
    worst = dict(sorted(found.items(), key=lambda item: item[1]))
    late = behind(found, limit)
    name, ratio = next(iter(worst.items()))
    text = f"worst {ratio:.2f}{unit} ({name})"
    return text + (f"; below: {listed(late)}" if len(late) > 1 else ""), not late


def goals(sections):
    """All rows for the figures at hand: {"forward-1t": figures, ...}."""
    rows = []
    for name, figures in sections.items():
        section, threads = name.rsplit("-", 1)
        for work, goal, (measured, met) in GOALS.get(section, lambda _: [])(figures):
            rows.append(Goal(f"{work}, {threads}", goal, measured, met))
    return rows


def _forward(figures):
    yield (
        "forward, 14 layers",
        "geometric mean >= 1.15 of the fastest peer, none behind",
        mean_and_none_behind(figures, 1.15),
    )
    if figures["threads"] == 1:
        yield "direct alone", ">= 90 % of peak (quiet median) on 11 of 14", _of_peak(figures)
    yield (
        "direct alone",
        "ahead of or level with ONNX Runtime on all",
        at_least(ratios(figures, ["ORT"], "direct"), NOISE),
    )
    enough = {row["case"] for row in figures["rows"] if row["pixels"] >= 400}
    plain = ratios(figures, ["direct"], "plain kernel")
    yield (
        "ops.conv with a plain kernel, from 400 pixels on",
        "within 10 % of the layer under direct",
        at_least({name: ratio for name, ratio in plain.items() if name in enough}, 1 / 1.1),
    )


def _of_peak(figures):
    shares = {
        row["case"]: row["flops"] / row["quiet"]["direct"] / 1e9 / figures["peak"]
        for row in figures["rows"]
        if row["quiet"].get("direct")
    }
    reached = sum(share >= 0.9 for share in shares.values())
    late = listed(behind(shares, 0.9))
    text = f"{reached} of {len(shares)} with a quiet median; below: {late or 'none'}"
    return text, reached >= 11


def _resnet(figures):
    yield (
        "ResNet-50's layers, batch 1",
        "geometric mean >= 1.15 of the fastest peer, none behind",
        mean_and_none_behind(figures, 1.15),
    )


def _gradients(figures):
    yield (
        "gradients through layer.vjp",
        ">= 1.5 x PyTorch",
        at_least(ratios(figures, ["torch", "torch nhwc"]), 1.5),
    )


def _networks(figures):
    peers, torch = ratios(figures), ratios(figures, ["torch", "torch nhwc"])
    yield (
        "lecture CNN, inference, batch 128",
        ">= 2 x the fastest peer",
        at_least(only(peers, "inference b128"), 2),
    )
    for peer, least in (("ORT", 1.7), ("ncnn", 1.2)):
        if found := only(ratios(figures, [peer]), "inference b1"):
            found.pop("inference b128", None)
            goal = f">= {least} x {peer}"
            yield "lecture CNN, inference, batch 1", goal, at_least(found, least)
    yield (
        "lecture CNN, training step, batch 128",
        ">= 2.8 x PyTorch, reach for 3.5",
        at_least(only(torch, "training"), 2.8),
    )


def _cliffs(figures):
    yield (
        "no cliffs",
        "never behind the fastest peer by more than 10 %",
        at_least(ratios(figures), 0.9),
    )
    yield "no cliffs", "never slower than NumPy", at_least(ratios(figures, ["NumPy"]), NOISE)
    yield (
        "no cliffs",
        "float64 >= 45 % of float32",
        at_least(ratios(figures, ["float32"]), 0.45),
    )


def _filters(figures):
    yield (
        "one filter over 1080 x 1920",
        "ahead of OpenCV filter2D and SciPy",
        at_least(ratios(figures, ["OpenCV", "SciPy", "SciPy FFT"]), 1),
    )


def _pools(figures):
    found = ratios(figures)
    forward = {name: ratio for name, ratio in found.items() if not name.endswith(" dx")}
    yield (
        "pooling",
        ">= 90 % of memcpy's bandwidth",
        at_least(ratios(figures, ["memcpy"]), 0.9),
    )
    yield "pooling", "ahead of every peer", at_least(forward, 1)
    yield (
        "pooling gradients",
        "ahead of PyTorch",
        at_least(only(ratios(figures, ["torch", "torch nhwc"]), " dx"), 1),
    )


def _tiny(figures):
    yield (
        "ops.conv on 1x1x1x1",
        "faster than PyTorch's call, reach for half of it",
        at_least(ratios(figures, ["torch"], "plain kernel"), 1),
    )


def _overhead(figures):
    ours, torch = (1e6 * figures["per layer"].get(name, inf) for name in ("convlet", "torch"))
    yield (
        "model(x) at batch 1, a layer",
        "at most 5 us beyond its kernels",
        (f"{ours:.2f} us" + (f" (PyTorch {torch:.2f} us)" if torch < inf else ""), ours <= 5),
    )


def _memory(figures):
    (beyond, name), (whole, packed) = (
        max((size / 2**20, name) for name, size in figures[kind].items())
        for kind in ("beyond packed", "whole")
    )
    yield (
        "memory, any shape",
        f"extra peak <= 1 MiB a thread + packed weights ({figures['threads']} threads)",
        (
            f"largest {beyond:.2f} MiB ({name}); with packed weights {whole:.2f} MiB ({packed})",
            beyond <= figures["threads"],
        ),
    )
    grown = figures["grown"] / 2**20
    yield (
        f"memory over {figures['shapes']:,} shapes",
        "flat",
        (f"grew by {grown:.2f} MiB after the first tenth", grown <= 1),
    )


GOALS = {
    "forward": _forward,
    "resnet": _resnet,
    "gradients": _gradients,
    "networks": _networks,
    "cliffs": _cliffs,
    "filters": _filters,
    "pools": _pools,
    "tiny": _tiny,
    "overhead": _overhead,
    "memory": _memory,
}
