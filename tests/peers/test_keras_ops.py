"""`convlet.ops` against `keras.ops` on PyTorch: names, defaults and padding are Keras's."""

import inspect

import keras
import numpy as np
from hypothesis import assume, given

import oracles
from comparison import assert_close
from convlet import ops
from strategies import SEEDS, conv_configs, keras_padding, pool_configs

TOLERANCE = 1e-11


def numpy_of(tensor):
    return keras.ops.convert_to_numpy(tensor)


@given(conv_configs(padding=keras_padding), SEEDS)
def test_conv(config, seed):
    rank = len(config.lengths)
    strides = oracles.per_axis(config.strides, rank)
    # Keras's own rule: not both.
    assume(max(strides) == 1 or max(oracles.per_axis(config.dilation_rate, rank)) == 1)
    x, kernel, _ = config.arrays(seed, "float64")
    expected = numpy_of(keras.ops.conv(x, kernel, **config.keywords))
    y = ops.conv(x, kernel, **config.keywords)
    assert_close(y, expected, TOLERANCE, f"{config} seed {seed}", dtype="float64")


def pool_case(config):
    keywords = {name: config.keywords[name] for name in ("strides", "padding", "data_format")}
    return config.pool_size, keywords


keras_pools = pool_configs(dilation=False, ceil=False, padding=keras_padding)


@given(keras_pools, SEEDS)
def test_max_pool(config, seed):
    size, keywords = pool_case(config)
    x = config.x(seed, "float64")
    expected = numpy_of(keras.ops.max_pool(x, size, **keywords))
    y = ops.max_pool(x, size, **keywords)
    assert_close(y, expected, 0.0, f"{config} seed {seed}", dtype="float64")


@given(keras_pools, SEEDS)
def test_average_pool(config, seed):
    size, keywords = pool_case(config)
    # PyTorch's 3-D pool insists on the former. Where padding is odd, Keras averages copies of the
    # border on PyTorch, the window's own elements on TensorFlow.
    fitting = all(axis.length >= axis.size and axis.before == axis.after for axis in config.axes)
    x = config.x(seed, "float64")
    y = ops.average_pool(x, size, **keywords)
    if fitting:
        expected = numpy_of(keras.ops.average_pool(x, size, **keywords))
        assert_close(y, expected, TOLERANCE, f"{config} seed {seed}", dtype="float64")
    layer = getattr(keras.layers, f"AveragePooling{len(config.lengths)}D")(size, **keywords)
    assert y.shape == tuple(layer.compute_output_shape(x.shape))


def test_names_and_defaults():
    """An argument of Keras's is one here, and a default other than None is the default here."""
    for name in ("conv", "max_pool", "average_pool"):
        ours = inspect.signature(getattr(ops, name)).parameters
        for parameter in inspect.signature(getattr(keras.ops, name)).parameters.values():
            argument = "x" if parameter.name == "inputs" else parameter.name
            assert argument in ours, f"{name} has no {argument}"
            if parameter.default not in (None, inspect.Parameter.empty):
                assert ours[argument].default == parameter.default, f"{name}: {argument}"


def test_same_padding_puts_the_odd_one_at_the_end():
    x = np.arange(1.0, 5).reshape(1, 4, 1)
    kernel = np.ones((2, 1, 1))
    expected = numpy_of(keras.ops.conv(x, kernel, padding="same"))
    assert np.array_equal(ops.conv(x, kernel, padding="same"), expected)
    assert expected.ravel()[-1] == 4
