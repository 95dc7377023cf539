"""Small convolutional networks on the CPU, with NumPy and nothing else.

Each part imports only what stands before it, and loads when it is asked for:

    _cext        compiled drivers over C micro-kernels
    ops          convolution and pooling on arrays, with gradients
    layers       Keras's layers on top of ops; initializers, activations
    models       networks of layers; losses, metrics, optimizers, callbacks
    saving       models and weights in files
    demo, bench  what the command line shows
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from convlet._lazy import lazily

__version__ = "0.1.0"

if TYPE_CHECKING:
    from convlet._about import show_config as show_config
    from convlet._algorithm import get_algorithm as get_algorithm
    from convlet._algorithm import set_algorithm as set_algorithm
    from convlet._cext.runtime import get_num_threads as get_num_threads
    from convlet._cext.runtime import set_num_threads as set_num_threads
    from convlet._variable import Variable as Variable
    from convlet.layers import Input as Input
    from convlet.layers import KerasTensor as KerasTensor
    from convlet.layers import Layer as Layer
    from convlet.models import Model as Model
    from convlet.models import Sequential as Sequential
else:
    __getattr__, __dir__, __all__ = lazily(
        __name__,
        {
            "_about": ("show_config",),
            "_algorithm": ("get_algorithm", "set_algorithm"),
            "_cext.runtime": ("get_num_threads", "set_num_threads"),
            "_variable": ("Variable",),
            "layers": ("Input", "KerasTensor", "Layer"),
            "models": ("Model", "Sequential"),
        },
        (
            *("activations", "backend", "bench", "callbacks", "config", "constraints", "datasets"),
            *("demo", "initializers", "layers", "losses", "metrics", "models", "ops", "optimizers"),
            *("regularizers", "saving", "testing", "utils"),
        ),
    )
