"""Seeds, names, labels, batches, PyTorch's weights, and pictures (which need matplotlib)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from convlet._lazy import lazily

if TYPE_CHECKING:
    from convlet.utils._dataset import PyDataset as PyDataset
    from convlet.utils._labels import to_categorical as to_categorical
    from convlet.utils._model_picture import plot_model as plot_model
    from convlet.utils._plotting import plot_confusion_matrix as plot_confusion_matrix
    from convlet.utils._plotting import plot_feature_maps as plot_feature_maps
    from convlet.utils._plotting import plot_history as plot_history
    from convlet.utils._plotting import plot_kernels as plot_kernels
    from convlet.utils._saliency import plot_saliency as plot_saliency
    from convlet.utils._seed import clear_session as clear_session
    from convlet.utils._seed import set_random_seed as set_random_seed
    from convlet.utils._sliding import animate_convolution as animate_convolution
    from convlet.utils._sliding import animate_pooling as animate_pooling
    from convlet.utils._torch import from_torch_state_dict as from_torch_state_dict
    from convlet.utils._torch import to_torch_state_dict as to_torch_state_dict
else:
    __getattr__, __dir__, __all__ = lazily(
        __name__,
        {
            "_dataset": ("PyDataset",),
            "_labels": ("to_categorical",),
            "_model_picture": ("plot_model",),
            "_plotting": (
                "plot_confusion_matrix",
                "plot_feature_maps",
                "plot_history",
                "plot_kernels",
            ),
            "_saliency": ("plot_saliency",),
            "_seed": (
                "clear_session",
                "set_random_seed",
            ),
            "_sliding": (
                "animate_convolution",
                "animate_pooling",
            ),
            "_torch": (
                "from_torch_state_dict",
                "to_torch_state_dict",
            ),
        },
    )
