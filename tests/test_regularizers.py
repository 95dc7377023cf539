"""Penalties on weights: values, gradients, in the loss, in the step, in configurations."""

import json

import numpy as np
import pytest

from convlet import Input, Model, Sequential, layers, regularizers
from convlet.regularizers import L1, L1L2, L2, Regularizer
from convlet.testing import check_gradients


class Cubes(Regularizer):
    """As a user writes one."""

    def value_and_grad(self, x):
        return float((np.abs(x) ** 3).sum()), 3 * x * np.abs(x)


@pytest.mark.parametrize(
    "penalty", [L1(0.3), L2(0.2), L1L2(0.1, 0.4), L1L2(), Cubes()], ids=lambda p: type(p).__name__
)
def test_values_and_gradients(penalty, dtype, rng):
    x = rng.standard_normal((30, 700)).astype(dtype)
    value, grad = penalty.value_and_grad(x)
    whole = x.astype("float64")
    oracle = {
        "L1": lambda: 0.3 * np.abs(whole).sum(),
        "L2": lambda: 0.2 * (whole**2).sum(),
        "L1L2": lambda: penalty.l1 * np.abs(whole).sum() + penalty.l2 * (whole**2).sum(),
        "Cubes": lambda: (np.abs(whole) ** 3).sum(),
    }[type(penalty).__name__]
    assert value == pytest.approx(oracle(), rel=1e-6 if dtype == "float32" else 1e-13)
    assert penalty(x) == value and grad.dtype == dtype and grad.shape == x.shape
    way = rng.standard_normal(x.shape)
    step = 1e-6
    x64 = x.astype("float64")
    difference = (penalty(x64 + step * way) - penalty(x64 - step * way)) / (2 * step)
    assert (penalty.value_and_grad(x64)[1] * way).sum() == pytest.approx(difference, rel=1e-4)


def test_zeros_have_no_slope():
    assert L1().value_and_grad(np.zeros(3))[1].tolist() == [0, 0, 0]


def model(**options):
    made = Sequential(
        [
            Input((6, 6, 2)),
            layers.Conv2D(3, 3, kernel_initializer="ones", **options),
            layers.Flatten(),
            layers.Dense(2, kernel_initializer="ones"),
        ]
    )
    made.compile("sgd", "mse")
    return made


def test_the_penalty_is_in_the_loss_and_the_step():
    x, y = np.ones((2, 6, 6, 2)), np.zeros((2, 2))
    plain, with_penalty = model(), model(kernel_regularizer=L2(0.5))
    assert with_penalty.losses == [0.5 * 54] and plain.losses == []
    for method in ("test_on_batch", "train_on_batch"):
        found = [getattr(one, method)(x, y) for one in (plain, with_penalty)]
        assert found[1] == pytest.approx(found[0] + 27)
    apart = plain.layers[0].kernel.value - with_penalty.layers[0].kernel.value
    np.testing.assert_allclose(apart, 0.01 * 2 * 0.5, rtol=0.05)  # rate times slope
    np.testing.assert_array_equal(plain.layers[2].kernel.value, with_penalty.layers[2].kernel.value)
    with_penalty.layers[0].trainable = False
    assert with_penalty.losses == []


@pytest.mark.parametrize(
    ("make", "shape", "names"),
    [
        (lambda **k: layers.Conv2D(2, 3, **k), (1, 5, 5, 2), ("kernel", "bias")),
        (lambda **k: layers.Conv1DTranspose(2, 3, **k), (1, 5, 2), ("kernel", "bias")),
        (lambda **k: layers.DepthwiseConv2D(3, **k), (1, 5, 5, 2), ("depthwise", "bias")),
        (lambda **k: layers.SeparableConv2D(2, 3, **k), (1, 5, 5, 2), ("depthwise", "pointwise")),
        (lambda **k: layers.Dense(2, **k), (1, 5), ("kernel", "bias")),
        (lambda **k: layers.BatchNormalization(**k), (1, 5), ("gamma", "beta")),
        (lambda **k: layers.LayerNormalization(**k), (1, 5), ("gamma", "beta")),
        (lambda **k: layers.GroupNormalization(1, **k), (1, 5), ("beta",)),
        (lambda **k: layers.PReLU(**k), (1, 5), ("alpha",)),
    ],
)
def test_every_layer_with_weights(make, shape, names):
    given = {f"{name}_regularizer": L1L2(0.1, n) for n, name in enumerate(names)}
    layer = make(name="a", **given)
    layer.build(shape)
    found = [w.regularizer for w in layer.weights if w.regularizer is not None]
    assert [one.l2 for one in found] == list(range(len(names)))
    settings = json.loads(json.dumps(layer.get_config()))
    twin = type(layer).from_config(settings)
    assert json.loads(json.dumps(twin.get_config())) == settings
    assert not any(key.endswith("_regularizer") for key in make().get_config())


