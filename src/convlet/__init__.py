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

from typing import Any

__version__ = "0.1.0"

_MODULES = frozenset(
    {
        *("activations", "backend", "bench", "callbacks", "config", "constraints", "datasets"),
        *("demo", "initializers", "layers", "losses", "metrics", "models", "ops", "optimizers"),
        *("regularizers", "saving", "testing", "utils"),
    }
)
_NAMES = {
    "Input": "convlet.layers",
    "KerasTensor": "convlet.layers",
    "Layer": "convlet.layers",
    "Model": "convlet.models",
    "Sequential": "convlet.models",
    "Variable": "convlet._variable",
    "get_algorithm": "convlet._algorithm",
    "get_num_threads": "convlet._cext.runtime",
    "set_algorithm": "convlet._algorithm",
    "set_num_threads": "convlet._cext.runtime",
    "show_config": "convlet._about",
}

__all__ = sorted({*_MODULES, *_NAMES, "__version__"})


def __getattr__(name: str) -> Any:
    from importlib import import_module

    if name in _MODULES:
        return import_module(f"convlet.{name}")
    if name in _NAMES:
        value = getattr(import_module(_NAMES[name]), name)
        globals()[name] = value
        return value
    raise AttributeError(f"module 'convlet' has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
