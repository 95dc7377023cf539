"""Constraints: values, after each step, atomically, in configurations and files."""

import json

import numpy as np
import pytest

import convlet
from comparison import assert_same_bits
from convlet import Input, Sequential, constraints, layers, optimizers
from convlet.constraints import Constraint, MaxNorm, MinMaxNorm, NonNeg, UnitNorm
from convlet.models import load_model

ALL = [MaxNorm(0.7, [0, 1]), NonNeg(), UnitNorm(-1), MinMaxNorm(0.5, 0.9, 0.3, axis=(0, 2))]


class Half(Constraint):
    """As a user writes one."""

    def __call__(self, w):
        return w / 2


def oracle(rule, w):
    """In float64, by NumPy's own sums."""
    w = w.astype("float64")
    if isinstance(rule, NonNeg):
        return np.where(w < 0, 0, w)
    axis = tuple(rule.axis) if isinstance(rule.axis, list) else rule.axis
    norm = np.sqrt((w**2).sum(axis, keepdims=True))
    if isinstance(rule, UnitNorm):
        return w / (1e-7 + norm)
    wanted = np.minimum(np.maximum(norm, rule.min_value), rule.max_value)
    return w * (rule.rate * wanted + (1 - rule.rate) * norm) / (1e-7 + norm)


@pytest.mark.parametrize("rule", ALL, ids=lambda rule: type(rule).__name__)
def test_values(rule, dtype, rng):
    for shape in ((3, 5, 4), (1, 1, 7), (2, 300, 3)):
        w = rng.standard_normal(shape).astype(dtype)
        found = rule(w)
        assert found.dtype == dtype and found.shape == shape
        tolerance = 1e-6 if dtype == "float32" else 1e-14
        np.testing.assert_allclose(found, oracle(rule, w), rtol=tolerance, atol=tolerance)
        assert_same_bits(rule(np.asfortranarray(w)), found)
    w[0, 0, 0] = np.nan
    assert np.isnan(rule(w)[0, 0, 0])


def test_weights_of_zero():
    zeros = np.zeros((3, 2), "float32")
    for rule in (MaxNorm(), NonNeg(), UnitNorm(), MinMaxNorm(0.5)):
        assert not rule(zeros).any()


def trained(rule, optimizer, steps=3, **options):
    """A weight's values after each step, and a free one's, from the same gradients."""
    rng = np.random.default_rng(3)
    start = rng.standard_normal((2, 4, 3))
    grads = rng.standard_normal((steps, *start.shape))
    variables = [convlet.Variable(start, name=name) for name in "ab"]
    variables[0].constraint = rule
    made = optimizer(0.1, **options)
    values = []
    for grad in grads:
        made.apply([grad, grad], variables)
        values.append([np.array(v.value) for v in variables])
    return values, made


@pytest.mark.parametrize("optimizer", [optimizers.SGD, optimizers.Adam, optimizers.Lion])
@pytest.mark.parametrize("rule", [*ALL, Half()], ids=lambda rule: type(rule).__name__)
def test_a_step_ends_with_a_projection(rule, optimizer):
    """The step is the free one's where it starts from the same values."""
    values, made = trained(rule, optimizer)
    constrained, free = values[0]
    np.testing.assert_array_equal(constrained, rule(free))
    # Slots depend on gradients alone.
    slots = {slot.name: slot.value for slot in made.variables}
    for name in [name for name in slots if name.startswith("a_")]:
        np.testing.assert_array_equal(slots[name], slots[name.replace("a_", "b_", 1)])


def test_accumulated_gradients():
    """Each step projects, also one that only adds up, as in Keras."""
    values, _ = trained(Half(), optimizers.SGD, gradient_accumulation_steps=2)
    (first, before), (second, after), _ = values
    start = before
    np.testing.assert_array_equal(first, start / 2)
    np.testing.assert_allclose(second, (start / 2 + (after - before)) / 2, rtol=1e-14)


def test_averages_that_take_the_weights_places():
    options = {"use_ema": True, "ema_momentum": 0.5, "ema_overwrite_frequency": 2}
    values, made = trained(Half(), optimizers.SGD, steps=2, **options)
    average = next(v for v in made.variables if "average" in v.name)
    np.testing.assert_array_equal(values[1][0], average.value / 2)


