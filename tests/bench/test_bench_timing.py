"""Turns, medians, and the rule of quiet samples."""

from convlet.bench.timing import (
    LEAST_ROUNDS,
    QUIET_SAMPLES,
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


def test_candidates_take_turns_and_only_the_named_one_is_probed():
    calls, probes = [], []
    samples = measure(
        {"ours": lambda: calls.append("ours"), "other": lambda: calls.append("other")},
        seconds=1e-9,
        probe=lambda: probes.append(len(calls)) or 50.0,
        probed=("ours",),
        pause=0.0,
    )
    assert [len(taken) for taken in samples.values()] == [LEAST_ROUNDS] * 2
    assert len(probes) == 2 * LEAST_ROUNDS
    assert all((s.before, s.after) == (50.0, 50.0) for s in samples["ours"])
    assert all((s.before, s.after) == (0.0, 0.0) for s in samples["other"])
    changes = [name for i, name in enumerate(calls) if i == 0 or calls[i - 1] != name]
    assert changes == ["ours", "other"] * (1 + LEAST_ROUNDS)
