"""Timings against NumPy and whichever peers are installed (``convlet bench``).

cases.py       what is timed: named shapes, each with its arithmetic
baselines.py   the same operators written in NumPy
providers.py, torch_provider.py, onnx_providers.py
               who computes a case (convlet, NumPy, peers), and how to read its result
timing.py      candidates in turn, probes of the peak around each sample, quiet samples
report.py      measurements to table cells; table.py lays them out; machine.py says where
"""

from convlet.bench._launch import launch

__all__ = ["launch"]
