"""An image alone, whose zeros a layer may pass over: bits are those of the whole sum."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from comparison import assert_same_bits
from convlet.layers import Conv2D, Dense
from strategies import SEEDS

INPUTS = (1, 15, 16, 17, 64, 65, 200, 511, 700)
UNITS = (1, 10, 32, 63, 64, 65, 128, 150)
STRANGE = (-0.0, 1e-310, 1e-40, np.inf, -np.inf, np.nan)


def sparse(rng, shape, zeros, dtype):
    """Normal numbers, and zeros to this share."""
    return np.where(rng.random(shape) < zeros, 0, rng.standard_normal(shape)).astype(dtype)


def assert_like_in_a_batch(layer, x, message=""):
    """`layer(x)` is what comes out for x among others, where no zero is passed over."""
    rest = np.ones((2, *x.shape[1:]), x.dtype)
    with np.errstate(invalid="ignore"):
        assert_same_bits(layer(x), layer(np.concatenate([x, rest]))[:1], message)


@given(st.sampled_from(INPUTS), st.sampled_from(UNITS), st.sampled_from((0, 0.3, 0.9, 1)), SEEDS)
def test_dense(isa, dtype, inputs, units, zeros, seed):
    rng = np.random.default_rng(seed)
    layer = Dense(units, "relu", bias_initializer="random_normal", dtype=dtype)
    x = sparse(rng, (1, inputs), zeros, dtype)
    assert_like_in_a_batch(layer, x)
    few = min(3, inputs)
    x[0, rng.integers(0, inputs, few)] = rng.choice(STRANGE, few)
    assert_like_in_a_batch(layer, x, "strange inputs")


@pytest.mark.parametrize("strange", [np.inf, np.nan])
@pytest.mark.parametrize("place", [0, 100, -1])
def test_a_zero_times_a_weight_that_is_not_finite(isa, threads, dtype, rng, strange, place):
    layer = Dense(130, dtype=dtype)
    x = sparse(rng, (1, 600), 0.5, dtype)
    layer.build(x.shape)
    assert_like_in_a_batch(layer, x)
    kernel = layer.kernel.value.copy()
    x[0, place] = 0
    kernel[place, 70] = strange
    layer.kernel.assign(kernel)
    y = layer(x)
    assert np.isnan(y[0, 70])
    assert np.isnan(y).sum() == 1
    assert_like_in_a_batch(layer, x)


def test_inputs_apart_from_each_other(isa, dtype, rng):
    layer = Dense(64, dtype=dtype)
    x = sparse(rng, (1, 300), 0.5, dtype)
    apart = np.full((1, 900), np.nan, dtype)[:, ::3]
    apart[:] = x
    assert_same_bits(layer(apart), layer(x))
    backwards = x[:, ::-1].copy()[:, ::-1]
    assert_same_bits(layer(backwards), layer(x))


def test_a_convolution_with_one_output(isa, threads, dtype, rng):
    layer = Conv2D(70, (3, 5), dtype=dtype, bias_initializer="random_normal")
    x = sparse(rng, (1, 3, 5, 90), 0.5, dtype)
    assert_like_in_a_batch(layer, x)
