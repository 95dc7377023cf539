"""Everything that convlet promises about speed, beside whichever peers are installed.

    python benchmarks/peers.py [--section forward,resnet] [--threads 1] [--seconds 0.5]

Each section writes its tables to benchmarks/results/SECTION-THREADSt.md and its figures to a .json
beside them; from the figures of all sections follow results/summary.md (goal beside measured) and
results/forward.svg. Without --threads each section runs on the numbers of threads it is meant for.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path

from sections import ALL, APART, SECTIONS

from convlet.bench._launch import run_with_threads

RESULTS = Path(__file__).parent / "results"


def main():
    """Measure each section in a process whose libraries all start with the same threads."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--section", default=",".join(ALL), help="separated by commas")
    parser.add_argument("--threads", type=int, help="default: as the section is meant")
    parser.add_argument("--seconds", type=float, default=0.5, help="for each candidate and row")
    parser.add_argument("--results", type=Path, default=RESULTS, help="where to write")
    parser.add_argument("--child", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    names = options.section.split(",")
    if unknown := set(names) - set(ALL):
        parser.error(f"--section must be among {', '.join(ALL)}; got {unknown.pop()}")
    if options.child:
        return measure(names[0], options)
    options.results.mkdir(exist_ok=True)
    return run(names, options)


def run(names, options):
    """Start a process for each section and number of threads; summarise."""
    from summary import write_summary

    failed = 0
    for name in names:
        for threads in [options.threads] if options.threads else threads_of(name):
            start = time.perf_counter()
            arguments = [__file__, "--child", "--section", name, "--threads", str(threads)]
            arguments += ["--seconds", str(options.seconds), "--results", str(options.results)]
            failed |= run_with_threads(arguments, threads)
            print(f"{name}, threads: {threads}: {time.perf_counter() - start:.0f} s", flush=True)
    write_summary(options.results)
    return failed


def threads_of(name):
    """The numbers of threads that the section is meant for."""
    return SECTIONS[name].threads if name in SECTIONS else (2 if name == "memory" else 1,)


def measure(name, options):
    """Measure one section on this process's threads and write its tables and figures."""
    if name in APART:
        module = __import__(name)
        figures, text = module.measure(options.threads, options.seconds)
    else:
        figures, text = measure_cases(name, options.threads, options.seconds)
    path = options.results / f"{name}-{options.threads}t"
    path.with_suffix(".md").write_text("\n".join(text) + "\n", encoding="utf-8")
    path.with_suffix(".json").write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
    return 0


def measure_cases(name, threads, seconds):
    """Time a section's cases; return (figures, lines of Markdown)."""
    from convlet.bench import machine, report, timing
    from convlet.bench.convlet_provider import variants
    from convlet.bench.providers import Memcpy, installed_peers

    section = SECTIONS[name]
    ways = [way for way in [*variants(), Memcpy()] if way.name in section.ways]
    providers = [*report.default_providers(), *ways, *installed_peers(threads)]
    probe, rows = timing.peak_probe(), []
    for case in section.cases(threads):
        rows.append(report.measure_case(case, providers, seconds=seconds, probe=probe))
        print(f"  {one_line(rows[-1], providers)}", flush=True)
    used = [p for p in providers if any(p.name in row.samples for row in rows)]
    about = machine.describe(used, threads)
    command = (
        f"python benchmarks/peers.py --section {name} --threads {threads} --seconds {seconds:g}"
    )
    text = [f"# {section.title}, threads: {threads}", "", f"Written by `{command}`.", ""]
    text += ["```", *about, "```", ""]
    for ours in section.tables:
        text += table(rows, used, threads, ours)
    text += ["```", *report.legend(rows, used, threads), "```"]
    return figures_of(rows, used, threads, about), text


def one_line(row, providers):
    """What the terminal shows of a row while others are still to come."""
    from convlet.bench.report import fastest_peer
    from convlet.bench.table import ratio_text, time_text

    name, best = fastest_peer(row, providers)
    ours = row.seconds("convlet")
    return f"{row.case.name:24} {time_text(ours):>9}  {ratio_text(best / ours):>6} {name}"


def table(rows, providers, threads, ours):
    """Lines of one Markdown table and of what it comes to."""
    from goals import behind, geometric_mean

    from convlet.bench import report
    from convlet.bench.table import markdown_table, ratio_text

    ratios = {
        row.case.name: report.fastest_peer(row, providers)[1] / row.seconds(ours) for row in rows
    }
    late = ", ".join(f"{name} ({ratio:.2f}x)" for name, ratio in behind(ratios).items())
    return [
        *([f"## {ours}", ""] if ours != "convlet" else []),
        *markdown_table(
            report.headers(providers, ours),
            report.rows_text(rows, providers, threads, ours),
            left=2,
        ),
        "",
        f"Geometric mean over the fastest peer of each row: {ratio_text(geometric_mean(ratios))}."
        f" More than 5 % behind it: {late or 'none'}.",
        "",
    ]


def figures_of(rows, providers, threads, about):
    """What the summary and the chart are made from."""
    from convlet.bench.report import run_peak

    return {
        "about": about,
        "threads": threads,
        "peak": run_peak(rows) * threads,
        "peers": [provider.name for provider in providers if provider.role == "peer"],
        "rows": [record(row, providers, run_peak(rows)) for row in rows],
    }


def record(row, providers, peak):
    """A row's medians; of convlet's ways the quiet samples' median, too."""
    from math import prod

    from convlet.bench.timing import quiet_seconds

    ours = [p.name for p in providers if p.role == "ours" and p.name in row.samples]
    return {
        "case": row.case.name,
        "shape": row.case.describe(),
        "op": row.case.op,
        "flops": row.case.flops,
        "pixels": prod(row.case.out_shape[:-1]),
        "error": row.error,
        "seconds": {name: four_digits(row.seconds(name)) for name in row.samples},
        "quiet": {name: four_digits(quiet_seconds(row.samples[name], peak)[0]) for name in ours},
    }


def four_digits(seconds):
    """A shorter number; None stays."""
    return seconds and float(f"{seconds:.4g}")


if __name__ == "__main__":
    sys.exit(main())
