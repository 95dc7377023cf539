"""Gradients against central differences."""

from __future__ import annotations

import numpy as np

DIRECTIONS = 4


def check_gradients(function, arrays, gradients, grad, *, step=1e-5, tolerance=1e-7, rng):
    """Compare gradients with central differences along random directions, in float64.

    The function is projected to a number, f = sum(grad * function(**arrays)). For each array
    whose gradient is given, and a few random directions d of its shape,

        (f(array + step * d) - f(array - step * d)) / (2 * step)   must equal   sum(gradient * d).

    A wrong element of a gradient changes the right side for almost every d, so a few directions
    judge all elements at once.

    Parameters
    ----------
    function : callable
        Takes the arrays by name, returns the output array. It must be smooth within `step` of
        the arrays: for maxima and relu draw them with `separated`, which keeps away from ties
        and from zero.
    arrays : dict of str to float64 ndarray
        The point at which the gradients were computed. Not modified.
    gradients : dict of str to float64 ndarray
        What is checked: for some or all of the names, the gradient of f, as computed by
        `conv_grad` or a layer's pullback from `grad`.
    grad : float64 ndarray
        The weights of the projection, of the output's shape (what a backward pass starts from).
    step : float
        Length of the difference. The default suits values of order 1.
    tolerance : float
        Allowed difference, relative to sum(|gradient * d|) + sum(|grad * output|). The rounding
        of the differences is about 1e-16 / step of the latter.
    rng : numpy.random.Generator
        Draws the directions.

    Raises
    ------
    AssertionError
        With every disagreement: name, direction, both numbers, and the gradient's shape.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> x, grad = rng.standard_normal((2, 3, 4))
    >>> check_gradients(lambda x: x**2, {"x": x}, {"x": 2 * x * grad}, grad, rng=rng)
    """
    failures = []
    size = np.sum(np.abs(grad * function(**arrays)))
    for name, gradient in gradients.items():
        array = arrays[name]
        assert array.dtype == np.float64, f"{name} must be float64, not {array.dtype}"
        assert gradient.shape == array.shape, f"d{name}: {gradient.shape}, not {array.shape}"
        for number in range(DIRECTIONS):
            direction = rng.standard_normal(array.shape)
            above = np.sum(grad * function(**{**arrays, name: array + step * direction}))
            below = np.sum(grad * function(**{**arrays, name: array - step * direction}))
            numeric = (above - below) / (2 * step)
            analytic = np.sum(gradient * direction)
            allowed = tolerance * (np.sum(np.abs(gradient * direction)) + size)
            if not abs(numeric - analytic) <= allowed:
                failures.append(
                    f"d{name} of shape {array.shape}, direction {number}: gradient gives "
                    f"{analytic:.10g}, differences {numeric:.10g}, allowed {allowed:.3g}"
                )
    if failures:
        raise AssertionError("wrong gradient:\n" + "\n".join(failures))


def separated(rng, shape):
    """Random float64 values, at least 0.005 apart from each other and from zero."""
    count = int(np.prod(shape))
    values = 0.01 * (np.arange(count) - count // 2) + 0.005
    return rng.permutation(values + rng.uniform(-0.0024, 0.0024, count)).reshape(shape)
