"""The lecture's CNN, trained on real handwritten digits and shown (``convlet demo``)."""

from convlet.demo._network import lecture_cnn
from convlet.demo._run import DemoResult, run

__all__ = ["DemoResult", "lecture_cnn", "run"]
