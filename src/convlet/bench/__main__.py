"""``python -m convlet.bench``: what ``convlet bench`` runs in a process of its own."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from convlet.bench import machine, report, timing
from convlet.bench._options import GROUPS, add_options
from convlet.bench.providers import installed_peers
from convlet.bench.suites import all_cases
from convlet.bench.table import format_table

if TYPE_CHECKING:
    from convlet.bench.cases import Case
    from convlet.bench.providers import Provider


def main(argv: list[str] | None = None) -> int:
    """Measure what the options ask for, print the table, return an exit status."""
    import argparse

    parser = argparse.ArgumentParser(prog="python -m convlet.bench")
    add_options(parser)
    options = parser.parse_args(argv)
    providers = report.default_providers()
    if options.peers:
        providers += installed_peers(options.threads)
    cases = [case for case in all_cases(options.quick) if case.group in options.ops]
    try:
        rows = _measure(cases, providers, options.seconds / (5 if options.quick else 1))
    except report.Disagreement as error:
        print(f"convlet bench: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nconvlet bench: interrupted", file=sys.stderr)
        return 130
    _print(rows, providers, options)
    return 0


def _measure(cases: list[Case], providers: list[Provider], seconds: float) -> list[report.Row]:
    probe = timing.peak_probe()
    rows = []
    for number, case in enumerate(cases, 1):
        _progress(f"{number} of {len(cases)}: {case.name}")
        rows.append(report.measure_case(case, providers, seconds=seconds, probe=probe))
    _progress("")
    return rows


def _progress(text: str) -> None:
    """Overwrite one line of the terminal; where there is none, print nothing."""
    if sys.stderr.isatty():
        print(f"\r\033[K{text}", end="", file=sys.stderr, flush=True)


def _print(rows: list[report.Row], providers: list[Provider], options: Any) -> None:
    print("\n".join(machine.describe(providers, options.threads)) + "\n")
    cells = report.rows_text(rows, providers, options.threads)
    print("\n".join(format_table(report.headers(providers), cells, left=2)) + "\n")
    print("\n".join(report.legend(rows, providers, options.threads)))
    if options.peers and len(providers) == 2:
        print('\nNo peers are installed; pip install "convlet[peers]"')
    if set(options.ops) == set(GROUPS) and options.quick:
        print("\nWithout --quick: all shapes, and five times the samples.")


if __name__ == "__main__":
    sys.exit(main())
