"""`Conv2D`: `ops.conv` with weights, a cache of their packed form, and checks."""

import threading

import numpy as np
import pytest
from hypothesis import given

import modes
from comparison import assert_same_bits
from convlet import activations, config, ops
from convlet._cext import runtime
from convlet.layers import Conv2D
from convlet.ops._row_activations import ROWS
from layer_checks import check_vjp
from strategies import DATA_FORMATS, LAYOUTS, SEEDS, conv_configs

SMOOTH = (None, "tanh", "gelu", "silu", "softmax", "softplus")  # those that differences suit
FORMATS = pytest.mark.parametrize("data_format", DATA_FORMATS)


def layer_of(case, dtype, activation=None):
    return Conv2D(
        case.filters,
        case.kernel_size,
        groups=case.groups,
        use_bias=case.use_bias,
        activation=activation,
        bias_initializer="random_normal",
        dtype=dtype,
        **case.keywords,
    )


@pytest.fixture
def direct():
    with modes.algorithm("direct"):
        yield


@given(conv_configs(ranks=(2,)), SEEDS)
def test_equals_the_operator_bit_for_bit(direct, dtype, case, seed):
    x, kernel, bias = case.arrays(seed, dtype)
    names = [None, *(name for name in activations._FUNCTIONS)]
    if case.data_format == "channels_first":
        names = [name for name in names if name not in ROWS]  # an operator's are over channels
    name = names[seed % len(names)]
    layer = layer_of(case, dtype, name)
    layer.build(x.shape)
    layer.set_weights([kernel] if bias is None else [kernel, bias])
    known = None if name is None else activations.ops_name(activations.get(name))
    expected = ops.conv(x, kernel, bias, activation=known, **case.keywords)
    context = f"{case} {name} seed {seed}"
    assert layer.compute_output_shape(x.shape) == expected.shape, context
    assert_same_bits(layer(x), expected, context)
    y, pullback = layer.vjp(x, training=True)
    assert_same_bits(y, expected, context)
    if known in (None, "linear"):
        grad = case.grad(seed, dtype)
        dx, grads = pullback(grad)
        needed = ("x", "kernel", "bias") if case.use_bias else ("x", "kernel")
        wanted = ops.conv_grad(grad, x, kernel, needs=needed, **case.keywords)[: len(needed)]
        for ours, theirs in zip((dx, *grads), wanted, strict=True):
            assert_same_bits(ours, theirs, context)


@given(conv_configs(ranks=(2,), channels=(1, 2, 3)), SEEDS)
def test_gradients(case, seed):
    rng = np.random.default_rng(seed)
    layer = layer_of(case, "float64", SMOOTH[seed % len(SMOOTH)])
    check_vjp(layer, rng.standard_normal(case.x_shape), rng)


@FORMATS
@pytest.mark.parametrize("activation", SMOOTH)
def test_gradients_in_both_data_formats(activation, data_format, rng):
    layer = Conv2D(4, 2, activation=activation, data_format=data_format, dtype="float64")
    check_vjp(layer, rng.standard_normal((2, 3, 6, 5)), rng)


@FORMATS
def test_softmax_is_over_the_last_axis(data_format, rng):
    """Of the output as it lies, as Keras has it."""
    x = rng.standard_normal((2, 3, 6, 5)).astype(np.float32)
    layer = Conv2D(4, 2, activation="softmax", data_format=data_format)
    y = layer(x)
    assert y.flags.c_contiguous and np.allclose(y.sum(-1), 1)
    z = ops.conv(x, layer.kernel.value, layer.bias.value, data_format=data_format)
    assert_same_bits(y, activations.softmax(z))
    assert_same_bits(layer.vjp(x)[0], y)


def test_layouts_do_not_matter(dtype, rng):
    x = rng.standard_normal((2, 7, 6, 3)).astype(dtype)
    layer = Conv2D(5, 3, activation="gelu", dtype=dtype)
    expected, pullback = layer(x), layer.vjp(x)[1]
    grad = rng.standard_normal(expected.shape).astype(dtype)
    dx, (dkernel, dbias) = pullback(grad)
    for name, layout in LAYOUTS.items():
        assert_same_bits(layer(layout(x)), expected, name)
        dx_, (dkernel_, dbias_) = layer.vjp(layout(x))[1](grad)
        for ours, theirs in ((dx_, dx), (dkernel_, dkernel), (dbias_, dbias)):
            assert_same_bits(ours, theirs, name)


def test_packed_weights_follow_assignments(rng):
    x = rng.standard_normal((1, 6, 6, 3)).astype(np.float32)
    layer = Conv2D(4, 3)
    for _ in range(3):
        kernel, bias = rng.standard_normal((3, 3, 3, 4)), rng.standard_normal(4)
        if layer.built:
            layer.set_weights([kernel, bias])
        expected = None
        for _ in range(2):
            y = layer(x)
            expected = ops.conv(x, layer.kernel.value, layer.bias.value)
            assert_same_bits(y, expected)
    packed = layer._packed._entry[1]
    layer(x)
    assert layer._packed._entry[1] is packed  # once for each version
    layer.bias.assign(np.ones(4))
    assert_same_bits(layer(x), ops.conv(x, layer.kernel.value, layer.bias.value))
    assert layer._packed._entry[1] is packed


def test_packed_weights_follow_the_instruction_set(rng):
    x = rng.standard_normal((1, 6, 6, 3)).astype(np.float32)
    layer = Conv2D(17, 3)
    layer(x)
    for name in (*runtime.available_isas(), *reversed(runtime.available_isas())):
        with modes.instruction_set(name):
            expected = ops.conv(x, layer.kernel.value, layer.bias.value)
            assert_same_bits(layer(x), expected, name)


