"""Sizes that no window fits, numbers near 2**63, and giants that need no memory."""

import numpy as np
import pytest

from convlet import ops

POOLS = [ops.max_pool, ops.average_pool]
ONE = np.ones((1, 1), "float32")


def refused(function, *arrays, **keywords):
    """The message of the ValueError."""
    with pytest.raises(ValueError, match=r"\S") as raised:
        function(*arrays, **keywords)
    return str(raised.value)


@pytest.mark.parametrize("size", [4, 2**40])
def test_windows_larger_than_the_input(size):
    x = np.ones((1, 5, 3, 2), "float32")
    for pool in POOLS:
        message = refused(pool, x, (2, size))
        assert "pool" in message
        assert str(size) in message
        assert "3" in message


@pytest.mark.parametrize("keywords", [{}, {"dilation_rate": 2**40}, {"padding": ((0, 0), (1, 0))}])
def test_kernels_larger_than_the_input(keywords):
    x, kernel = np.ones((1, 9, 3, 2), "float32"), np.ones((2, 5, 2, 1), "float32")
    message = refused(ops.conv, x, kernel, **keywords)
    assert "kernel" in message
    assert "5" in message


@pytest.mark.parametrize(
    "keywords",
    [
        {"pool_size": 2, "padding": 2},
        {"pool_size": 2, "padding": ((0, 0), (0, 2)), "strides": 1},
        {"pool_size": 2, "padding": ((0, 5), (0, 0))},
        {"pool_size": 1, "padding": 1},
        # taps at -1 and 3 on an input of 3
        {"pool_size": 2, "padding": 1, "dilation_rate": 4, "strides": 1},
    ],
)
def test_pool_windows_of_padding_only(keywords):
    x = np.ones((1, 3, 3, 2), "float32")
    for pool in POOLS:
        assert "must contain an input element" in refused(pool, x, **keywords)


def test_pool_gradients_refuse_windows_of_padding_only():
    x, grad = np.ones((1, 3, 3, 2), "float32"), np.ones((1, 3, 3, 2), "float32")
    for gradient in (ops.max_pool_grad, ops.average_pool_grad):
        message = refused(gradient, grad, x, 2, padding=2, strides=2)
        assert "must contain an input element" in message


@pytest.mark.parametrize("number", [2**31, 2**32, 2**59])
def test_huge_strides_and_dilations_that_do_no_harm(number):
    x, kernel = np.arange(4, dtype="float32").reshape(1, 4, 1), ONE[None] * 3
    assert np.array_equal(ops.conv(x, kernel, strides=number), [[[0]]])
    assert np.array_equal(ops.conv(x, kernel, dilation_rate=number), 3 * x)
    assert np.array_equal(
        ops.conv(x + 1, kernel, strides=number, padding=number), [[[0], [3], [0]]]
    )
    dx, dkernel, _ = ops.conv_grad(
        np.ones((1, 3, 1), "float32"), x + 1, kernel, strides=number, padding=number
    )
    assert np.array_equal(dx, [[[3], [0], [0], [0]]])
    assert np.array_equal(dkernel, [[[1]]])
    for pool in POOLS:
        assert np.array_equal(pool(x, 1, strides=number), [[[0]]])
        assert np.array_equal(pool(x, 1, strides=1, dilation_rate=number), x)


def test_huge_dilation_over_huge_padding():
    """Taps at -n, 0 and n: the middle one alone meets the input."""
    n = 2**40
    x, kernel = np.full((1, 1, 1), 2, "float32"), np.array([3, 5, 7], "float32").reshape(3, 1, 1)
    y = ops.conv(x, kernel, dilation_rate=n, padding=n)
    assert np.array_equal(y, [[[10]]])


