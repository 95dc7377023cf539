"""Winograd's algorithm as compiled: values, equal bits, memory around results, bad arguments."""

import numpy as np
import pytest
from hypothesis import given

import modes
import oracles
from comparison import (
    activated_tolerance,
    assert_close,
    assert_same_bits,
    winograd_gradient_tolerance,
    winograd_tolerance,
)
from convlet import ops
from convlet._cext import winograd
from convlet.ops._activation import NO_ACTIVATION
from guarded import CANARY, beside_forbidden_page, canaried, canaried_gaps, mprotect
from strategies import LAYOUTS, SEEDS, ConvConfig
from winograd_cases import SIZES, configs, forward, geometry, kernel_gradient

SAME = ((1, 1), (1, 1))
# Large enough for several threads to share; odd enough for tails everywhere.
CONFIGS = [
    ConvConfig(2, (26, 26), (3, 3), 32, 1, 64, padding=((0, 0), (0, 0))),
    ConvConfig(3, (13, 31), (3, 3), 17, 1, 33, padding=((3, 0), (1, 2))),
    ConvConfig(1, (7, 7), (3, 3), 200, 1, 150, padding=SAME),
    ConvConfig(5, (3, 1), (3, 3), 5, 1, 70, padding=SAME),
    ConvConfig(1, (14, 14), (3, 3), 512, 1, 40, padding=SAME),
    ConvConfig(2, (14, 13), (3, 3), 512, 1, 140, padding=SAME),
]
ACTIVATIONS = (None, *oracles.ACTIVATIONS)
size = pytest.mark.parametrize("size", SIZES)


@size
@given(configs, SEEDS)
def test_forward(isa, threads, dtype, size, config, seed):
    x, kernel, bias = config.arrays(seed, dtype)
    kernel /= 3 * np.sqrt(config.channels)  # so that no exponential leaves float32
    name = ACTIVATIONS[seed % len(ACTIVATIONS)]
    expected = oracles.conv(x, kernel, bias, padding=config.padding, activation=name)
    tolerance = winograd_tolerance(x, kernel, bias, size, padding=config.padding, dtype=dtype)
    tolerance = activated_tolerance(tolerance, expected, name, dtype)
    y = forward(config, size, x, kernel, bias, name)
    assert_close(y, expected, tolerance, f"{config} {name} seed {seed}", dtype=dtype)


@given(configs, SEEDS)
def test_kernel_gradient(isa, threads, dtype, config, seed):
    x, grad = config.arrays(seed, dtype)[0], config.grad(seed, dtype)
    kernel = np.zeros(config.kernel_shape)
    expected = oracles.conv_grad(grad, x, kernel, padding=config.padding)[1]
    tolerance = winograd_gradient_tolerance(x, grad, padding=config.padding, dtype=dtype)
    context = f"{config} seed {seed}"
    assert_close(kernel_gradient(config, x, grad), expected, tolerance, context, dtype=dtype)


@pytest.mark.parametrize("config", CONFIGS, ids=str)
def test_larger_ones(isa, threads, dtype, config):
    """Several blocks of tiles, panels of filters and runs of a gradient."""
    x, kernel, bias = config.arrays(0, dtype)
    grad = config.grad(0, dtype)
    expected = oracles.conv(x, kernel, bias, padding=config.padding)
    for size in SIZES:
        tolerance = winograd_tolerance(x, kernel, bias, size, padding=config.padding, dtype=dtype)
        y = forward(config, size, x, kernel, bias)
        assert_close(y, expected, tolerance, f"{config} {size}", dtype=dtype)
    expected = oracles.conv_grad(grad, x, kernel, padding=config.padding)[1]
    tolerance = winograd_gradient_tolerance(x, grad, padding=config.padding, dtype=dtype)
    assert_close(kernel_gradient(config, x, grad), expected, tolerance, str(config), dtype=dtype)


