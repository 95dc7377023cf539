"""Kernel gradients that are made for groups of images, and added in order."""

from dataclasses import replace

import numpy as np
import pytest

import modes
import oracles
from comparison import assert_close, assert_same_bits, conv_grad_tolerances
from convlet import ops
from convlet._cext import convolution
from convlet.ops._conv_checks import check_operands
from convlet.ops._groups import equal_groups, groups_of_tiles
from strategies import LAYOUTS, ConvConfig

# Outputs enough for several groups, and few weights; one output channel is computed lanewise.
CONFIGS = {
    "2-D": (ConvConfig(16, (40, 38), (3, 3), 3, 1, 17), 4),
    "strided": (ConvConfig(6, (61, 60), (3, 2), 2, 1, 33, 2, "same"), 1),
    "two of six": (ConvConfig(6, (61, 60), (3, 2), 2, 1, 33, 1, "same"), 2),
    "1-D": (ConvConfig(4, (4096,), (5,), 2, 1, 16, padding="same"), 4),
    "3-D": (ConvConfig(8, (12, 13, 20), (2, 3, 2), 2, 1, 16, padding="same"), 4),
    "single pixels": (ConvConfig(8, (32, 33), (1, 1), 5, 1, 64), 2),
    "few channels": (ConvConfig(16, (40, 38), (3, 3), 3, 1, 15), 1),
    "one channel": (ConvConfig(16, (40, 38), (3, 3), 3, 1, 1), 1),
    "odd images": (ConvConfig(15, (40, 38), (3, 3), 3, 1, 17), 1),
}
several = pytest.mark.parametrize("config,groups", CONFIGS.values(), ids=CONFIGS)


def weight_gradients(config, grad, x, kernel):
    return ops.conv_grad(grad, x, kernel, needs=("kernel", "bias"), **config.keywords)[1:]


@several
def test_values(isa, dtype, config, groups):
    x, kernel, _ = config.arrays(0, dtype)
    grad = config.grad(0, dtype)
    assert equal_groups(grad.shape, kernel) == groups
    expected = oracles.conv_grad(grad, x, kernel, **config.keywords)[1:]
    tolerances = conv_grad_tolerances(grad, x, kernel, dtype=dtype, **config.keywords)[1:]
    found = []
    for threads in (1, 2, 5):
        with modes.num_threads(threads):
            found.append(weight_gradients(config, grad, x, kernel))
        for part, first in zip(found[-1], found[0], strict=True):
            assert_same_bits(part, first, f"{threads} threads")
    for part, right, tolerance in zip(found[0], expected, tolerances, strict=True):
        assert_close(part, right, tolerance, str(config), dtype=dtype)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_layouts(isa, dtype, layout):
    config, _ = CONFIGS["two of six"]
    x, kernel, _ = config.arrays(1, dtype)
    grad = config.grad(1, dtype)
    expected = weight_gradients(config, grad, x, kernel)
    strided = [LAYOUTS[layout](array) for array in (grad, x, kernel)]
    for one, other in zip(weight_gradients(config, *strided), expected, strict=True):
        assert_same_bits(one, other, layout)


def test_channels_first(isa, dtype):
    config, _ = CONFIGS["2-D"]
    x, kernel, _ = config.arrays(1, dtype)
    grad = config.grad(1, dtype)
    expected = weight_gradients(config, grad, x, kernel)
    first = [np.moveaxis(array, -1, 1) for array in (grad, x)]
    turned = replace(config, data_format="channels_first")
    for one, other in zip(weight_gradients(turned, *first, kernel), expected, strict=True):
        assert_same_bits(one, other)


def test_dense(dtype, rng):
    """Of many rows; its bias's gradient is one of a single input."""
    x, grad = (rng.standard_normal((10000, n)).astype(dtype) for n in (6, 20))
    kernel = np.zeros((6, 20), dtype)
    assert equal_groups(grad.shape, kernel) == 2
    needs = ("kernel", "bias")
    found = ops.conv_grad(grad[:, None], x[:, None], kernel[None], needs=needs)[1:]
    wide, other = x.astype("float64"), grad.astype("float64")
    tolerance = 1e3 * np.finfo(dtype).eps
    assert_close(found[0][0], wide.T @ other, tolerance * (abs(wide.T) @ abs(other)), dtype=dtype)
    assert_close(found[1], other.sum(0), tolerance * abs(other).sum(0), dtype=dtype)


@pytest.mark.parametrize("images", [1, 2, 3, 7, 100, 4096])
@pytest.mark.parametrize("side", [1, 9, 200])
@pytest.mark.parametrize("weights", [(3, 16), (3, 64), (100, 100), (1000, 1000)])
def test_groups_are_few(images, side, weights):
    kernel = np.zeros(weights, "float32")
    shape = (images, side, side, 64)
    for groups in (groups_of_tiles(shape, kernel), equal_groups(shape, kernel)):
        assert 1 <= groups <= images and groups & (groups - 1) == 0
        assert groups == 1 or groups * kernel.nbytes <= 1 << 18
    assert images % equal_groups(shape, kernel) == 0


@pytest.mark.parametrize(
    ("parts", "shape", "bias"),
    [
        (2, (1, 3, 3, 2, 17), None),
        (2, (3, 3, 3, 2, 17), None),
        (3, (3, 3, 3, 2, 17), None),
        (0, (0, 3, 3, 2, 17), None),
        (-1, (1, 3, 3, 2, 17), None),
        (2, (2, 3, 3, 2, 17), (17,)),
        (2, (2, 3, 3, 2, 17), (4, 17)),
        (2, (2, 3, 3, 2, 17), (2, 2, 17)),
        (1, (1, 3, 3, 2, 17), (2, 17)),
        (2, (2, 3, 3, 1, 17), None),
    ],
)
def test_refuses(parts, shape, bias):
    x, grad = np.zeros((4, 5, 5, 2), "float32"), np.zeros((4, 3, 3, 17), "float32")
    out = np.ones(shape, "float32")
    totals = None if bias is None else np.ones(bias, "float32")
    geometry = check_operands(x, np.zeros((3, 3, 2, 17), "float32"), 1, "valid", 1, "channels_last")
    with pytest.raises(ValueError):
        convolution.kernel_gradient(x, grad, out, totals, geometry[-1], parts)
    assert (out == 1).all()


def test_infinities_of_two_groups(dtype):
    """Their sum is NaN, without a warning."""
    config, groups = CONFIGS["single pixels"]
    x, kernel, _ = config.arrays(0, dtype)
    grad = config.grad(0, dtype)
    assert equal_groups(grad.shape, kernel) == groups > 1
    grad[0, 0, 0, 3], grad[-1, 0, 0, 3] = np.inf, -np.inf
    dkernel, dbias = weight_gradients(config, grad, x, kernel)
    assert np.isnan(dbias[3]) and np.isfinite(np.delete(dbias, 3)).all()
    assert not np.isfinite(dkernel[..., 3]).any()
    assert np.isfinite(np.delete(dkernel, 3, axis=-1)).all()
