"""Layers in a row: as a network, and each apart."""

from __future__ import annotations

from convlet import Input, Model


def network(steps, shape):
    value = first = Input(shape, dtype=steps[0].compute_dtype)
    for layer in steps:
        value = layer(value)
    return Model(first, value)


def by_layers(steps, x, dy):
    """The output, dx and the weights' gradients, each layer apart."""
    pullbacks, y = [], x
    for layer in steps:
        y, pullback = layer.vjp(y, True)
        pullbacks.append(pullback)
    grads = []
    for pullback in reversed(pullbacks):
        dy, own = pullback(dy)
        grads = own + grads
    return [y, dy, *grads]


def by_model(model, x, dy):
    """The same of the network."""
    y, pullback = model.vjp(x, True)
    dx, grads = pullback(dy)
    return [y, dx, *grads]
