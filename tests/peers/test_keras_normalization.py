"""Normalizations against Keras's: outputs, gradients, running averages, arguments, names."""

import inspect
from math import prod
from random import Random

import keras
import numpy as np
import pytest
import torch
from hypothesis import given

from convlet import layers
from strategies import SEEDS
from tally import agreed
from test_keras_layers import ABSENT, close

FEW = 8  # numbers that a mean is of
KINDS = ["BatchNormalization", "LayerNormalization", "GroupNormalization"]


def configuration(kind, rng):
    """Arguments and an input's shape."""
    shape = [rng.randint(2, 5), *(rng.randint(1, 6) for _ in range(rng.randint(1, 3)))]
    axis = rng.randint(1, len(shape) - 1)
    # A few numbers may all be near: a small epsilon magnifies the digits that Keras loses then.
    few = kind == "GroupNormalization" or prod(shape) // shape[axis] < FEW
    arguments = {
        "axis": rng.choice([axis, axis - len(shape)]),
        "epsilon": rng.choice([0.01 if few and kind != "LayerNormalization" else 1e-3, 0.1]),
        "center": rng.random() < 0.7,
        "scale": rng.random() < 0.7,
    }
    if kind == "BatchNormalization":
        arguments["momentum"] = rng.choice([0.99, 0.5])
    elif kind == "GroupNormalization":
        # Keras inserts the axis of groups before a negative axis, which then is another one.
        arguments["axis"] = rng.choice([axis, -1]) if axis == len(shape) - 1 else axis
        shape[axis] = rng.choice([4, 6, 12])
        arguments["groups"] = rng.choice([1, 2, shape[axis], -1])
    else:  # on PyTorch Keras knows the last axes only
        first = rng.randint(1, len(shape) - 1)
        arguments["axis"] = rng.choice([list(range(first, len(shape))), -1, len(shape) - 1])
    return arguments, shape


@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize("kind", KINDS)
@given(SEEDS)
def test_normalization(kind, training, dtype, seed):
    arguments, shape = configuration(kind, Random(seed))
    ours, theirs = (getattr(m, kind)(dtype=dtype, **arguments) for m in (layers, keras.layers))
    rng = np.random.default_rng(seed)
    x = rng.standard_normal(shape).astype(dtype)
    for layer in (ours, theirs):
        layer.build(x.shape)
    assert [w.name for w in ours.weights] == [w.name for w in theirs.weights]
    assert [w.shape for w in ours.weights] == [w.shape for w in theirs.weights]
    ours.set_weights([rng.random(w.shape) + 0.5 for w in ours.weights])
    theirs.set_weights(ours.get_weights())
    context = f"{kind} {arguments} on {shape} training {training}"
    tensor = torch.tensor(x, requires_grad=True)
    more = {"training": training} if kind == "BatchNormalization" else {}
    expected = theirs(tensor, **more)
    y, pullback = ours.vjp(x, training)
    # Keras's variance is a difference that loses digits, and a float32 even of float64.
    precision = "float32"
    slack = 1 if kind == "LayerNormalization" else 10
    near(y, expected, dtype, precision, slack, context)
    assert ours.compute_output_shape((None, *shape[1:])) == (None, *shape[1:])
    dy = rng.standard_normal(shape).astype(dtype)
    dx, grads = pullback(dy)
    inputs = [tensor, *(variable.value for variable in theirs.trainable_weights)]
    wanted = torch.autograd.grad(expected, inputs, torch.tensor(dy))
    for one, other in zip([dx, *grads], wanted, strict=True):
        near(one, other, dtype, precision, slack, context)
    ours(x, training=training)
    for one, other in zip(ours.get_weights(), theirs.get_weights(), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-6, err_msg=context)
    agreed("Keras", kind, f"{dtype} {context}")


def near(actual, expected, dtype, precision, slack, context):
    close(actual / actual.dtype.type(slack), expected / slack, dtype, precision, context)


@pytest.mark.parametrize("kind", KINDS)
def test_arguments_and_configurations(kind):
    ours, theirs = (
        [
            parameter
            for parameter in inspect.signature(getattr(kind_, kind).__init__).parameters.values()
            if parameter.kind is parameter.POSITIONAL_OR_KEYWORD
        ]
        for kind_ in (layers, keras.layers)
    )
    absent = ABSENT | {f"{name}_{what}" for name in ("beta", "gamma") for what in WHATS}
    absent |= {"renorm", "renorm_clipping", "renorm_momentum", "synchronized"}
    known = [p for p in theirs if p.name not in absent]
    assert [(p.name, p.default) for p in ours] == [(p.name, p.default) for p in known]
    one, other = (getattr(m, kind)(name="layer").get_config() for m in (layers, keras.layers))
    for key in set(one) - {"dtype"}:
        if not key.endswith("_initializer"):
            assert one[key] == other[key], key
    assert set(other) - set(one) <= absent | {"rms_scaling"}
    names = [getattr(m, kind)().name.rstrip("_0123456789") for m in (layers, keras.layers)]
    assert names[0] == names[1]


WHATS = ("regularizer", "constraint")
