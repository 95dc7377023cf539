"""How samples become one number, and what that does to the gradient."""

import numpy as np
import pytest

from convlet import losses
from gradcheck import check_gradients

REDUCTIONS = ["sum_over_batch_size", "sum", "mean", "mean_with_sample_weight"]
CROSSENTROPIES = [losses.CategoricalCrossentropy, losses.BinaryCrossentropy]


def ones(count, dtype="float64"):
    """Targets and outputs, each of whose samples has loss 1."""
    return np.zeros((count, 1), dtype), np.ones((count, 1), dtype)


@pytest.mark.parametrize("count", [1, 3, 10, 49, 1000])
def test_the_mean_of_equal_losses_is_that_loss(count, dtype):
    """The sum is divided once: a tenth, ten times, is not 1."""
    for reduction in ("sum_over_batch_size", "mean", "mean_with_sample_weight"):
        assert losses.MeanSquaredError(reduction=reduction)(*ones(count, dtype)) == 1


@pytest.mark.parametrize("scale", [1e-30, 1e-9, 1.0, 1e9])
def test_weights_of_any_size(scale):
    loss = losses.MeanSquaredError(reduction="mean_with_sample_weight")
    value, pullback = loss.vjp(*ones(4), scale * np.array([1, 2, 3, 4]))
    assert value == pytest.approx(1, rel=1e-15)
    assert pullback().ravel() == pytest.approx(np.array([0.2, 0.4, 0.6, 0.8]), rel=1e-14)


@pytest.mark.parametrize("weights", [[0, 0], [1, -1]])
def test_weights_without_a_sum(weights):
    value, pullback = losses.MeanSquaredError("mean_with_sample_weight").vjp(*ones(2), weights)
    assert value == 0
    assert np.array_equal(pullback(), np.zeros((2, 1)))


@pytest.mark.parametrize("reduction", REDUCTIONS)
def test_no_samples(reduction):
    value, pullback = losses.MeanSquaredError(reduction).vjp(*ones(0))
    assert value == 0
    assert pullback().shape == (0, 1)


@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("axis", [1, -1])
@pytest.mark.parametrize("kind", CROSSENTROPIES)
def test_weighted_gradient_along_an_axis(kind, axis, reduction, rng):
    """A square array would hide weights that lie along the wrong axis: (4, 5, 3) is none."""
    target, y = rng.uniform(0.1, 0.9, (2, 4, 5, 3))
    weights = rng.uniform(0.5, 2, np.delete(y.shape, axis))
    loss = kind(axis=axis, reduction=reduction)
    check_gradients(
        lambda y: np.array(loss(target, y, weights)),
        {"y": y},
        {"y": loss.vjp(target, y, weights)[1]()},
        np.array(1.0),
        step=1e-6,
        rng=rng,
    )


@pytest.mark.parametrize("axis", [1, -1])
@pytest.mark.parametrize("order", ["C", "F"])
def test_gradient_has_the_form_of_y_pred(axis, order, dtype, rng):
    y = np.asarray(rng.uniform(0.1, 0.9, (4, 5, 3)), dtype, order=order)
    for kind in CROSSENTROPIES:
        grad = kind(axis=axis).vjp(y, y)[1]()
        assert (grad.shape, grad.dtype) == (y.shape, y.dtype)
        assert grad.flags.c_contiguous


def test_weights_of_images_count_for_their_pixels(rng):
    target, y = rng.uniform(0.1, 0.9, (2, 3, 4, 5, 2))
    loss = losses.MeanSquaredError()
    whole = np.broadcast_to(np.array([1.0, 0, 3])[:, None, None], (3, 4, 5))
    assert loss(target, y, [1, 0, 3]) == loss(target, y, whole)
