"""`Dense`: a matrix product over the last axis, on the convolution's kernel."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from comparison import assert_same_bits
from convlet import ops
from convlet.layers import Dense
from layer_checks import check_vjp
from strategies import LAYOUTS, SEEDS

SHAPES = st.lists(st.integers(1, 5), min_size=1, max_size=3).flatmap(
    lambda front: st.sampled_from((1, 2, 7, 16, 33)).map(lambda last: (*front, last))
)
SMOOTH = (None, "sigmoid", "elu", "hard_silu", "softmax", "exponential")


@given(SHAPES, st.sampled_from((1, 3, 8, 17)), SEEDS)
def test_equals_a_convolution_of_single_pixels(dtype, shape, units, seed):
    rng = np.random.default_rng(seed)
    x = rng.standard_normal(shape).astype(dtype)
    layer = Dense(units, "relu", bias_initializer="random_normal", dtype=dtype)
    y = layer(x)
    pixels = x.reshape(math.prod(shape[:-1]), 1, shape[-1])
    expected = ops.conv(pixels, layer.kernel.value[None], layer.bias.value, activation="relu")
    assert_same_bits(y, expected.reshape(*shape[:-1], units))
    assert_same_bits(layer.vjp(x)[0], y)
    assert layer.compute_output_shape((None, *shape[1:])) == (None, *y.shape[1:])


@given(SHAPES, st.sampled_from((1, 3, 8)), SEEDS)
def test_gradients(shape, units, seed):
    rng = np.random.default_rng(seed)
    activation = SMOOTH[seed % len(SMOOTH)]
    layer = Dense(units, activation, use_bias=seed % 3 > 0, dtype="float64")
    check_vjp(layer, rng.standard_normal(shape), rng)


def test_layouts_do_not_matter(dtype, rng):
    x = rng.standard_normal((4, 3, 6)).astype(dtype)
    layer = Dense(5, "tanh", dtype=dtype)
    layer.build(x.shape)
    y, pullback = layer.vjp(x)
    grad = rng.standard_normal(y.shape).astype(dtype)
    dx, (dkernel, dbias) = pullback(grad)
    for name, layout in LAYOUTS.items():
        assert_same_bits(layer(layout(x)), y, name)
        dx_, (dkernel_, dbias_) = layer.vjp(layout(x))[1](grad)
        for ours, theirs in ((dx_, dx), (dkernel_, dkernel), (dbias_, dbias)):
            assert_same_bits(ours, theirs, name)


@pytest.mark.parametrize("images", [2, 300])
def test_images_a_page_apart(isa, threads, dtype, rng, images):
    """Their kernel gradient copies them, some at a time; side by side, it does not."""
    layer = Dense(21, dtype=dtype)
    x, grad = (rng.standard_normal((images, size)).astype(dtype) for size in (1100, 21))
    layer.build(x.shape)
    expected = layer.vjp(np.asfortranarray(x))[1](grad)
    dx, grads = layer.vjp(x)[1](grad)
    for array, other in zip([dx, *grads], [expected[0], *expected[1]], strict=True):
        assert_same_bits(array, other)
    assert np.allclose(grads[0], x.astype("float64").T @ grad, rtol=0, atol=1e-4)


def test_packed_weights_follow_assignments_and_instruction_sets(isa, rng):
    x = rng.standard_normal((2, 9)).astype(np.float32)
    layer = Dense(3)
    for _ in range(3):
        layer(x)
        layer.set_weights([rng.standard_normal((9, 3)), rng.standard_normal(3)])
        expected = ops.conv(x[:, None], layer.kernel.value[None], layer.bias.value)
        assert_same_bits(layer(x), expected[:, 0])


def test_an_input_that_the_weights_do_not_fit():
    layer = Dense(2, name="dense_x")
    for shape in ((3,), ()):
        with pytest.raises(ValueError, match="dense_x: the input must have at least 2 axes"):
            layer(np.ones(shape))
    with pytest.raises(ValueError, match="the last a known size above 0"):
        layer.build((None, None))
    layer.build((None, 3))
    for use in (layer, layer.vjp, lambda x: layer.compute_output_shape(x.shape)):
        with pytest.raises(ValueError, match=r"must have 3 elements, as when .* \(1, 4\)"):
            use(np.ones((1, 4), np.float32))


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ((0,), ValueError, "units must be at least 1, got 0"),
        ((2.5,), TypeError, "units must be an int, got 2.5"),
        ((2, "nothing"), ValueError, "activation must be one of"),
    ],
)
def test_bad_arguments(arguments, error, message):
    with pytest.raises(error, match=message):
        Dense(*arguments)
