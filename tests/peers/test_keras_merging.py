"""Layers of several inputs against Keras's: outputs, gradients, arguments, names."""

from random import Random

import keras
import numpy as np
import pytest
import torch
from hypothesis import given

from convlet import layers
from strategies import SEEDS
from tally import agreed
from test_keras_layers import close

KINDS = ["Add", "Subtract", "Multiply", "Average", "Maximum", "Minimum", "Concatenate"]


def shapes(kind, rng):
    rank = rng.randint(1, 4)
    whole = [2, *(rng.randint(1, 6) for _ in range(rank))]
    count = 2 if kind == "Subtract" else rng.randint(2, 4)
    if kind == "Concatenate":
        axis = rng.randint(1, rank)
        parts = [[*whole[:axis], rng.randint(1, 6), *whole[axis + 1 :]] for _ in range(count)]
        return parts, {"axis": axis if rng.random() < 0.5 else axis - rank - 1}
    return [[2, *(rng.choice([1, size, size]) for size in whole[1:])] for _ in range(count)], {}


@pytest.mark.parametrize("kind", KINDS)
@given(SEEDS)
def test_merging(kind, dtype, seed):
    parts, arguments = shapes(kind, Random(seed))
    ours, theirs = (getattr(m, kind)(dtype=dtype, **arguments) for m in (layers, keras.layers))
    rng = np.random.default_rng(seed)
    x = [rng.integers(-3, 4, shape).astype(dtype) for shape in parts]  # with ties
    tensors = [torch.tensor(part, requires_grad=True) for part in x]
    expected = theirs(tensors)
    y, pullback = ours.vjp(x)
    context = f"{kind} {arguments} on {parts}"
    close(ours(x), expected, dtype, dtype, context)
    unknown = [(None, *shape[1:]) for shape in parts]
    assert ours.compute_output_shape(unknown) == tuple(theirs.compute_output_shape(unknown))
    dy = rng.standard_normal(y.shape).astype(dtype)
    dx, _ = pullback(dy)
    # Keras's gradients of maxima of float64 have the precision of float32 on PyTorch.
    precision = "float32" if kind in ("Maximum", "Minimum") else dtype
    wanted = torch.autograd.grad(expected, tensors, torch.tensor(dy))
    for one, other in zip(dx, wanted, strict=True):
        close(one, other, dtype, precision, context)
    agreed("Keras", kind, f"{dtype} {context}")


@pytest.mark.parametrize("kind", KINDS)
def test_names_and_configurations(kind):
    ours, theirs = (getattr(module, kind)(name="layer") for module in (layers, keras.layers))
    assert {k: v for k, v in ours.get_config().items() if k != "dtype"} == {
        k: v for k, v in theirs.get_config().items() if k != "dtype"
    }
    for module in (layers, keras.layers):
        name = getattr(module, kind)().name
        assert name.rstrip("_0123456789") == kind.lower()
        assert callable(getattr(module, kind.lower()))


@given(SEEDS)
def test_dot(dtype, seed):
    rng = Random(seed)
    size = rng.randint(1, 6)
    shapes, axes = [], []
    for _ in range(2):
        shape = [2, *(rng.randint(1, 5) for _ in range(rng.randint(0, 2)))]
        axis = rng.randint(1, len(shape))
        shape.insert(axis, size)
        shapes.append(shape)
        axes.append(axis)
    arguments = {"axes": axes, "normalize": rng.random() < 0.5}
    if axes[0] == axes[1] and rng.random() < 0.5:
        arguments["axes"] = axes[0]
    ours, theirs = (m.Dot(dtype=dtype, **arguments) for m in (layers, keras.layers))
    draw = np.random.default_rng(seed)
    x = [draw.standard_normal(shape).astype(dtype) for shape in shapes]
    if arguments["normalize"]:  # a small norm would magnify Keras's rounding to float32
        x = [part + np.copysign(part.dtype.type(0.5), part) for part in x]
    tensors = [torch.tensor(part, requires_grad=True) for part in x]
    expected = theirs(tensors)
    y, pullback = ours.vjp(x)
    context = f"Dot {arguments} on {shapes}"
    # On PyTorch, Keras's products of float64 are float32.
    close(y, expected.to(tensors[0].dtype), dtype, "float32", context)
    dy = draw.standard_normal(y.shape).astype(dtype)
    wanted = torch.autograd.grad(expected, tensors, torch.tensor(dy).to(expected.dtype))
    for one, other in zip(pullback(dy)[0], wanted, strict=True):
        close(one, other, dtype, "float32", context)
    config, other = (layer.get_config() for layer in (ours, theirs))
    assert {k: config[k] for k in ("axes", "normalize")} == {
        k: other[k] for k in ("axes", "normalize")
    }
    agreed("Keras", "Dot", f"{dtype} {context}")
