"""What tests of layers share."""

from __future__ import annotations

import numpy as np

from gradcheck import check_gradients


def check_vjp(layer, x, rng, training=False):
    """All of a layer's gradients at x against central differences, and `call` against `vjp`."""
    layer.ensure_built(x.shape)
    weights = layer.trainable_weights
    names = [weight.name for weight in weights]
    values = dict(zip(names, layer.get_weights(), strict=True))

    def function(x, **arrays):
        for weight in weights:
            weight.assign(arrays[weight.name])
        return layer.vjp(x, training)[0]

    y, pullback = layer.vjp(x, training)
    assert y.shape == layer.compute_output_shape(x.shape)
    grad = rng.standard_normal(y.shape)
    dx, grads = pullback(grad)
    gradients = {"x": dx, **dict(zip(names, grads, strict=True))}
    check_gradients(function, {"x": x, **values}, gradients, grad, rng=rng)
    function(x, **values)
    without, same = pullback(grad, needs_dx=False)
    assert without is None or not weights
    for one, other in zip(grads, same, strict=True):
        assert np.array_equal(one, other)
