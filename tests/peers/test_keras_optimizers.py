"""`convlet.optimizers` against `keras.optimizers`: the same steps, names, defaults and state."""

import inspect

import keras
import numpy as np
import pytest

from comparison import assert_close
from convlet import Variable, optimizers

NAMES = ["SGD", "Adam", "RMSprop", "Adadelta"]
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
}
COMMON = [
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
    eps = np.finfo("float32" if options in COMMON else dtype).eps
    for step in range(20):
        grads = [rng.standard_normal(shape).astype(dtype) for shape in SHAPES]
        optimizer.apply(grads, ours)
        expected.apply([keras.ops.convert_to_tensor(grad) for grad in grads], theirs)
        tolerance = 16 * (step + 1) * eps
        for a, b in zip(ours, theirs, strict=True):
            scale = max(1.0, np.abs(numpy_of(b)).max())
            context = f"{name} {options} step {step}"
            assert_close(a.value, numpy_of(b), tolerance * scale, context, dtype=dtype)
    assert int(optimizer.iterations.value) == int(numpy_of(expected.iterations)) == 20
    for a, b in zip(optimizer.variables[2:], expected.variables[2:], strict=True):
        scale = max(1.0, np.abs(numpy_of(b)).max())
        assert_close(a.value, numpy_of(b), 1000 * eps * scale, a.path, dtype=dtype)


@pytest.mark.parametrize("name", NAMES)
def test_arguments_and_defaults(name):
    """Keras's in its order, less those that convlet does not have."""
    theirs = inspect.signature(getattr(keras.optimizers, name).__init__).parameters
    ours = inspect.signature(getattr(optimizers, name).__init__).parameters
    later = ("use_ema", "ema_momentum", "ema_overwrite_frequency", "loss_scale_factor",
             "gradient_accumulation_steps", "kwargs")  # fmt: skip
    expected = [(n, p.default) for n, p in theirs.items() if n not in later]
    assert [(n, p.default) for n, p in ours.items()] == expected


@pytest.mark.parametrize("name, options", [(n, o) for n in NAMES for o in OWN[n]], ids=str)
def test_names_of_variables_and_config(name, options):
    ours = getattr(optimizers, name)(**options, name="mine")
    theirs = getattr(keras.optimizers, name)(**options, name="mine")
    shapes = {"kernel": (2, 3), "bias": (3,)}
    ours.build([Variable(np.zeros(s, np.float32), name=n) for n, s in shapes.items()])
    theirs.build([keras.Variable(np.zeros(s, np.float32), name=n) for n, s in shapes.items()])
    assert [v.path for v in ours.variables] == [v.path for v in theirs.variables]
    assert [v.name for v in ours.variables] == [v.name for v in theirs.variables]
    assert [v.shape for v in ours.variables] == [tuple(v.shape) for v in theirs.variables]
    config = theirs.get_config()
    assert ours.get_config().items() <= config.items()


@pytest.mark.parametrize("name", ["adam", "Adam", "ADAM", "sgd", "SGD", "rmsprop", "Adadelta"])
def test_get(name):
    theirs, ours = keras.optimizers.get(name), optimizers.get(name)
    assert type(ours).__name__ == type(theirs).__name__
    assert ours.get_config().keys() <= theirs.get_config().keys()