def test_a_refused_projection_changes_nothing():
    class Wrong(Constraint):
        def __call__(self, w):
            return w[:1]

    variable = convlet.Variable(np.ones((2, 2)))
    variable.constraint = Wrong()
    optimizer = optimizers.Adam(0.1)
    with pytest.raises(ValueError, match="constraint must have their variable's shape"):
        optimizer.apply([np.ones((2, 2))], [variable])
    assert variable.version == 0 and int(optimizer.iterations) == 0
    assert not any(slot.value.any() for slot in optimizer.variables[2:])


def test_training_and_files(tmp_path):
    """Norms stay where they must be, and a loaded model goes on as the first one."""
    rng = np.random.default_rng(0)
    x, y = rng.standard_normal((16, 6, 6, 2)), rng.standard_normal((16, 2))
    model = Sequential(
        [
            Input((6, 6, 2)),
            layers.Conv2D(
                3, 3, kernel_constraint=MaxNorm(0.5, [0, 1, 2]), activity_regularizer="l2"
            ),
            layers.Flatten(),
            layers.Dense(2, kernel_constraint="unit_norm", bias_constraint=NonNeg()),
        ]
    )
    model.compile(optimizers.Adam(0.05), "mse")
    model.fit(x, y, epochs=2, batch_size=8, verbose=0)
    conv, dense = model.layers[0], model.layers[2]
    assert (np.sqrt((conv.kernel.value**2).sum((0, 1, 2))) <= 0.5 + 1e-6).all()
    np.testing.assert_allclose((dense.kernel.value**2).sum(0), 1, rtol=1e-6)
    assert (dense.bias.value >= 0).all()
    model.save(tmp_path / "m.keras")
    again = load_model(tmp_path / "m.keras")
    for one in (model, again):
        one.fit(x, y, batch_size=8, shuffle=False, verbose=0)
    for a, b in zip(model.get_weights(), again.get_weights(), strict=True):
        assert_same_bits(a, b)


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
    given = {f"{name}_constraint": MaxNorm(n + 1) for n, name in enumerate(names)}
    layer = make(name="a", **given)
    layer.build(shape)
    found = [w.constraint for w in layer.weights if w.constraint is not None]
    assert [one.max_value for one in found] == [n + 1 for n in range(len(names))]
    settings = json.loads(json.dumps(layer.get_config()))
    twin = type(layer).from_config(settings)
    assert json.loads(json.dumps(twin.get_config())) == settings
    assert not any(key.endswith("_constraint") for key in make().get_config())


def test_names_and_configurations():
    for name, kind in (("max_norm", MaxNorm), ("NonNeg", NonNeg), (UnitNorm, UnitNorm)):
        assert type(constraints.get(name)) is kind
    for one in ALL:
        again = constraints.get(json.loads(json.dumps(constraints.serialize(one))))
        assert type(again) is type(one) and again.get_config() == one.get_config()
    assert constraints.get(None) is None

    class Own(layers.Layer):
        def build(self, input_shape):
            self.w = self.add_weight((2,), "ones", name="w", constraint="non_neg")

    layer = Own()
    layer.build((None, 2))
    assert isinstance(layer.w.constraint, NonNeg)


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: layers.Dense(1, kernel_constraint="norm"), ValueError, "constraint must be a Con"),
        (lambda: layers.Flatten(kernel_constraint="non_neg"), TypeError, "Flatten has no argument"),
        (lambda: MaxNorm("a"), TypeError, "max_value must be a number"),
        (lambda: MinMaxNorm(rate=np.nan), ValueError, "rate must be finite"),
        (lambda: UnitNorm(0.5), TypeError, "axis must be an int"),
        (lambda: UnitNorm(2)(np.ones((2, 2))), ValueError, "axis must be among those"),
        (lambda: constraints.deserialize({"class_name": "os"}), ValueError, "must be one of"),
        (lambda: Constraint()(1.0), NotImplementedError, "must define __call__"),
    ],
)
def test_errors(make, error, message):
    with pytest.raises(error, match=message):
        make()
