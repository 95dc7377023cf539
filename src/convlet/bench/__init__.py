"""Timings against NumPy and whichever peers are installed (``convlet bench``).

cases.py       what can be timed: an operator on a shape, with its data and arithmetic
suites.py      which cases are: named layers of known networks, and shapes beside them
baselines.py   the same operators written in NumPy
providers.py   who computes a case, how to read its result, when two results agree; then one file
               for this package (convlet_provider.py) and one for each peer (..._provider.py)
timing.py      candidates in turn, probes of the peak around each sample, quiet samples
report.py      measurements to table cells; table.py lays them out; machine.py says where
"""

from convlet.bench._launch import launch

__all__ = ["launch"]
