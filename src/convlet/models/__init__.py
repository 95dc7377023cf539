"""Networks of layers, and their training."""

from convlet.models._functional import Functional, Model
from convlet.models._sequential import Sequential

__all__ = ["Functional", "Model", "Sequential"]
