"""NaN and infinities by tiles: they spread as far as in the direct algorithm, and no further.

A tile's outputs in one channel that are not all finite are computed again, directly; all others
have the bits that they have without the special value.
"""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import modes
from comparison import assert_close, winograd_tolerance
from convlet import ops
from convlet._cext import runtime
from convlet.ops import _conv_gradients as conv_gradients
from strategies import SEEDS, ConvConfig
from winograd_cases import SIZES, assert_same, configs, forward, geometry, kernel_gradient

SPECIAL = st.sampled_from([np.nan, np.inf, -np.inf])
size = pytest.mark.parametrize("size", SIZES)


def spoil(array, value, seed):
    """A copy with one element replaced, and where."""
    array = array.copy()
    where = np.unravel_index(int(np.random.default_rng(seed).integers(array.size)), array.shape)
    array[where] = value
    return array, where


def tiles_that_see(config, size, where):
    """The outputs, all channels, of tiles whose patch has the pixel."""
    image, row, column, _ = where
    seen = np.zeros(config.y_shape, bool)
    rows, columns = (
        np.arange(out) // size * size - pair[0]
        for out, pair in zip(config.y_shape[1:3], config.padding, strict=True)
    )
    rows = (rows <= row) & (row < rows + size + 2)
    columns = (columns <= column) & (column < columns + size + 2)
    seen[image] = (rows[:, None] & columns)[..., None]
    return seen


@size
@given(configs, SEEDS, SPECIAL, st.sampled_from(["x", "kernel"]))
def test_forward(isa, threads, dtype, size, config, seed, value, where):
    x, kernel, bias = config.arrays(seed, dtype)
    clean = forward(config, size, x, kernel, bias, "relu")
    if where == "x":
        x, at = spoil(x, value, seed)
        again = tiles_that_see(config, size, at)
    else:
        kernel, at = spoil(kernel, value, seed)
        again = np.broadcast_to(np.arange(config.filters) == at[-1], config.y_shape)
    direct = ops.conv(x, kernel, bias, padding=config.padding, activation="relu")
    expected = np.where(again, direct, clean)
    y = forward(config, size, x, kernel, bias, "relu")
    assert_same(y, expected, f"{config} {value} in {where} at {at} seed {seed}")


@size
@given(configs, SEEDS, SPECIAL)
def test_bias(isa, dtype, size, config, seed, value):
    """Added last, so nothing is computed again: one channel is what the bias makes of it."""
    x, kernel, _ = config.arrays(seed, dtype)
    bias = np.ones(config.filters, dtype)
    expected = forward(config, size, x, kernel, bias)
    expected[..., seed % config.filters] = bias[seed % config.filters] = value
    assert_same(forward(config, size, x, kernel, bias), expected, f"{config} {value} seed {seed}")


@size
@given(configs, SEEDS, SPECIAL)
def test_activations(isa, dtype, size, config, seed, value):
    """That run behind the tiles see what was computed again."""
    x, kernel, bias = config.arrays(seed, dtype)
    x, at = spoil(x, value, seed)
    context = f"{config} {value} at {at} seed {seed}"
    identity = np.eye(config.filters, dtype=dtype)[None, None]
    for name in ("tanh", "softplus", "relu6"):
        before = forward(config, size, x, kernel, bias)
        expected = ops.conv(before, identity, activation=name)
        finite = np.isfinite(before).all(-1)
        made = forward(config, size, x, kernel, bias, name)
        assert_same(made[finite], expected[finite], f"{name} of {context}")
        direct = ops.conv(x, kernel, bias, padding=config.padding, activation=name)
        assert np.array_equal(np.isnan(made), np.isnan(direct)), f"{name} of {context}"


@size
@given(configs, SEEDS, SPECIAL, st.sampled_from(["grad", "kernel"]))
def test_input_gradient(isa, threads, dtype, size, config, seed, value, where):
    """Not finite where, and as, the direct one; what is finite is as close as ever."""
    x, kernel, _ = config.arrays(seed, dtype)
    given = {"grad": config.grad(seed, dtype), "kernel": kernel}
    turned = kernel[::-1, ::-1].swapaxes(2, 3)
    lengths = zip(x.shape[1:3], config.y_shape[1:3], config.padding, strict=True)
    around = tuple((2 - before, n - out + before) for n, out, (before, _) in lengths)
    tolerance = winograd_tolerance(given["grad"], turned, None, size, padding=around, dtype=dtype)
    given[where], at = spoil(given[where], value, seed)
    expected = ops.conv_grad(given["grad"], x, given["kernel"], padding=config.padding)[0]
    dx = np.full_like(x, np.nan)
    conv_gradients.input_gradient(given["grad"], given["kernel"], dx, geometry(config), size)
    context = f"{config} {value} in {where} at {at} seed {seed}"
    assert np.array_equal(np.isfinite(dx), np.isfinite(expected)), context
    assert_close(dx, expected.astype("f8"), tolerance, context, dtype=dtype)


@given(configs, SEEDS, SPECIAL, st.sampled_from(["x", "grad"]))
def test_kernel_gradient(isa, threads, dtype, config, seed, value, where):
    x, kernel, _ = config.arrays(seed, dtype)
    given = {"x": x, "grad": config.grad(seed, dtype)}
    clean = kernel_gradient(config, **given)
    given[where], at = spoil(given[where], value, seed)
    direct = ops.conv_grad(given["grad"], given["x"], kernel, padding=config.padding)[1]
    again = np.zeros(kernel.shape, bool)
    if where == "x":
        again[:, :, at[-1]] = tiles_that_see(config, 2, at).any()
    else:
        again[..., at[-1]] = True
    expected = np.where(again, direct, clean)
    made = kernel_gradient(config, **given)
    assert_same(made, expected, f"{config} {value} in {where} at {at} seed {seed}")


@size
def test_everywhere(isa, threads, dtype, size):
    """All that is not finite, and values so large that only the tiles' sums overflow."""
    config = one_config()
    x, kernel, bias = config.arrays(0, dtype)
    x[...] = np.nan
    assert np.isnan(forward(config, size, x, kernel, bias)).all()
    assert np.isnan(kernel_gradient(config, x, config.grad(0, dtype))).all()
    x[...] = np.finfo(dtype).max / 2
    kernel[...] = 0.01
    direct = ops.conv(x, kernel, bias, padding=config.padding)
    assert np.isfinite(direct).all()
    assert_close(
        forward(config, size, x, kernel, bias), direct.astype("f8"), 1e-4 * direct, dtype=dtype
    )


def one_config():
    return ConvConfig(2, (9, 10), (3, 3), 5, 1, 19, padding=((1, 1), (1, 1)))


def test_the_same_on_any_number_of_threads_and_equal_instruction_sets(dtype):
    config = one_config()
    x, kernel, bias = config.arrays(0, dtype)
    x[0, 4, 4, 2] = np.inf
    kernel[1, 1, 1, 7] = np.nan
    for group in modes.EQUAL:
        made = []
        for name in sorted(group & set(runtime.available_isas())):
            for n in (1, 2, 3):
                with modes.instruction_set(name), modes.num_threads(n):
                    y = [forward(config, size, x, kernel, bias) for size in SIZES]
                    made.append([*y, kernel_gradient(config, x, config.grad(0, dtype))])
        for other in made[1:]:
            for pair in zip(other, made[0], strict=True):
                assert_same(*pair, str(sorted(group)))
