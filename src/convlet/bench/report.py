"""Measure cases and write the results down."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from convlet.bench import timing
from convlet.bench.convlet_provider import Convlet
from convlet.bench.providers import Numpy, largest_error, tolerance
from convlet.bench.table import ratio_text, three_digits, time_text

if TYPE_CHECKING:
    from convlet.bench.cases import Case
    from convlet.bench.providers import Candidate, Provider

OURS = "convlet"


class Row(NamedTuple):
    """A case's samples for each provider, and our largest difference from NumPy."""

    case: Case
    samples: dict[str, list[timing.Sample]]
    error: float

    def seconds(self, name: str) -> float | None:
        """The provider's median time, None where it has no such operator."""
        return timing.median_seconds(self.samples[name]) if name in self.samples else None


class Disagreement(Exception):
    """A provider computes something else than NumPy does: its time would mean nothing."""


def measure_case(
    case: Case, providers: list[Provider], *, seconds: float, probe: timing.Probe | None = None
) -> Row:
    """Check that all providers agree on `case`, then time them in turn; return a `Row`."""
    data = case.data()
    built = {provider.name: provider.build(case, data) for provider in providers}
    candidates = {name: candidate for name, candidate in built.items() if candidate}
    error = _check(case, candidates)
    samples = timing.measure(
        {name: candidate.run for name, candidate in candidates.items()},
        seconds=seconds,
        probe=probe,
        probed=tuple(provider.name for provider in providers if provider.role == "ours"),
        contexts={name: candidate.context for name, candidate in candidates.items()},
    )
    return Row(case, samples, error)


def _check(case: Case, candidates: dict[str, Candidate]) -> float:
    """Return our largest difference from NumPy, as a share of the largest value."""
    results = {name: candidate.result() for name, candidate in candidates.items()}
    expected = results.pop(Numpy.name) or ()
    errors = {name: largest_error(got, expected) for name, got in results.items() if got}
    for name, error in errors.items():
        if not error <= tolerance(case):
            raise Disagreement(
                f"{name} and NumPy disagree on {case.name} ({case.describe()}): largest difference"
                f" {error:.1e} of the largest value, more than rounding's {tolerance(case):.1e}"
            )
    return errors[OURS]


def headers(providers: list[Provider], ours: str = OURS) -> list[str]:
    """Return the table's headers for `rows_text`."""
    others = [f"over\n{provider.name}" for provider in providers if provider.name != ours]
    return [
        "case",
        "shape",
        ours,
        "GFLOP/s",
        "% of\npeak",
        "quiet\nGFLOP/s",
        "% of\npeak",
        "quiet\nsamples",
        "max error",
        "fastest\npeer",
        "over\nit",
        *others,
    ]


def rows_text(
    rows: list[Row], providers: list[Provider], threads: int, ours: str = OURS
) -> list[list[str]]:
    """Return the table's cells, a rule between groups; the run's best probe is the peak."""
    peak = threads * run_peak(rows)
    cells, last = [], None
    for row in rows:
        if last is not None and row.case.group != last:
            cells.append([])
        last = row.case.group
        cells.append(_cells(row, providers, threads, peak, ours))
    return cells


def run_peak(rows: list[Row]) -> float:
    """Return the highest probe of the run: one core's GFLOP/s."""
    return max((timing.best_probe(row.samples[OURS]) for row in rows), default=0.0)


def fastest_peer(row: Row, providers: list[Provider]) -> tuple[str, float] | None:
    """Return (name, median seconds) of the quickest peer, None if there is none."""
    times = [
        (seconds, provider.name)
        for provider in providers
        if provider.role == "peer" and (seconds := row.seconds(provider.name))
    ]
    return min(times)[::-1] if times else None


def _cells(row: Row, providers: list[Provider], threads: int, peak: float, ours: str) -> list[str]:
    samples, case = row.samples[ours], row.case
    seconds = timing.median_seconds(samples)
    quiet, count = timing.quiet_seconds(samples, peak / threads)
    name, best = fastest_peer(row, providers) or ("-", None)
    others = [row.seconds(provider.name) for provider in providers if provider.name != ours]
    peak = peak if case.dtype == "float32" else 0.0  # the probe's type
    return [
        case.name,
        case.describe(),
        time_text(seconds),
        *_speed(case.flops, seconds, peak),
        *_speed(case.flops, quiet, peak),
        f"{count} of {len(samples)}" if case.flops and peak else "-",
        f"{row.error:.0e}",
        name,
        *(ratio_text(other / seconds) if other else "-" for other in (best, *others)),
    ]


def _speed(flops: int | None, seconds: float | None, peak: float) -> list[str]:
    """Return [GFLOP/s, percent of the peak], or dashes where there is no figure."""
    if not flops or not seconds:
        return ["-", "-"]
    speed = flops / seconds / 1e9
    return [three_digits(speed), f"{100 * speed / peak:.0f}" if peak else "-"]


def legend(rows: list[Row], providers: list[Provider], threads: int) -> list[str]:
    """Return the lines that say how to read the table."""
    peak = run_peak(rows)
    cores = "" if threads == 1 else f" x {threads} threads"
    lines = ["convlet    median time of one call"]
    if peak:
        lines += [
            f"% of peak  of the best probe of this run, {three_digits(peak)} GFLOP/s{cores}:",
            "           the innermost loop with all its data in first-level cache",
            "quiet      median of the samples whose probes just before and after both reach",
            f"           {timing.QUIET_SHARE:.0%} of the best; - if not {timing.QUIET_SAMPLES} do",
        ]
    lines += [
        "max error  largest difference from NumPy's result, as a share of the largest value",
        "over ...   how many times as long that one takes, by medians of runs in turn;",
        "           below 1.00x convlet is slower",
    ]
    gradient = any(row.case.op == "max_pool_grad" for row in rows)
    if gradient and any(provider.name.startswith("torch") for provider in providers):
        lines += [
            "           (torch's max-pool gradient is handed the indices of the maxima;",
            "           convlet's finds them again)",
        ]
    return lines


def default_providers() -> list[Provider]:
    """Return convlet and NumPy."""
    return [Convlet(), Numpy()]
