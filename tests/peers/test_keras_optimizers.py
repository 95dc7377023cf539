"""`convlet.optimizers` against `keras.optimizers`: the same steps, names, defaults and state."""

import inspect

import keras
import numpy as np
import pytest

import tally
from comparison import assert_close
from convlet import Variable, optimizers

NAMES = ["SGD", "Adam", "RMSprop", "Adadelta", "Adagrad", "AdamW", "Adamax", "Nadam", "Lion"]
OWN = {
    "SGD": [{}, {"momentum": 0.9}, {"momentum": 0.9, "nesterov": True}],
    "Adam": [{}, {"amsgrad": True}, {"beta_1": 0.8, "beta_2": 0.99, "epsilon": 1e-3}],
    "RMSprop": [
        {},
        {"momentum": 0.9},
        {"centered": True},
        {"rho": 0.8, "momentum": 0.5, "epsilon": 1e-3, "centered": True},
    ],
    "Adadelta": [{}, {"learning_rate": 1.0}, {"learning_rate": 0.5, "rho": 0.9, "epsilon": 1e-3}],
    "Adagrad": [{}, {"learning_rate": 0.1, "initial_accumulator_value": 0.0, "epsilon": 1e-3}],
    "AdamW": [{}, {"learning_rate": 0.1, "weight_decay": 0.1}, {"amsgrad": True}],
    "Adamax": [{}, {"learning_rate": 0.1, "beta_1": 0.8, "beta_2": 0.9, "epsilon": 1e-3}],
    "Nadam": [{}, {"learning_rate": 0.1, "beta_1": 0.8, "beta_2": 0.9, "epsilon": 1e-3}],
    "Lion": [{}, {"learning_rate": 0.1, "beta_1": 0.8, "beta_2": 0.9}],
}
COMMON = [
    {"use_ema": True},
    {"use_ema": True, "ema_momentum": 0.75, "ema_overwrite_frequency": 3, "weight_decay": 0.1},
    {"gradient_accumulation_steps": 3},
    {"gradient_accumulation_steps": 2, "clipnorm": 0.7, "use_ema": True, "ema_momentum": 0.5},
    {"weight_decay": 0.1},
    {"clipnorm": 0.7},
    {"clipvalue": 0.4},
    {"global_clipnorm": 1.3},
    {"learning_rate": 0.3, "weight_decay": 0.01, "clipnorm": 1.0},
]
CASES = [(name, own) for name in NAMES for own in OWN[name] + COMMON]
SHAPES = [(3, 3, 2, 8), (8,), (50, 4)]


def numpy_of(variable):
    return keras.ops.convert_to_numpy(variable)


@pytest.mark.parametrize("name, options", CASES, ids=str)
def test_twenty_steps(name, options, dtype, rng):
    first = [rng.standard_normal(shape).astype(dtype) for shape in SHAPES]
    ours = [Variable(value) for value in first]
    theirs = [keras.Variable(value, dtype=dtype) for value in first]
    optimizer, expected = getattr(optimizers, name)(**options), getattr(keras.optimizers, name)
    expected = expected(**options)
    # Keras on PyTorch clips and decays by numbers that it rounds to float32.
    rounded = options in COMMON or name == "AdamW"
    eps = np.finfo("float32" if rounded else dtype).eps
    for step in range(20):
        grads = [rng.standard_normal(shape).astype(dtype) for shape in SHAPES]
        optimizer.apply(grads, ours)
        expected.apply([keras.ops.convert_to_tensor(grad) for grad in grads], theirs)
        tolerance = 16 * (step + 1) * eps
        for a, b in zip(ours, theirs, strict=True):
            scale = max(1.0, np.abs(numpy_of(b)).max())
            context = f"{name} {options} step {step}"
            assert_close(a.value, numpy_of(b), tolerance * scale, context, dtype=dtype)
    assert int(optimizer.iterations.value) == int(numpy_of(expected.iterations))
    assert int(optimizer.variables[0].value) == 20
    for a, b in zip(optimizer.variables[2:], expected.variables[2:], strict=True):
        scale = max(1.0, np.abs(numpy_of(b)).max())
        value = a.value.astype(dtype)
        assert_close(value, numpy_of(b).astype(dtype), 1000 * eps * scale, a.path, dtype=dtype)
    optimizer.finalize_variable_values(ours)
    expected.finalize_variable_values(theirs)
    for a, b in zip(ours, theirs, strict=True):
        assert_close(a.value, numpy_of(b), 320 * eps * 4, f"{name} {options}", dtype=dtype)
    tally.agreed("keras", name, f"{options} {dtype}")


