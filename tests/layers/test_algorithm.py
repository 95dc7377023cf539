"""Which algorithm a convolution layer uses, and what may depend on it."""

import threading

import numpy as np
import pytest

import children
import convlet
import modes
from comparison import assert_close, assert_same_bits
from convlet import ops
from convlet._cext import runtime, winograd
from convlet.layers import Conv1D, Conv2D, Conv3D
from convlet.ops._conv_checks import check_operands
from convlet.ops._groups import groups_of_tiles
from convlet.ops._winograd import DIRECT, tile_sizes
from layer_checks import check_vjp
from strategies import DATA_FORMATS, LAYOUTS

ALGORITHM = "import convlet; print(convlet.get_algorithm())"


@pytest.fixture(autouse=True)
def auto():
    with modes.algorithm("auto"):
        yield


def built(dtype, filters=24, channels=16, **keywords):
    layer = Conv2D(filters, 3, padding="same", dtype=dtype, **keywords)
    layer.build((None, 9, 9, channels))
    layer.bias.assign(np.linspace(-1, 1, filters))
    return layer


def draw(rng, dtype, *shape):
    return rng.standard_normal(shape).astype(dtype)


def all_results(layer, x, grad):
    """Inference, training, and the gradients."""
    y, pullback = layer.vjp(x, training=True)
    dx, grads = pullback(grad)
    return [layer(x), y, dx, *grads]


# -------------------------------------------------------------------------------------- the setting


def test_setting():
    assert convlet.get_algorithm() == "auto"
    convlet.set_algorithm("direct")
    assert convlet.get_algorithm() == "direct"


@pytest.mark.parametrize(
    ("bad", "error"),
    [("winograd", ValueError), ("", ValueError), ("Direct", ValueError), (None, TypeError),
     (1, TypeError), (b"auto", TypeError), (["auto"], TypeError), (np.ones(2), TypeError)],
)  # fmt: skip
def test_what_it_refuses(bad, error):
    with pytest.raises(error, match="name must be"):
        convlet.set_algorithm(bad)
    assert convlet.get_algorithm() == "auto"


@pytest.mark.parametrize("name", ["auto", "direct"])
def test_environment(name):
    assert children.run(ALGORITHM, CONVLET_ALGORITHM=name) == name


def test_default():
    assert children.run(ALGORITHM, CONVLET_ALGORITHM=None) == "auto"


@pytest.mark.parametrize("bad", ["winograd", "", "direct "])
def test_environment_refused(bad):
    error = children.run(ALGORITHM, status=1, CONVLET_ALGORITHM=bad)
    assert f'ValueError: CONVLET_ALGORITHM must be "auto" or "direct", got {bad!r}' in error


# ---------------------------------------------------------------------------- direct, and otherwise


@pytest.mark.parametrize("data_format", DATA_FORMATS)
def test_direct_equals_the_operators(isa, dtype, data_format, rng):
    shape = (2, 16, 9, 10) if data_format == "channels_first" else (2, 9, 10, 16)
    x = draw(rng, dtype, *shape)
    layer = Conv2D(24, 3, padding="same", data_format=data_format, dtype=dtype)
    layer.build(shape)
    grad = draw(rng, dtype, *layer.compute_output_shape(shape))
    auto = all_results(layer, x, grad)
    keywords = {"padding": "same", "data_format": data_format}
    kernel, bias = layer.get_weights()
    y = ops.conv(x, kernel, bias, **keywords)
    expected = [y, y, *ops.conv_grad(grad, x, kernel, **keywords)]
    with modes.algorithm("direct"):
        for pair in zip(all_results(layer, x, grad), expected, strict=True):
            assert_same_bits(*pair)
    # and what "auto" chose is another algorithm, in all but the bias's gradient
    differ = [not np.array_equal(*pair) for pair in zip(auto, expected, strict=True)]
    assert differ == [True, True, True, True, False]
    for one, other in zip(all_results(layer, x, grad), auto, strict=True):
        assert_same_bits(one, other)


def test_operators_are_always_direct(dtype, rng):
    x, kernel = draw(rng, dtype, 1, 9, 9, 16), draw(rng, dtype, 3, 3, 16, 24)
    grad = draw(rng, dtype, 1, 9, 9, 24)
    results = []
    for name in ("auto", "direct"):
        with modes.algorithm(name):
            y = ops.conv(x, kernel, padding="same")
            results.append([y, *ops.conv_grad(grad, x, kernel, padding="same")])
    for pair in zip(*results, strict=True):
        assert_same_bits(*pair)


