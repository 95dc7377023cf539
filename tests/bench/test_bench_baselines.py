"""The NumPy baselines against the oracles, and the NumPy CNN's gradient against differences."""

import numpy as np
import pytest

import comparison
import oracles
from convlet.bench import baselines
from convlet.bench.cases import Case
from convlet.bench.providers import Numpy

# (height, width, channels, size, filters, stride); the last leaves a remainder at the border
SHAPES = [(7, 5, 3, 3, 4, 1), (9, 9, 2, 3, 5, 2), (8, 6, 1, 2, 3, 2), (11, 8, 2, 3, 2, 3)]


@pytest.fixture(params=SHAPES, ids=str)
def arrays(request, rng):
    height, width, channels, size, filters, stride = request.param
    x = rng.standard_normal((2, height, width, channels)).astype(np.float32)
    kernel = rng.standard_normal((size, size, channels, filters)).astype(np.float32)
    bias = rng.standard_normal(filters).astype(np.float32)
    return x, kernel, bias, size, stride


def test_conv(arrays):
    x, kernel, bias, _, stride = arrays
    keywords = {"strides": stride}
    tolerance = comparison.conv_tolerance(x, kernel, bias, dtype=np.float32, **keywords)
    expected = oracles.conv(x, kernel, bias, **keywords)
    actual = baselines.conv(x, kernel, bias, stride)
    comparison.assert_close(actual, expected, tolerance, dtype=np.float32)


def test_conv_gradients(arrays, rng):
    x, kernel, bias, size, stride = arrays
    shape = baselines.conv(x, kernel, bias, stride).shape
    grad = rng.standard_normal(shape).astype(np.float32)
    keywords = {"strides": stride}
    expected = oracles.conv_grad(grad, x, kernel, **keywords)
    tolerances = comparison.conv_grad_tolerances(grad, x, kernel, dtype=np.float32, **keywords)
    actual = (
        baselines.conv_grad_x(grad, kernel, x.shape, stride),
        *baselines.conv_grad_kernel(grad, x, size, stride),
    )
    for got, want, tolerance in zip(actual, expected, tolerances, strict=True):
        comparison.assert_close(got, want, tolerance, dtype=np.float32)


# (x's spatial axes, channels, size, filters, stride, padding, dilation, groups)
WINDOWS = [
    ((9, 8), 4, 3, 6, 1, 1, 1, 2),
    ((9, 8), 6, 3, 6, 2, 1, 1, 6),  # depthwise
    ((9, 11), 3, 3, 4, 2, 2, 2, 1),
    ((19,), 3, 5, 4, 3, 2, 1, 1),
    ((5, 6, 7), 2, 3, 3, 1, 1, 1, 1),
]


