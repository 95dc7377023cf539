"""What metrics are found by, and the shapes that they take."""

import numpy as np
import pytest

from convlet import metrics

Y = np.array([[0.1, 0.9], [0.8, 0.2]])


@pytest.mark.parametrize("identifier", ["accuracy", "Accuracy", metrics.Accuracy])
def test_accuracy_by_name_or_class(identifier):
    assert type(metrics.get(identifier)) is metrics.Accuracy


def test_one_hot_rows_are_no_labels():
    """Their first column would pass for labels of the right number."""
    with pytest.raises(ValueError, match=r"y_true must have shape .2,., got .2, 2."):
        metrics.SparseCategoricalAccuracy()([[0, 1], [1, 0]], Y)


@pytest.mark.parametrize("weights", [[1, 0, 0, 1], [[1], [0], [0], [1]]])
@pytest.mark.parametrize("shape", [(4,), (4, 1)])
def test_weights_with_or_without_a_last_axis(weights, shape):
    y_true, y_pred = (np.reshape(v, shape) for v in ([1, 1, 0, 0], [0.98, 1, 0, 0.6]))
    assert metrics.BinaryAccuracy()(y_true, y_pred, sample_weight=weights) == 0.5


def test_weights_of_images_count_for_their_pixels():
    """As many images as pixels: nothing but the order of axes tells which are weighted."""
    labels, y = np.array([[0, 0], [1, 1]]), np.broadcast_to([1.0, 0.0], (2, 2, 2))
    assert metrics.SparseCategoricalAccuracy()(labels, y, sample_weight=[1, 0]) == 1
    assert metrics.SparseCategoricalAccuracy()(labels, y, sample_weight=[0, 1]) == 0


def test_weights_of_another_number():
    with pytest.raises(ValueError, match="sample_weight must have the samples' shape"):
        metrics.SparseCategoricalAccuracy()([1, 0], Y, sample_weight=[1, 2, 3])


def test_nan_propagates():
    mean = metrics.Mean()
    mean.update_state([1.0, np.nan])
    mean.update_state([1.0])
    assert np.isnan(mean.result())
