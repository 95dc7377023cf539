"""Precision, recall, areas, intersections and scores against counts made here; what they refuse."""

import numpy as np
import pytest

from comparison import assert_close
from convlet import Sequential, metrics, utils
from convlet.layers import Dense, Input


def binary(rng, count=400):
    return rng.integers(2, size=count), rng.random(count), rng.uniform(0.5, 2, count)


@pytest.mark.parametrize("weighted", [True, False])
@pytest.mark.parametrize("thresholds", [None, 0.25, [0.75, 0.25]])
def test_counts(thresholds, weighted, rng):
    truth, y, weights = binary(rng)
    weights = weights if weighted else np.ones(len(y))
    given = weights if weighted else None
    limits = [0.5] if thresholds is None else np.atleast_1d(thresholds)
    for name, positive, right in [
        ("TruePositives", True, True),
        ("FalsePositives", True, False),
        ("TrueNegatives", False, True),
        ("FalseNegatives", False, False),
    ]:
        metric = getattr(metrics, name)(thresholds)
        for rows in (slice(150), slice(150, None)):
            metric.update_state(truth[rows], y[rows], None if given is None else given[rows])
        chosen = [((y > t) == positive) & (((y > t) == (truth > 0)) == right) for t in limits]
        expected = np.array([weights[one].sum() for one in chosen])
        result = np.atleast_1d(metric.result())
        assert_close(result, expected, 1e-9, name, dtype="float64")


@pytest.mark.parametrize("name, whole", [("Precision", "y"), ("Recall", "truth")])
def test_shares(name, whole, rng):
    truth, y, _ = binary(rng)
    metric = getattr(metrics, name)()
    metric.update_state(truth, y)
    both = ((y > 0.5) & (truth > 0)).sum()
    assert metric.result() == both / (y > 0.5).sum() if whole == "y" else both / truth.sum()
    metric.reset_state()
    assert metric.result() == 0


def test_top_k_and_one_class():
    truth = np.array([[0, 1, 0], [1, 0, 0]])
    y = np.array([[0.2, 0.3, 0.5], [0.4, 0.4, 0.2]])
    assert metrics.Recall(top_k=1)(truth, y) == 0.5  # the first of the two equal ones
    assert metrics.Recall(top_k=2)(truth, y) == 1
    assert metrics.Precision(top_k=2)(truth, y) == 0.5
    assert metrics.Recall(class_id=0)(truth, y) == 0
    assert metrics.Recall(class_id=0, thresholds=0.3)(truth, y) == 1


def test_area_of_ranks(rng):
    """With a threshold between any two outputs: the share of pairs in the right order."""
    y = rng.permutation(np.linspace(0.02, 0.98, 40))
    truth = rng.integers(2, size=40)
    metric = metrics.AUC(thresholds=((np.sort(y)[1:] + np.sort(y)[:-1]) / 2).tolist())
    pairs = y[truth == 1][:, None] > y[truth == 0]
    assert metric(truth, y) == pytest.approx(pairs.mean(), rel=1e-12)
    several = metrics.AUC(multi_label=True, label_weights=[3.0, 1.0])
    columns = [metrics.AUC()(truth, one) for one in (y, 1 - y)]
    found = several(np.stack([truth, truth], 1), np.stack([y, 1 - y], 1))
    assert found == pytest.approx((3 * columns[0] + columns[1]) / 4, rel=1e-12)


@pytest.mark.parametrize("weighted", [True, False])
def test_intersections(weighted, rng):
    truth, found = rng.integers(4, size=(2, 3, 8, 9))
    truth[0, 0, :3] = (255, -1, 3)
    weights = rng.uniform(0.5, 2, truth.shape) if weighted else np.ones(truth.shape)
    metric = metrics.MeanIoU(4, ignore_class=3)
    metric.update_state(truth, found, weights if weighted else None)
    inside = (truth >= 0) & (truth < 3)
    shares = []
    for one in range(4):
        both = weights[inside & (truth == one) & (found == one)].sum()
        either = weights[inside & ((truth == one) | (found == one))].sum()
        shares.append(both / either if either else np.nan)
    assert metric.result() == pytest.approx(np.nanmean(shares), rel=1e-6)
    one_hot = np.eye(4)[np.clip(truth, 0, 3)]
    again = metrics.OneHotMeanIoU(4, ignore_class=3)
    again.update_state(one_hot, np.eye(4)[found], weights * inside)
    assert again.result() == pytest.approx(metric.result(), rel=1e-12)
    moved = metrics.OneHotMeanIoU(4, ignore_class=3, axis=1)
    moved.update_state(np.moveaxis(one_hot, -1, 1), np.moveaxis(np.eye(4)[found], -1, 1))
    assert 0 < moved.result() < 1


