"""Pooling layers: `ops.max_pool` and `ops.average_pool` with Keras's arguments."""

import numpy as np
import pytest
from hypothesis import assume, given

from comparison import assert_same_bits
from convlet import ops
from convlet.layers import AveragePooling2D, MaxPooling2D
from gradcheck import separated
from layer_checks import check_vjp
from strategies import SEEDS, pool_configs

KINDS = [
    (MaxPooling2D, ops.max_pool, ops.max_pool_grad),
    (AveragePooling2D, ops.average_pool, ops.average_pool_grad),
]


def layer_of(kind, case, dtype):
    names = ("strides", "padding", "data_format")
    keywords = {name: case.keywords[name] for name in names}
    return kind(case.pool_size, dtype=dtype, **keywords), keywords


@pytest.mark.parametrize(("kind", "pool", "pool_grad"), KINDS)
@given(pool_configs(ranks=(2,), dilation=False), SEEDS)
def test_equals_the_operator_bit_for_bit(kind, pool, pool_grad, dtype, case, seed):
    assume(not case.ceil_mode)
    x = case.x(seed, dtype, ties=bool(seed % 2))
    layer, keywords = layer_of(kind, case, dtype)
    expected = pool(x, case.pool_size, **keywords)
    assert layer.compute_output_shape(x.shape) == expected.shape
    assert_same_bits(layer(x), expected)
    y, pullback = layer.vjp(x)
    assert_same_bits(y, expected)
    grad = case.grad(seed, dtype)
    assert_same_bits(pullback(grad)[0], pool_grad(grad, x, case.pool_size, **keywords))
    assert pullback(grad, needs_dx=False) == (None, [])
    assert layer.weights == [] and layer.count_params() == 0


@pytest.mark.parametrize("kind", [MaxPooling2D, AveragePooling2D])
@given(pool_configs(ranks=(2,), channels=(1, 3), dilation=False), SEEDS)
def test_gradients(kind, case, seed):
    assume(not case.ceil_mode)
    rng = np.random.default_rng(seed)
    check_vjp(layer_of(kind, case, "float64")[0], separated(rng, case.x_shape), rng)


@pytest.mark.parametrize("kind", [MaxPooling2D, AveragePooling2D])
def test_defaults_and_names(kind):
    layer = kind((2, 3), None, "same", "channels_first", "pool")
    assert (layer.name, layer.strides) == ("pool", (2, 3))
    assert layer.compute_output_shape((None, 4, 5, None)) == (None, 4, 3, None)
    assert kind().pool_size == (2, 2)


@pytest.mark.parametrize("kind", [MaxPooling2D, AveragePooling2D])
@pytest.mark.parametrize(
    ("keywords", "error", "message"),
    [
        ({"pool_size": 0}, ValueError, "pool_size must be at least 1"),
        ({"pool_size": (2, 2, 2)}, ValueError, "pool_size must be an int or 2 ints"),
        ({"strides": 1.0}, TypeError, "strides must be an int or 2 ints"),
        ({"padding": "causal"}, ValueError, "padding must be one of"),
        ({"data_format": "last"}, ValueError, "data_format must be one of"),
    ],
)
def test_bad_arguments(kind, keywords, error, message):
    with pytest.raises(error, match=message):
        kind(**keywords)


def test_bad_inputs():
    layer = MaxPooling2D(3, name="pool")
    for use in (layer, layer.vjp, lambda x: layer.compute_output_shape(x.shape)):
        with pytest.raises(ValueError, match="pool: the input must have 4 axes, N included"):
            use(np.ones((1, 4, 4), np.float32))
    with pytest.raises(ValueError, match="pool must fit into the padded input"):
        layer(np.ones((1, 2, 4, 1), np.float32))