def test_packed_weights_under_assignments_by_another_thread():
    """Every output belongs to one value of the kernel, never to a mixture."""
    x, layer, wrong = np.ones((1, 8, 8, 4), np.float32), Conv2D(8, 3, use_bias=False), []
    layer(x)
    layer.kernel.assign(np.zeros(layer.kernel.shape))
    allowed = {0.0} | {36.0 * value for value in range(50)}
    done = threading.Event()

    def call():
        while not done.is_set():
            values = set(layer(x).ravel().tolist())
            if len(values) != 1 or not values <= allowed:
                wrong.append(values)

    callers = [threading.Thread(target=call) for _ in range(2)]
    for thread in callers:
        thread.start()
    for value in range(50):
        layer.kernel.assign(np.full(layer.kernel.shape, value))
    done.set()
    for thread in callers:
        thread.join()
    assert not wrong
    assert set(layer(x).ravel().tolist()) == {36.0 * 49}


def test_two_threads_get_what_one_gets(rng):
    layer = Conv2D(16, 3, activation="relu")
    inputs = [rng.standard_normal((2, 20, 20, 3)).astype(np.float32) for _ in range(2)]
    expected = [layer(x) for x in inputs]
    results = [[], []]

    def run(index):
        for _ in range(30):
            results[index].append(layer(inputs[index]))

    threads = [threading.Thread(target=run, args=(index,)) for index in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for index in range(2):
        assert len(results[index]) == 30
        for y in results[index]:
            assert_same_bits(y, expected[index])


@FORMATS
def test_a_pass_leaves_nothing_on_the_layer(data_format, rng):
    layer = Conv2D(2, 3, data_format=data_format)
    x = rng.standard_normal((1, 5, 5, 5)).astype(np.float32)
    layer(x)
    before = dict(vars(layer))
    layer.vjp(x, training=True)[1](np.ones(layer.compute_output_shape(x.shape), np.float32))
    layer(x)
    assert dict(vars(layer)) == before


def test_shapes_with_unknown_sizes():
    shape = (None, None, 7, 3)
    assert Conv2D(4, 3).compute_output_shape(shape) == (None, None, 5, 4)
    first = Conv2D(4, 3, strides=(1, 2), padding="same", data_format="channels_first")
    assert first.compute_output_shape((None, 3, 8, None)) == (None, 4, 8, None)


def test_the_default_data_format_is_the_configured_one():
    config.set_image_data_format("channels_first")
    try:
        assert Conv2D(4, 3).compute_output_shape((2, 3, 8, 9)) == (2, 4, 6, 7)
    finally:
        config.set_image_data_format("channels_last")


def test_an_input_that_the_weights_do_not_fit():
    """Not even where `ops.conv` would see two groups."""
    layer = Conv2D(4, 3, name="conv")
    layer.build((None, 8, 8, 3))
    message = r"conv: the input must have 3 channels, as when the layer was built, got .* 8, 6\)"
    for use in (layer, layer.vjp, lambda x: layer.compute_output_shape(x.shape)):
        with pytest.raises(ValueError, match=message):
            use(np.ones((1, 8, 8, 6), np.float32))
    for shape in ((8, 8, 3), (1, 2, 8, 8, 3)):
        with pytest.raises(ValueError, match="conv: the input must have 4 axes, N included, got"):
            layer(np.ones(shape, np.float32))
    with pytest.raises(ValueError, match="kernel must fit into the padded input"):
        layer(np.ones((1, 2, 2, 3), np.float32))


@pytest.mark.parametrize(
    ("keywords", "error", "message"),
    [
        ({"filters": 0}, ValueError, "filters must be at least 1, got 0"),
        ({"filters": 2.0}, TypeError, "filters must be an int, got 2.0"),
        ({"filters": True}, TypeError, "filters must be an int, got True"),
        ({"kernel_size": (3, 3, 3)}, ValueError, "kernel_size must be an int or 2 ints"),
        ({"kernel_size": 0}, ValueError, "kernel_size must be at least 1"),
        ({"strides": "1"}, TypeError, "strides must be an int or 2 ints"),
        ({"dilation_rate": -1}, ValueError, "dilation_rate must be at least 1"),
        ({"padding": "causal"}, ValueError, 'padding must be one of "valid", "same"'),
        ({"padding": 1.5}, TypeError, "padding must be one of"),
        ({"padding": ((1, 1),)}, ValueError, r"2 \(before, after\) pairs"),
        ({"data_format": "NHWC"}, ValueError, "data_format must be one of"),
        ({"groups": 3}, ValueError, "filters must be a multiple of groups, got 4 filters and 3"),
        ({"activation": "rely"}, ValueError, "activation must be one of"),
        ({"activation": abs}, TypeError, "activation must be one of convlet.activations"),
        ({"kernel_initializer": "glorot"}, ValueError, "initializer must be callable or one of"),
    ],
)
def test_bad_arguments(keywords, error, message):
    with pytest.raises(error, match=message):
        Conv2D(**{"filters": 4, "kernel_size": 3, **keywords})


@pytest.mark.parametrize("shape", [(None, 8, 8, None), (None, 8, 8, 0)])
def test_channels_must_be_known(shape):
    with pytest.raises(ValueError, match="the input must have a known number of channels above 0"):
        Conv2D(4, 3).build(shape)


def test_channels_must_be_a_multiple_of_groups():
    with pytest.raises(ValueError, match="multiple of groups, got 3 channels and 2 groups"):
        Conv2D(4, 3, groups=2).build((None, 8, 8, 3))
