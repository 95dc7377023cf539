"""The oracles against cases worked by hand."""

import math

import numpy as np
import pytest

import oracles

X = np.arange(9.0).reshape(1, 3, 3, 1)  # 0 1 2 / 3 4 5 / 6 7 8
KERNEL = np.array([[1.0, 2], [3, 4]]).reshape(2, 2, 1, 1)


def image(rows):
    return np.array(rows, np.float64)[None, :, :, None]


def row(values):
    return np.array(values, np.float64)[None, :, None]


@pytest.mark.parametrize(
    ("keywords", "expected"),
    [
        # 0*1 + 1*2 + 3*3 + 4*4 = 27; a step to the right adds 1+2+3+4 = 10, one down 30
        ({}, [[27, 37], [57, 67]]),
        ({"strides": 2}, [[27]]),
        # one row and column of padding at the end: 2*1 + 5*3 = 17, 5*1 + 8*3 = 29, ...
        ({"padding": "same"}, [[27, 37, 17], [57, 67, 29], [20, 23, 8]]),
        # and at the start: 0*4, 0*3 + 1*4, ...
        ({"padding": "same_lower"}, [[0, 4, 11], [12, 27, 37], [30, 57, 67]]),
        ({"padding": 1, "strides": 3}, [[0, 6], [12, 8]]),
        ({"padding": ((1, 0), (0, 1))}, [[4, 11, 6], [27, 37, 17], [57, 67, 29]]),
        # corners of the image: 0*1 + 2*2 + 6*3 + 8*4
        ({"dilation_rate": 2}, [[54]]),
        ({"dilation_rate": (1, 2)}, [[0 + 4 + 9 + 20], [3 + 10 + 18 + 32]]),
    ],
)
def test_conv_2d(keywords, expected):
    assert np.array_equal(oracles.conv(X, KERNEL, **keywords), image(expected))


def test_conv_1d_causal_reads_the_past_only():
    kernel = np.array([1.0, 10]).reshape(2, 1, 1)
    y = oracles.conv(row([1, 2, 3, 4]), kernel, padding="causal", dilation_rate=2)
    assert np.array_equal(y, row([10, 20, 31, 42]))


def test_conv_3d_sums_a_cube():
    y = oracles.conv(np.arange(8.0).reshape(1, 2, 2, 2, 1), np.ones((2, 2, 2, 1, 1)))
    assert np.array_equal(y, np.full((1, 1, 1, 1, 1), 28.0))


def test_conv_groups_see_their_own_channels_only():
    x = np.array([1.0, 2, 3, 4]).reshape(1, 1, 4)
    kernel = np.array([[1.0, 10], [100, 1000]]).reshape(1, 2, 2)
    # filter 0 sees channels 0 and 1, filter 1 sees channels 2 and 3
    assert np.array_equal(oracles.conv(x, kernel), [[[1 + 200, 30 + 4000]]])


def test_conv_channels_first_bias_and_activation():
    x = np.array([[1.0, -2, 3], [0, 1, 0]])[None]
    kernel = np.array([[1.0], [10]]).reshape(1, 2, 1)
    y = oracles.conv(x, kernel, np.array([1.0]), data_format="channels_first", activation="relu6")
    assert np.array_equal(y, [[[2, 6, 4]]])  # 1 + 1; -2 + 10 + 1 clipped; 3 + 1


def test_conv_skips_padding():
    kernel = KERNEL.copy()
    kernel[1, 1] = np.inf
    assert not np.isnan(oracles.conv(X + 1, kernel, padding="same")).any()


def test_conv_grad():
    grad = image([[1, 10], [100, 1000]])
    dx, dkernel, dbias = oracles.conv_grad(grad, X, KERNEL)
    # dx[1, 1] = 1*4 + 10*3 + 100*2 + 1000*1
    assert np.array_equal(dx, image([[1, 12, 20], [103, 1234, 2040], [300, 3400, 4000]]))
    # dkernel[0, 0] = 0*1 + 1*10 + 3*100 + 4*1000
    assert np.array_equal(dkernel[..., 0, 0], [[4310, 5421], [7643, 8754]])
    assert np.array_equal(dbias, [1111])


def test_conv_grad_of_groups_and_strides():
    x = np.array([[1.0, 2], [3, 4], [5, 6]])[None]  # 3 pixels of 2 channels
    kernel = np.array([10.0, 20]).reshape(1, 1, 2)
    grad = np.array([[1.0, 2], [3, 4]])[None]
    dx, dkernel, dbias = oracles.conv_grad(grad, x, kernel, strides=2)
    assert np.array_equal(dx, [[[10, 40], [0, 0], [30, 80]]])
    assert np.array_equal(dkernel, [[[1 + 15, 4 + 24]]])
    assert np.array_equal(dbias, [4, 6])


@pytest.mark.parametrize(
    ("keywords", "expected", "indices"),
    [
        ({}, [[4]], [[4]]),
        ({"strides": 1}, [[4, 5], [7, 8]], [[4, 5], [7, 8]]),
        ({"ceil_mode": True}, [[4, 5], [7, 8]], [[4, 5], [7, 8]]),
        ({"padding": "same"}, [[4, 5], [7, 8]], [[4, 5], [7, 8]]),
        ({"padding": "same_lower"}, [[0, 2], [6, 8]], [[0, 2], [6, 8]]),
        ({"padding": 1}, [[0, 2], [6, 8]], [[0, 2], [6, 8]]),
        ({"dilation_rate": 2}, [[8]], [[8]]),
    ],
)
def test_max_pool(keywords, expected, indices):
    y, where = oracles.max_pool(X, 2, return_indices=True, **keywords)
    assert np.array_equal(y, image(expected))
    assert np.array_equal(where, image(indices))


