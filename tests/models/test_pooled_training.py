"""Training where only maxima over 2 x 2 of a convolution by tiles are kept: gradients stay."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import convlet
from comparison import assert_close, assert_same_bits
from convlet import Input, Model, initializers, layers, models
from convlet.layers import Conv2D, MaxPooling2D
from convlet.testing import check_gradients
from in_a_row import by_layers, by_model, network
from strategies import SEEDS

SPECIAL = [np.nan, np.inf, -np.inf]


def chain(activation="relu", padding="same", channels=16, filters=17, dtype="float32", **options):
    conv = {"padding": padding, "activation": activation, "bias_initializer": "ones"}
    # Seeded: at differences, no two elements of a window may be nearly equal.
    conv = {**conv, "kernel_initializer": initializers.GlorotUniform(seed=7), **options}
    return [Conv2D(filters, 3, dtype=dtype, **conv), MaxPooling2D(2, dtype=dtype)]


def is_pooled(model, x):
    """Whether the convolution's pullback takes gradients of maxima."""
    pool = model.layers[-1]
    calls = []
    original = pool.vjp
    pool.vjp = lambda *args: calls.append(args) or original(*args)
    model.vjp(x, True)
    del pool.vjp
    return not calls


def assert_equal(made, expected, context, dtype):
    """All but the bias's gradient, the last, in every bit; that is summed in another order."""
    for one, other in zip(made[:-1], expected[:-1], strict=True):
        assert_same_bits(one, other, context)
    size = np.abs(expected[0]).size
    tolerance = np.finfo(dtype).eps * size * np.abs(expected[-1]).max()
    assert_close(made[-1], expected[-1], tolerance, context, dtype=dtype)


shapes = st.tuples(st.integers(8, 13), st.integers(8, 13))


