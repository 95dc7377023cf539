"""Candidates in turn, with probes of the machine's peak around the samples that need them.

A shared machine's speed changes by a quarter within seconds, so only candidates that took turns
in the same seconds are compared, and a share of the peak is taken only where probes of the peak
stand just before and just after a sample.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from statistics import median
from typing import Any, NamedTuple

Probe = Callable[[], float]

PAUSE = 0.005  # seconds; long enough that the last candidate's idle threads have gone to sleep
SAMPLE = 0.002  # seconds; short calls are repeated to fill it
PROBE = 0.002  # seconds
LEAST_ROUNDS = 3
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
    pause: float = PAUSE,
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
    pause : float
        Seconds of sleep before each turn.

    Returns
    -------
    dict of str to list of Sample
    """
    counts = {name: _calls_per_sample(call) for name, call in calls.items()}
    samples: dict[str, list[Sample]] = {name: [] for name in calls}
    names = list(calls)
    stop = time.perf_counter() + seconds * len(names)
    while len(samples[names[-1]]) < LEAST_ROUNDS or time.perf_counter() < stop:
        for name in names:
            time.sleep(pause)
            calls[name]()  # caches, clock and sleeping threads are warm again after this
            around = probe if name in probed else None
            samples[name].append(_sample(calls[name], counts[name], around))
    return samples


def _calls_per_sample(call: Callable[[], Any]) -> int:
    call()
    start = time.perf_counter()
    call()
    once = max(time.perf_counter() - start, 1e-7)
    return max(1, math.ceil(SAMPLE / once))


def _sample(call: Callable[[], Any], count: int, probe: Probe | None) -> Sample:
    before = probe() if probe else 0.0
    start = time.perf_counter()
    for _ in range(count):
        call()
    elapsed = time.perf_counter() - start
    after = probe() if probe else 0.0
    return Sample(elapsed / count, before, after)


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
