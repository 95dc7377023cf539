"""Places of maxima over 2 x 2 by tiles, and gradients that are read through them."""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

import modes
from comparison import assert_same_bits
from convlet import ops
from convlet._cext import winograd
from convlet.ops._activation import NO_ACTIVATION, activation_code
from convlet.ops._conv_gradients import input_gradient, input_gradient_by_tiles
from strategies import LAYOUTS, SEEDS, ConvConfig
from winograd_cases import SIZES, configs, forward, geometry, halved

size = pytest.mark.parametrize("size", SIZES)
activations = st.sampled_from([None, "relu", "relu6"])
STRIDED = sorted({*LAYOUTS} - {"read_only"})
MARGIN = 64  # bytes around places
SPECIAL = st.sampled_from([np.nan, np.inf, -np.inf])


def pooled(config, size, x, kernel, bias, activation=None, places=None):
    """Whether all is finite, the maxima, and their places."""
    out = np.zeros(halved(config), x.dtype)
    places = np.zeros(out.shape, np.uint8) if places is None else places
    code, packed = activation_code(activation), winograd.transform(kernel, size)
    made = geometry(config)
    return winograd.forward(x, kernel, bias, out, made, code, packed, True, places), out, places


def places_of(y):
    """Of y's maxima, by their positions among the pixels of their image."""
    _, position = ops.max_pool(y, 2, return_indices=True)
    row, column = np.divmod(position, y.shape[2])
    return (row % 2 * 2 + column % 2).astype(np.uint8)


