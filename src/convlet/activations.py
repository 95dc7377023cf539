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
    "celu",
    "elu",
    "exponential",
    "gelu",
    "get",
    "glu",
    "hard_shrink",
    "hard_sigmoid",
    "hard_silu",
    "hard_swish",
    "hard_tanh",
    "leaky_relu",
    "linear",
    "log_sigmoid",
    "log_softmax",
    "mish",
    "relu",
    "relu6",
    "selu",
    "serialize",
    "sigmoid",
    "silu",
    "soft_shrink",
    "softmax",
    "softplus",
    "softsign",
    "sparse_plus",
    "sparse_sigmoid",
    "sparsemax",
    "squareplus",
    "swish",
    "tanh",
    "tanh_shrink",
    "threshold",
]


def _floating(x: Any) -> Array:
    array = np.asarray(x)
    typed = hasattr(x, "dtype")  # a list's numbers have no type of their own
    if typed and array.dtype in (np.float32, np.float64) and array.dtype.isnative:
        return array
    if array.dtype.kind not in "fiub":
        raise TypeError(f"x must be real numbers, got {array.dtype}")
    return array.astype(config.floatx())


def _apply(name: str, x: Any, parameter: float | None = None) -> Array:
    return activate(name, _floating(x), parameter)


def _along(name: str, x: Any, axis: int) -> Array:
    x = _floating(x)
    if not -x.ndim <= axis < x.ndim:
        raise ValueError(f"axis must be one of x's {x.ndim} axes, got {axis}")
    if x.size == 0:
        return x.copy()
    return np.moveaxis(activate(name, np.moveaxis(x, axis, -1)), -1, axis)


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
    return _apply("elu", x, alpha)


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
    return _along("softmax", x, axis)


def log_softmax(x: Any, axis: int = -1) -> Array:
    """The logarithm of `softmax`: x minus that of the exponentials' sum, of any size of x."""
    return _along("log_softmax", x, axis)


def sparsemax(x: Any, axis: int = -1) -> Array:
    """The probabilities nearest to x, many of them 0; A. Martins, R. Astudillo (ICML 2016).

    Examples
    --------
    >>> from convlet import activations
    >>> activations.sparsemax([1.0, 0.5, -1.0])
    array([0.75, 0.25, 0.  ], dtype=float32)
    """
    return _along("sparsemax", x, axis)


def glu(x: Any, axis: int = -1) -> Array:
    """The first half of an axis times the sigmoid of the second; Y. Dauphin et al. (ICML 2017).

    Raises
    ------
    ValueError
        If the axis has no even size.
    """
    x = _floating(x)
    if not -x.ndim <= axis < x.ndim or x.shape[axis] % 2:
        raise ValueError(f"axis must be one of an even size, got {axis} of shape {x.shape}")
    value, gate = np.split(x, 2, axis)
    return np.asarray(value * sigmoid(gate))


def mish(x: Any) -> Array:
    """x * tanh(softplus(x)); D. Misra (2019)."""
    return _apply("mish", x)


def celu(x: Any, alpha: float = 1.0) -> Array:
    """x where x > 0, else alpha * (exp(x / alpha) - 1); J. Barron (2017)."""
    x = _floating(x)
    if alpha == 1:
        return _apply("celu", x)
    scale = x.dtype.type(alpha)
    return np.where(x > 0, x, scale * np.expm1(np.minimum(x, 0) / scale))


def squareplus(x: Any, b: float = 4) -> Array:
    """(x + sqrt(x^2 + b)) / 2; J. Barron (2021)."""
    x = _floating(x)
    return _apply("squareplus", x) if b == 4 else (x + np.sqrt(x * x + x.dtype.type(b))) / 2


def log_sigmoid(x: Any) -> Array:
    """The logarithm of `sigmoid`."""
    return _apply("log_sigmoid", x)


def hard_tanh(x: Any) -> Array:
    """min(max(x, -1), 1)."""
    return _apply("hard_tanh", x)


def hard_shrink(x: Any, threshold: float = 0.5) -> Array:
    """x where |x| > threshold, else 0."""
    return _apply("hard_shrink", x, threshold)


def soft_shrink(x: Any, threshold: float = 0.5) -> Array:
    """x, nearer to 0 by threshold; 0 where that is farther away."""
    return _apply("soft_shrink", x, threshold)


def tanh_shrink(x: Any) -> Array:
    """x - tanh(x)."""
    return _apply("tanh_shrink", x)


def threshold(x: Any, threshold: float, default_value: float) -> Array:
    """x where x > threshold, else default_value."""
    x = _floating(x)
    return np.where(x <= threshold, x.dtype.type(default_value), x)


def sparse_plus(x: Any) -> Array:
    """0 up to -1, x from 1 on, between them (x + 1)^2 / 4."""
    return _apply("sparse_plus", x)


def sparse_sigmoid(x: Any) -> Array:
    """0 up to -1, 1 from 1 on, between them (x + 1) / 2."""
    return _apply("sparse_sigmoid", x)


swish = silu
hard_swish = hard_silu

_FUNCTIONS: dict[str, Callable[..., Array]] = {
    function.__name__: function
    for function in (
        *(linear, relu, relu6, leaky_relu, elu, selu, gelu, sigmoid, hard_sigmoid, silu),
        *(hard_silu, softplus, softsign, tanh, exponential, softmax, log_softmax, sparsemax),
        *(mish, celu, squareplus, log_sigmoid, hard_tanh, hard_shrink, soft_shrink, tanh_shrink),
        *(sparse_plus, sparse_sigmoid),
    )
}
# Names, too, but not of a layer's activation: glu halves an axis, threshold has no defaults.
_OTHERS: dict[str, Callable[..., Array]] = {
    **{"swish": silu, "hard_swish": hard_silu},
    **{"glu": glu, "threshold": threshold},
}


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
    if isinstance(identifier, str) and identifier in (known := {**_FUNCTIONS, **_OTHERS}):
        return known[identifier]
    if callable(identifier):
        return identifier
    names = ", ".join(sorted({*_FUNCTIONS, *_OTHERS}))
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