def test_names_and_configurations():
    for name, kind in (("l1", L1), ("L2", L2), ("l1_l2", L1L2), (L1, L1)):
        assert type(regularizers.get(name)) is kind
    for one in (L1(0.5), L2(0.25), L1L2(1, 2)):
        again = regularizers.get(json.loads(json.dumps(regularizers.serialize(one))))
        assert type(again) is type(one) and again.get_config() == one.get_config()
    assert regularizers.get(None) is None
    assert layers.Dense(1, kernel_regularizer="l2").kernel_regularizer.l2 == 0.01
    assert layers.Dense(1, kernel_regularizer=None).kernel_regularizer is None


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: layers.Dense(1, kernel_regularizer="l3"), ValueError, "regularizer must be a Reg"),
        (
            lambda: layers.Dense(1, gamma_regularizer="l2"),
            TypeError,
            "Dense has no argument 'gamma",
        ),
        (lambda: layers.Dense(1, activity_regularizer=3), ValueError, "regularizer must be a Reg"),
        (lambda: layers.Flatten(kernel_regularizer="l2"), TypeError, "Flatten has no argument"),
        (lambda: layers.Dense(1, unit=3), TypeError, "Dense has no argument 'unit'"),
        (lambda: L2("a"), TypeError, "l2 must be a number"),
        (lambda: L1(np.inf), ValueError, "l1 must be finite"),
        (lambda: regularizers.deserialize({"class_name": "os"}), ValueError, "must be one of"),
        (lambda: Regularizer()(1.0), NotImplementedError, "must define value_and_grad"),
    ],
)
def test_errors(make, error, message):
    with pytest.raises(error, match=message):
        make()


def test_weights_of_layers_of_ones_own():
    class Own(layers.Layer):
        def build(self, input_shape):
            self.w = self.add_weight((2,), "ones", name="w", regularizer="l2")

    layer = Own()
    layer.build((None, 2))
    assert layer.w.regularizer.l2 == 0.01


def penalized(dtype="float64", penalty=None):
    """Penalties for what a shared layer, a part of a nested model and an output return."""
    rule = {"dtype": dtype, "activity_regularizer": penalty or L1L2(0.3, 0.2)}
    a = Input((4,), dtype=dtype)
    shared = layers.Dense(4, activation="tanh", **rule)
    inner = Sequential([Input((4,), dtype=dtype), layers.Dense(3, dtype=dtype), layers.ELU(**rule)])
    return Model(a, [inner(shared(shared(a))), layers.Dense(2, **rule)(a)])


def test_penalties_of_activities_are_in_the_gradients():
    model = penalized()
    x = np.random.default_rng(0).standard_normal((3, 4))
    check_gradients(model, x)
    first = model.layers[1]
    shared = [first(x), first(first(x))]
    activities = [*shared, *model(x)]
    expected = sum(0.3 * np.abs(y).sum() + 0.2 * (y**2).sum() for y in activities) / 3
    _, pullback = model.vjp(x)
    assert sum(pullback.losses) == pytest.approx(expected, rel=1e-13)
    assert len(pullback.losses) == 4


def test_an_output_without_a_loss_has_its_penalty():
    """Its gradient is None, the gradient of its penalty is not."""
    model = penalized()
    x = np.random.default_rng(0).standard_normal((3, 4))
    y, pullback = model.vjp(x)
    given, zeros = pullback([None, y[1]]), pullback([np.zeros_like(y[0]), y[1]])
    np.testing.assert_array_equal(given[0], zeros[0])
    for one, other in zip(given[1], zeros[1], strict=True):
        np.testing.assert_array_equal(one, other)
    assert all(grad.any() for grad in given[1])


def test_the_penalty_of_activities_is_in_the_loss():
    x = np.random.default_rng(0).standard_normal((5, 4))
    plain, with_penalty = penalized(penalty=L2(0.0)), penalized(penalty=L2(0.5))
    with_penalty.set_weights(plain.get_weights())
    y = plain(x)
    more = 0.5 * sum((one**2).sum() for one in (*y, *plain.layers[1].vjp(x)[:1])) / 5
    more += 0.5 * (plain.layers[1](plain.layers[1](x)) ** 2).sum() / 5
    for model in (plain, with_penalty):
        model.compile("sgd", ["mse", "mse"])
    for method in ("test_on_batch", "train_on_batch"):
        found = [getattr(model, method)(x, y)[0] for model in (plain, with_penalty)]
        assert found[1] == pytest.approx(found[0] + more, rel=1e-12)
    assert with_penalty.losses == []
    assert with_penalty.predict(x, verbose=0)[0].shape == (5, 3)


def test_activity_regularization():
    layer = layers.ActivityRegularization(0.5, 0.25, dtype="float64")
    x = np.array([[1.0, -2.0], [3.0, 0.5]])
    model = Sequential([Input((2,), dtype="float64"), layer])
    y, pullback = model.vjp(x)
    np.testing.assert_array_equal(y, x)
    assert pullback.losses == [(0.5 * 6.5 + 0.25 * 14.25) / 2]
    np.testing.assert_allclose(pullback(0 * y)[0], (0.5 * np.sign(x) + 0.5 * x) / 2, rtol=1e-15)
    settings = json.loads(json.dumps(layer.get_config()))
    assert settings.items() >= {"l1": 0.5, "l2": 0.25}.items()
    assert layers.ActivityRegularization.from_config(settings).get_config() == layer.get_config()