@given(configs, SEEDS)
def test_gradients_of_groups_of_images(isa, threads, dtype, config, seed):
    x, grad = config.arrays(seed, dtype)[0], config.grad(seed, dtype)
    for groups in range(1, config.batch + 1):
        out = np.full((groups, *config.kernel_shape), np.nan, dtype)
        winograd.kernel_gradient(x, grad, out, geometry(config))
        cuts = [config.batch * group // groups for group in range(groups + 1)]
        for part, first, end in zip(out, cuts, cuts[1:], strict=False):
            alone = kernel_gradient(config, x[first:end], grad[first:end])
            assert_same_bits(part, alone, f"{config} {first}:{end} of {groups} seed {seed}")


# --------------------------------------------------------------------------------------- equal bits


def results(config, x, kernel, bias, grad, outs=None):
    """Outputs by either size of tiles, before and behind an activation, and the gradient."""
    outs = iter(outs or [None] * 5)
    calls = [(size, name) for size in SIZES for name in ("relu", "tanh")]
    made = [forward(config, size, x, kernel, bias, name, next(outs)) for size, name in calls]
    return [*made, kernel_gradient(config, x, grad, next(outs))]


def arrays_of(config, seed, dtype):
    x, kernel, _ = config.arrays(seed, dtype)
    bias = np.random.default_rng([seed, 2]).standard_normal(config.filters).astype(dtype)
    return x, kernel, bias, config.grad(seed, dtype)


def assert_all_same(made, expected, context):
    for number, pair in enumerate(zip(made, expected, strict=True)):
        assert_same_bits(*pair, f"result {number} of {context}")


@pytest.mark.parametrize("config", CONFIGS, ids=str)
def test_threads(isa, dtype, config):
    arrays = arrays_of(config, 0, dtype)
    with modes.num_threads(1):
        expected = results(config, *arrays)
    for n in (2, 3, 7):
        with modes.num_threads(n):
            assert_all_same(results(config, *arrays), expected, f"{config} at {n} threads")


@pytest.mark.parametrize("layout", LAYOUTS)
@given(configs, SEEDS)
def test_layouts(isa, dtype, layout, config, seed):
    """Of all inputs, and of results where they can be written."""
    arrays = arrays_of(config, seed, dtype)
    expected = results(config, *arrays)
    strided = [LAYOUTS[layout](array) for array in arrays]
    outs = [np.full_like(array, np.nan) for array in expected]
    if layout != "read_only":
        outs = [LAYOUTS[layout](out) for out in outs]
    assert_all_same(results(config, *strided, outs), expected, f"{config} seed {seed}")


@given(configs, SEEDS)
def test_images_do_not_depend_on_each_other(isa, dtype, config, seed):
    x, kernel, bias, grad = arrays_of(config, seed, dtype)
    whole = results(config, x, kernel, bias, grad)[:4]
    single = ConvConfig(1, *[getattr(config, name) for name in (
        "lengths", "kernel_size", "channels", "groups", "filters", "strides", "padding"
    )])  # fmt: skip
    for i in range(config.batch):
        one = slice(i, i + 1)
        made = results(single, x[one], kernel, bias, grad[one])[:4]
        assert_all_same(made, [y[one] for y in whole], f"image {i} of {config} seed {seed}")


@given(configs, SEEDS)
def test_instruction_sets(dtype, config, seed):
    """Those with fused multiply-add agree among each other, and so do those without."""
    arrays = arrays_of(config, seed, dtype)
    for *pair, which in modes.results_to_agree(lambda: results(config, *arrays)):
        assert_same_bits(*pair, f"{which}, {config} seed {seed}")


# -------------------------------------------------------------------------------- around the arrays


@given(configs, SEEDS)
def test_canaries(isa, dtype, threads, config, seed):
    arrays = arrays_of(config, seed, dtype)
    expected = results(config, *arrays)
    for make, free in ((canaried, False), (canaried_gaps, True)):
        outs, canaries = zip(*(make(y.shape, dtype) for y in expected), strict=True)
        assert_all_same(results(config, *arrays, outs), expected, f"{config} seed {seed}")
        for out, canary in zip(outs, canaries, strict=True):
            if free:
                out[...] = CANARY
            assert (canary == CANARY).all(), f"{config} seed {seed}"


if mprotect():

    @pytest.mark.parametrize("at_end", [False, True])
    @pytest.mark.parametrize("config", CONFIGS, ids=str)
    def test_forbidden_pages(isa, dtype, config, at_end):
        arrays = arrays_of(config, 0, dtype)
        expected = results(config, *arrays)
        guarded = [beside_forbidden_page(array, at_end=at_end) for array in arrays]
        outs = [beside_forbidden_page(y, at_end=at_end) for y in expected]
        assert_all_same(results(config, *guarded, outs), expected, config)


# ------------------------------------------------------------------------------------ bad arguments


def plain(ci=4, co=5, dtype="float32"):
    """Arguments of `forward`, and of `kernel_gradient` without its own."""
    config = ConvConfig(1, (6, 6), (3, 3), ci, 1, co, padding=SAME)
    x, kernel, bias = config.arrays(0, dtype)
    given = {"x": x, "kernel": kernel, "bias": bias, "out": np.zeros(config.y_shape, dtype)}
    given["transformed"] = winograd.transform(kernel, 4)
    return {**given, "geometry": geometry(config), "activation": NO_ACTIVATION}


def read_only(shape, dtype="float32"):
    array = np.zeros(shape, dtype)
    array.flags.writeable = False
    return array


def zeros(*shape, dtype="float32"):
    return np.zeros(shape, dtype)


REFUSED = {
    "x of other channels": {"x": zeros(1, 6, 6, 3)},
    "x of another type": {"x": zeros(1, 6, 6, 4, dtype="float64")},
    "x of more images": {"x": zeros(2, 6, 6, 4)},
    "x of three spatial axes": {"x": zeros(1, 2, 6, 6, 4)},
    "x without pixels": {"x": zeros(1, 0, 6, 4)},
    "x of six axes": {"x": zeros(1, 1, 1, 6, 6, 4)},
    "x is no array": {"x": [1.0]},
    "kernel of other taps": {"kernel": zeros(3, 2, 4, 5)},
    "kernel of another type": {"kernel": zeros(3, 3, 4, 5, dtype="float64")},
    "kernel in three dimensions": {"kernel": zeros(2, 3, 3, 4, 5)},
    "bias too short": {"bias": zeros(4)},
    "bias of two axes": {"bias": zeros(2, 5)},
    "bias of another type": {"bias": zeros(5, dtype="float64")},
    "out of other channels": {"out": zeros(1, 6, 6, 6)},
    "out of more images": {"out": zeros(2, 6, 6, 5)},
    "out without pixels": {"out": zeros(1, 6, 0, 5)},
    "out of another type": {"out": zeros(1, 6, 6, 5, dtype="float64")},
    "out read-only": {"out": read_only((1, 6, 6, 5))},
    "transformed of another shape": {"transformed": winograd.transform(zeros(3, 3, 4, 6), 4)},
    "transformed of another type": {
        "transformed": winograd.transform(zeros(3, 3, 4, 5, dtype="float64"), 4)
    },
    "transformed is none": {"transformed": None},
    "transformed is the kernel": {"transformed": zeros(3, 3, 4, 5)},
    "geometry is no geometry": {"geometry": 3},
    "geometry of two axes": {"geometry": ((1, 1), (1, 1), (1, 1))},
}


@pytest.mark.parametrize("changes", REFUSED.values(), ids=REFUSED)
def test_forward_refuses(changes):
    given = {**plain(), **changes}
    before = given["out"].copy()
    with pytest.raises((ValueError, TypeError, BufferError)):
        winograd.forward(**given)
    assert_same_bits(given["out"], before)


def test_forward_refuses_another_instruction_sets_kernel():
    with modes.instruction_set("scalar"):
        given = plain()
    with modes.instruction_set("baseline"), pytest.raises(ValueError, match="transformed"):
        winograd.forward(**given)


@pytest.mark.parametrize(
    "changes",
    [
        {"x": zeros(1, 6, 6, 3)},
        {"x": zeros(2, 6, 6, 4)},
        {"x": zeros(0, 6, 6, 4), "grad": zeros(0, 6, 6, 5)},
        {"x": zeros(1, 6, 6, 4, dtype="float64")},
        {"grad": zeros(1, 6, 6, 6)},
        {"grad": zeros(1, 2, 6, 6, 5)},
        {"grad": zeros(1, 6, 6, 5, dtype="float64")},
        {"out": zeros(3, 3, 5, 4)},
        {"out": zeros(3, 3, 4, 5, dtype="float64")},
        {"out": zeros(2, 3, 4, 5)},
        {"out": zeros(2, 3, 3, 4, 5)},
        {"out": zeros(0, 3, 3, 4, 5)},
        {"out": read_only((3, 3, 4, 5))},
        {"geometry": None},
    ],
    ids=str,
)
def test_kernel_gradient_refuses(changes):
    given = {"x": zeros(1, 6, 6, 4), "grad": zeros(1, 6, 6, 5), "out": zeros(3, 3, 4, 5)}
    with pytest.raises((ValueError, TypeError, BufferError)):
        winograd.kernel_gradient(**{**given, "geometry": plain()["geometry"], **changes})


@pytest.mark.parametrize(
    ("shape", "dtype", "size"),
    [
        ((3, 3, 4, 5), "float32", 3),
        ((3, 3, 4, 5), "float32", 0),
        ((3, 3, 4, 5), "float32", -2),
        ((3, 3, 4, 5), "float32", 2**40),
        ((3, 3, 4, 5), "float32", "2"),
        ((3, 4, 4, 5), "float32", 4),
        ((3, 3, 0, 5), "float32", 4),
        ((3, 3, 4, 0), "float32", 4),
        ((3, 3, 1025, 5), "float32", 4),
        ((3, 3, 513, 5), "float64", 2),
        ((3, 3, 4, 5), "float16", 2),
        ((3, 3, 4, 5), "complex128", 2),
    ],
)
def test_transform_refuses(shape, dtype, size):
    with pytest.raises((ValueError, TypeError, OverflowError)):
        winograd.transform(np.zeros(shape, dtype), size)


@size
@pytest.mark.parametrize("filters", [1, 16, 17, 33, 65, 130])
def test_size_of_a_transform(isa, dtype, size, filters):
    """(size + 2)^2 numbers for nine, of whole vectors of filters, whatever the panels."""
    kernel = np.ones((3, 3, 20, filters), dtype)
    vector = {"scalar": 0, "baseline": 16, "avx2": 32, "avx512": 64}[isa]
    lanes = max(vector // kernel.itemsize, 1)
    most = -(-filters // lanes) * lanes
    made = winograd.transform(kernel, size).nbytes
    assert (size + 2) ** 2 * 20 * filters * kernel.itemsize <= made
    assert made <= (size + 2) ** 2 * 20 * most * kernel.itemsize


# -------------------------------------------------------------------------------------------- error


@pytest.mark.parametrize(
    ("side", "channels", "filters", "size"),
    [(12, 16, 16, 2), (12, 16, 48, 4), (10, 64, 64, 4), (7, 70, 90, 2), (14, 32, 64, 4)],
)
def test_error_beside_direct(side, channels, filters, size):
    """Over five seeds at most 3 times the direct algorithm's: what lets layers choose it."""
    config = ConvConfig(4, (side, side), (3, 3), channels, 1, filters, padding=SAME)
    worst = {"direct": np.zeros(3), "tiles": np.zeros(3)}
    for seed in range(5):
        x, kernel, _, grad = arrays_of(config, seed, "float32")
        turned = np.ascontiguousarray(kernel[::-1, ::-1].swapaxes(2, 3))
        back = ConvConfig(4, (side, side), (3, 3), filters, 1, channels, padding=SAME)
        dx, dkernel, _ = oracles.conv_grad(grad, x, kernel, padding=SAME)
        exact = oracles.conv(x, kernel, padding=SAME), dx, dkernel
        direct = ops.conv(x, kernel, padding=SAME), *ops.conv_grad(grad, x, kernel, padding=SAME)
        tiles = (
            forward(config, size, x, kernel, None),
            forward(back, size, grad, turned, None),
            kernel_gradient(config, x, grad),
        )
        for name, made in (("direct", direct[:3]), ("tiles", tiles)):
            errors = [
                np.abs(a - b).max() / np.abs(b).max() for a, b in zip(made, exact, strict=True)
            ]
            worst[name] = np.maximum(worst[name], errors)
    ratios = worst["tiles"] / worst["direct"]
    assert (ratios <= 3).all(), ratios
