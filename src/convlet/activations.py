"""Activation functions by Keras's names, on arrays of any shape.

Each returns a new array of the input's element type; lists and integers become
`convlet.config.floatx()`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from convlet import config
from convlet._cext import runtime
from convlet._variable import Array
from convlet.ops._activation import activate

__all__ = [
    "elu",
    "exponential",
    "gelu",
    "get",
    "hard_sigmoid",
    "hard_silu",
    "hard_swish",
    "leaky_relu",
    "linear",
    "relu",
    "relu6",
    "selu",
    "serialize",
    "sigmoid",
    "silu",
    "softmax",
    "softplus",
    "softsign",
    "swish",
    "tanh",
]


def _floating(x: Any) -> Array:
    array = np.asarray(x)
    typed = hasattr(x, "dtype")  # a list's numbers have no type of their own
    if typed and array.dtype in (np.float32, np.float64) and array.dtype.isnative:
        return array
    if array.dtype.kind not in "fiub":
        raise TypeError(f"x must be real numbers, got {array.dtype}")
    return array.astype(config.floatx())


def _apply(name: str, x: Any) -> Array:
    return activate(name, _floating(x))


def linear(x: Any) -> Array:
    """x itself."""
    return _floating(x)


def relu(
    x: Any, negative_slope: float = 0.0, max_value: float | None = None, threshold: float = 0.0
) -> Array:
    """x where x > threshold, else negative_slope * (x - threshold); at most max_value.

    Parameters
    ----------
    x : array
    negative_slope : float, default 0.0
    max_value : float, optional
    threshold : float, default 0.0

    Examples
    --------
    >>> from convlet import activations
    >>> activations.relu([-2.0, 3.0])
    array([0., 3.], dtype=float32)
    """
    if negative_slope == 0 and threshold == 0:
        y = _apply("relu", x)
    else:
        x = _floating(x)
        with runtime.flushing():
            # Times a slope of 0, an infinity would be NaN.
            below = negative_slope * (x - threshold) if negative_slope else np.where(x == x, 0, x)
            y = np.where(x > threshold, x, below).astype(x.dtype)
    return y if max_value is None else np.minimum(y, np.asarray(max_value, y.dtype))


def relu6(x: Any) -> Array:
    """min(max(x, 0), 6)."""
    return _apply("relu6", x)


def leaky_relu(x: Any, negative_slope: float = 0.2) -> Array:
    """x where x >= 0, else negative_slope * x."""
    return relu(x, negative_slope=negative_slope)


def elu(x: Any, alpha: float = 1.0) -> Array:
    """x where x > 0, else alpha * (exp(x) - 1); D. Clevert et al. (ICLR 2016)."""
    if alpha == 1:
        return _apply("elu", x)
    x = _floating(x)
    with runtime.flushing():
        return np.where(x > 0, x, alpha * np.expm1(np.minimum(x, 0))).astype(x.dtype)


def selu(x: Any) -> Array:
    """elu with the constants of G. Klambauer et al., "Self-normalizing networks" (2017)."""
    return _apply("selu", x)


def gelu(x: Any, approximate: bool = False) -> Array:
    """x times the standard normal distribution's probability of values below x.

    With `approximate` by tanh; D. Hendrycks, K. Gimpel (2016), section 2.
    """
    return _apply("gelu_tanh" if approximate else "gelu", x)


def sigmoid(x: Any) -> Array:
    """1 / (1 + exp(-x))."""
    return _apply("sigmoid", x)


def hard_sigmoid(x: Any) -> Array:
    """relu6(x + 3) / 6."""
    return _apply("hard_sigmoid", x)


def silu(x: Any) -> Array:
    """x * sigmoid(x); S. Elfwing et al. (2017)."""
    return _apply("silu", x)


def hard_silu(x: Any) -> Array:
    """x * hard_sigmoid(x); A. Howard et al. (ICCV 2019), section 5.2."""
    return _apply("hard_silu", x)


def softplus(x: Any) -> Array:
    """log(1 + exp(x))."""
    return _apply("softplus", x)


def softsign(x: Any) -> Array:
    """x / (1 + |x|)."""
    return _apply("softsign", x)


def tanh(x: Any) -> Array:
    """Hyperbolic tangent."""
    return _apply("tanh", x)


def exponential(x: Any) -> Array:
    """exp(x)."""
    return _apply("exponential", x)


def softmax(x: Any, axis: int = -1) -> Array:
    """exp(x) divided by its sum along an axis.

    Parameters
    ----------
    x : array
        Of at least one axis.
    axis : int, default -1

    Notes
    -----
    x is shifted by its maximum first; sums are in float64, in ascending order.

    Examples
    --------
    >>> from convlet import activations
    >>> activations.softmax([0.0, 0.0])
    array([0.5, 0.5], dtype=float32)
    """
    x = _floating(x)
    if not -x.ndim <= axis < x.ndim:
        raise ValueError(f"axis must be one of x's {x.ndim} axes, got {axis}")
    if x.size == 0:
        return x.copy()
    return np.moveaxis(activate("softmax", np.moveaxis(x, axis, -1)), -1, axis)


swish = silu
hard_swish = hard_silu

_FUNCTIONS: dict[str, Callable[..., Array]] = {
    function.__name__: function
    for function in (
        *(linear, relu, relu6, leaky_relu, elu, selu, gelu, sigmoid, hard_sigmoid, silu),
        *(hard_silu, softplus, softsign, tanh, exponential, softmax),
    )
}
_ALIASES = {"swish": silu, "hard_swish": hard_silu}


def get(identifier: Any) -> Callable[..., Array]:
    """The activation function that a name stands for; a function is itself, None is `linear`.

    Raises
    ------
    ValueError
        If there is no such activation.

    Examples
    --------
    >>> from convlet import activations
    >>> activations.get("relu").__name__
    'relu'
    """
    if identifier is None:
        return linear
    if isinstance(identifier, str) and identifier in (known := {**_FUNCTIONS, **_ALIASES}):
        return known[identifier]
    if callable(identifier):
        return identifier
    names = ", ".join(sorted({*_FUNCTIONS, *_ALIASES}))
    raise ValueError(f"activation must be one of {names}, got {identifier!r}")


def serialize(activation: Callable[..., Array]) -> str:
    """The name of one of these functions, for `get`."""
    return ops_name(activation)


def ops_name(activation: Callable[..., Array]) -> str:
    """The name by which `convlet.ops` knows one of these functions."""
    name = getattr(activation, "__name__", None)
    if _FUNCTIONS.get(str(name)) is not activation:
        raise TypeError(
            "activation must be one of convlet.activations, whose gradients are known, got "
            f"{activation!r}: for another one, write a Layer with a vjp"
        )
    return str(name)
