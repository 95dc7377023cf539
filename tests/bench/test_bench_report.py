"""Rows of a table: agreement is demanded, ratios and shares of the peak are what they say."""

import numpy as np
import pytest

from convlet.bench import report
from convlet.bench.cases import Case
from convlet.bench.providers import Candidate, largest_error
from convlet.bench.timing import Sample

CASE = Case("ref2", "conv", (1, 26, 26, 32), 3, 64)


class Fake:
    """A provider whose result is a constant."""

    version = "1"

    def __init__(self, name, value):
        self.name, self.value = name, value
        self.role = "ours" if name == "convlet" else "peer"

    def build(self, case, data):
        """Return a candidate that computes nothing."""
        return Candidate(lambda: np.full(case.out_shape, self.value), lambda y: (y,))


def test_disagreement_stops_the_bench():
    providers = [Fake("convlet", 1.0), Fake("NumPy", 1.0), Fake("torch", 1.1)]
    with pytest.raises(report.Disagreement, match="torch and NumPy disagree on ref2"):
        report.measure_case(CASE, providers, seconds=1e-9)


def test_nan_is_a_disagreement():
    with pytest.raises(report.Disagreement):
        report.measure_case(CASE, [Fake("convlet", np.nan), Fake("NumPy", 1.0)], seconds=1e-9)


def test_agreement_is_timed():
    row = report.measure_case(CASE, [Fake("convlet", 1.0), Fake("NumPy", 1.0)], seconds=1e-9)
    assert row.error == 0.0
    assert all(row.samples[name] for name in ("convlet", "NumPy"))


def test_largest_error_is_relative_and_keeps_nan():
    assert largest_error([np.array([1.0, 4.5])], [np.array([1.0, 5.0])]) == pytest.approx(0.1)
    assert np.isnan(largest_error([np.array([np.nan]), np.zeros(1)], [np.ones(1), np.zeros(1)]))
    with pytest.raises(ValueError, match="shape"):
        largest_error([np.zeros((2, 1))], [np.zeros(2)])


def test_cells_of_a_row():
    quiet = [Sample(CASE.flops / 80e9, 100.0, 99.0)] * 10
    busy = [Sample(CASE.flops / 40e9, 70.0, 99.0)] * 20
    samples = {"convlet": quiet + busy, "NumPy": [Sample(CASE.flops / 10e9)] * 3}
    providers = [Fake("convlet", 0), Fake("NumPy", 0), Fake("ORT", 0)]
    row = report.Row(CASE, samples, 1.6e-7)
    (cells,) = report.rows_text([row], providers, threads=1)
    head = [text.replace("\n", " ") for text in report.headers(providers)]
    assert dict(zip(head[2:5], cells[2:5], strict=True)) == {
        "convlet": "531 us",
        "GFLOP/s": "40.0",
        "% of peak": "40",
    }
    assert cells[5:9] == ["80.0", "80", "10 of 30", "2e-07"]
    assert dict(zip(head[9:], cells[9:], strict=True)) == {
        "fastest peer": "NumPy",
        "over it": "4.00x",
        "over NumPy": "4.00x",
        "over ORT": "-",
    }


def test_share_of_the_peak_counts_threads():
    samples = {"convlet": [Sample(CASE.flops / 80e9, 100.0, 100.0)] * 10}
    (cells,) = report.rows_text([report.Row(CASE, samples, 0.0)], [Fake("convlet", 0)], threads=2)
    assert cells[4] == cells[6] == "40"


def test_pools_have_no_speed():
    case = Case("max 2x2", "max_pool", (1, 8, 8, 3), 2, 0, 2)
    samples = {"convlet": [Sample(1e-6, 100.0, 100.0)] * 10}
    (cells,) = report.rows_text([report.Row(case, samples, 0.0)], [Fake("convlet", 0)], threads=1)
    assert cells[3:8] == ["-"] * 5