def test_scores(rng):
    truth = np.eye(3)[rng.integers(3, size=60)]
    y = rng.dirichlet(np.ones(3), 60)
    found = np.eye(3)[y.argmax(1)]
    precision, recall = ((truth * found).sum(0) / whole.sum(0) for whole in (found, truth))
    expected = 2 * precision * recall / (precision + recall)
    assert metrics.F1Score()(truth, y) == pytest.approx(expected, rel=1e-5)
    assert metrics.F1Score("macro")(truth, y) == pytest.approx(expected.mean(), rel=1e-5)
    weights = truth.sum(0) / 60
    assert metrics.F1Score("weighted")(truth, y) == pytest.approx(expected @ weights, rel=1e-5)
    assert metrics.F1Score("micro")(truth, y) == pytest.approx((truth * found).sum() / 60, rel=1e-5)


def test_largest_k():
    y = [[0.1, 0.2, 0.3, 0.4]]
    assert [metrics.SparseTopKCategoricalAccuracy(k)([1], y) for k in (1, 2, 3, 9)] == [0, 0, 1, 1]
    assert metrics.TopKCategoricalAccuracy(3)([[0, 1, 0, 0]], y) == 1
    assert metrics.SparseTopKCategoricalAccuracy(2)([[0], [1]], [[0.5, 0.5, 0.5]] * 2) == 1
    for bad in (np.nan, np.inf):
        assert metrics.SparseTopKCategoricalAccuracy(2)([0], [[bad, 1.0, 2.0]]) == 0
    assert metrics.SparseTopKCategoricalAccuracy(2)([7, -1], [[1.0, 2.0]] * 2) == 0


def test_nan_is_no_positive():
    truth, y = [1, 1, 0], [np.nan, 0.9, 0.1]
    assert metrics.Recall()(truth, y) == 0.5
    assert metrics.TruePositives()(truth, y) == 1
    assert np.isfinite(metrics.AUC()(truth, y))


def test_an_ignored_class_does_not_count():
    metric = metrics.SparseCategoricalCrossentropy(ignore_class=-1)
    metric.update_state([1, -1], [[0.5, 0.5], [0.9, 0.1]])
    assert metric.result() == pytest.approx(np.log(2))


def test_layouts_do_not_matter(rng):
    truth, y = rng.integers(2, size=(40, 6)), rng.random((40, 6))
    weights = rng.uniform(0.5, 2, (40, 6))
    arrays = (truth, y, weights)
    for name in ("AUC", "Precision", "BinaryIoU", "BinaryAccuracy", "F1Score"):
        first = getattr(metrics, name)()(*arrays)
        other = getattr(metrics, name)()(*map(np.asfortranarray, arrays))
        assert np.asarray(first).tobytes() == np.asarray(other).tobytes(), name


CONFIGURED = [
    metrics.Precision([0.2, 0.7], class_id=1, name="mine"),
    metrics.Recall(top_k=2),
    metrics.TruePositives(0.3),
    metrics.AUC(11, "PR", "minoring", thresholds=[0.3], multi_label=True, num_labels=2),
    metrics.IoU(3, [0, 2], ignore_class=1, sparse_y_pred=False),
    metrics.MeanIoU(3, axis=1),
    metrics.BinaryIoU([1], 0.25),
    metrics.OneHotIoU(3, [0]),
    metrics.OneHotMeanIoU(3, sparse_y_pred=True),
    metrics.FBetaScore("macro", 2.0, 0.5),
    metrics.F1Score("micro", 0.5),
    metrics.BinaryAccuracy(threshold=0.25),
    metrics.SparseTopKCategoricalAccuracy(3),
    metrics.SparseCategoricalCrossentropy(from_logits=True, ignore_class=2, axis=1),
    metrics.BinaryCrossentropy(label_smoothing=0.25),
    metrics.CosineSimilarity(axis=1),
    metrics.LogCoshError(),
    metrics.Sum(),
]


