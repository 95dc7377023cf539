"""Losses, their gradients, and metrics, beside Keras on PyTorch."""

import keras
import numpy as np
import pytest
import torch

from convlet import losses, metrics
from convlet.losses import _names

RNG = np.random.default_rng(7)
N, CLASSES = 24, 5

LOGITS = 4 * RNG.standard_normal((N, CLASSES))
LOGITS[:3] *= 30  # saturated
SOFT = RNG.dirichlet(np.ones(CLASSES), N)
LABELS = RNG.integers(CLASSES, size=N)
WEIGHTS = RNG.uniform(0, 2, N)


def probabilities(logits):
    e = np.exp(logits - logits.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


ONE_HOT = np.eye(CLASSES)[LABELS]
CASES = [
    (name, arguments, target, output)
    for name, targets, sets in [
        ("CategoricalCrossentropy", [SOFT, ONE_HOT], [{}, {"label_smoothing": 0.1}]),
        ("SparseCategoricalCrossentropy", [LABELS], [{}]),
        ("BinaryCrossentropy", [SOFT, ONE_HOT], [{}, {"label_smoothing": 0.1}]),
        ("MeanSquaredError", [SOFT], [{}]),
    ]
    for target in targets
    for arguments in sets
    for output in ([None] if name == "MeanSquaredError" else ["logits", "probabilities"])
]


@pytest.mark.parametrize("reduction", ["sum_over_batch_size", "sum", "mean_with_sample_weight"])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("number", range(len(CASES)))
def test_values_and_gradients(number, weighted, reduction, dtype):
    name, arguments, target, output = CASES[number]
    arguments = {"reduction": reduction, **arguments}
    y = LOGITS
    if isinstance(output, str):
        arguments["from_logits"] = output == "logits"
        y = LOGITS if output == "logits" else probabilities(LOGITS)
    y = y.astype(dtype)
    target = target if target.dtype == int else target.astype(dtype)
    weight = WEIGHTS.astype(dtype) if weighted else None
    value, pullback = getattr(losses, name)(**arguments).vjp(target, y, weight)
    theirs = torch.tensor(y, requires_grad=True)
    expected = getattr(keras.losses, name)(dtype=dtype, **arguments)(
        torch.tensor(target), theirs, None if weight is None else torch.tensor(weight)
    )
    expected.backward()
    # Keras clips and averages in float32 in places, whatever the dtype.
    expected = float(expected.detach())
    assert abs(value - expected) <= 2e-5 * max(1, abs(expected))
    slopes = theirs.grad.numpy()
    # A probability within rounding of the clip's ends may fall on either side.
    p = y if arguments.get("from_logits", True) else y / y.sum(axis=1, keepdims=True)
    near = np.zeros(y.shape, bool)
    if not arguments.get("from_logits", True):
        near = (np.minimum(p, 1 - p) < 1e-6).any(axis=1, keepdims=True) & np.ones(y.shape, bool)
    difference = np.abs(pullback() - slopes)[~near]
    assert np.all(difference <= 2e-5 * np.maximum(1, np.abs(slopes[~near])))
    assert (~near).sum() > N


@pytest.mark.parametrize("end", [0.0, 1.0])
def test_saturated_gradients(end):
    """At exactly 0 and 1 both have none."""
    y = np.full((2, 2), [end, 1 - end], "float32")
    target = np.array([[1, 0], [0, 1]], "float32")
    for name in ("CategoricalCrossentropy", "BinaryCrossentropy"):
        value, pullback = getattr(losses, name)().vjp(target, y)
        theirs = torch.tensor(y, requires_grad=True)
        expected = getattr(keras.losses, name)()(torch.tensor(target), theirs)
        expected.backward()
        assert value == pytest.approx(float(expected.detach()), rel=1e-3)
        assert np.array_equal(pullback(), theirs.grad.numpy())


@pytest.mark.parametrize("reduction", ["sum_over_batch_size", "sum", "mean_with_sample_weight"])
@pytest.mark.parametrize("name", ["CategoricalCrossentropy", "SparseCategoricalCrossentropy"])
@pytest.mark.parametrize("from_logits", [False, True])
def test_classes_on_axis_1(name, from_logits, reduction):
    y = RNG.uniform(0.1, 0.9, (4, 3, 5))
    labels = RNG.integers(3, size=(4, 5))
    target = np.moveaxis(np.eye(3)[labels], -1, 1) if name[0] == "C" else labels
    weight = RNG.uniform(0.5, 2, (4, 5))
    arguments = {"from_logits": from_logits, "axis": 1, "reduction": reduction}
    value, pullback = getattr(losses, name)(**arguments).vjp(target, y, weight)
    theirs = torch.tensor(y, requires_grad=True)
    expected = getattr(keras.losses, name)(dtype="float64", **arguments)(
        torch.tensor(target), theirs, torch.tensor(weight)
    )
    expected.backward()
    assert value == pytest.approx(float(expected.detach()), rel=1e-6)
    assert np.abs(pullback() - theirs.grad.numpy()).max() <= 1e-6


@pytest.mark.parametrize("weights", [[1e-9, 3e-9], [0.0, 0.0], [1.0, -1.0], [2.0, 0.5]])
def test_sums_of_weights(weights):
    arguments = {"reduction": "mean_with_sample_weight"}
    target, y, weights = np.zeros((2, 1)), np.array([[1.0], [2.0]]), np.array(weights)
    expected = keras.losses.MeanSquaredError(dtype="float64", **arguments)(target, y, weights)
    value = losses.MeanSquaredError(**arguments)(target, y, weights)
    assert value == pytest.approx(float(expected), rel=1e-6)


@pytest.mark.parametrize(
    "name,target,output",
    [
        ("CategoricalAccuracy", ONE_HOT, LOGITS),
        ("SparseCategoricalAccuracy", LABELS, LOGITS),
        ("SparseCategoricalAccuracy", LABELS[:, None], LOGITS),
        ("BinaryAccuracy", LABELS[:, None] > 2, probabilities(LOGITS)[:, :1]),
        ("MeanSquaredError", SOFT, LOGITS),
        ("Accuracy", LABELS[:, None], RNG.integers(CLASSES, size=(N, 1))),
    ],
)
@pytest.mark.parametrize("weighted", [False, True])
def test_metrics(name, target, output, weighted):
    ours, theirs = getattr(metrics, name)(), getattr(keras.metrics, name)()
    assert ours.name == theirs.name
    for rows in (slice(10), slice(10, None)):
        weight = WEIGHTS[rows] if weighted else None
        for metric in (ours, theirs):
            metric.update_state(
                target[rows].astype("float32"), output[rows].astype("float32"), sample_weight=weight
            )
    assert ours.result() == pytest.approx(float(theirs.result()), rel=1e-5)


def test_names():
    """Every name that `get` knows, Keras knows, for the same thing."""
    for names, theirs in (
        (_names._BY_NAME, keras.losses),
        (metrics._names._BY_NAME, keras.metrics),
    ):
        for name, kind in names.items():
            if kind.endswith("IoU"):  # most of which need arguments
                assert hasattr(theirs, kind)
                continue
            found = theirs.get(name)
            assert getattr(found, "__name__", type(found).__name__).lower().replace("_", "") == (
                kind.lower()
            ), name
