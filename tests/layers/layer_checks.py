"""What tests of layers share."""

from __future__ import annotations

import numpy as np

from comparison import assert_same_bits
from convlet.testing import check_gradients


def check_vjp(layer, x, rng, training=False):
    """All of a layer's gradients at x against central differences, and shapes."""
    several = isinstance(x, list)
    shapes = [part.shape for part in x] if several else x.shape
    layer.ensure_built(shapes)
    y, pullback = layer.vjp(x, training)
    assert y.shape == layer.compute_output_shape(shapes)
    check_gradients(layer, x, training=training, seed=int(rng.integers(2**31)))
    if layer.trainable_weights:
        assert pullback(y, needs_dx=False)[0] is None


def check_bits(layer, x, layouts, threads, training=False):
    """Output and gradients are the same bits in any memory layout and at any number of threads."""
    import modes

    y, pullback = layer.vjp(x, training)
    dy = np.linspace(-1, 1, y.size, dtype=y.dtype).reshape(y.shape)
    expected = [y, *_listed(pullback(dy)), *(value for _, value in pullback.updates)]
    for count in threads:
        with modes.num_threads(count):
            for name, layout in layouts.items():
                y, pullback = layer.vjp(layout(x), training)
                found = [y, *_listed(pullback(layout(dy)))]
                found += [value for _, value in pullback.updates]
                for one, other in zip(found, expected, strict=True):
                    assert_same_bits(one, other, f"{name}, {count} threads")


def _listed(gradients):
    dx, grads = gradients
    return [dx, *grads]
