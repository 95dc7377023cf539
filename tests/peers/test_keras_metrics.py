"""Every metric beside Keras's, over random configurations and several updates."""

import inspect
import warnings

import keras
import numpy as np
import pytest

import tally
from convlet import metrics

NAMES = [n for n in metrics.__all__ if n[0].isupper() and n not in ("Metric", "Mean", "Sum")]
NUMBERS = [
    "MeanSquaredError",
    "MeanAbsoluteError",
    "MeanAbsolutePercentageError",
    "RootMeanSquaredError",
    "LogCoshError",
    "CosineSimilarity",
]
POSITIVE = ["MeanSquaredLogarithmicError", "Poisson", "KLDivergence"]


def any_of(rng, *choices):
    return choices[rng.integers(len(choices))]


def draw(name, rng):
    """Options, and a function that draws targets and outputs of so many samples."""
    classes = int(rng.integers(2, 6))

    def shares(count):
        return rng.dirichlet(np.ones(classes), count)

    def one_hot(count):
        return np.eye(classes)[rng.integers(classes, size=count)]

    def labels(count):
        return rng.integers(classes, size=count)

    def binary(count):
        return rng.integers(2, size=count), np.round(rng.random(count), any_of(rng, 1, 6))

    if name in NUMBERS:
        return {}, lambda n: rng.standard_normal((2, n, classes))
    if name in POSITIVE:
        return {}, lambda n: rng.uniform(0.05, 0.95, (2, n, classes))
    if "Hinge" in name:
        return {}, lambda n: (one_hot(n), rng.standard_normal((n, classes)))
    if name == "Accuracy":
        return {}, lambda n: (labels(n)[:, None], labels(n)[:, None])
    if name == "BinaryAccuracy":
        return {"threshold": any_of(rng, 0.5, 0.3)}, binary
    if name == "BinaryCrossentropy":
        return {"label_smoothing": any_of(rng, 0, 0.2)}, lambda n: (one_hot(n), shares(n))
    if "Sparse" in name:
        options = {"k": int(rng.integers(1, classes + 1))} if "TopK" in name else {}
        return options, lambda n: (labels(n), shares(n))
    if "Categorical" in name:
        options = {"k": int(rng.integers(1, classes + 1))} if "TopK" in name else {}
        return options, lambda n: (one_hot(n), shares(n))
    if name in ("Precision", "Recall"):
        kind = rng.integers(3)
        if kind == 0:
            return {"thresholds": any_of(rng, None, 0.3, [0.2, 0.5, 0.9])}, binary
        options = {"top_k": any_of(rng, None, 1, 2), "class_id": any_of(rng, None, 0, 1)}
        return options, lambda n: (one_hot(n), shares(n))
    if name.startswith(("True", "False")):
        return {"thresholds": any_of(rng, None, 0.3, [0.7, 0.2])}, binary
    if name == "AUC":
        options = {
            "num_thresholds": any_of(rng, 200, 11, 3),
            "curve": any_of(rng, "ROC", "PR"),
            "summation_method": any_of(rng, "interpolation", "minoring", "majoring"),
            "thresholds": any_of(rng, None, None, [0.2, 0.55, 0.7]),
        }
        kind = rng.integers(3)
        if kind == 0:
            options["from_logits"] = True
            return options, lambda n: (rng.integers(2, size=n), rng.standard_normal(n))
        if kind == 1:
            options |= {"multi_label": True, "label_weights": any_of(rng, None, [0.5, 2.0, 1.0])}
            return options, lambda n: (rng.integers(2, size=(n, 3)), rng.random((n, 3)))
        return options, lambda n: (rng.integers(2, size=n), rng.random(n))
    if name == "BinaryIoU":
        return {"threshold": 0.4, "target_class_ids": any_of(rng, [0], [0, 1])}, binary
    if "IoU" in name:
        options = {"num_classes": classes, "ignore_class": any_of(rng, None, 0)}
        if "Mean" not in name:
            options["target_class_ids"] = any_of(rng, [0], [1, 0])
        if "OneHot" in name:
            return options, lambda n: (one_hot(n), shares(n))
        options["sparse_y_pred"] = any_of(rng, True, False)
        return options, lambda n: (
            labels(n),
            labels(n) if options["sparse_y_pred"] else shares(n),
        )
    options = {
        "average": any_of(rng, None, "micro", "macro", "weighted"),
        "threshold": any_of(rng, None, 0.3),
    }
    if name == "FBetaScore":
        options["beta"] = any_of(rng, 0.5, 2.0)
    return options, lambda n: (one_hot(n), shares(n))


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("name", NAMES)
def test_results(name, seed):
    rng = np.random.default_rng(seed)
    options, samples = draw(name, rng)
    weighted = bool(rng.integers(2))
    ours, theirs = (getattr(module, name)(**options) for module in (metrics, keras.metrics))
    for _ in range(3):
        count = int(rng.integers(1, 12))
        target, y = samples(count)
        # Keras casts the weights of intersections to integers.
        weight = rng.integers(1, 4, count) if "IoU" in name else rng.uniform(0.2, 2, count)
        given = {"sample_weight": weight} if weighted else {}
        target, y = np.asarray(target).astype("float32"), np.asarray(y).astype("float32")
        ours.update_state(target, y, **given)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            theirs.update_state(target, y, **given)
        expected = keras.ops.convert_to_numpy(theirs.result())
        result = ours.result()
        assert np.shape(result) == np.shape(expected)
        np.testing.assert_allclose(result, expected, rtol=2e-5, atol=2e-6, err_msg=str(options))
    ours.reset_state()
    theirs.reset_state()
    ours.update_state(target, y)
    theirs.update_state(target, y)
    expected = keras.ops.convert_to_numpy(theirs.result())
    np.testing.assert_allclose(ours.result(), expected, rtol=2e-5, atol=2e-6)
    tally.agreed("keras", f"metric {name}", f"{options}{weighted}{seed}")


@pytest.mark.parametrize("name", ["Mean", "Sum"])
def test_numbers(name):
    ours, theirs = (getattr(module, name)() for module in (metrics, keras.metrics))
    for values, weight in [(3.0, None), ([1.0, 2.0], None), ([1.0, 4.0], [0.5, 2.0])]:
        for metric in (ours, theirs):
            metric.update_state(values, sample_weight=weight)
    assert ours.result() == pytest.approx(float(theirs.result()), rel=1e-6)


@pytest.mark.parametrize("name", [*NAMES, "Mean", "Sum"])
def test_arguments_and_names(name):
    ours, theirs = (
        inspect.signature(getattr(module, name).__init__).parameters
        for module in (metrics, keras.metrics)
    )
    late = {"from_sorted_ids"}
    assert set(ours) == set(theirs) - {"dtype"} - late
    for key in set(ours) - {"self", "name"}:
        assert ours[key].default == theirs[key].default
    options = {
        "num_classes": 2,
        "target_class_ids": [0],
    }
    options = {key: value for key, value in options.items() if name != "BinaryIoU" and key in ours}
    expected = getattr(keras.metrics, name)(**options)
    found = getattr(metrics, name)(**options)
    assert expected.name.startswith(found.name)
    direction = getattr(expected, "_direction", None)
    assert found.direction == direction
