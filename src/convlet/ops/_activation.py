"""Activations by name, and their derivatives: on arrays, and inside a convolution."""

from __future__ import annotations

from convlet._cext import pointwise
from convlet._reuse import empty
from convlet.ops._arguments import Array, check_choice, contiguous

# Functions of one element run inside the convolution; softmax needs all channels of a pixel.
NAMES = ("linear", *pointwise.ACTIVATIONS, "softmax")
NO_ACTIVATION = (-1, 0.0)
# The slope of leaky_relu and the scale of elu, as in Keras.
_CODES: dict[str | None, tuple[int, float]] = dict.fromkeys((None, *NAMES), NO_ACTIVATION) | {
    name: (pointwise.activation_code(name), {"leaky_relu": 0.2}.get(name, 1.0))
    for name in pointwise.ACTIVATIONS
}


def activation_code(name: str | None) -> tuple[int, float]:
    """The compiled code's number for an activation, and its parameter."""
    try:
        return _CODES[name]
    except (KeyError, TypeError):
        check_choice("activation", name, NAMES)
        raise


def activate(name: str | None, x: Array) -> Array:
    """The activation of x in a new C-contiguous array; x itself where there is none."""
    code, alpha = activation_code(name)
    if code < 0 and name != "softmax":
        return x
    x = contiguous(x)
    y = empty(x.shape, x.dtype)
    if name == "softmax":
        _softmax(x, y)
    else:
        pointwise.activation(code, alpha, x.reshape(-1), y.reshape(-1))
    return y


def _softmax(x: Array, y: Array) -> None:
    rows = (-1, x.shape[-1])
    pointwise.softmax(x.reshape(rows), y.reshape(rows))


def softmax_rows(out: Array) -> None:
    """Softmax over the last axis, in place."""
    rows = contiguous(out)
    _softmax(rows, rows)
    if rows is not out:
        out[...] = rows


def gradient_from_output(name: str | None) -> bool:
    """Whether the derivative is a function of the activation's output (else of its input)."""
    code, _ = activation_code(name)
    return code < 0 or pointwise.gradient_from_output(code)


def activation_grad(name: str | None, grad: Array, value: Array) -> Array:
    """grad times the derivative at `value`, the output or the input: see `gradient_from_output`.

    A new C-contiguous array, or `grad` itself where there is no activation.
    """
    code, alpha = activation_code(name)
    if code < 0 and name != "softmax":
        return grad
    grad, value = contiguous(grad), contiguous(value)
    out = empty(grad.shape, grad.dtype)
    if name == "softmax":
        rows = (-1, grad.shape[-1])
        pointwise.softmax_gradient(grad.reshape(rows), value.reshape(rows), out.reshape(rows))
    else:
        flat = (grad.reshape(-1), value.reshape(-1), out.reshape(-1))
        pointwise.activation_gradient(code, alpha, *flat)
    return out
