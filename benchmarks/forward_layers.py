"""Forward convolution on fourteen layers, one image: GFLOP/s and percent of the peak.

    python benchmarks/forward_layers.py [--threads 1] [--seconds 4] [--peers]

Prints the table and writes it to benchmarks/results/forward-layers-<threads>t.md.
"""

import argparse
import sys
from pathlib import Path

from convlet.bench._launch import run_with_threads

RESULTS = Path(__file__).parent / "results"


def main():
    """Parse options; measure in a process whose libraries all start with the same threads."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=4.0, help="for each candidate and layer")
    parser.add_argument("--peers", action="store_true")
    parser.add_argument("--child", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if not options.child:
        return run_with_threads([*sys.argv, "--child"], options.threads)
    return measure(options)


def measure(options):
    """Measure the layers, print and write the table."""
    from convlet.bench import machine, report, timing
    from convlet.bench.providers import installed_peers
    from convlet.bench.suites import forward_layers
    from convlet.bench.table import format_table, markdown_table

    providers = report.default_providers()
    if options.peers:
        providers += installed_peers(options.threads)
    probe = timing.peak_probe()
    rows = [
        report.measure_case(case, providers, seconds=options.seconds, probe=probe)
        for case in forward_layers()
    ]
    heads = report.headers(providers)
    cells = report.rows_text(rows, providers, options.threads)
    about = machine.describe(providers, options.threads)
    legend = report.legend(rows, providers, options.threads)
    print("\n".join([*about, "", *format_table(heads, cells, left=2), "", *legend]))
    command = f"python benchmarks/forward_layers.py --seconds {options.seconds:g}"
    text = [
        f"# Forward convolution, one image, threads: {options.threads}",
        "",
        f"Written by `{command}`.",
        "",
        *["```", *about, "```"],
        "",
        *markdown_table(heads, cells, left=2),
        "",
        *["```", *legend, "```"],
    ]
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"forward-layers-{options.threads}t.md"
    path.write_text("\n".join(text) + "\n", encoding="utf-8")
    print(f"\nwritten to {path}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