def test_exclude_from_weight_decay(rng):
    first = [rng.standard_normal(shape) for shape in ((3, 2), (2,), (4,))]
    names = ["kernel", "bias", "gamma"]
    ours = [Variable(value, name=n) for value, n in zip(first, names, strict=True)]
    theirs = [keras.Variable(value, name=n) for value, n in zip(first, names, strict=True)]
    optimizer, expected = (
        module.AdamW(0.1, weight_decay=0.5) for module in (optimizers, keras.optimizers)
    )
    optimizer.exclude_from_weight_decay([ours[2]], ["bia"])
    expected.exclude_from_weight_decay([theirs[2]], ["bia"])
    for _ in range(3):
        grads = [rng.standard_normal(value.shape) for value in first]
        optimizer.apply(grads, ours)
        expected.apply([keras.ops.convert_to_tensor(grad) for grad in grads], theirs)
    for a, b in zip(ours, theirs, strict=True):
        assert_close(a.value, numpy_of(b), 1e-6, a.name, dtype="float64")


@pytest.mark.parametrize("name", NAMES)
def test_arguments_and_defaults(name):
    """A rule's own are Keras's in its order; those of all optimizers stand in `Optimizer`."""
    theirs = inspect.signature(getattr(keras.optimizers, name).__init__).parameters
    ours = inspect.signature(getattr(optimizers, name).__init__).parameters
    common = inspect.signature(optimizers.Optimizer.__init__).parameters
    expected = [(n, p.default) for n, p in theirs.items() if n in ours or n not in common]
    expected = [pair for pair in expected if pair[0] != "loss_scale_factor"]
    assert [(n, p.default) for n, p in ours.items()] == expected
    places = [n for n in theirs if n in common and n not in ours]
    assert places == [n for n in common if n in places]
    assert all(theirs[n].default == common[n].default for n in places)


@pytest.mark.parametrize("name, options", [(n, o) for n in NAMES for o in OWN[n]], ids=str)
def test_names_of_variables_and_config(name, options):
    ours = getattr(optimizers, name)(**options, name="mine")
    theirs = getattr(keras.optimizers, name)(**options, name="mine")
    shapes = {"kernel": (2, 3), "bias": (3,)}
    ours.build([Variable(np.zeros(s, np.float32), name=n) for n, s in shapes.items()])
    theirs.build([keras.Variable(np.zeros(s, np.float32), name=n) for n, s in shapes.items()])
    if name != "Nadam":  # whose product has no name of its own in Keras
        assert [v.path for v in ours.variables] == [v.path for v in theirs.variables]
        assert [v.name for v in ours.variables] == [v.name for v in theirs.variables]
    assert [v.shape for v in ours.variables] == [tuple(v.shape) for v in theirs.variables]
    config = theirs.get_config()
    assert ours.get_config().items() <= config.items()


@pytest.mark.parametrize(
    "name", ["adam", "Adam", "ADAM", "sgd", "SGD", "rmsprop", "Adadelta", *map(str.lower, NAMES)]
)
def test_get(name):
    theirs, ours = keras.optimizers.get(name), optimizers.get(name)
    assert type(ours).__name__ == type(theirs).__name__
    assert ours.get_config().keys() <= theirs.get_config().keys()
