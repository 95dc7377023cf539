"""Activations, initializers and small functions, beside Keras."""

import inspect

import keras
import numpy as np
import pytest
import torch

from convlet import activations, initializers, layers, utils
from convlet._names import to_snake_case
from tally import agreed

X = np.linspace(-9, 9, 182).reshape(1, -1)


@pytest.mark.parametrize("name", [n for n in activations.__all__ if n not in ("get", "serialize")])
def test_activation(name):
    ours, theirs = getattr(activations, name), getattr(keras.activations, name)
    more = (0.3, -7.0) if name == "threshold" else ()
    for dtype in ("float32", "float64"):
        # Keras's sparsemax adds up all partial sums: it is right where one element takes all.
        x = (20 * X if name == "sparsemax" else X).astype(dtype)
        tensor = torch.tensor(x, requires_grad=True)
        expected = theirs(tensor, *more)
        np.testing.assert_allclose(ours(x, *more), expected.detach(), rtol=2e-6, atol=2e-6)
        if name in ("glu", "threshold"):
            continue  # which are no layer's
        _, pullback = layers.Activation(name, dtype=dtype).vjp(x)
        (wanted,) = torch.autograd.grad(expected, tensor, torch.cos(tensor.detach()))
        np.testing.assert_allclose(pullback(np.cos(x))[0], wanted, rtol=5e-6, atol=5e-6)
        agreed("Keras", "activations", f"{dtype} {name}")
    assert list(inspect.signature(ours).parameters) == list(inspect.signature(theirs).parameters)
    for parameter in inspect.signature(theirs).parameters.values():
        assert inspect.signature(ours).parameters[parameter.name].default == parameter.default


@pytest.mark.parametrize(
    "name", [n for n in initializers.__all__ if n not in ("get", "serialize", "Initializer")]
)
def test_initializer(name):
    """The same arguments, the same distribution."""
    ours, theirs = getattr(initializers, name), getattr(keras.initializers, name)
    mine, other = (inspect.signature(kind.__init__).parameters for kind in (ours, theirs))
    # Newer versions of Keras have further ones, after these.
    expected = [(name, parameter.default) for name, parameter in other.items()]
    assert [(name, parameter.default) for name, parameter in mine.items()] == expected[: len(mine)]
    arguments = {"seed": 3} if "seed" in mine else {}
    for shape in [(3, 3, 30, 40), (400, 300), (20000,)]:
        a = ours(**arguments)(shape)
        b = keras.ops.convert_to_numpy(theirs(**arguments)(shape))
        assert a.dtype == b.dtype
        assert a.std() == pytest.approx(b.std(), rel=0.03)
        assert np.abs(a).max() == pytest.approx(np.abs(b).max(), rel=0.25)
        assert a.mean() == pytest.approx(b.mean(), abs=0.03 * float(b.std()) + 1e-9)


# Keras cannot make a Constant from its name alone.
@pytest.mark.parametrize("name", sorted({*initializers._BY_NAME} - {"Constant", "constant"}))
def test_initializer_names(name):
    ours, theirs = initializers.get(name), keras.initializers.get(name)
    assert type(ours).__name__ == type(theirs).__name__


@pytest.mark.parametrize("shape", [(5,), (5, 1), (2, 3), (2, 3, 1), (1,)])
@pytest.mark.parametrize("classes", [None, 9])
def test_to_categorical(shape, classes):
    labels = np.random.default_rng(0).integers(9, size=shape)
    expected = keras.utils.to_categorical(labels, classes)
    actual = utils.to_categorical(labels, classes)
    assert (actual.shape, actual.dtype) == (expected.shape, expected.dtype)
    assert np.array_equal(actual, expected)


def test_names():
    from keras.src.utils.naming import to_snake_case as theirs

    for name in dir(keras.layers):
        if name[0].isupper():
            assert to_snake_case(name) == theirs(name)
