"""Derivatives of activations without a pass of their own: gradients stay what they were."""

import numpy as np
import pytest

from comparison import assert_close, assert_same_bits
from convlet import Input, Model, initializers, layers
from convlet.layers._deferred import ActivatedPullback, MaximumPullback, defer
from convlet.testing import check_gradients
from in_a_row import by_layers, network

ELEMENTWISE = ["relu", "relu6", "leaky_relu", "elu", "sigmoid", "tanh"]


def chain(activation, dtype, form="channels_last", pool=2, strides=None, apart=False):
    """A convolution, its activation and a maximum pooling, which begins with few equal inputs."""
    options = {"dtype": dtype, "data_format": form, "padding": "same"}
    conv = layers.Conv2D(
        5,
        3,
        activation=None if apart else activation,
        kernel_initializer=initializers.GlorotUniform(seed=1),
        bias_initializer="ones",
        **options,
    )
    own = [layers.Activation(activation, dtype=dtype)] if apart else []
    return [conv, *own, layers.MaxPooling2D(pool, strides, **options)]


def both_ways(steps, x, rng, change=None):
    """Pairs of dx and the weights' gradients, of the network and by layers."""
    model = network(steps, x.shape[1:])
    y, pullback = model.vjp(x, True)
    dy = rng.standard_normal(y.shape).astype(x.dtype)
    if change is not None:
        change(dy, y)
    dx, grads = pullback(dy)
    return list(zip([dx, *grads], by_layers(steps, x, dy)[1:], strict=True))


@pytest.mark.parametrize("activation", ELEMENTWISE)
@pytest.mark.parametrize("apart", [False, True])
@pytest.mark.parametrize("form", ["channels_last", "channels_first"])
def test_same_bits_as_layer_by_layer(activation, apart, form, dtype, rng):
    steps = chain(activation, dtype, form, apart=apart)
    x = rng.standard_normal((3, 9, 6, 4)).astype(dtype)
    x = x if form == "channels_last" else x.transpose(0, 3, 1, 2)
    for one, other in both_ways(steps, x, rng):
        assert_same_bits(one + 0, other + 0)  # -0 is 0


def followers(form, dtype):
    """What multiplies its own gradient by a derivative: by tiles, directly, or in place."""
    options = {"dtype": dtype, "data_format": form, "padding": "same"}
    return {
        "tiles": layers.Conv2D(16, 3, activation="relu", **options),
        "direct": layers.Conv2D(3, 3, strides=2, **options),
        "grouped": layers.Conv2D(4, 1, groups=2, activation="tanh", **options),
        "depthwise": layers.DepthwiseConv2D(3, **options),
        "separable": layers.SeparableConv2D(5, 3, **options),
        "transposed": layers.Conv2DTranspose(4, 3, **options),
        "dense": layers.Dense(6, activation="relu", dtype=dtype),
    }


@pytest.mark.parametrize("activation", [*ELEMENTWISE, "gelu", "softmax", "linear"])
@pytest.mark.parametrize("apart", [False, True])
@pytest.mark.parametrize("form", ["channels_last", "channels_first"])
@pytest.mark.parametrize("follower", followers("channels_last", "float32"))
def test_maps_that_follow(activation, apart, form, follower, dtype, rng):
    options = {"dtype": dtype, "data_format": form, "padding": "same"}
    first = layers.Conv2D(16, 3, activation=None if apart else activation, **options)
    own = [layers.Activation(activation, dtype=dtype)] if apart else []
    steps = [first, *own, followers(form, dtype)[follower]]
    x = rng.standard_normal((2, 9, 6, 16)).astype(dtype)
    x = x if form == "channels_last" else x.transpose(0, 3, 1, 2)
    for one, other in both_ways(steps, x, rng):
        assert_same_bits(one, other)


@pytest.mark.parametrize("activation", ["relu", "tanh"])
@pytest.mark.parametrize("special", [1, np.inf])
def test_behind_maxima_by_tiles(activation, special, dtype, rng):
    """Whether or not the results of the tiles are finite."""
    options = {"dtype": dtype, "use_bias": False}
    steps = [
        layers.Conv2D(16, 3, activation=activation, **options),
        layers.Conv2D(16, 3, activation="relu", **options),
        layers.MaxPooling2D(2, dtype=dtype),
    ]
    x = rng.standard_normal((2, 13, 12, 16)).astype(dtype)

    def change(dy, y):
        dy[tuple(np.argwhere(y > 0)[0])] = special

    for one, other in both_ways(steps, x, rng, change):
        assert_same_bits(
            *(np.where(np.isnan(a), np.nan, a + 0).astype(dtype) for a in (one, other))
        )


