"""Activations by name, and their derivatives: on arrays, and inside a convolution."""

from __future__ import annotations

from typing import NamedTuple

from convlet._cext import pointwise
from convlet._reuse import empty
from convlet.ops._arguments import Array, check_choice, contiguous
from convlet.ops._row_activations import ROWS

# Functions of one element run inside the convolution; rows are all channels of a pixel.
NAMES = ("linear", *pointwise.ACTIVATIONS, "celu", *ROWS)
NO_ACTIVATION = (-1, 0.0)
# The slope of leaky_relu, the thresholds and the scale of elu, as in Keras.
_ALPHAS = {"leaky_relu": 0.2, "hard_shrink": 0.5, "soft_shrink": 0.5}
_CODES: dict[str | None, tuple[int, float]] = dict.fromkeys((None, *NAMES), NO_ACTIVATION) | {
    name: (pointwise.activation_code(name), _ALPHAS.get(name, 1.0))
    for name in pointwise.ACTIVATIONS
}
_CODES["celu"] = _CODES["elu"]


def activation_code(name: str | None) -> tuple[int, float]:
    """The compiled code's number for an activation, and its parameter."""
    try:
        return _CODES[name]
    except (KeyError, TypeError):
        check_choice("activation", name, NAMES)
        raise


def activate(name: str | None, x: Array, parameter: float | None = None) -> Array:
    """The activation of x in a new C-contiguous array; x itself where there is none.

    `parameter` takes the place of Keras's default.
    """
    code, alpha = activation_code(name)
    if code < 0 and name not in ROWS:
        return x
    x = contiguous(x)
    y = empty(x.shape, x.dtype)
    if name in ROWS:
        ROWS[name].value(_rows(x), _rows(y))
    else:
        alpha = alpha if parameter is None else parameter
        pointwise.activation(code, alpha, x.reshape(-1), y.reshape(-1))
    return y


def _rows(x: Array) -> Array:
    return x.reshape(-1, x.shape[-1])


def activate_rows(name: str | None, out: Array) -> None:
    """Those over the last axis, in place: what no compiled operator does itself."""
    if name not in ROWS:
        return
    whole = contiguous(out)
    ROWS[name].value(_rows(whole), _rows(whole))
    if whole is not out:
        out[...] = whole


def gradient_from_output(name: str | None) -> bool:
    """Whether the derivative is a function of the activation's output (else of its input)."""
    code, _ = activation_code(name)
    return code < 0 or pointwise.gradient_from_output(code)


class Slope(NamedTuple):
    """An activation's derivative, of each element by itself, at `value`: see `activation_grad`."""

    name: str
    value: Array


def multiply(dx: Array | None, slope: Slope | None) -> None:
    """dx, if there is one, times a slope, if there is one, in place."""
    if slope and dx is not None:
        activation_grad(slope.name, dx, slope.value, dx)


def activation_grad(name: str | None, grad: Array, value: Array, out: Array | None = None) -> Array:
    """grad times the derivative at `value`, the output or the input: see `gradient_from_output`.

    A new C-contiguous array, or `grad` itself where there is no activation; or `out`, which is
    C-contiguous and may be `grad`.
    """
    code, alpha = activation_code(name)
    if code < 0 and name not in ROWS:
        return grad
    grad, value = contiguous(grad), contiguous(value)
    if out is None:
        out = empty(grad.shape, grad.dtype)
    if name in ROWS:
        ROWS[name].gradient(_rows(grad), _rows(value), _rows(out))
    else:
        flat = (grad.reshape(-1), value.reshape(-1), out.reshape(-1))
        pointwise.activation_gradient(code, alpha, *flat)
    return out