@pytest.mark.parametrize(
    "keywords",
    [
        {"dilation_rate": 2**62},
        {"dilation_rate": 2**63 - 1, "padding": "same"},
        {"padding": 2**62},
        {"padding": 2**63 - 1, "strides": 2**62},
        {"padding": ((2**62, 2**62), (0, 0))},
        {"strides": 2**63},
        {"padding": 2**40},  # a result of 2**82 elements
    ],
)
def test_sizes_beyond_64_bits(keywords):
    x, kernel = np.ones((1, 5, 5, 1), "float32"), np.ones((3, 3, 1, 1), "float32")
    refused(ops.conv, x, kernel, **keywords)
    refused(ops.conv_grad, x, x, kernel, **keywords)
    for pool in POOLS:
        refused(pool, x, 3, **keywords)


def test_a_giant_of_zero_strides(isa):
    """2**60 elements that lie on one float: positions are computed in 64 bits."""
    x = np.broadcast_to(np.float32(2), (1, 2**40, 2**20, 1))
    assert np.array_equal(ops.conv(x, ONE[None, None] * 3, strides=2**39), np.full((1, 2, 1, 1), 6))
    y, indices = ops.max_pool(x, 1, strides=2**39, return_indices=True)
    assert np.array_equal(y.ravel(), [2, 2])
    assert np.array_equal(indices.ravel(), [0, 2**59])
    assert np.array_equal(ops.average_pool(x, 2, strides=2**39).ravel(), [2, 2])
    few = {"strides": 2**39}
    assert np.array_equal(ops.depthwise_conv(x, ONE[None, None] * 3, **few).ravel(), [6, 6])
    separable = ops.separable_conv(x, ONE[None, None] * 3, ONE[None, None], **few)
    assert np.array_equal(separable.ravel(), [6, 6])
    grad = np.ones((1, 2, 1, 1), "float32")
    _, dkernel, _ = ops.conv_grad(grad, x, ONE[None, None], needs="kernel", **few)
    assert np.array_equal(dkernel.ravel(), [4])
    result = np.broadcast_to(np.float32(5), (1, 2**40, 2**20, 1))
    short = np.full((1, 2, 1, 1), 3, "float32")
    more = {"strides": 2**40 - 1, "output_padding": (0, 2**20 - 1)}
    dx, dkernel, _ = ops.conv_transpose_grad(
        result, short, ONE[None, None], padding=0, needs=("x", "kernel"), **more
    )
    assert np.array_equal(dx.ravel(), [5, 5])
    assert np.array_equal(dkernel.ravel(), [30])


class ThroughArray:
    def __init__(self, array):
        self.array = array

    def __array__(self, dtype=None, copy=None):
        return self.array


class ThroughDLPack:
    def __init__(self, array):
        self.array = array

    def __dlpack__(self, **keywords):
        return self.array.__dlpack__(**keywords)

    def __dlpack_device__(self):
        return self.array.__dlpack_device__()


class Subclass(np.ndarray):
    pass


@pytest.mark.parametrize(
    "show", [ThroughArray, ThroughDLPack, memoryview, lambda array: array.view(Subclass)]
)
def test_what_shows_an_array_is_accepted(show, rng):
    x = rng.standard_normal((1, 5, 5, 2)).astype("float32")
    kernel = rng.standard_normal((2, 2, 2, 3)).astype("float32")
    for result, expected in (
        (ops.conv(show(x), show(kernel)), ops.conv(x, kernel)),
        (ops.max_pool(show(x), 2), ops.max_pool(x, 2)),
        (ops.average_pool(show(x), 2), ops.average_pool(x, 2)),
    ):
        assert type(result) is np.ndarray
        assert np.array_equal(result, expected)


def test_integers_of_numpy_and_lists_are_integers(rng):
    x = rng.standard_normal((1, 9, 9, 2)).astype("float32")
    two = np.int64(2)
    expected = ops.max_pool(x, 2, strides=(2, 1), padding=((1, 0), (0, 1)))
    y = ops.max_pool(x, two, strides=[two, 1], padding=[[np.int32(1), 0], (0, 1)])
    assert np.array_equal(y, expected)
