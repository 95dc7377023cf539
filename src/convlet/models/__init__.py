"""Networks of layers, their training, and their files."""

from __future__ import annotations

from typing import Any

from convlet.models._functional import Functional, Model
from convlet.models._sequential import Sequential

__all__ = ["Functional", "Model", "Sequential", "load_model", "save_model"]


def __getattr__(name: str) -> Any:
    if name in ("load_model", "save_model"):
        from convlet import saving

        return getattr(saving, name)
    raise AttributeError(f"module 'convlet.models' has no attribute {name!r}")
