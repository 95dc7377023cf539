"""Goal beside measured, from the figures that peers.py wrote; and the chart of README."""

from __future__ import annotations

from math import exp, log
from statistics import mean

NOISE = 0.95  # a ratio below is "behind"


def geometric_mean(ratios):
    """The geometric mean of a mapping's values."""
    return exp(mean(log(ratio) for ratio in ratios.values()))


def behind(ratios, limit=NOISE):
    """The entries below `limit`."""
    return {name: ratio for name, ratio in ratios.items() if ratio < limit}


def write_summary(results):
    """Write summary.md and the chart from whichever sections' figures are there."""
    print("summary to come")