def grads(config, seed, dtype):
    """A gradient of the maxima, places, and the gradient of what is pooled."""
    rng = np.random.default_rng(seed)
    grad = rng.standard_normal(halved(config)).astype(dtype)
    places = rng.integers(0, 4, grad.shape, np.uint8)
    everywhere = np.zeros(config.y_shape, dtype)
    image, row, column, channel = np.indices(grad.shape)
    everywhere[image, 2 * row + places // 2, 2 * column + places % 2, channel] = grad
    return grad, places, everywhere


def pools(config):
    assume(min(config.y_shape[1:3]) >= 2)


@size
@given(configs, SEEDS, activations, st.booleans())
def test_places(isa, threads, dtype, size, config, seed, activation, ties):
    pools(config)
    x, kernel, bias = config.arrays(seed, dtype)
    if ties:
        x = np.zeros_like(x)
    shape = halved(config)
    memory = np.full(np.prod(shape) + 2 * MARGIN, 77, np.uint8)
    places = memory[MARGIN:-MARGIN].reshape(shape)
    finite, maxima, _ = pooled(config, size, x, kernel, bias, activation, places)
    y = forward(config, size, x, kernel, bias, activation)
    context = f"{config} {activation} seed {seed}"
    assert finite, context
    assert_same_bits(maxima, ops.max_pool(y, 2), context)
    assert_same_bits(places, places_of(y), context)
    assert (memory[:MARGIN] == 77).all() and (memory[-MARGIN:] == 77).all(), context


@size
@given(configs, SEEDS)
def test_input_gradient(isa, threads, dtype, size, config, seed):
    pools(config)
    kernel = config.arrays(seed, dtype)[1]
    grad, places, everywhere = grads(config, seed, dtype)
    dx, expected = (np.full(config.x_shape, np.nan, dtype) for _ in range(2))
    made = geometry(config)
    assert input_gradient_by_tiles(grad, kernel, dx, made, size, places)
    input_gradient(everywhere, kernel, expected, made, size)
    assert_same_bits(dx, expected, f"{config} seed {seed}")


@pytest.mark.parametrize("filters", [260, 512])
def test_input_gradient_of_slices(isa, threads, dtype, filters):
    """Of so many channels that points of all leave room for few tiles."""
    config = ConvConfig(1, (15, 14), (3, 3), 17, 1, filters, padding=((1, 1), (1, 1)))
    kernel = config.arrays(0, dtype)[1]
    grad, places, everywhere = grads(config, 0, dtype)
    dx, expected = (np.full(config.x_shape, np.nan, dtype) for _ in range(2))
    assert input_gradient_by_tiles(grad, kernel, dx, geometry(config), 4, places)
    input_gradient(everywhere, kernel, expected, geometry(config), 4)
    assert_same_bits(dx, expected, filters)


@given(configs, SEEDS)
def test_kernel_gradient(isa, threads, dtype, config, seed):
    pools(config)
    x = config.arrays(seed, dtype)[0]
    grad, places, everywhere = grads(config, seed, dtype)
    for groups in range(1, config.batch + 1):
        out, expected = (np.full((groups, *config.kernel_shape), np.nan, dtype) for _ in range(2))
        assert winograd.kernel_gradient(x, grad, out, geometry(config), places)
        winograd.kernel_gradient(x, everywhere, expected, geometry(config))
        assert_same_bits(out, expected, f"{config} {groups} groups seed {seed}")


def results(config, x, kernel, bias, grad, places):
    """All that there is with places."""
    dx, dkernel = np.zeros(config.x_shape, x.dtype), np.zeros(config.kernel_shape, x.dtype)
    made = geometry(config)
    input_gradient_by_tiles(grad, kernel, dx, made, 4, places)
    winograd.kernel_gradient(x, grad, dkernel, made, places)
    return [*pooled(config, 4, x, kernel, bias, "relu")[1:], dx, dkernel]


@given(configs, SEEDS)
def test_threads_and_instruction_sets(dtype, config, seed):
    pools(config)
    arrays = (*config.arrays(seed, dtype), *grads(config, seed, dtype)[:2])
    for one, other, which in modes.results_to_agree(lambda: results(config, *arrays)):
        assert_same_bits(one, other, f"{which}, {config} seed {seed}")


@pytest.mark.parametrize("layout", STRIDED)
@given(configs, SEEDS)
def test_layouts(isa, dtype, layout, config, seed):
    """Of arrays that are not maxima."""
    pools(config)
    x, kernel, bias = config.arrays(seed, dtype)
    grad, places, _ = grads(config, seed, dtype)
    expected = results(config, x, kernel, bias, grad, places)
    strided = [None if a is None else LAYOUTS[layout](a) for a in (x, kernel, bias)]
    for one, other in zip(results(config, *strided, grad, places), expected, strict=True):
        assert_same_bits(one, other, f"{config} seed {seed}")


@size
@given(configs, SEEDS, SPECIAL)
def test_says_what_is_not_finite(isa, threads, dtype, size, config, seed, value):
    pools(config)
    x, kernel, bias = config.arrays(seed, dtype)
    grad, places, _ = grads(config, seed, dtype)
    made, rng = geometry(config), np.random.default_rng(seed)
    spoilt = kernel.copy()
    spoilt.flat[rng.integers(kernel.size)] = value
    dx, dkernel = np.zeros_like(x), np.zeros_like(kernel)
    assert not pooled(config, size, x, spoilt, bias)[0]
    assert not input_gradient_by_tiles(grad, spoilt, dx, made, size, places)
    grad.flat[rng.integers(grad.size)] = value
    assert not winograd.kernel_gradient(x, grad, dkernel, made, places)


CONFIG = ConvConfig(1, (6, 7), (3, 3), 4, 1, 5, padding=((1, 1), (1, 1)))
SHAPE = (1, 3, 3, 5)


def read_only(shape):
    array = np.zeros(shape, np.uint8)
    array.flags.writeable = False
    return array


@pytest.mark.parametrize(
    "places",
    [
        np.zeros(SHAPE, np.float32),
        np.zeros((1, 3, 4, 5), np.uint8),
        np.zeros((2, 3, 3, 5), np.uint8),
        np.zeros((1, 3, 3, 10), np.uint8)[..., ::2],
        np.zeros(3, np.uint8),
        3,
        read_only(SHAPE),
    ],
    ids=["of float32", "too wide", "too many", "apart", "of one axis", "no array", "read-only"],
)
def test_refuses(places):
    x, kernel, bias = CONFIG.arrays(0, "float32")
    with pytest.raises((ValueError, TypeError, BufferError)):
        pooled(CONFIG, 4, x, kernel, bias, places=places)
    if isinstance(places, np.ndarray) and not places.flags.writeable:
        return
    grad, made = np.zeros(SHAPE, np.float32), geometry(CONFIG)
    with pytest.raises((ValueError, TypeError, BufferError)):
        winograd.kernel_gradient(x, grad, np.zeros_like(kernel), made, places)
    with pytest.raises((ValueError, TypeError, BufferError)):
        input_gradient_by_tiles(grad, kernel, np.zeros_like(x), made, 4, places)


def test_refuses_maxima_that_lie_apart():
    """Their places are found by where they lie."""
    x, kernel, _ = CONFIG.arrays(0, "float32")
    places, made = np.zeros(SHAPE, np.uint8), geometry(CONFIG)
    apart = np.zeros((1, 3, 3, 10), np.float32)[..., ::2]
    packed = winograd.transform(kernel, 4)
    with pytest.raises((ValueError, BufferError)):
        winograd.forward(x, kernel, None, apart, made, NO_ACTIVATION, packed, True, places)
    with pytest.raises((ValueError, BufferError)):
        winograd.kernel_gradient(x, apart, np.zeros_like(kernel), made, places)
    with pytest.raises((ValueError, BufferError)):
        input_gradient_by_tiles(apart, kernel, np.zeros_like(x), made, 4, places)
