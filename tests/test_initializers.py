"""First values: their formulas, distributions and seeds."""

import math
import random

import numpy as np
import pytest

from comparison import assert_same_bits
from convlet import config, initializers, utils

SHAPES = [(3, 3, 20, 40), (300, 200), (5000,), (3, 16, 24)]


def fans(shape):
    if len(shape) == 1:
        return shape[0], shape[0]
    field = math.prod(shape[:-2])
    return field * shape[-2], field * shape[-1]


LIMITS = {  # of uniform distributions
    "glorot_uniform": lambda i, o: math.sqrt(6 / (i + o)),
    "he_uniform": lambda i, o: math.sqrt(6 / i),
    "lecun_uniform": lambda i, o: math.sqrt(3 / i),
    "random_uniform": lambda i, o: 0.05,
}
DEVIATIONS = {  # of truncated normal distributions, as they come out
    "glorot_normal": lambda i, o: math.sqrt(2 / (i + o)),
    "he_normal": lambda i, o: math.sqrt(2 / i),
    "lecun_normal": lambda i, o: math.sqrt(1 / i),
    "truncated_normal": lambda i, o: 0.05 * 0.87962566103423978,
}


@pytest.mark.parametrize("name", LIMITS)
@pytest.mark.parametrize("shape", SHAPES)
def test_uniform(name, shape):
    values = initializers.get(name)(shape, "float64").ravel()
    limit = LIMITS[name](*fans(shape))
    assert np.abs(values).max() <= limit
    assert np.abs(values).max() > 0.99 * limit
    spread = limit / math.sqrt(3 * values.size)
    assert abs(values.mean()) < 5 * spread
    assert values.std() == pytest.approx(limit / math.sqrt(3), rel=5 / math.sqrt(values.size))


@pytest.mark.parametrize("name", DEVIATIONS)
@pytest.mark.parametrize("shape", SHAPES)
def test_truncated_normal(name, shape):
    values = initializers.get(name)(shape, "float64").ravel()
    deviation = DEVIATIONS[name](*fans(shape))
    assert values.std() == pytest.approx(deviation, rel=5 / math.sqrt(values.size))
    assert np.abs(values).max() <= 2 * deviation / 0.87962566103423978
    assert abs(values.mean()) < 5 * deviation / math.sqrt(values.size)


def test_normal_is_not_truncated():
    for name in ("random_normal", "normal"):
        values = initializers.get(name)((100, 1000))
        assert values.std() == pytest.approx(0.05, rel=0.02)
        assert np.abs(values).max() > 3 * 0.05
    scaled = initializers.VarianceScaling(2.0, "fan_out", "untruncated_normal", seed=1)
    assert scaled((100, 1000)).std() == pytest.approx(math.sqrt(2 / 1000), rel=0.02)


def test_constants(dtype):
    assert_same_bits(initializers.Zeros()((2, 3), dtype), np.zeros((2, 3), dtype))
    assert_same_bits(initializers.Ones()((2, 3), dtype), np.ones((2, 3), dtype))
    assert_same_bits(initializers.Constant(1.5)((2,), dtype), np.full(2, 1.5, dtype))


NAMES = ["glorot_uniform", "he_normal", "random_normal", "random_uniform", "truncated_normal"]


@pytest.mark.parametrize("name", NAMES)
def test_seeds(name):
    """One seed, one array, at every call; without a seed, drawn from Python's generator."""
    kind = type(initializers.get(name))
    assert_same_bits(kind(seed=3)((4, 5)), kind(seed=3)((4, 5)))
    same = kind()
    assert_same_bits(same((4, 5)), same((4, 5)))
    assert not np.array_equal(kind()((4, 5)), kind()((4, 5)))
    utils.set_random_seed(1)
    first = kind()((4, 5))
    utils.set_random_seed(1)
    assert_same_bits(kind()((4, 5)), first)


def test_default_dtype():
    config.set_floatx("float64")
    try:
        assert initializers.Ones()((1,)).dtype == np.float64
    finally:
        config.set_floatx("float32")
    assert initializers.Ones()((1,)).dtype == np.float32


def test_get_and_configurations():
    for name in initializers.__all__:
        thing = getattr(initializers, name)
        if isinstance(thing, type) and thing is not initializers.Initializer:
            made = initializers.get(name)
            assert type(made) is thing
            assert type(initializers.get(thing)) is thing
            again = initializers.get(initializers.serialize(made))
            assert type(again) is thing
            assert again.get_config() == made.get_config()

    def mine(shape, dtype):
        return np.zeros(shape, dtype)

    assert initializers.get(mine) is mine
    assert initializers.serialize(mine) is mine


@pytest.mark.parametrize(
    "call,error,text",
    [
        (lambda: initializers.get("glorot"), ValueError, "one of constant.*got 'glorot'"),
        (lambda: initializers.get(None), ValueError, "got None"),
        (lambda: initializers.VarianceScaling(scale=0), ValueError, "scale must be above 0"),
        (lambda: initializers.VarianceScaling(mode="fan"), ValueError, "mode must be one of"),
        (lambda: initializers.VarianceScaling(distribution="x"), ValueError, "distribution"),
        (lambda: initializers.RandomUniform(-1e308, 1e308), ValueError, "must be finite"),
        (lambda: initializers.RandomUniform(0, float("nan")), ValueError, "must be finite"),
        (lambda: initializers.HeNormal(seed=-1), ValueError, "seed must be at least 0"),
        (lambda: initializers.HeNormal(seed=0.5), TypeError, "seed must be an int"),
        (lambda: initializers.Ones()((2,), "int32"), ValueError, "dtype must be"),
    ],
)
def test_bad_input(call, error, text):
    with pytest.raises(error, match=text):
        call()


def test_a_given_seed_draws_nothing():
    """Python's generator is left alone."""
    random.seed(5)
    initializers.HeNormal(seed=1)
    assert random.random() == random.Random(5).random()