@pytest.mark.parametrize("activation", [None, "tanh", "gelu"])
@pytest.mark.parametrize("data_format", DATA_FORMATS)
def test_gradients_by_differences(activation, data_format, rng):
    layer = Conv2D(
        17, 3, padding=1, activation=activation, data_format=data_format, dtype="float64"
    )
    shape = (2, 16, 7, 9) if data_format == "channels_first" else (2, 7, 9, 16)
    x = rng.standard_normal(shape)
    assert 0 not in tiles_of(x, (3, 3, 16, 17), padding=1, data_format=data_format)
    check_vjp(layer, x, rng)


@pytest.mark.parametrize("make", [Conv1D, Conv3D])
def test_other_ranks_are_direct(make, rng):
    x = draw(rng, "float32", 1, *(9,) * make.rank, 16)
    layer = make(16, 3)
    layer.build(x.shape)
    assert_same_bits(layer(x), ops.conv(x, *layer.get_weights()))


# --------------------------------------------------------------------------------- what it rests on


def tiles_of(x, kernel_shape, strides=1, padding="same", data_format="channels_last"):
    kernel = np.zeros(kernel_shape, x.dtype)
    return check_operands(x, kernel, strides, padding, 1, data_format)[2].tiles


def test_the_choice_is_the_shapes():
    """Neither batch nor element type nor strides of arrays count."""
    x = np.zeros((6, 14, 14, 64), "float32")
    chosen = tiles_of(x, (3, 3, 64, 64))
    assert 0 not in chosen
    for other in (x[:1], x[::2], x.astype("float64"), np.asfortranarray(x)):
        assert tiles_of(other, (3, 3, 64, 64)) == chosen


def test_kernel_gradients_of_groups_of_images(isa, dtype, rng):
    """Many tiles and a small kernel; sums are near the direct algorithm's, whatever the threads."""
    layer = built(dtype)
    shape = (15, 25, 24, 16)
    x, grad = draw(rng, dtype, *shape), draw(rng, dtype, *shape[:3], 24)
    assert groups_of_tiles(grad.shape, layer.kernel.value) == 2
    with modes.algorithm("direct"):
        direct = all_results(layer, x, grad)[3]
    found = []
    for threads in (1, 2, 3):
        with modes.num_threads(threads):
            found.append(all_results(layer, x, grad)[3])
            assert_same_bits(found[-1], found[0], f"{threads} threads")
    tolerance = 50 * np.finfo(dtype).eps * np.sqrt(x[..., 0].size) * np.abs(direct).max()
    assert_close(found[0], direct, tolerance, dtype=dtype)


def sizes(kernel=(3, 3, 64, 64), side=14, out=14, strides=(1, 1, 1), dilations=(1, 1, 1), groups=1):
    return tile_sizes(kernel, strides, dilations, groups, side, side, out, out)


def test_what_is_direct():
    assert 0 not in sizes()
    for other in (
        {"kernel": (3, 4, 64, 64)},
        {"kernel": (1, 1, 64, 64)},
        {"kernel": (5, 5, 64, 64)},
        {"kernel": (3, 3, 15, 64)},
        {"kernel": (3, 3, 64, 15)},
        {"kernel": (3, 3, 513, 64)},
        {"kernel": (3, 3, 64, 513)},
        {"strides": (1, 2, 2)},
        {"strides": (1, 1, 2)},
        {"dilations": (1, 2, 1)},
        {"groups": 2},
    ):
        assert sizes(**other) == DIRECT


def test_small_sources_get_small_tiles():
    """Where most taps meet padding, tiles of 4 x 4 have more than 3 times direct's error."""
    assert sizes(side=4, out=4)[:2] == (2, 2)
    assert sizes(side=8, out=8)[:2] == (4, 4)
    assert sizes(side=5, out=3).input_gradient in (0, 2)
    assert sizes(side=3, out=1).input_gradient in (0, 2)
    wide = tile_sizes((3, 3, 64, 64), (1, 1, 1), (1, 1, 1), 1, 4, 40, 4, 40)
    assert wide[:2] == (2, 2)


def test_padding_costs_the_direct_algorithm_nothing():
    """A quarter of the taps of a 5 x 5 map meet it, and its tiles are filled to 6 x 6."""
    deep = (3, 3, 512, 512)
    assert sizes(kernel=deep, side=5, out=5)[:2] == (0, 0)
    assert sizes(kernel=deep, side=7, out=7)[:2] == (2, 2)


@pytest.mark.parametrize("channels", range(16, 140))
def test_packed_weights_stay_below_five_times_the_weights(isa, channels):
    kernel = np.zeros((3, 3, 16, channels), "float32")
    size = sizes(kernel=kernel.shape).forward
    assert size in (2, 4)
    for dtype in ("float32", "float64"):
        packed = winograd.transform(kernel.astype(dtype), size)
        assert packed.nbytes <= 5 * kernel.astype(dtype).nbytes