@pytest.mark.parametrize("metric", CONFIGURED, ids=lambda metric: metric.name)
def test_configurations(metric):
    again = metrics.deserialize(metrics.serialize(metric))
    assert type(again) is type(metric)
    assert again.get_config() == metric.get_config()
    assert metrics.get(metrics.serialize(metric)).name == metric.name


def test_while_training(capsys):
    utils.set_random_seed(3)
    model = Sequential([Input((4,)), Dense(3, activation="softmax")])
    given = [metrics.F1Score(), "recall", metrics.AUC(name="area"), metrics.Precision([0.2, 0.4])]
    model.compile("sgd", "categorical_crossentropy", metrics=given)
    x, y = np.ones((8, 4), np.float32), np.eye(3)[np.arange(8) % 3]
    for verbose in (0, 1, 2):
        history = model.fit(x, y, epochs=2, validation_data=(x, y), verbose=verbose).history
    assert np.shape(history["f1_score"]) == (2, 3)
    assert np.shape(history["val_precision"]) == (2, 2)
    assert all(isinstance(value, float) for value in history["recall"] + history["area"])


@pytest.mark.parametrize(
    "call, error, words",
    [
        (lambda: metrics.Precision(thresholds=1.5), ValueError, "thresholds must be from 0 to 1"),
        (lambda: metrics.Recall(thresholds=[]), ValueError, "thresholds must have at least one"),
        (lambda: metrics.Recall(thresholds="0.5"), TypeError, "thresholds must be a number"),
        (lambda: metrics.Precision(top_k=0), ValueError, "top_k must be at least 1"),
        (lambda: metrics.Precision(top_k=3)([[1, 0]], [[1, 0]]), ValueError, "top_k must be at mo"),
        (lambda: metrics.Precision(class_id=0.5), TypeError, "class_id must be an int"),
        (lambda: metrics.Precision(class_id=2)([[1, 0]], [[1, 0]]), ValueError, "class_id must be"),
        (lambda: metrics.AUC(1), ValueError, "num_thresholds must be at least 2"),
        (lambda: metrics.AUC(curve="DET"), ValueError, "curve must be one of"),
        (lambda: metrics.AUC(summation_method="exact"), ValueError, "summation_method must be"),
        (lambda: metrics.AUC(num_labels=2), ValueError, "num_labels must not be given"),
        (lambda: metrics.AUC(thresholds=[2]), ValueError, "thresholds must be from 0 to 1"),
        (lambda: metrics.AUC(multi_label=True)([1], [1.0]), ValueError, "y_pred must have shape"),
        (
            lambda: metrics.AUC(label_weights=[1.0])([[1, 0]], [[1.0, 0.0]]),
            ValueError,
            "label_weights must be as many",
        ),
        (lambda: metrics.IoU(2, [2]), ValueError, "target_class_ids must be below"),
        (lambda: metrics.IoU(2, ["a"]), TypeError, "target_class_ids must be an int"),
        (lambda: metrics.MeanIoU(0), ValueError, "num_classes must be at least 1"),
        (lambda: metrics.MeanIoU(2, ignore_class=0.5), TypeError, "ignore_class must be an int"),
        (lambda: metrics.MeanIoU(2)([1, 0], [1]), ValueError, "y_true must have as many"),
        (lambda: metrics.MeanIoU(2)(["a"], [1]), TypeError, "must be real numbers"),
        (
            lambda: metrics.MeanIoU(2, sparse_y_true=False, axis=10**30)([[1]], [1]),
            ValueError,
            "ax",
        ),
        (lambda: metrics.F1Score("mean"), ValueError, "average must be one of"),
        (lambda: metrics.FBetaScore(beta=0.0), ValueError, "beta must be above 0"),
        (lambda: metrics.F1Score(threshold=1.5), ValueError, "threshold must be above 0 and at"),
        (lambda: metrics.F1Score()([1], [1.0]), ValueError, "y_pred must have shape"),
        (
            lambda: metrics.SparseTopKCategoricalAccuracy()([0], np.zeros((1, 0))),
            ValueError,
            "y_pred must have at least one class",
        ),
        (lambda: metrics.TopKCategoricalAccuracy(0), ValueError, "k must be at least 1"),
        (lambda: metrics.deserialize("mse"), TypeError, "config must be a dict"),
        (lambda: metrics.serialize("mse"), TypeError, "metric must be a Metric, got str"),
    ],
)
def test_bad_arguments(call, error, words):
    with pytest.raises(error, match=words):
        call()
