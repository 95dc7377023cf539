"""Proving a layer of your own: its gradients against finite differences."""

from __future__ import annotations

from typing import Any

import numpy as np

from convlet._random import generator
from convlet._variable import Array
from convlet.layers._layer import Layer
from convlet.layers._symbolic import flatten

__all__ = ["check_gradients"]

_DIRECTIONS = 4


def check_gradients(
    layer: Layer,
    x: Any,
    *,
    training: bool = False,
    step: float = 1e-5,
    tolerance: float = 1e-7,
    seed: int = 0,
) -> None:
    """Compare a layer's gradients with central differences along random directions.

    Parameters
    ----------
    layer : Layer
        Of dtype float64; built for x if it is not built. A model is a layer, too.
    x : array, or list of arrays
        Where to look. The layer must be smooth within `step` of it: keep away from ties of maxima.
    training : bool, default False
    step : float, default 1e-5
        Length of a difference.
    tolerance : float, default 1e-7
        Allowed difference, relative to the magnitudes that were added.
    seed : int, default 0
        Of the directions, and of the gradient that the pullback is given.

    Raises
    ------
    AssertionError
        If a gradient is wrong, or has another shape than what it is a gradient of, or depends on
        `needs_dx`; the message names it.
    ValueError
        If the layer's dtype is not float64.

    Notes
    -----
    For f = sum(dy * layer(x)), with the losses of its pullback, and directions d,
    (f(x + step d) - f(x - step d)) / (2 step) must equal sum(dx * d); likewise for each trainable
    weight. A wrong element changes the right side for almost every d. The weights are afterwards as
    before.

    Examples
    --------
    >>> import numpy as np
    >>> from convlet.layers import Layer, Pullback
    >>> from convlet.testing import check_gradients
    >>> class Square(Layer):
    ...     def vjp(self, x, training=False):
    ...         return x**2, Pullback(lambda dy, needs_dx: (3 * x * dy, []))
    >>> try:
    ...     check_gradients(Square(dtype="float64"), np.ones((2, 3)))
    ... except AssertionError as error:
    ...     print(str(error).split(":")[0])
    the gradient of x is wrong
    """
    if layer.compute_dtype != "float64":
        raise ValueError(f'layer must have dtype "float64", got {layer.compute_dtype}')
    arrays = [np.array(part, np.float64) for part in layer.flat_inputs(x)]
    layer.ensure_built([a.shape for a in arrays] if layer.several_inputs else arrays[0].shape)
    weights = layer.trainable_weights
    before = [np.array(weight.value) for weight in weights]
    try:
        _check(layer, arrays, weights, training, step, tolerance, generator(seed))
    finally:
        for weight, value in zip(weights, before, strict=True):
            weight.assign(value)


def _check(
    layer: Layer,
    arrays: list[Array],
    weights: list[Any],
    training: bool,
    step: float,
    tolerance: float,
    rng: np.random.Generator,
) -> None:
    several = layer.several_inputs
    y, pullback = layer.vjp(arrays if several else arrays[0], training)
    outputs = flatten(y)
    dys = [rng.standard_normal(part.shape) for part in outputs]
    dx, grads = pullback(dys if isinstance(y, (list, tuple, dict)) else dys[0])
    _, alone = pullback(dys if isinstance(y, (list, tuple, dict)) else dys[0], needs_dx=False)
    names = [f"x[{i}]" for i in range(len(arrays))] if several else ["x"]
    names += [weight.path for weight in weights]
    gradients = [*(dx if several else [dx]), *grads]
    _require(len(grads) == len(alone) == len(weights), f"grads must be {len(weights)} arrays")
    for name, one, other in zip(names[len(arrays) :], grads, alone, strict=True):
        _require(np.array_equal(one, other, equal_nan=True), f"{name}: needs_dx changes it")
    points = [*arrays, *(np.array(weight.value) for weight in weights)]
    size = _total(np.abs(a * b) for a, b in zip(dys, outputs, strict=True))

    def projected(place: int, moved: Array) -> float:
        values = [*points[:place], moved, *points[place + 1 :]]
        for weight, value in zip(weights, values[len(arrays) :], strict=True):
            weight.assign(value)
        given = values[: len(arrays)]
        y, pullback = layer.vjp(given if several else given[0], training)
        products = _total(a * b for a, b in zip(dys, flatten(y), strict=True))
        return products + sum(pullback.losses)

    for place, (name, point, gradient) in enumerate(zip(names, points, gradients, strict=True)):
        shape = np.shape(gradient)
        _require(shape == point.shape, f"the gradient of {name} has shape {shape}")
        for _ in range(_DIRECTIONS):
            way = rng.standard_normal(point.shape)
            ends = projected(place, point + step * way), projected(place, point - step * way)
            found, expected = _total([gradient * way]), (ends[0] - ends[1]) / (2 * step)
            allowed = tolerance * (_total([np.abs(gradient * way)]) + size)
            _require(
                abs(found - expected) <= allowed,
                f"the gradient of {name} is wrong: along a direction {found:.10g}, by differences "
                f"{expected:.10g}, allowed {allowed:.3g}",
            )


def _total(arrays: Any) -> float:
    return sum(sum(np.ravel(array).tolist()) for array in arrays)


def _require(right: bool, message: str) -> None:
    if not right:
        raise AssertionError(message)