@pytest.mark.parametrize("shape", WINDOWS, ids=str)
@pytest.mark.parametrize("large", [False, True], ids=["whole batch", "image by image"])
def test_conv_of_every_kind(shape, large, rng, monkeypatch):
    spatial, channels, size, filters, stride, padding, dilation, groups = shape
    monkeypatch.setattr(baselines, "_LARGE", 1 if large else 1 << 28)
    rank = len(spatial)
    x = rng.standard_normal((2, *spatial, channels)).astype(np.float32)
    kernel = rng.standard_normal((*(size,) * rank, channels // groups, filters)).astype(np.float32)
    bias = rng.standard_normal(filters).astype(np.float32)
    keywords = {"strides": stride, "padding": padding, "dilation_rate": dilation}
    tolerance = comparison.conv_tolerance(x, kernel, bias, dtype=np.float32, **keywords)
    expected = oracles.conv(x, kernel, bias, **keywords)
    actual = baselines.conv(x, kernel, bias, stride, padding, dilation, groups)
    comparison.assert_close(actual, expected, tolerance, dtype=np.float32)
    if groups == 1:
        grad = rng.standard_normal(expected.shape).astype(np.float32)
        gradients = (
            baselines.conv_grad_x(grad, kernel, x.shape, stride, padding, dilation),
            *baselines.conv_grad_kernel(grad, x, size, stride, padding, dilation),
        )
        tolerances = comparison.conv_grad_tolerances(grad, x, kernel, dtype=np.float32, **keywords)
        wanted = oracles.conv_grad(grad, x, kernel, **keywords)
        for got, want, tolerance in zip(gradients, wanted, tolerances, strict=True):
            comparison.assert_close(got, want, tolerance, dtype=np.float32)


@pytest.mark.parametrize("levels", [3, 1000], ids=["ties", "no ties"])
def test_max_pool_and_its_gradient(arrays, levels, rng):
    x, _, _, size, stride = arrays
    x = rng.integers(levels, size=x.shape).astype(np.float32)
    expected = oracles.max_pool(x, size, strides=stride)
    actual = baselines.max_pool(x, size, stride, expected.shape)
    comparison.assert_close(actual, expected, 0, dtype=np.float32)
    grad = rng.integers(-9, 9, expected.shape).astype(np.float32)
    actual = baselines.max_pool_grad(grad, x, size, stride)
    expected = oracles.max_pool_grad(grad, x, size, strides=stride)
    comparison.assert_close(actual, expected, 0, dtype=np.float32)


def test_average_pool_and_its_gradient(arrays, rng):
    x, _, _, size, stride = arrays
    expected = oracles.average_pool(x, size, strides=stride)
    tolerance = comparison.average_pool_tolerance(x, size, dtype=np.float32, strides=stride)
    actual = baselines.average_pool(x, size, stride, expected.shape)
    comparison.assert_close(actual, expected, tolerance, dtype=np.float32)
    grad = rng.standard_normal(expected.shape).astype(np.float32)
    gradient, keywords = oracles.average_pool_grad, {"strides": stride}
    tolerance = comparison.pool_grad_tolerance(
        gradient, grad, x, size, dtype=np.float32, **keywords
    )
    actual = baselines.average_pool_grad(grad, x.shape, size, stride)
    expected = gradient(grad, x, size, **keywords)
    comparison.assert_close(actual, expected, tolerance, dtype=np.float32)


def test_network_gradient_is_the_slope_of_its_loss(rng):
    data = Case("", "cnn_train", (2, 28, 28, 1)).data()
    x, labels = data["x"].astype(np.float64), data["labels"].astype(np.float64)
    weights = [weight.astype(np.float64) for weight in data["weights"]]
    _, gradients = baselines.cnn_grad(x, labels, weights)
    step = 1e-6  # near the cube root of eps, where rounding and curvature weigh the same
    for i, (weight, gradient) in enumerate(zip(weights, gradients, strict=True)):
        direction = rng.standard_normal(weight.shape)
        direction /= np.linalg.norm(direction)
        ahead, behind = (
            baselines.cnn_grad(x, labels, [*weights[:i], moved, *weights[i + 1 :]])[0]
            for moved in (weight + step * direction, weight - step * direction)
        )
        slope = np.vdot(gradient, direction)
        assert slope == pytest.approx((ahead - behind) / (2 * step), rel=1e-5, abs=1e-8)


def test_adadelta_by_hand():
    weight = np.array([1.0])
    optimizer = baselines.Adadelta([weight], learning_rate=0.5, rho=0.75, epsilon=0.01)
    optimizer.apply([np.array([0.2])])
    # square 0.25 * 0.04 = 0.01; delta sqrt(0.01 / 0.02) * 0.2
    delta = 0.2 * 0.5**0.5
    assert weight[0] == pytest.approx(1 - 0.5 * delta, rel=1e-12)
    optimizer.apply([np.array([0.2])])
    # square 0.75 * 0.01 + 0.01 = 0.0175; steps 0.25 * delta**2 = 0.005
    second = 0.2 * (0.015 / 0.0275) ** 0.5
    assert weight[0] == pytest.approx(1 - 0.5 * (delta + second), rel=1e-12)


def test_training_step_changes_its_own_weights_only():
    case = Case("", "cnn_train", (2, 28, 28, 1))
    data = case.data()
    before = [weight.copy() for weight in data["weights"]]
    candidate = Numpy().build(case, data)
    loss, *weights = candidate.read(candidate.run())
    assert loss > 0
    assert all(np.array_equal(a, b) for a, b in zip(before, data["weights"], strict=True))
    assert not any(np.array_equal(a, b) for a, b in zip(before, weights, strict=True))