@pytest.mark.parametrize("activation", ["linear", "relu", "relu6"])
@pytest.mark.parametrize("padding", ["same", "valid"])
@given(shapes, st.sampled_from([16, 24, 33]), st.integers(16, 40), SEEDS)
def test_same_as_layer_by_layer(threads, dtype, activation, padding, shape, ci, co, seed):
    model = network(chain(activation, padding, filters=co, dtype=dtype), (*shape, ci))
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((2, *shape, ci)).astype(dtype)
    x[:, : shape[0] // 2] = 0  # equal maxima
    assert is_pooled(model, x)
    dy = rng.standard_normal((2, *model.output_shape[1:])).astype(dtype)
    context = f"{shape} {ci} {co} seed {seed}"
    assert_equal(by_model(model, x, dy), by_layers(model.layers[1:], x, dy), context, dtype)


def test_finite_differences(rng):
    model = network(chain("relu", dtype="float64"), (6, 7, 16))
    x = rng.standard_normal((2, 6, 7, 16))
    assert is_pooled(model, x)
    check_gradients(model, x)


@pytest.mark.parametrize("value", SPECIAL)
@pytest.mark.parametrize("where", ["x", "kernel", "bias", "dy"])
def test_special_values(where, value, rng):
    """They spread as far as layer by layer, and no further."""
    model = network(chain(), (8, 9, 16))
    x = rng.standard_normal((2, 8, 9, 16)).astype("float32")
    dy = rng.standard_normal((2, *model.output_shape[1:])).astype("float32")
    weights = model.get_weights()
    arrays = {"x": x, "kernel": weights[0], "bias": weights[1], "dy": dy}
    arrays[where].flat[7] = value
    model.set_weights(weights)
    made, expected = by_model(model, x, dy), by_layers(model.layers[1:], x, dy)
    for one, other in zip(made[:-1], expected[:-1], strict=True):
        assert_same_bits(*(np.where(np.isnan(a), np.float32(np.nan), a) for a in (one, other)))
    assert np.array_equal(np.isfinite(made[-1]), np.isfinite(expected[-1]))


@pytest.mark.parametrize(
    "changed",
    [
        {"activation": "tanh"},
        {"activation": "softmax"},
        {"strides": 2},
        {"groups": 2, "filters": 16},
        {"filters": 8},
        {"activity_regularizer": "l2"},
        {"data_format": "channels_first"},
    ],
    ids=str,
)
def test_others_run_apart(changed, rng):
    steps = chain(**changed)
    if "data_format" in changed:
        steps[1] = MaxPooling2D(2, data_format="channels_first")
    model = network(steps, (16, 12, 16) if "data_format" in changed else (12, 12, 16))
    x = rng.standard_normal((2, *model.input_shape[1:])).astype("float32")
    assert not is_pooled(model, x)


@pytest.mark.parametrize(
    "options", [{"strides": 1}, {"padding": "same"}, {"pool_size": 3}], ids=str
)
def test_other_windows(options, rng):
    model = network([chain()[0], MaxPooling2D(**options)], (11, 11, 16))
    x = rng.standard_normal((2, 11, 11, 16)).astype("float32")
    assert not is_pooled(model, x)
    dy = rng.standard_normal((2, *model.output_shape[1:])).astype("float32")
    assert_equal(
        by_model(model, x, dy), by_layers(model.layers[1:], x, dy), str(options), "float32"
    )


def test_own_layers_keep_their_methods(rng):
    class Doubled(Conv2D):
        def vjp(self, x, training=False):
            return super().vjp(2 * x, training)

    model = network([Doubled(16, 3), MaxPooling2D(2)], (10, 10, 16))
    x = rng.standard_normal((2, 10, 10, 16)).astype("float32")
    assert_same_bits(model.vjp(x, True)[0], by_layers(model.layers[1:], x, model(x))[0])


def test_another_reader(rng):
    image = Input((8, 8, 16), dtype="float64")
    conv, pool = chain(dtype="float64")
    value = conv(image)
    outputs = [pool(value), layers.AveragePooling2D(3, dtype="float64")(value)]
    check_gradients(Model(image, outputs), rng.standard_normal((2, 8, 8, 16)))


def test_direct_algorithm(rng):
    """Asked for before, or between the pass and its gradients."""
    model = network(chain(), (8, 8, 16))
    x = rng.standard_normal((2, 8, 8, 16)).astype("float32")
    dy = rng.standard_normal((2, *model.output_shape[1:])).astype("float32")
    before = convlet.get_algorithm()
    try:
        convlet.set_algorithm("direct")
        assert not is_pooled(model, x)
        expected = by_layers(model.layers[1:], x, dy)
        for one, other in zip(by_model(model, x, dy), expected, strict=True):
            assert_same_bits(one, other)
        convlet.set_algorithm("auto")
        _, pullback = model.vjp(x, True)
        convlet.set_algorithm("direct")
        dx, grads = pullback(dy)
    finally:
        convlet.set_algorithm(before)
    for one, other in zip([dx, *grads], expected[1:], strict=True):
        assert_close(one, other, 1e-4 * np.abs(other).max(), dtype="float32")


def test_frozen(rng):
    model = network([Conv2D(16, 1), *chain()], (8, 8, 16))
    model.layers[2].trainable = False
    x = rng.standard_normal((2, 8, 8, 16)).astype("float32")
    dy = rng.standard_normal((2, *model.output_shape[1:])).astype("float32")
    made = by_model(model, x, dy)
    expected = by_layers(model.layers[1:], x, dy)
    assert len(made) == len(expected) == 4
    for one, other in zip(made, expected, strict=True):
        assert_same_bits(one, other)


def test_learns_the_same(rng):
    """Whether layers are in a model of their own, where the pool reads what that returns."""
    x = rng.standard_normal((16, 10, 10, 16)).astype("float32")
    y = rng.integers(0, 3, 16)
    losses = []
    for nested in (False, True):
        conv, pool = chain(kernel_initializer="zeros")
        start = [models.Sequential([Input((10, 10, 16)), conv])] if nested else [conv]
        rest = [pool, layers.Flatten(), layers.Dense(3, "softmax", kernel_initializer="ones")]
        model = network([*start, *rest], (10, 10, 16))
        model.compile("sgd", "sparse_categorical_crossentropy")
        losses.append([model.train_on_batch(x, y) for _ in range(5)])
    assert losses[0][-1] < losses[0][0]
    assert_close(np.array(losses[0]), np.array(losses[1]), 1e-5, dtype="float64")
