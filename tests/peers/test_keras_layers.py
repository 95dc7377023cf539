"""Layers against Keras's own, on PyTorch: outputs, shapes, gradients, arguments and names."""

import inspect

import keras
import numpy as np
import pytest
import torch
from hypothesis import assume, given
from hypothesis import strategies as st

import oracles
from comparison import assert_close
from convlet import activations, layers
from strategies import SEEDS, conv_configs, keras_padding, pool_configs
from tally import agreed

# Relative to the largest element; float32 sums over up to some thousand terms.
TOLERANCE = {"float32": 3e-5, "float64": 1e-11}
# Keras's sparsemax is wrong where more than one element is held: see test_keras_functions.py.
NAMES = [name for name in activations._FUNCTIONS if name != "sparsemax"]
# Keras advises against the softmax of a single element.
of_one = pytest.mark.filterwarnings("ignore:(?s).*softmax over axis -1.*has size 1:UserWarning")


def compare(ours, theirs, x, seed, context, precision=None):
    """Outputs, shapes and all gradients of two layers that are built, from the same weights.

    `precision` is Keras's, where it computes float64 layers in float32.
    """
    dtype, rng = x.dtype.name, np.random.default_rng([seed, 2])
    precision = precision or dtype
    theirs.set_weights(ours.get_weights())
    tensor = torch.tensor(x, requires_grad=True)
    expected = theirs(tensor)
    y, pullback = ours.vjp(x)
    close(ours(x), expected, dtype, precision, context)
    close(y, expected, dtype, precision, context)
    compare_shapes(ours, theirs, x.shape, context)
    grad = rng.standard_normal(y.shape).astype(dtype)
    wanted = keras_gradients(theirs, expected, tensor, grad)
    dx, grads = pullback(grad)
    assert len(grads) == len(theirs.trainable_weights)
    names = ("x", *(weight.name for weight in ours.trainable_weights))
    for name, gradient, other in zip(names, (dx, *grads), wanted, strict=True):
        if other is not None:
            close(gradient, other, dtype, precision, f"d{name} of {context}")
    agreed("Keras", type(ours).__name__, f"{dtype} seed {seed} {context}")


def compare_shapes(ours, theirs, shape, context):
    """Of outputs, for inputs of known sizes, of any N, and of any N and spatial sizes."""
    channels = [size if axis == len(shape) - 1 else None for axis, size in enumerate(shape)]
    if getattr(ours, "data_format", None) == "channels_first" and len(shape) > 2:
        channels = [size if axis == 1 else None for axis, size in enumerate(shape)]
    for sizes in (shape, (None, *shape[1:]), (None, *channels[1:])):
        expected = tuple(theirs.compute_output_shape(sizes))
        assert ours.compute_output_shape(sizes) == expected, f"{sizes}: {context}"


def keras_gradients(layer, y, x, grad):
    """Those of x and all weights; None for a kernel's that PyTorch cannot compute."""
    inputs = [x, *(variable.value for variable in layer.trainable_weights)]
    try:
        return torch.autograd.grad(y, inputs, torch.tensor(grad).to(y), retain_graph=True)
    except RuntimeError as error:
        if "grad_weight must be contiguous" not in str(error):
            raise
    # PyTorch's slow_conv2d, on the transposed view that Keras makes of a kernel.
    del inputs[1]
    dx, *dbias = torch.autograd.grad(y, inputs, torch.tensor(grad).to(y))
    return dx, None, *dbias


def precision_of(activation, dtype):
    """PyTorch's gradient of hard_sigmoid has a sixth of float32."""
    return "float32" if activation == "hard_sigmoid" else dtype


def close(actual, expected, dtype, precision, context):
    expected = expected.detach().numpy()
    tolerance = TOLERANCE[precision] * max(1.0, np.abs(expected).max(initial=0))
    assert_close(actual, expected, tolerance, context, dtype=dtype)


