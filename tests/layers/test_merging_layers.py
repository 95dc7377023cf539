"""Layers that combine several inputs."""

from functools import reduce

import numpy as np
import pytest

from comparison import assert_same_bits
from convlet import layers
from convlet.layers import Add, Average, Concatenate, Maximum, Minimum, Multiply, Subtract
from convlet.testing import check_gradients
from gradcheck import separated
from layer_checks import check_vjp

KINDS = {
    Add: np.add,
    Subtract: np.subtract,
    Multiply: np.multiply,
    Average: np.add,
    Maximum: np.maximum,
    Minimum: np.minimum,
}
SHAPES = [
    [(2, 3, 4)] * 2,
    [(2, 3, 4)] * 3,
    [(2, 5, 3, 4), (2, 1, 1, 4)],
    [(2, 1, 3, 1), (2, 5, 1, 4)],
    [(2, 4), (2, 5, 3, 4)],
    [(1, 1), (1, 4), (1, 3, 1)],
    [(0, 3), (0, 1)],
]


def drawn(shapes, rng, dtype="float64"):
    sizes = np.cumsum([int(np.prod(shape)) for shape in shapes])
    values = separated(rng, (sizes[-1],)).astype(dtype)
    return [
        part.reshape(shape)
        for part, shape in zip(np.split(values, sizes[:-1]), shapes, strict=True)
    ]


def aligned(x):
    rank = max(part.ndim for part in x)
    return [part.reshape(part.shape[0], *[1] * (rank - part.ndim), *part.shape[1:]) for part in x]


@pytest.mark.parametrize("shapes", SHAPES, ids=str)
@pytest.mark.parametrize("kind", KINDS)
def test_values_and_gradients(kind, shapes, dtype, rng):
    shapes = shapes[:2] if kind is Subtract else shapes
    x = drawn(shapes, rng, dtype)
    expected = reduce(KINDS[kind], aligned(x))
    if kind is Average:
        expected = expected / np.asarray(len(x), dtype)
    layer = kind(dtype=dtype)
    assert_same_bits(layer(x), expected)
    assert (
        layer.compute_output_shape([(None, *shape[1:]) for shape in shapes])[1:]
        == (expected.shape[1:])
    )
    check_vjp(kind(dtype="float64"), drawn(shapes, rng), rng)
    function = getattr(layers, kind.__name__.lower())
    assert_same_bits(function(x, dtype=dtype), expected)


@pytest.mark.parametrize("axis", [-1, 1, 2, -2])
def test_concatenate(axis, dtype, rng):
    shape = [2, 3, 4, 5]
    x = []
    for size in (1, 4, 2):
        shape[axis] = size
        x.append(rng.standard_normal(shape).astype(dtype))
    layer = Concatenate(axis, dtype=dtype)
    assert_same_bits(layer(x), np.concatenate(x, axis))
    assert_same_bits(layers.concatenate(x, axis=axis, dtype=dtype), layer(x))
    y, pullback = layer.vjp(x)
    for one, other in zip(pullback(y)[0], x, strict=True):
        assert_same_bits(one, other)
    unknown = [(None, *part.shape[1:]) for part in x]
    assert layer.compute_output_shape(unknown) == (None, *y.shape[1:])
    check_vjp(Concatenate(axis, dtype="float64"), [part.astype("float64") for part in x], rng)


def test_ties_share_their_gradient(rng):
    x = [np.array([[1.0, 2.0]]), np.array([[1.0, 0.0]])]
    for kind in (Maximum, Minimum):
        dx, _ = kind(dtype="float64").vjp(x)[1](np.ones((1, 2)))
        assert dx[0][0, 0] == dx[1][0, 0] == 0.5
        assert dx[0][0, 1] + dx[1][0, 1] == 1


def test_broadcast_gradients_do_not_depend_on_the_batch(rng):
    x = [rng.standard_normal((5, 9, 7, 6)).astype("f4"), rng.standard_normal((5, 6)).astype("f4")]
    y, pullback = Multiply().vjp(x)
    dy = rng.standard_normal(y.shape).astype("f4")
    whole, _ = pullback(dy)
    for index in range(5):
        row = slice(index, index + 1)
        one, _ = Multiply().vjp([part[row] for part in x])[1](dy[row])
        for a, b in zip(one, whole, strict=True):
            assert_same_bits(a, b[row])


