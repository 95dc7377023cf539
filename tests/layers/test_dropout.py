"""`Dropout`: zeros that depend on seed, pass and position, and on nothing else."""

import random

import numpy as np
import pytest

import modes
from comparison import assert_same_bits
from convlet._cext import pointwise
from convlet.layers import Dropout
from layer_checks import check_vjp
from strategies import LAYOUTS


def ones(*shape):
    return np.ones(shape, np.float32)


def test_inference_and_rate_zero_pass_x_on():
    x = ones(3, 4)
    for layer, training in ((Dropout(0.5), False), (Dropout(1), False), (Dropout(0), True)):
        assert layer(x, training) is x
        y, pullback = layer.vjp(x, training)
        assert y is x and pullback.updates == [] and pullback(x)[0] is x
        assert layer.passes.version == 0


@pytest.mark.parametrize("rate", [0.1, 0.5, 0.9])
def test_rate_and_scale(rate):
    y = Dropout(rate, seed=3)(ones(200, 500), training=True)
    kept = y != 0
    np.testing.assert_allclose(y[kept], 1 / (1 - rate), rtol=1e-6)
    deviation = np.sqrt(rate * (1 - rate) / y.size)
    assert abs(kept.mean() - (1 - rate)) < 5 * deviation


def test_each_pass_has_its_own_zeros_and_seeds_repeat_them():
    layer, again = Dropout(0.5, seed=3), Dropout(0.5, seed=3)
    passes = [layer(ones(40, 50), training=True) for _ in range(3)]
    for one, other in ((0, 1), (0, 2), (1, 2)):
        assert 0.4 < (passes[one] == passes[other]).mean() < 0.6
    for step, y in enumerate(passes):
        assert_same_bits(again(ones(40, 50), training=True), y)
        expected = np.empty(2000, np.float32)
        pointwise.dropout(ones(2000), expected, 0.5, 3, step)
        assert_same_bits(y.ravel(), expected)
    assert layer.passes.value == 3
    assert not np.array_equal(Dropout(0.5, seed=4)(ones(40, 50), training=True), passes[0])


def test_the_default_seed_follows_pythons_generator():
    random.seed(5)
    first = Dropout(0.5)
    random.seed(5)
    assert Dropout(0.5).seed == first.seed != Dropout(0.5).seed
    assert first.get_config()["seed"] is None


def test_a_vjp_lists_the_next_state_and_leaves_it(rng):
    layer = Dropout(0.5, seed=3)
    x = rng.standard_normal((4, 5)).astype(np.float32)
    y, pullback = layer.vjp(x, training=True)
    ((variable, value),) = pullback.updates
    assert variable is layer.passes and value == 1 and layer.passes.value == 0
    assert_same_bits(layer.vjp(x, training=True)[0], y)
    dy = rng.standard_normal((4, 5)).astype(np.float32)
    dx, grads = pullback(dy)
    assert grads == [] and np.array_equal(dx, np.where(y != 0, dy * 2, 0 * dy))
    variable.assign(value)
    assert not np.array_equal(layer.vjp(x, training=True)[0], y)
    assert_same_bits(pullback(dy)[0], dx)  # the pullback remembers its own pass


def test_the_state_is_a_variable_but_no_weight():
    layer = Dropout(0.5, name="drop")
    layer.build((None, 3))
    assert layer.weights == layer.get_weights() == [] and layer.count_params() == 0
    assert [v.path for v in layer.variables] == ["drop/seed", "drop/passes"]
    assert not layer.passes.trainable and layer.passes.dtype == np.int64


def test_threads_and_layouts_do_not_matter(dtype, rng):
    x = rng.standard_normal((30, 40, 50)).astype(dtype)
    expected = Dropout(0.3, seed=9, dtype=dtype)(x, training=True)
    for number in (1, 2, 3):
        with modes.num_threads(number):
            assert_same_bits(Dropout(0.3, seed=9, dtype=dtype)(x, training=True), expected)
    for name, layout in LAYOUTS.items():
        y = Dropout(0.3, seed=9, dtype=dtype)(layout(x), training=True)
        assert_same_bits(np.ascontiguousarray(y), expected, name)


@pytest.mark.parametrize("rate", [0.0, 0.3, 1.0])
@pytest.mark.parametrize("noise_shape", [None, (None, 1, 5), (1, 4, None)])
def test_gradients(rate, noise_shape, rng):
    layer = Dropout(rate, noise_shape, 3, dtype="float64")
    check_vjp(layer, rng.standard_normal((3, 4, 5)), rng, training=True)


def test_noise_shape_drops_together():
    y = Dropout(0.5, (None, 1, 50), seed=3)(ones(20, 7, 50), training=True)
    assert (y == y[:, :1]).all()
    assert 0.4 < (y[:, 0] == 0).mean() < 0.6
    for noise_shape in ((20, 1), (20, 2, 50)):
        layer = Dropout(0.5, noise_shape, name="drop")
        with pytest.raises(ValueError, match="drop: noise_shape must have 1, None or the input's"):
            layer(ones(20, 7, 50), training=True)


def test_rate_one_drops_all():
    x = np.array([[1, -1, np.inf, np.nan]], np.float32)
    y = Dropout(1)(x, training=True)
    assert (y[0, :2] == 0).all() and np.isnan(y[0, 2:]).all()


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ((1.5,), ValueError, "rate must be at least 0 and at most 1, got 1.5"),
        ((-0.1,), ValueError, "rate must be at least 0"),
        ((float("nan"),), ValueError, "rate must be at least 0"),
        (("0.5",), TypeError, "rate must be a number, got '0.5'"),
        ((True,), TypeError, "rate must be a number, got True"),
        ((0.5, None, 1.5), TypeError, "seed must be an int or None, got 1.5"),
        ((0.5, None, -1), ValueError, "seed must be at least 0"),
        ((0.5, 2), TypeError, "noise_shape must be a tuple of sizes"),
        ((0.5, (0, 1)), ValueError, "noise_shape must be at least 1, got 0"),
    ],
)
def test_bad_arguments(arguments, error, message):
    with pytest.raises(error, match=message):
        Dropout(*arguments)