@of_one
@given(conv_configs(ranks=(2,), padding=keras_padding), SEEDS)
def test_conv2d(dtype, case, seed):
    steps, dilations = (oracles.per_axis(v, 2) for v in (case.strides, case.dilation_rate))
    assume(max(steps) == 1 or max(dilations) == 1)  # Keras's own rule: not both
    x, *_ = case.arrays(seed, dtype)
    arguments = {
        **{"filters": case.filters, "kernel_size": case.kernel_size, **case.keywords},
        **{"groups": case.groups, "use_bias": case.use_bias, "dtype": dtype},
        **{"activation": NAMES[seed % len(NAMES)], "bias_initializer": "random_normal"},
    }
    ours, theirs = layers.Conv2D(**arguments), keras.layers.Conv2D(**arguments)
    for layer in (ours, theirs):
        layer.build(x.shape)
    activation = arguments["activation"]
    context = f"{case} {activation} seed {seed}"
    compare(ours, theirs, x, seed, context, precision_of(activation, dtype))


@pytest.mark.parametrize("name", ["MaxPooling2D", "AveragePooling2D"])
@given(pool_configs(ranks=(2,), dilation=False, ceil=False, padding=keras_padding), SEEDS)
def test_pooling(name, dtype, case, seed):
    keys = ("strides", "padding", "data_format")
    arguments = {"dtype": dtype, **{key: case.keywords[key] for key in keys}}
    ours = getattr(layers, name)(case.pool_size, **arguments)
    theirs = getattr(keras.layers, name)(case.pool_size, **arguments)
    x = case.x(seed, dtype)
    ours.build(x.shape)
    context = f"{case} seed {seed}"
    compare_shapes(ours, theirs, x.shape, context)
    if name == "AveragePooling2D":
        # Where padding is odd, Keras averages copies of the border on PyTorch.
        assume(all(axis.before == axis.after for axis in case.axes))
    compare(ours, theirs, x, seed, context)


@of_one
@given(st.lists(st.integers(1, 6), min_size=2, max_size=4), st.integers(1, 20), SEEDS)
def test_dense(dtype, shape, units, seed):
    activation = NAMES[seed % len(NAMES)]
    arguments = {"units": units, "activation": activation, "use_bias": seed % 3 > 0, "dtype": dtype}
    ours, theirs = layers.Dense(**arguments), keras.layers.Dense(**arguments)
    x = np.random.default_rng(seed).standard_normal(shape).astype(dtype)
    for layer in (ours, theirs):
        layer.build(x.shape)
    # Keras's matrix product of float64 arrays is a float32 one on PyTorch.
    compare(ours, theirs, x, seed, f"{shape} {arguments} seed {seed}", "float32")


@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
@pytest.mark.parametrize("shape", [(2, 3, 4, 5), (2, 3, 3, 3), (2, 3, 4), (2, 5), (2,)])
def test_flatten(data_format, shape, dtype, rng):
    arguments = {"data_format": data_format, "dtype": dtype}
    ours, theirs = layers.Flatten(**arguments), keras.layers.Flatten(**arguments)
    x = rng.standard_normal(shape).astype(dtype)
    ours.build(x.shape)
    compare(ours, theirs, x, 0, f"{shape} {data_format}")


@pytest.mark.parametrize("name", NAMES)
def test_activation(name, dtype, rng):
    ours, theirs = (kind.Activation(name, dtype=dtype) for kind in (layers, keras.layers))
    x = 3 * rng.standard_normal((4, 5, 6)).astype(dtype)
    ours.build(x.shape)
    compare(ours, theirs, x, 0, name, precision_of(name, dtype))


def test_the_lecture_network_in_both_data_formats(dtype, rng):
    """Flatten orders the features alike, so one set of weights serves both."""
    image = rng.standard_normal((2, 12, 12, 3)).astype(dtype)
    outputs = []
    for data_format in ("channels_last", "channels_first"):
        first = data_format == "channels_first"
        x = np.moveaxis(image, -1, 1) if first else image
        ours, theirs = (
            [
                kind.Conv2D(4, 3, activation="relu", data_format=data_format, dtype=dtype),
                kind.MaxPooling2D(data_format=data_format, dtype=dtype),
                kind.Flatten(data_format, dtype=dtype),
                kind.Dense(5, "softmax", dtype=dtype),
            ]
            for kind in (layers, keras.layers)
        )
        y, expected = x, torch.tensor(np.ascontiguousarray(x))
        for index, (one, other) in enumerate(zip(ours, theirs, strict=True)):
            for layer in (one, other):
                layer.build(y.shape)
            if one.weights:
                shapes = [weight.shape for weight in one.weights]
                assert shapes == [tuple(weight.shape) for weight in other.weights]
                values = np.random.default_rng(index)
                one.set_weights([0.1 * values.standard_normal(shape) for shape in shapes])
                other.set_weights(one.get_weights())
            y, expected = one(y), other(expected)
            precision = "float32" if one is ours[-1] else dtype  # Keras's matrix product
            close(y, expected, dtype, precision, f"{one.name} {data_format}")
        outputs.append(y)
    np.testing.assert_allclose(*outputs, rtol=100 * TOLERANCE[dtype])


