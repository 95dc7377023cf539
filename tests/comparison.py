"""How results are compared, and the tolerances: the one place where they stand."""

from __future__ import annotations

import numpy as np

import oracles
import winograd_magnitudes

# Rounding errors of a chain of K fused multiply-adds stay below K * eps / 2 times the sum of the
# magnitudes (Higham, Accuracy and Stability of Numerical Algorithms, section 3.1): twice that.
SLACK = 1.0
# Functions such as exp and tanh may be off by this many units in the last place.
ACTIVATION_ULPS = 8


def assert_close(actual, expected, tolerance, context="", *, dtype):
    """Shape, dtype, then every element within `tolerance` (a number or an array).

    `actual` must have `dtype`; `expected` is usually float64. NaN equals NaN only, infinities must
    be equal. A failure prints the worst element and `context`: the configuration and the seed.
    """
    assert_shape(actual, expected.shape, context)
    assert_dtype(actual, dtype, context)
    same = (actual == expected) | (np.isnan(actual) & np.isnan(expected))
    with np.errstate(invalid="ignore"):  # inf - inf
        difference = np.where(same, 0.0, np.abs(np.asarray(actual, np.float64) - expected))
    wrong = ~(difference <= tolerance)
    if wrong.any():
        # NaN sorts last, hence counts as the worst.
        excess = difference / np.where(np.asarray(tolerance) > 0, tolerance, 1)
        flat = np.argmax(np.where(wrong, excess, -1))
        worst = tuple(map(int, np.unravel_index(flat, wrong.shape)))
        raise AssertionError(
            f"{wrong.sum()} of {wrong.size} elements differ, the worst at {worst}: "
            f"{actual[worst]!r}, expected {expected[worst]!r}, "
            f"tolerance {np.broadcast_to(tolerance, wrong.shape)[worst]:.3g}\n{context}"
        )


def assert_shape(actual, shape, context=""):
    assert actual.shape == shape, f"shape {actual.shape}, not {shape}\n{context}"


def assert_dtype(actual, dtype, context=""):
    assert actual.dtype == dtype, f"dtype {actual.dtype}, not {np.dtype(dtype)}\n{context}"


def assert_same_bits(actual, expected, context=""):
    """Equal shape, dtype and bytes: tells -0 from +0, and one NaN from another."""
    assert_shape(actual, expected.shape, context)
    assert_dtype(actual, expected.dtype, context)
    unsigned = f"u{actual.dtype.itemsize}"
    a, b = (np.ascontiguousarray(array).view(unsigned) for array in (actual, expected))
    if (a != b).any():
        where = tuple(map(int, np.argwhere(a != b)[0]))
        raise AssertionError(
            f"{(a != b).sum()} of {a.size} elements differ in their bits, the first at {where}: "
            f"{actual[where]!r}, expected {expected[where]!r}\n{context}"
        )


def conv_tolerance(x, kernel, bias=None, *, dtype, activation=None, **keywords):
    """For `conv`: elementwise, from the magnitudes that met in each output."""
    magnitudes = oracles.conv(*map(magnitude, (x, kernel, bias)), **keywords)
    terms = np.prod(kernel.shape[:-1]) + 1
    tolerance = chain(terms, magnitudes, dtype)
    value = oracles.conv(x, kernel, bias, activation=activation, **keywords)
    return activated_tolerance(tolerance, value, activation, dtype)


def activated_tolerance(tolerance, value, activation, dtype):
    """Behind an activation whose result is `value`, for a tolerance before it."""
    if activation is None:
        return tolerance
    # Slopes stay below 2, save exp's, which is its value; the value's own rounding comes on top.
    value = np.abs(value)
    own = ACTIVATION_ULPS * np.finfo(dtype).eps * np.maximum(value, 1)
    return 2 * tolerance * np.maximum(value, 1) + own


def conv_grad_tolerances(grad, x, kernel, *, dtype, **keywords):
    """For `conv_grad`: those of dx, dkernel and dbias."""
    magnitudes = oracles.conv_grad(*map(magnitude, (grad, x, kernel)), **keywords)
    filters = kernel.shape[-1]
    pixels = grad.size / filters
    terms = np.prod(kernel.shape[:-2]) * filters, pixels, pixels
    return [chain(k, m, dtype) for k, m in zip(terms, magnitudes, strict=True)]


# Of a transform of Winograd's each number passes at most this many roundings, constants included,
# in any of its four passes over rows or columns of a patch, a kernel and a tile of outputs.
TRANSFORM_ROUNDINGS = 6


def winograd_tolerance(x, kernel, bias, size, *, padding, dtype):
    """For a convolution by tiles, from the magnitudes that met in the tile of each output."""
    magnitudes = winograd_magnitudes.conv(*map(magnitude, (x, kernel)), size, padding)
    if bias is not None:
        magnitudes += magnitude(bias)
    return chain(x.shape[-1] + 6 * TRANSFORM_ROUNDINGS + 1, magnitudes, dtype)


def winograd_gradient_tolerance(x, grad, *, padding, dtype):
    """For a kernel's gradient by tiles, which are summed one after the other at worst."""
    magnitudes, tiles = winograd_magnitudes.kernel_gradient(*map(magnitude, (x, grad)), padding)
    return chain(tiles + 6 * TRANSFORM_ROUNDINGS, magnitudes, dtype)


def average_pool_tolerance(x, pool_size, *, dtype, **keywords):
    terms = np.prod(oracles.per_axis(pool_size, x.ndim - 2)) + 1
    return chain(terms, oracles.average_pool(np.abs(x), pool_size, **keywords), dtype)


def pool_grad_tolerance(gradient, grad, x, pool_size, *, dtype, **keywords):
    """For the gradient of a pool, given its oracle: every tap may add to one element of dx."""
    terms = np.prod(oracles.per_axis(pool_size, x.ndim - 2)) + 1
    return chain(terms, gradient(np.abs(grad), x, pool_size, **keywords), dtype)


def chain(terms, magnitudes, dtype):
    # The smallest normal number covers what is flushed to zero on the way.
    return SLACK * terms * np.finfo(dtype).eps * magnitudes + np.finfo(dtype).tiny


def magnitude(array):
    return None if array is None else np.abs(array.astype(np.float64))
