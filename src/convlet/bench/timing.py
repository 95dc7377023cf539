"""Candidates in turn, with probes of the machine's peak around the samples that need them.

A shared machine's speed changes by a quarter within seconds, so only candidates that took turns
in the same seconds are compared, and a share of the peak is taken only where probes of the peak
stand just before and just after a sample.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from random import Random
from statistics import median
from typing import Any, NamedTuple

Probe = Callable[[], float]

Context = Callable[[], AbstractContextManager[Any]]

PAUSE = 0.012  # seconds of sleep before each turn: more than a tick, by which systems count time
IDLE = 0.1  # share of the pause; it is repeated while the process computes for more of it ...
LONGEST_PAUSE = 0.3  # ... but no longer than this
SAMPLE = 0.002  # seconds; short calls are repeated to fill it
LONG = 0.02  # seconds; a call that takes longer needs no warm-up in each turn
PROBE = 0.002  # seconds
TRIAL_ROUNDS = 3  # after these, whoever takes more than SLOW times the quickest one's time is out
LEAST_ROUNDS = 5
SLOW = 2.0
QUIET_SHARE = 0.92
QUIET_SAMPLES = 10
_FLOAT32 = 0  # the compiled modules' number for it


class Sample(NamedTuple):
    """Seconds of one call, and the peak in GFLOP/s just before and just after, if probed."""

    seconds: float
    before: float = 0.0
    after: float = 0.0


def peak_probe() -> Probe:
    """Return a function that measures one core's float32 peak, GFLOP/s, for `PROBE` seconds."""
    from convlet._cext import convolution

    return lambda: convolution.probe(_FLOAT32, PROBE)


def measure(
    calls: dict[str, Callable[[], Any]],
    *,
    seconds: float,
    probe: Probe | None = None,
    probed: tuple[str, ...] = (),
    contexts: Mapping[str, Context] | None = None,
    settle: Callable[[], None] | None = None,
) -> dict[str, list[Sample]]:
    """Time candidates in turn.

    Parameters
    ----------
    calls : dict of str to callable
        The candidates.
    seconds : float
        How long to go on, for each candidate.
    probe : callable, optional
        Returns the peak in GFLOP/s; called around each sample of the candidates in `probed`.
    probed : tuple of str
        These stay until the end, however slow.
    contexts : mapping of str to callable, optional
        Candidates' contexts, entered before a turn and left after it.
    settle : callable, default `wait_until_idle`
        Called before each turn.

    Returns
    -------
    dict of str to list of Sample
    """
    settle = settle or wait_until_idle
    contexts = contexts or {}
    counts = {}
    for name, call in calls.items():
        settle()
        with contexts.get(name, nullcontext)():
            counts[name] = _calls_per_sample(call)
    samples: dict[str, list[Sample]] = {name: [] for name in calls}
    names, rounds, order = list(calls), 0, Random(0)
    stop = time.perf_counter() + seconds * len(names)
    while rounds < LEAST_ROUNDS or time.perf_counter() < stop:
        order.shuffle(names)  # so that nobody always finds the caches as the same other left them
        for name in names:
            settle()
            with contexts.get(name, nullcontext)():
                around = probe if name in probed else None
                samples[name].append(_sample(calls[name], counts[name], around))
        rounds += 1
        if rounds == TRIAL_ROUNDS:
            names = _contenders(samples, probed)
    return samples


def wait_until_idle() -> None:
    """Sleep until no thread of this process computes, such as a pool's that spins for more work."""
    stop = time.perf_counter() + LONGEST_PAUSE
    while (start := time.perf_counter()) < stop:
        busy = time.process_time()
        time.sleep(PAUSE)
        if time.process_time() - busy < IDLE * (time.perf_counter() - start):
            return


def _contenders(samples: dict[str, list[Sample]], probed: tuple[str, ...]) -> list[str]:
    medians = {name: median_seconds(taken) for name, taken in samples.items()}
    limit = SLOW * min(medians.values())
    return [name for name, seconds in medians.items() if name in probed or seconds <= limit]


def _calls_per_sample(call: Callable[[], Any]) -> int:
    """So many calls fill a sample; 0 for one call that is too long to need a warm-up."""
    once = math.inf
    for _ in range(3):
        start = time.perf_counter()
        call()
        once = min(once, max(time.perf_counter() - start, 1e-7))
    return 0 if once > LONG else math.ceil(SAMPLE / once)


def _sample(call: Callable[[], Any], count: int, probe: Probe | None) -> Sample:
    before = probe() if probe else 0.0
    for _ in range(count):  # caches, clock and sleeping threads are warm again after as many calls
        call()
    timed = max(1, count)
    start = time.perf_counter()
    for _ in range(timed):
        call()
    elapsed = time.perf_counter() - start
    after = probe() if probe else 0.0
    return Sample(elapsed / timed, before, after)


def median_seconds(samples: list[Sample]) -> float:
    """Return the median of all samples."""
    return median(sample.seconds for sample in samples)


def best_probe(samples: list[Sample]) -> float:
    """Return the highest probe around any of the samples, 0 if there is none."""
    return max((max(sample.before, sample.after) for sample in samples), default=0.0)


def quiet_seconds(samples: list[Sample], best: float) -> tuple[float | None, int]:
    """Return (median of the quiet samples, how many there are).

    A sample is quiet if the probes just before and just after it both reach `QUIET_SHARE` of
    the `best` probe. With fewer than `QUIET_SAMPLES` of them the median is None: the rule looks
    at probes only, never at the sample, and too few samples would let luck choose.
    """
    quiet = [
        sample.seconds
        for sample in samples
        if min(sample.before, sample.after) >= QUIET_SHARE * best > 0
    ]
    return (median(quiet) if len(quiet) >= QUIET_SAMPLES else None), len(quiet)
