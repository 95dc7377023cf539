"""Seeds, names, labels, batches, and pictures (which need matplotlib)."""

from __future__ import annotations

from typing import Any

from convlet.backend import clear_session
from convlet.utils._dataset import PyDataset
from convlet.utils._labels import to_categorical
from convlet.utils._seed import set_random_seed

_PLOTS = ("plot_confusion_matrix", "plot_feature_maps", "plot_history", "plot_kernels")

__all__ = ["PyDataset", "clear_session", "set_random_seed", "to_categorical", *_PLOTS]


def __getattr__(name: str) -> Any:
    if name in _PLOTS:
        from convlet.utils import _plotting

        return getattr(_plotting, name)
    raise AttributeError(f"module 'convlet.utils' has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
