"""Goals are met or not by the figures alone; names of rows that miss them are told."""

import sys
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


@pytest.fixture
def goals(monkeypatch):
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    import goals

    yield goals
    sys.modules.pop("goals")


def figures(rows, threads=1):
    """Figures of a section: {case: {who: seconds}}."""
    return {
        "threads": threads,
        "peak": 100.0,
        "peers": ["NumPy", "torch", "ORT"],
        "rows": [
            {
                "case": name,
                "seconds": seconds,
                "quiet": {"direct": seconds.get("direct")},
                "flops": 95e9,
                "pixels": 1000,
            }
            for name, seconds in rows.items()
        ],
    }


def test_ratio_is_to_the_quickest_peer_that_has_the_operator(goals):
    rows = {"a": {"convlet": 1.0, "NumPy": 3.0, "torch": 2.0}, "b": {"convlet": 1.0}}
    assert goals.ratios(figures(rows)) == {"a": 2.0}
    assert goals.ratios(figures(rows), ["NumPy", "ncnn"]) == {"a": 3.0}


def test_forward_needs_the_mean_and_every_row(goals):
    times = {"convlet": 1.0, "direct": 1.0, "plain kernel": 1.05}
    ahead = {f"cv{i}": {**times, "NumPy": 9.0, "ORT": 1.2} for i in range(12)}
    rows = goals.goals({"forward-1t": figures(ahead)})
    assert all(row.met for row in rows)
    assert {row.work.split(",")[-1] for row in rows} == {" 1t"}
    late = ahead | {"cv11": {**times, "ORT": 0.9}}
    missed = [row for row in goals.goals({"forward-1t": figures(late)}) if not row.met]
    assert len(missed) == 2
    assert "behind: cv11 0.90" in missed[0].measured


def test_share_of_the_peak_counts_quiet_medians_only(goals):
    rows = {f"cv{i}": {"convlet": 1.0, "direct": 1.0} for i in range(11)}
    rows |= {"slow": {"convlet": 1.0, "direct": 2.0}, "noisy": {"convlet": 1.0}}
    measured, met = goals._of_peak(figures(rows))
    assert met
    assert measured == "11 of 12 with a quiet median; below: slow 0.47"


def test_worst_row_is_named(goals):
    assert goals.at_least({"a": 2.0, "b": 0.5}, 1) == ("worst 0.50 (b)", False)
    assert goals.at_least({"a": 2.0}, 1) == ("worst 2.00 (a)", True)


def test_memory_counts_beyond_packed_weights_and_shows_both(goals):
    sizes = {"whole": {"cv1 layer": 2**20, "cv6 layer dx": 26 * 2**20}, "grown": 2.0**21}
    beyond = {"cv1 layer": 2**20, "cv6 layer dx": 2**19}
    given = {**sizes, "beyond packed": beyond, "threads": 1, "shapes": 20_000}
    row, growth = goals.goals({"memory-1t": given})
    assert row.met
    assert row.measured == (
        "largest 1.00 MiB (cv1 layer); with packed weights 26.00 MiB (cv6 layer dx)"
    )
    assert not growth.met
    beyond["cv6 layer dx"] = 2**21
    assert not goals.goals({"memory-1t": given})[0].met


def test_sections_without_goals_have_no_rows(goals):
    assert goals.goals({}) == []