def test_equal_bits(isa, threads, dtype, rng):
    """Of each image in any batch, of arrays in any layout, and on any number of threads."""
    layer, x, grad = built(dtype), draw(rng, dtype, 5, 9, 9, 16), draw(rng, dtype, 5, 9, 9, 24)
    with modes.num_threads(1):
        expected = all_results(layer, x, grad)
    for pair in zip(all_results(layer, x, grad), expected, strict=True):
        assert_same_bits(*pair)
    for i in range(5):
        one = slice(i, i + 1)
        alone = all_results(layer, x[one], grad[one])
        for result, whole in zip(alone[:3], expected, strict=False):
            assert_same_bits(result, whole[one], f"image {i}")
    for name, layout in LAYOUTS.items():
        for pair in zip(all_results(layer, layout(x), layout(grad)), expected, strict=True):
            assert_same_bits(*pair, name)


def test_no_images(dtype):
    layer = built(dtype)
    y, dx, *grads = all_results(
        layer, np.ones((0, 9, 9, 16), dtype), np.ones((0, 9, 9, 24), dtype)
    )[1:]
    assert y.shape == (0, 9, 9, 24)
    assert dx.shape == (0, 9, 9, 16)
    assert not any(grad.any() for grad in grads)


# ---------------------------------------------------------------------------------------- the cache


def test_transform_follows_the_weights(dtype, rng):
    layer, x = built(dtype), draw(rng, dtype, 1, 9, 9, 16)
    layer(x)
    packed = layer._packed._entry[1]
    layer(x)
    layer.vjp(x, training=True)
    layer.bias.assign(np.ones(24))
    layer(x[:, :, :8])  # tiles of the same size
    assert layer._packed._entry[1] is packed
    for _ in range(3):
        layer.set_weights([draw(rng, dtype, 3, 3, 16, 24), draw(rng, dtype, 24)])
        fresh = built(dtype)
        fresh.set_weights(layer.get_weights())
        assert_same_bits(layer(x), fresh(x))
        assert_same_bits(layer.vjp(x, training=True)[0], fresh(x))


def test_transform_follows_the_instruction_set(dtype, rng):
    layer, x = built(dtype), draw(rng, dtype, 1, 9, 9, 16)
    for name in (*runtime.available_isas(), *reversed(runtime.available_isas())):
        with modes.instruction_set(name):
            fresh = built(dtype)
            fresh.set_weights(layer.get_weights())
            assert_same_bits(layer(x), fresh(x), name)


def test_transform_follows_shape_and_algorithm(rng):
    """One layer, inputs whose tiles differ, and both algorithms in turn."""
    layer = built("float32", filters=32)
    inputs = [draw(rng, "float32", 1, n, n, 16) for n in (9, 1, 4, 8)]
    assert {tiles_of(x, (3, 3, 16, 32)).forward for x in inputs} == {0, 2, 4}
    kernel, bias = layer.get_weights()
    expected = [layer(x) for x in inputs]
    for x, y in zip(inputs, expected, strict=True):
        assert_same_bits(layer(x), y)
        with modes.algorithm("direct"):
            assert_same_bits(layer(x), ops.conv(x, kernel, bias, padding="same"))
        assert_same_bits(layer(x), y)


def test_two_threads_at_once(rng):
    layer = built("float32")
    inputs = [draw(rng, "float32", 2, 20, 20, 16) for _ in range(2)]
    expected = [layer(x) for x in inputs]
    results = [[], []]
    layer.kernel.assign(layer.kernel.numpy())  # to be packed anew, by both

    def run(index):
        for _ in range(30):
            results[index].append(layer(inputs[index]))

    workers = [threading.Thread(target=run, args=(index,)) for index in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    for index in range(2):
        assert len(results[index]) == 30
        for y in results[index]:
            assert_same_bits(y, expected[index])


def test_weights_assigned_by_another_thread():
    """Every output belongs to one value of the kernel, never to a mixture."""
    layer, x, wrong = built("float32", use_bias=True), np.ones((1, 8, 8, 16), "float32"), []
    layer.set_weights([np.zeros((3, 3, 16, 24)), np.zeros(24)])
    done = threading.Event()

    def call():
        while not done.is_set():
            inner = layer(x)[:, 1:-1, 1:-1]
            if not np.ptp(inner) <= 1e-3 * (1 + inner.max()):
                wrong.append(inner)

    callers = [threading.Thread(target=call) for _ in range(2)]
    for caller in callers:
        caller.start()
    for value in range(50):
        layer.kernel.assign(np.full(layer.kernel.shape, value))
    done.set()
    for caller in callers:
        caller.join()
    assert not wrong
    assert np.allclose(layer(x)[:, 1:-1, 1:-1], 49 * 144)
