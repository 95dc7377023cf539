"""Networks of layers, and their training."""

from convlet.models._sequential import Sequential

__all__ = ["Sequential"]
