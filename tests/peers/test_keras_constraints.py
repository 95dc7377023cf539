"""Constraints and penalties of activities beside Keras's: values, curves of training, files."""

import keras
import numpy as np
import pytest
import torch

import convlet
from convlet import constraints, models
from tally import agreed

RULES = [
    ("MaxNorm", {"max_value": 0.6, "axis": [0, 1]}),
    ("MaxNorm", {}),
    ("NonNeg", {}),
    ("UnitNorm", {"axis": -1}),
    ("MinMaxNorm", {"min_value": 0.5, "max_value": 0.8, "rate": 0.25, "axis": 1}),
    ("MinMaxNorm", {}),
]


@pytest.mark.parametrize(("name", "arguments"), RULES)
def test_values(name, arguments, dtype, rng):
    ours, theirs = (getattr(m, name)(**arguments) for m in (constraints, keras.constraints))
    w = rng.standard_normal((5, 4, 3)).astype(dtype)
    expected = theirs(torch.tensor(w)).numpy()
    # On PyTorch, Keras's bounds of float64 have the precision of float32.
    tolerance = 1e-6 if dtype == "float32" else 1e-7
    np.testing.assert_allclose(ours(w), expected, rtol=tolerance, atol=tolerance)
    assert ours.get_config() == theirs.get_config()
    alias = next(n for n in constraints.__all__ if getattr(constraints, n) is type(ours))
    assert type(keras.constraints.get(name)) is type(theirs) and hasattr(keras.constraints, alias)
    agreed("Keras", "constraints", f"{dtype} {name} {arguments}")


def chained(k):
    """Constraints of every kind of weight, and penalties for what some layers return."""
    layers, rules = k.layers, k.constraints
    return k.Sequential(
        [
            layers.Input((8, 8, 2)),
            layers.Conv2D(4, 3, use_bias=False, kernel_constraint=rules.MaxNorm(0.5, [0, 1, 2])),
            layers.BatchNormalization(gamma_constraint="non_neg", activity_regularizer="l1"),
            layers.PReLU(shared_axes=[1, 2], alpha_constraint=rules.UnitNorm()),
            layers.DepthwiseConv2D(
                3,
                depthwise_constraint=rules.MinMaxNorm(0.2, 0.4, 0.5),
                activity_regularizer=k.regularizers.L1L2(0.01, 0.02),
            ),
            layers.ActivityRegularization(0.01, 0.03),
            layers.Flatten(),
            layers.Dense(
                3, activation="tanh", bias_constraint="non_neg", activity_regularizer="l2"
            ),
        ]
    )


def shared(k):
    """A layer with a penalty that is called twice, once of them within a nested model."""
    layers = k.layers
    dense = layers.Dense(
        4, activation="tanh", activity_regularizer="l2", kernel_constraint="UnitNorm"
    )
    a, start = k.Input((8, 8, 2)), k.Input((4,))
    inner = k.Model(start, layers.Dense(3)(dense(start)))
    pooled = layers.GlobalAveragePooling2D()(layers.Conv2D(4, 3)(a))
    return k.Model(a, inner(dense(pooled)))


@pytest.mark.parametrize("optimizer", ["SGD", "Adam"])
@pytest.mark.parametrize("make", [chained, shared])
def test_training(make, optimizer, rng):
    """Losses over eight steps of several sizes, evaluation included, and weights at the end."""
    x = rng.standard_normal((32, 8, 8, 2)).astype("float32")
    y = rng.standard_normal((32, 3)).astype("float32")
    curves, weights = [], []
    for library in (convlet, keras):
        model = make(library)
        if weights:
            model.set_weights(weights[0])
        else:
            weights.append(model.get_weights())
        model.compile(getattr(library.optimizers, optimizer)(0.02), "mse")
        curve = [float(model.evaluate(x, y, batch_size=32, verbose=0))]
        curve += [
            float(np.ravel(model.train_on_batch(x[:size], y[:size]))[0])
            for size in (32, 5, 32, 8, 1, 32, 16, 32)
        ]
        curves.append(curve)
        weights.append(model.get_weights())
    np.testing.assert_allclose(*curves, rtol=1e-4)
    for one, other in zip(*weights[1:], strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=2e-5)
    agreed("Keras", "constraints and penalties of activities", f"{make.__name__} {optimizer}")


def test_files_of_keras(rng, tmp_path):
    theirs = chained(keras)
    theirs.compile("sgd", "mse")
    theirs.save(tmp_path / "m.keras")
    ours = models.load_model(tmp_path / "m.keras")
    x = rng.standard_normal((4, 8, 8, 2)).astype("float32")
    y = rng.standard_normal((4, 3)).astype("float32")
    for _ in range(2):
        found = ours.train_on_batch(x, y), float(np.ravel(theirs.train_on_batch(x, y))[0])
        assert found[0] == pytest.approx(found[1], rel=1e-5)
    for one, other in zip(ours.get_weights(), theirs.get_weights(), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-5)


def test_accumulated_gradients_and_averages(rng):
    start = rng.standard_normal((4, 3)).astype("float32")
    grads = rng.standard_normal((6, 4, 3)).astype("float32")
    for options in (
        {"gradient_accumulation_steps": 2},
        {"use_ema": True, "ema_momentum": 0.5, "ema_overwrite_frequency": 3},
        {"use_ema": True, "ema_momentum": 0.5},
    ):
        ours, theirs = convlet.Variable(start), keras.Variable(start)
        ours.constraint = constraints.MinMaxNorm(0.5, 0.8, 0.25)
        theirs.constraint = keras.constraints.MinMaxNorm(0.5, 0.8, 0.25)
        one, two = convlet.optimizers.SGD(0.1, **options), keras.optimizers.SGD(0.1, **options)
        for grad in grads:
            one.apply([grad], [ours])
            two.apply([torch.tensor(grad)], [theirs])
            np.testing.assert_allclose(
                ours.value, theirs.numpy(), rtol=1e-5, atol=1e-6, err_msg=str(options)
            )
