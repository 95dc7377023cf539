"""Turns, medians, and the rule of quiet samples."""

import time
from contextlib import contextmanager

import pytest

from convlet.bench import timing
from convlet.bench.timing import (
    LEAST_ROUNDS,
    LONGEST_PAUSE,
    PAUSE,
    QUIET_SAMPLES,
    TRIAL_ROUNDS,
    Sample,
    best_probe,
    measure,
    median_seconds,
    quiet_seconds,
)

QUIET, BUSY = 93.0, 91.0  # GFLOP/s beside a best probe of 100: above and below 92 %


def test_a_sample_is_quiet_if_both_its_probes_are():
    quiet = [Sample(1.0 + i, QUIET, QUIET) for i in range(QUIET_SAMPLES + 1)]
    busy = [Sample(0.1, QUIET, BUSY), Sample(0.2, BUSY, QUIET), Sample(9.0, BUSY, BUSY)]
    assert quiet_seconds(quiet + busy, best=100.0) == (6.0, QUIET_SAMPLES + 1)
    assert quiet_seconds([Sample(1.0, 92.0, 92.0)] * QUIET_SAMPLES, best=100.0)[1] == QUIET_SAMPLES


def test_too_few_quiet_samples_give_no_median():
    samples = [Sample(1.0, QUIET, QUIET)] * (QUIET_SAMPLES - 1) + [Sample(1.0, BUSY, BUSY)] * 50
    assert quiet_seconds(samples, best=100.0) == (None, QUIET_SAMPLES - 1)


def test_unprobed_samples_are_never_quiet():
    assert quiet_seconds([Sample(1.0)] * 50, best=0.0) == (None, 0)


def test_best_probe_looks_at_both_sides():
    assert best_probe([Sample(1.0, 5.0, 7.0), Sample(1.0, 6.0, 1.0)]) == 7.0
    assert best_probe([]) == 0.0


def test_median_of_all_samples():
    assert median_seconds([Sample(3.0), Sample(1.0), Sample(2.0)]) == 2.0


def nothing():
    """Stand in for the wait between turns."""


def test_candidates_take_turns_and_only_the_named_one_is_probed():
    calls, probes = [], []

    def ours():
        time.sleep(0.003)  # slower than the other by far, but probed, so it stays
        calls.append("ours")

    samples = measure(
        {"ours": ours, "other": lambda: calls.append("other")},
        seconds=1e-9,
        probe=lambda: probes.append(len(calls)) or 50.0,
        probed=("ours",),
        settle=nothing,
    )
    assert [len(taken) for taken in samples.values()] == [LEAST_ROUNDS] * 2
    assert len(probes) == 2 * LEAST_ROUNDS
    assert all((s.before, s.after) == (50.0, 50.0) for s in samples["ours"])
    assert all((s.before, s.after) == (0.0, 0.0) for s in samples["other"])
    assert [calls.count("ours"), calls.count("other") > 1000] == [3 + 2 * LEAST_ROUNDS, True]


def test_who_is_slow_leaves_after_the_trial():
    samples = measure(
        {"quick": lambda: time.sleep(0.002), "slow": lambda: time.sleep(0.05)},
        seconds=1e-9,
        settle=nothing,
    )
    assert [len(taken) for taken in samples.values()] == [LEAST_ROUNDS, TRIAL_ROUNDS]


def test_a_turn_runs_in_its_candidates_context():
    inside, seen = [], []

    @contextmanager
    def context():
        inside.append(True)
        yield
        inside.pop()

    measure(
        {"ours": lambda: seen.append(bool(inside)), "other": lambda: seen.append(not inside)},
        seconds=1e-9,
        contexts={"ours": context},
        settle=nothing,
    )
    assert seen and all(seen)


class FakeClocks:
    """The clocks of a process that computes for `busy` seconds and sleeps from then on."""

    def __init__(self, busy, tick):
        self.now, self.busy, self.tick = 0.0, busy, tick

    def perf_counter(self):
        """Return the seconds slept."""
        return self.now

    def process_time(self):
        """Return the seconds computed, counted by whole ticks."""
        return min(self.now, self.busy) // self.tick * self.tick

    def sleep(self, seconds):
        """Let time pass."""
        self.now += seconds


@pytest.mark.parametrize("tick", [1e-9, 0.004, 0.01])
@pytest.mark.parametrize(("busy", "until"), [(0.0, PAUSE), (0.05, 0.05), (9.0, LONGEST_PAUSE)])
def test_the_pause_lasts_while_the_process_computes(monkeypatch, busy, until, tick):
    clocks = FakeClocks(busy, tick)
    monkeypatch.setattr(timing, "time", clocks)
    timing.wait_until_idle()
    assert until <= clocks.now <= until + 2 * PAUSE
