"""Transposed, depthwise and separable convolution layers."""

from random import Random

import numpy as np
import pytest
from hypothesis import given

from comparison import assert_same_bits
from convlet import Sequential, layers, ops, optimizers
from layer_checks import check_vjp
from strategies import DATA_FORMATS, SEEDS, in_format

KINDS = {
    "Conv1DTranspose": 1,
    "Conv2DTranspose": 2,
    "Conv3DTranspose": 3,
    "DepthwiseConv1D": 1,
    "DepthwiseConv2D": 2,
    "SeparableConv1D": 1,
    "SeparableConv2D": 2,
}


def random_layer(name, seed, dtype):
    """A layer, an input, and the operator with its keyword arguments."""
    rng, rank = Random(seed), KINDS[name]
    options = {
        "strides": rng.choice([1, 2, (2, 1, 3)[:rank]]),
        "padding": rng.choice(["valid", "same", "same_lower", 1, ((1, 2),) * rank]),
        "dilation_rate": rng.choice([1, 2]),
        "data_format": rng.choice(DATA_FORMATS),
    }
    arguments = {
        **options,
        "kernel_size": (3, 2, 2)[:rank],
        "activation": rng.choice([None, "relu", "tanh"]),
        "use_bias": rng.random() < 0.7,
        "dtype": dtype,
    }
    channels = 4
    if "Transpose" in name:
        options["output_padding"] = rng.choice([None, 0, 1])
        options["groups"] = rng.choice([1, 2])
        arguments |= {key: options[key] for key in ("output_padding", "groups")}
    else:
        arguments["depth_multiplier"] = rng.choice([1, 2])
    if not name.startswith("Depthwise"):
        arguments["filters"] = 6
    shape = in_format((2, *(7, 6, 5)[:rank], channels), options["data_format"])
    x = np.random.default_rng(seed).standard_normal(shape).astype(dtype)
    return getattr(layers, name)(**arguments), x, options


def operator_of(name):
    if "Transpose" in name:
        return ops.conv_transpose
    return ops.depthwise_conv if name.startswith("Depthwise") else ops.separable_conv


@pytest.mark.parametrize("name", KINDS)
@given(SEEDS)
def test_equals_its_operator(name, dtype, seed):
    layer, x, options = random_layer(name, seed, dtype)
    y = layer(x)
    kernels = [getattr(layer, kernel).value for kernel in layer.kernels]
    bias = None if layer.bias is None else layer.bias.value
    activation = layer.get_config()["activation"]
    expected = operator_of(name)(x, *kernels, bias, activation=activation, **options)
    assert_same_bits(y, expected, f"{layer.get_config()} seed {seed}")
    assert layer.compute_output_shape(x.shape) == y.shape
    unknown = (None, *[None] * (x.ndim - 1))
    axis = 1 if options["data_format"] == "channels_first" else -1
    known = list(unknown)
    known[axis] = x.shape[axis]
    expected = [None] * y.ndim
    expected[axis] = y.shape[axis]
    assert layer.compute_output_shape(tuple(known)) == tuple(expected)


@pytest.mark.parametrize("name", KINDS)
@given(SEEDS)
def test_gradients(name, seed):
    layer, x, _ = random_layer(name, seed, "float64")
    layer.ensure_built(x.shape)
    if layer.get_config()["activation"] == "relu":  # keep away from its corner
        layer.activation = None
    check_vjp(layer, x, np.random.default_rng(seed))


@pytest.mark.parametrize("name", KINDS)
def test_configurations(name):
    for seed in range(20):
        layer, x, _ = random_layer(name, seed, "float32")
        again = type(layer).from_config(layer.get_config())
        assert again.get_config() == layer.get_config()
        y = layer(x)
        again.build(x.shape)
        again.set_weights(layer.get_weights())
        assert_same_bits(again(x), y)


@pytest.mark.parametrize("name", KINDS)
def test_working_ends_in_what_is_so(name):
    """The arithmetic of shapes and parameters comes to the layer's own numbers."""
    for seed in range(20):
        layer, x, _ = random_layer(name, seed, "float32")
        layer.build(x.shape)
        *lengths, parameters = layer._working(x.shape)
        assert parameters.endswith(f"= {layer.count_params():,}")
        first = layer.get_config()["data_format"] == "channels_first"
        shape = layer.compute_output_shape(x.shape)
        out = shape[2:] if first else shape[1:-1]
        found = [int(line.split(" = ")[-1]) for line in lengths if "wise:" not in line]
        assert found == list(out) or (len(set(out)) == 1 and found == [out[0]])
        for line in [*lengths, parameters]:
            left, right = line.split(": ")[-1].replace(" x ", " * ").replace(",", "").split(" = ")
            left = left.replace("/", "//").replace("floor", "")
            assert eval(left) == int(right), line


@pytest.mark.parametrize("name", KINDS)
def test_training_in_a_model(name):
    layer, x, _ = random_layer(name, 3, "float32")
    model = Sequential([layer, layers.Flatten(), layers.Dense(1)])
    model.compile(loss="mean_squared_error", optimizer=optimizers.SGD(1e-4))
    y = np.ones((len(x), 1), "float32")
    losses = model.fit(x, y, epochs=5, verbose=0).history["loss"]
    assert losses[-1] < losses[0]


@pytest.mark.parametrize(
    ("name", "changes", "error", "text"),
    [
        ("Conv2DTranspose", {"filters": 5, "groups": 2}, ValueError, "multiple of groups"),
        ("Conv2DTranspose", {"output_padding": -1}, ValueError, "output_padding"),
        ("Conv1DTranspose", {"padding": "causal"}, ValueError, "padding"),
        ("DepthwiseConv2D", {"depth_multiplier": 0}, ValueError, "depth_multiplier"),
        ("DepthwiseConv2D", {"depth_multiplier": 1.5}, TypeError, "depth_multiplier"),
        ("SeparableConv2D", {"filters": -1}, ValueError, "filters"),
        ("SeparableConv2D", {"activation": "no"}, ValueError, "activation"),
        ("SeparableConv1D", {"kernel_size": (1, 2)}, ValueError, "kernel_size"),
    ],
)
def test_bad_arguments(name, changes, error, text):
    good = {"kernel_size": 2} | ({} if name.startswith("Depthwise") else {"filters": 4})
    with pytest.raises(error, match=text):
        getattr(layers, name)(**{**good, **changes})


@pytest.mark.parametrize("name", KINDS)
def test_inputs_that_do_not_fit(name):
    layer, x, options = random_layer(name, 0, "float32")
    with pytest.raises(ValueError, match="axes"):
        layer(x[0])
    layer(x)
    axis = 1 if options["data_format"] == "channels_first" else -1
    with pytest.raises(ValueError, match="must have 4 channels"):
        layer(np.repeat(x, 2, axis))
