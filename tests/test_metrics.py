"""Metrics by hand; tests/peers compares them with Keras's."""

import numpy as np
import pytest

from convlet import metrics
from convlet.metrics import _names


def test_mean_over_updates():
    mean = metrics.Mean()
    assert mean.result() == 0
    mean.update_state(2.0, sample_weight=3)
    mean.update_state([4.0, 6.0], sample_weight=[1, 0])
    assert mean.result() == (2 * 3 + 4) / 4
    mean.reset_state()
    assert mean([1.0]) == 1


def test_accuracies():
    y = np.array([[0.1, 0.7, 0.2], [0.5, 0.3, 0.2], [0.2, 0.2, 0.6], [0.4, 0.5, 0.1]])
    labels = [1, 0, 1, 1]
    assert metrics.SparseCategoricalAccuracy()(labels, y) == 0.75
    assert metrics.CategoricalAccuracy()(np.eye(3)[labels], y) == 0.75
    assert metrics.BinaryAccuracy()([1, 0, 1], [[0.6], [0.5], [0.4]]) == 2 / 3
    assert metrics.BinaryAccuracy(threshold=0.3)([1, 1], [[0.4], [0.2]]) == 0.5
    assert metrics.Accuracy()([[1], [2]], [[1], [3]]) == 0.5


def test_weights_count_samples():
    metric = metrics.SparseCategoricalAccuracy()
    metric.update_state([0, 0], [[1, 0], [0, 1]], sample_weight=[3, 1])
    assert metric.result() == 0.75


@pytest.mark.parametrize(
    "y_true,y_pred,kind",
    [
        (np.zeros(4), np.zeros((4, 1)), metrics.BinaryAccuracy),
        (np.zeros((4, 1)), np.zeros((4, 1)), metrics.BinaryAccuracy),
        (np.zeros(4), np.zeros((4, 3)), metrics.SparseCategoricalAccuracy),
        (np.zeros((4, 1)), np.zeros((4, 3)), metrics.SparseCategoricalAccuracy),
        (np.zeros((4, 3)), np.zeros((4, 3)), metrics.CategoricalAccuracy),
    ],
)
def test_accuracy_is_resolved(y_true, y_pred, kind):
    for name in ("accuracy", "acc", "Accuracy"):
        metric = _names.resolve(name, y_true, y_pred)
        assert type(metric) is kind
        assert metric.name == name


def test_a_metric_of_one_s_own():
    class Largest(metrics.Metric):
        def values(self, y_true, y_pred):
            return y_pred.max(axis=-1)

    metric = Largest()
    assert metric.name == "largest"
    assert _names.resolve(metric, None, None) is metric
    assert metric(np.zeros(2), np.array([[1.0, 2.0], [3.0, 6.0]])) == 4


@pytest.mark.parametrize(
    "call,text",
    [
        (lambda: metrics.get("precise"), "metric must be a Metric or one of accuracy, .*'precise'"),
        (lambda: metrics.BinaryAccuracy(threshold=1), "threshold"),
        (lambda: metrics.CategoricalAccuracy()([1, 2], np.ones((2, 3))), "y_true must have"),
        (lambda: metrics.SparseCategoricalAccuracy()([1], np.ones((2, 3))), "y_true must have"),
    ],
)
def test_bad_input(call, text):
    with pytest.raises(ValueError, match=text):
        call()