def test_maxima_of_groups_of_images(dtype, rng):
    """The kernel's gradient is made for each group, from the places of its own images."""
    steps = [
        layers.Conv2D(16, 3, activation="relu", dtype=dtype),
        layers.MaxPooling2D(2, dtype=dtype),
    ]
    x = rng.standard_normal((17, 26, 26, 16)).astype(dtype)
    _, kernel, bias = both_ways(steps, x, rng)
    assert_same_bits(kernel[0], kernel[1])
    assert_close(bias[0], bias[1], 1e-4 * np.abs(bias[1]).max(), dtype=dtype)


def test_three_in_a_row(dtype, rng):
    """The one in the middle gives its derivative away and takes another."""
    steps = [
        layers.Conv2D(16, 3, activation=name, dtype=dtype) for name in ["relu", "relu6", "elu"]
    ]
    x = rng.standard_normal((2, 13, 12, 16)).astype(dtype)
    for one, other in both_ways(steps, x, rng):
        assert_same_bits(one, other)


@pytest.mark.parametrize("activation", ["relu", "tanh", "gelu", "softmax", "linear"])
@pytest.mark.parametrize("pool,strides", [(3, 2), (2, 1), (1, 2), (2, 3)])
def test_any_windows(activation, pool, strides, rng):
    """Overlapping ones, gaps, as many maxima as inputs; functions whose derivative stays."""
    steps = chain(activation, "float64", pool=pool, strides=strides)
    x = rng.standard_normal((2, 7, 8, 3))
    model = network(steps, x.shape[1:])
    y, pullback = model.vjp(x, True)
    dy = rng.standard_normal(y.shape)
    dx, grads = pullback(dy)
    for one, other in zip([dx, *grads], by_layers(steps, x, dy)[1:], strict=True):
        assert_close(one, other, 1e-13 * (1 + np.abs(other)), dtype="float64")
    check_gradients(model, x)


@pytest.mark.parametrize("kind", ["two readers", "output", "penalty", "pool's penalty", "shared"])
def test_values_that_others_need(kind, rng):
    """What is activated is read elsewhere, or what is pooled has a gradient of its own."""
    image = Input((6, 6, 2), dtype="float64")
    penalties = [{}, {}]
    if "penalty" in kind:
        penalties[kind != "penalty"] = {"activity_regularizer": "l2"}
    conv = layers.Conv2D(3, 3, activation="tanh", padding="same", dtype="float64", **penalties[0])
    pool = layers.MaxPooling2D(2, dtype="float64", **penalties[1])
    value = conv(image)
    outputs = [pool(value)]
    if kind == "output":
        outputs.append(value)
    if kind == "two readers":
        outputs.append(layers.AveragePooling2D(3, dtype="float64")(value))
    if kind == "shared":
        again = layers.Conv2D(2, 1, dtype="float64")(value)
        outputs = [pool(conv(again)), layers.Flatten(dtype="float64")(outputs[0])]
    model = Model(image, outputs)
    model.set_weights([rng.standard_normal(weight.shape) for weight in model.weights])
    check_gradients(model, rng.standard_normal((2, 6, 6, 2)))


def test_the_derivative_moves(rng):
    """Where it can, and nowhere else."""
    conv, pool = chain("relu", "float32")
    x = rng.standard_normal((2, 8, 8, 3)).astype("float32")
    y, activated = conv.vjp(x, True)
    _, maximum = pool.vjp(y, True)
    assert isinstance(activated, ActivatedPullback) and isinstance(maximum, MaximumPullback)
    assert defer(activated, maximum) is not None
    assert defer(activated, pool.vjp(y.copy(), True)[1]) is None
    assert defer(activated, activated) is None and defer(maximum, maximum) is None
    following = layers.Conv2D(3, 3)
    assert defer(activated, following.vjp(y, True)[1]) is not None
    assert defer(activated, following.vjp(y.copy(), True)[1]) is None
    linear = layers.Conv2D(3, 3)
    z, unactivated = linear.vjp(y, True)
    assert defer(unactivated, layers.Conv2D(3, 3).vjp(z, True)[1]) is None
    wide = layers.MaxPooling2D(2, strides=1)
    assert defer(activated, wide.vjp(y, True)[1]) is None
