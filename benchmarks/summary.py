"""results/summary.md, goal beside measured, and the chart of README, from the sections' figures."""

from __future__ import annotations

import json

from goals import goals
from sections import ALL

from convlet.bench.table import markdown_table


def write_summary(results):
    """Write summary.md and forward.svg from whichever sections' figures are there."""
    sections = figures_in(results)
    cells = [
        [row.work, row.goal, row.measured, "yes" if row.met else "no"] for row in goals(sections)
    ]
    about = {line for figures in sections.values() for line in figures["about"]}
    kept = sorted(line for line in about if not line.startswith(("Threads", "Versions")))
    text = [
        "# Goal beside measured",
        "",
        "Written by `python benchmarks/peers.py` from the tables beside this file. Ratios are the",
        "other's time over convlet's: above 1 convlet is ahead. 1t, 2t: threads of everybody.",
        "",
        *["```", *kept, "```", ""],
        *markdown_table(["work", "goal", "measured", "met"], cells, left=4),
    ]
    (results / "summary.md").write_text("\n".join(text) + "\n", encoding="utf-8")
    if "forward-1t" in sections:
        draw(sections["forward-1t"], results / "forward.svg")


def figures_in(results):
    """{"forward-1t": figures, ...} of the sections that have been run, in their order."""
    paths = {path.stem: path for path in results.glob("*-*t.json")}
    order = [f"{name}-{threads}t" for name in ALL for threads in range(1, 65)]
    return {stem: json.loads(paths[stem].read_text("utf-8")) for stem in order if stem in paths}


def draw(figures, path):
    """One line for each layer, one mark for each peer: its time over convlet's."""
    try:
        from matplotlib import rc_context
        from matplotlib.figure import Figure
    except ImportError:
        print("no chart: matplotlib is not installed")
        return
    from goals import ratios

    figure = Figure(figsize=(7.2, 4.2), layout="constrained")
    axes = figure.add_subplot()
    layers = [row["case"] for row in figures["rows"]]
    marks = dict(zip(figures["peers"], "xo^v*sdP", strict=False))
    for peer, mark in marks.items():
        found = ratios(figures, [peer])
        places = [layers.index(name) for name in found]
        axes.plot(list(found.values()), places, mark, label=peer, markersize=5, alpha=0.8)
    axes.axvline(1, color="black", linewidth=1)
    axes.set_xscale("log", base=2)
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
    axes.set_yticks(range(len(layers)), layers)
    axes.invert_yaxis()
    axes.grid(axis="y", linewidth=0.3)
    axes.set_xlabel("time over convlet's, one thread, one image (right of 1: convlet is faster)")
    axes.legend(loc="upper left", bbox_to_anchor=(1, 1), frameon=False, fontsize=8)
    with rc_context({"svg.fonttype": "none", "svg.hashsalt": "convlet"}):
        figure.savefig(path, metadata={"Date": None})
