"""Seeds, names, labels, batches, PyTorch's weights, and pictures (which need matplotlib)."""

from __future__ import annotations

from typing import Any

from convlet.backend import clear_session
from convlet.utils._dataset import PyDataset
from convlet.utils._labels import to_categorical
from convlet.utils._seed import set_random_seed

_LATER = {
    **dict.fromkeys(
        ("plot_confusion_matrix", "plot_feature_maps", "plot_history", "plot_kernels"), "_plotting"
    ),
    "plot_model": "_model_picture",
    "plot_saliency": "_saliency",
    **dict.fromkeys(("animate_convolution", "animate_pooling"), "_sliding"),
    **dict.fromkeys(("from_torch_state_dict", "to_torch_state_dict"), "_torch"),
}

__all__ = ["PyDataset", "clear_session", "set_random_seed", "to_categorical", *_LATER]


def __getattr__(name: str) -> Any:
    if name in _LATER:
        from importlib import import_module

        return getattr(import_module(f"convlet.utils.{_LATER[name]}"), name)
    raise AttributeError(f"module 'convlet.utils' has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