@pytest.mark.parametrize(
    ("layer", "shapes", "message"),
    [
        (Add, [(2, 3)], "x must be a list of at least 2 inputs"),
        (Subtract, [(2, 3)] * 3, "x must be 2 inputs, got 3"),
        (Add, [(2, 3), (2, 4)], "must have one N and broadcast"),
        (Add, [(2, 3), (1, 3)], "must have one N and broadcast"),
        (Add, [(), ()], "inputs must have an axis N"),
        (Concatenate, [(2, 3), (2, 3, 4)], "inputs must have equal sizes but along axis -1"),
        (Concatenate, [(2, 3, 4), (2, 5, 4)], "inputs must have equal sizes but along axis -1"),
        (Concatenate, [(2,), (2,)], "axis must be one after N"),
        (lambda: Concatenate(3), [(2, 3), (2, 3)], "axis must be one after N of the inputs' 2"),
        (lambda: Concatenate(0), [(2, 3), (2, 3)], "axis must be one after N of the inputs' 2"),
    ],
)
def test_errors(layer, shapes, message):
    with pytest.raises(ValueError, match=message):
        layer()([np.ones(shape) for shape in shapes])
    with pytest.raises(TypeError, match="axis must be an int"):
        Concatenate(1.5)


DOTS = [
    ((3, 4), (3, 4), 1),
    ((3, 5, 4), (3, 2, 4), 2),
    ((3, 5, 4), (3, 5, 2), [1, -2]),
    ((3, 4), (3, 2, 4, 5), (1, 2)),
    ((3, 2, 4, 5), (3, 4), [2, 1]),
    ((2, 3, 4, 2), (2, 2, 3, 3), (1, 3)),
    ((0, 4), (0, 4), -1),
]


@pytest.mark.parametrize("normalize", [False, True])
@pytest.mark.parametrize(("first", "second", "axes"), DOTS)
def test_dot(first, second, axes, normalize, dtype, rng):
    x = [rng.standard_normal(shape).astype(dtype) for shape in (first, second)]
    layer = layers.Dot(axes, normalize, dtype=dtype)
    pair = axes if isinstance(axes, (list, tuple)) else (axes, axes)
    moved = [
        np.moveaxis(part.astype("float64"), axis, -1).reshape(
            len(part), part[:1].size // part.shape[axis] if len(part) else 1, part.shape[axis]
        )
        for part, axis in zip(x, pair, strict=True)
    ]
    if normalize:
        moved = [part / np.sqrt((part**2).sum(-1, keepdims=True)) for part in moved]
    y = layer(x)
    expected = np.einsum("nik,njk->nij", *moved).reshape(y.shape)
    tolerance = 1e-5 if dtype == "float32" else 1e-13
    np.testing.assert_allclose(y, expected, rtol=tolerance, atol=tolerance)
    unknown = layer.compute_output_shape([(None, *shape[1:]) for shape in (first, second)])
    assert unknown == (None, *y.shape[1:]) and y.dtype == dtype
    if len(y):
        assert_same_bits(layer([part[:1] for part in x]), y[:1])
        assert_same_bits(layer([np.asfortranarray(part) for part in x]), y)
    if dtype == "float64":
        check_gradients(layer, x)


def test_dot_of_zeros():
    layer = layers.Dot(1, normalize=True, dtype="float64")
    x = [np.zeros((1, 3)), np.ones((1, 3))]
    y, pullback = layer.vjp(x)
    assert y.tolist() == [[0.0]]
    assert np.isfinite(pullback(np.ones_like(y))[0]).all()


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda x: layers.Dot((1, 1, 1)), ValueError, "axes must be an int or 2 ints"),
        (lambda x: layers.Dot(1.5), TypeError, "axes must be an int"),
        (lambda x: layers.Dot(0)([x, x]), ValueError, "axes .* must be after N and of one size"),
        (lambda x: layers.Dot(3)([x, x]), ValueError, "axes .* must be after N and of one size"),
        (lambda x: layers.Dot((1, 2))([x, x]), ValueError, "must be after N and of one size"),
        (lambda x: layers.Dot(1)([x, x[:1]]), ValueError, "must be after N and of one size"),
        (lambda x: layers.Dot(1)([x, x, x]), ValueError, "x must be 2 inputs, got 3"),
        (lambda x: layers.Dot(1)([x]), ValueError, "at least 2 inputs"),
    ],
)
def test_dots_that_cannot_be(make, error, message):
    with pytest.raises(error, match=message):
        make(np.ones((2, 3, 4)))
