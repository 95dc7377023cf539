"""Which activations a convolution takes by name, and where they run."""

from __future__ import annotations

import numpy as np

from convlet._cext import pointwise
from convlet.ops._arguments import Array, check_choice

# Functions of one element run inside the convolution; these need all channels of a pixel.
_ROW_FUNCTIONS = {"softmax": pointwise.softmax}
_DEFAULT_ALPHA = {"leaky_relu": 0.2, "elu": 1.0}  # Keras's
NO_ACTIVATION = (-1, 0.0)


def activation_code(name: str | None) -> tuple[int, float]:
    """The compiled code's number for an activation, and its parameter."""
    if name is None:
        return NO_ACTIVATION
    check_choice("activation", name, ("linear", *pointwise.ACTIVATIONS, *_ROW_FUNCTIONS))
    if name == "linear" or name in _ROW_FUNCTIONS:
        return NO_ACTIVATION
    return pointwise.activation_code(name), _DEFAULT_ALPHA.get(name, 1.0)


def activate_rows(name: str | None, out: Array) -> None:
    """Apply a function of all channels in place; nothing to do for functions of one element."""
    if name not in _ROW_FUNCTIONS:
        return
    rows = np.ascontiguousarray(out).reshape(-1, out.shape[-1])
    _ROW_FUNCTIONS[name](rows, rows)
    if not np.may_share_memory(rows, out):  # a copy then
        out[...] = rows.reshape(out.shape)