def test_errors_where_keras_has_them():
    for kind in (layers, keras.layers):
        for make in (
            lambda k: k.Conv2D(0, 3),
            lambda k: k.Conv2D(3, 3, groups=2),
            lambda k: k.Conv2D(2, 3, padding="some"),
            lambda k: k.Dense(0),
            lambda k: k.Dropout(2),
            lambda k: k.Dropout(-1),
            lambda k: k.Dense(2, name="a/b"),
            lambda k: k.Dense(2).count_params(),
            lambda k: k.Dense(2)(np.ones(3, np.float32)),
            lambda k: k.Conv2D(2, 3)(np.ones((1, 5, 5), np.float32)),
            lambda k: k.Input((3,), batch_shape=(2, 3)),
            lambda k: k.InputLayer(),
        ):
            with pytest.raises(ValueError):
                make(kind)


KINDS = ["Conv2D", "MaxPooling2D", "AveragePooling2D", "Dense", "Flatten", "Dropout", "Activation"]
# What convlet takes by name alone, or has no use for.
ABSENT = {
    *("kernel_regularizer", "bias_regularizer", "activity_regularizer", "kernel_constraint"),
    *("bias_constraint", "lora_rank", "lora_alpha", "quantization_config"),
}


@pytest.mark.parametrize("name", KINDS)
def test_arguments_in_their_order(name):
    ours, theirs = (
        [
            parameter
            for parameter in inspect.signature(getattr(kind, name).__init__).parameters.values()
            if parameter.kind is parameter.POSITIONAL_OR_KEYWORD and parameter.name not in ABSENT
        ]
        for kind in (layers, keras.layers)
    )
    assert [p.name for p in ours] == [p.name for p in theirs]
    for one, other in zip(ours, theirs, strict=True):
        if other.default is inspect.Parameter.empty or isinstance(other.default, tuple):
            continue  # an int for both axes is the same: see below
        assert one.default == other.default, one.name


def test_the_same_configuration():
    for make in (
        lambda k: k.Conv2D(3, 5, activation="relu"),
        lambda k: k.MaxPooling2D(),
        lambda k: k.AveragePooling2D(3, padding="same"),
        lambda k: k.Dense(3),
        lambda k: k.Flatten(),
        lambda k: k.Dropout(0.5, (None, 1), 3),
        lambda k: k.Activation("tanh"),
    ):
        ours, theirs = make(layers).get_config(), make(keras.layers).get_config()
        for name in set(ours) - {"name", "dtype", "kernel_initializer", "bias_initializer"}:
            assert ours[name] == theirs[name], name
        assert set(theirs) - set(ours) <= ABSENT


def test_automatic_names_and_paths():
    for name in [*KINDS, "InputLayer"]:
        ours, theirs = (getattr(kind, name) for kind in (layers, keras.layers))
        arguments = {"Conv2D": (1, 1), "Dense": (1,), "Dropout": (0.5,), "InputLayer": ((3,),)}
        given_ = arguments.get(name, ("relu",) if name == "Activation" else ())
        if name == "AveragePooling2D":
            given_ = (2,)
        stems = [kind(*given_).name.rstrip("0123456789").rstrip("_") for kind in (ours, theirs)]
        assert stems[0] == stems[1]
    for kind in (layers, keras.layers):
        layer = kind.Conv2D(2, 3, name="edge")
        layer.build((None, 5, 5, 1))
        assert [weight.path for weight in layer.weights] == ["edge/kernel", "edge/bias"]


def test_state_of_dropout_is_no_weight():
    for kind, states in ((layers, 2), (keras.layers, 1)):  # ours has its seed for a state, too
        layer = kind.Dropout(0.5)
        layer.build((None, 3))
        assert layer.get_weights() == [] and len(layer.variables) == states
        assert layer.count_params() == 0