def test_max_pool_padding_never_wins():
    assert np.array_equal(oracles.max_pool(X - 10, 2, padding=1), image([[-10, -8], [-4, -2]]))


def test_max_pool_first_wins_and_nan_before_all():
    y, indices = oracles.max_pool(
        row([3, 3, -0.0, 0.0, 7, np.nan, np.nan, np.inf]), 2, return_indices=True
    )
    assert np.array_equal(indices, row([0, 2, 5, 6]))
    assert np.array_equal(y, row([3, -0.0, np.nan, np.nan]), equal_nan=True)
    assert np.signbit(y[0, 1, 0])


def test_max_pool_of_minus_infinity_has_an_index():
    _, indices = oracles.max_pool(row([-np.inf, -np.inf]), 2, return_indices=True)
    assert np.array_equal(indices, row([0]))


def test_max_pool_refuses_a_window_of_padding():
    with pytest.raises(ValueError, match="without an input element"):
        oracles.max_pool(X, 2, padding=2, strides=1)


def test_ceil_mode_drops_a_window_that_starts_in_the_right_padding():
    # length 5, padding (1, 1): the windows of 2 start at -1, 1, 3; one at 5 is beyond 5 + 1 - 1
    x = row([1, 2, 3, 4, 5])
    assert oracles.max_pool(x, 2, padding=1, ceil_mode=True).shape == (1, 3, 1)
    # length 4, windows at -1, 2 and, rounded up, at 5 = 4 + 1: dropped
    assert oracles.max_pool(x[:, :4], 2, strides=3, padding=1, ceil_mode=True).shape == (1, 2, 1)


def test_max_pool_grad_goes_to_the_first_maximum():
    x, grad = row([1, 5, 5, 2, 5]), row([1, 10, 100])
    dx = oracles.max_pool_grad(grad, x, 3, strides=1)
    assert np.array_equal(dx, row([0, 11, 100, 0, 0]))


@pytest.mark.parametrize(
    ("keywords", "expected"),
    [
        ({}, [[2]]),
        ({"padding": "same"}, [[2, 3.5], [6.5, 8]]),
        ({"padding": "same", "count_include_pad": True}, [[2, 1.75], [3.25, 2]]),
        # ceil's overhang is no padding
        ({"ceil_mode": True, "count_include_pad": True}, [[2, 3.5], [6.5, 8]]),
        ({"dilation_rate": 2}, [[4]]),
    ],
)
def test_average_pool(keywords, expected):
    assert np.array_equal(oracles.average_pool(X, 2, **keywords), image(expected))


def test_average_pool_grad():
    grad = image([[4, 40], [400, 4000]])
    dx = oracles.average_pool_grad(grad, X, 2, padding="same")
    assert np.array_equal(dx, image([[1, 1, 20], [1, 1, 20], [200, 200, 4000]]))
    dx = oracles.average_pool_grad(grad, X, 2, padding="same", count_include_pad=True)
    assert np.array_equal(dx, image([[1, 1, 10], [1, 1, 10], [100, 100, 1000]]))


@pytest.mark.parametrize(
    ("name", "at_minus_one", "at_two"),
    [
        ("relu", 0, 2),
        ("relu6", 0, 2),
        ("leaky_relu", -0.2, 2),
        ("elu", math.exp(-1) - 1, 2),
        ("selu", -1.1113307378125625, 2.101401974710769),
        ("gelu", -(1 - math.erf(math.sqrt(0.5))) / 2, 1 + math.erf(math.sqrt(2))),
        ("gelu_tanh", -0.1588080, 1.9545977),
        ("sigmoid", 1 / (1 + math.e), 1 / (1 + math.exp(-2))),
        ("hard_sigmoid", 1 / 3, 5 / 6),
        ("silu", -1 / (1 + math.e), 2 / (1 + math.exp(-2))),
        ("hard_silu", -1 / 3, 5 / 3),
        ("softplus", math.log1p(math.exp(-1)), math.log1p(math.exp(2))),
        ("softsign", -1 / 2, 2 / 3),
        ("tanh", math.tanh(-1), math.tanh(2)),
        ("exponential", math.exp(-1), math.exp(2)),
        ("celu", math.exp(-1) - 1, 2),
        ("hard_tanh", -1, 1),
        ("hard_shrink", -1, 2),
        ("soft_shrink", -0.5, 1.5),
        ("tanh_shrink", math.tanh(1) - 1, 2 - math.tanh(2)),
        ("squareplus", (math.sqrt(5) - 1) / 2, 1 + math.sqrt(2)),
        ("sparse_plus", 0, 2),
        ("sparse_sigmoid", 0, 1),
        ("mish", -math.tanh(math.log1p(math.exp(-1))), 2 * math.tanh(math.log1p(math.exp(2)))),
        ("log_sigmoid", -math.log1p(math.e), -math.log1p(math.exp(-2))),
    ],
)
def test_activations(name, at_minus_one, at_two):
    assert oracles.activate(name, np.array([-1.0, 2.0])) == pytest.approx(
        [at_minus_one, at_two], rel=1e-6
    )
