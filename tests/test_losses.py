"""Losses against their formulas in float64, their gradients against central differences."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from comparison import assert_close, assert_same_bits
from convlet import losses
from gradcheck import check_gradients

EPSILON = 1e-7


def softmax(x):
    e = np.exp(x - x.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def clip(p):
    return np.clip(p, EPSILON, 1 - EPSILON)


def categorical(t, y):
    return -(t * np.log(clip(y / y.sum(axis=-1, keepdims=True)))).sum(axis=-1)


def categorical_logits(t, x):
    shifted = x - x.max(axis=-1, keepdims=True)
    return -(t * (shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True)))).sum(axis=-1)


def binary(t, y):
    return -(t * np.log(clip(y)) + (1 - t) * np.log(1 - clip(y))).mean(axis=-1)


def binary_logits(t, x):
    return (np.logaddexp(0, x) - t * x).mean(axis=-1)


ORACLES = {
    "categorical": (losses.CategoricalCrossentropy(), categorical),
    "categorical_logits": (losses.CategoricalCrossentropy(from_logits=True), categorical_logits),
    "binary": (losses.BinaryCrossentropy(), binary),
    "binary_logits": (losses.BinaryCrossentropy(from_logits=True), binary_logits),
    "squares": (losses.MeanSquaredError(), lambda t, y: ((t - y) ** 2).mean(axis=-1)),
}


def example(name, shape, dtype, seed):
    """Targets that are probabilities, and outputs of the kind that the loss takes."""
    rng = np.random.default_rng(seed)
    target = softmax(rng.standard_normal(shape))
    y = rng.standard_normal(shape)
    if name in ("categorical", "binary"):
        y = softmax(y) if shape[-1] > 1 else 1 / (1 + np.exp(-y))
    return target.astype(dtype), y.astype(dtype)


shapes = st.lists(st.integers(1, 5), min_size=2, max_size=4).map(tuple)


@pytest.mark.parametrize("name", ORACLES)
@given(shape=shapes, seed=st.integers(0, 99))
def test_values_of_samples(name, dtype, shape, seed):
    loss, oracle = ORACLES[name]
    target, y = example(name, shape, dtype, seed)
    expected = oracle(target.astype(np.float64), y.astype(np.float64))
    tolerance = 64 * np.finfo(dtype).eps * (1 + np.abs(expected))
    assert_close(loss.call(target, y), expected, tolerance, f"{name} {shape}", dtype=dtype)


@pytest.mark.parametrize("name", ORACLES)
@given(shape=shapes, seed=st.integers(0, 99))
def test_gradients(name, shape, seed):
    loss, _ = ORACLES[name]
    target, y = example(name, shape, "float64", seed)
    weights = np.random.default_rng(seed).uniform(0.1, 2, shape[:-1])
    _, pullback = loss.vjp(target, y, weights)
    check_gradients(
        lambda y: np.array(loss(target, y, weights)),
        {"y": y},
        {"y": pullback()},
        np.array(1.0),
        step=1e-6,
        rng=np.random.default_rng(seed),
    )


@pytest.mark.parametrize("name", ORACLES)
def test_reductions(name):
    kind = type(ORACLES[name][0])
    target, y = example(name, (6, 4), "float64", 0)
    weights = np.arange(6.0)
    values = kind(reduction=None).call(target, y)
    expected = {
        "sum_over_batch_size": (values.mean(), (values * weights).mean()),
        "mean": (values.mean(), (values * weights).mean()),
        "sum": (values.sum(), (values * weights).sum()),
        "mean_with_sample_weight": (values.mean(), (values * weights).sum() / weights.sum()),
    }
    for reduction, (plain, weighted) in expected.items():
        loss = kind(reduction=reduction)
        assert loss(target, y) == pytest.approx(plain, rel=1e-12)
        assert loss(target, y, weights) == pytest.approx(weighted, rel=1e-12)
        assert loss(target, y, weights[:, None]) == pytest.approx(weighted, rel=1e-12)
        assert loss.vjp(target, y, weights)[0] == loss(target, y, weights)
    for reduction in ("none", None):
        assert_same_bits(kind(reduction=reduction)(target, y), values)
        assert_close(
            kind(reduction=reduction)(target, y, weights), values * weights, 1e-12, dtype="float64"
        )
        with pytest.raises(ValueError, match="reduction"):
            kind(reduction=reduction).vjp(target, y)


def test_saturated_probabilities(dtype):
    """Clipped to [1e-7, 1 - 1e-7]: a finite loss, and no gradient beyond."""
    target = np.array([[1, 0], [1, 0], [0.5, 0.5]], dtype)
    y = np.array([[1, 0], [0, 1], [0.5, 0.5]], dtype)
    loss = losses.CategoricalCrossentropy(reduction="sum")
    values = loss.call(target, y)
    assert values[0] == pytest.approx(EPSILON, abs=2e-7)
    assert values[1] == pytest.approx(-np.log(EPSILON), rel=1e-5)
    grad = loss.vjp(target, y)[1]()
    assert np.array_equal(grad[:2], np.zeros((2, 2)))
    column = np.array([[0.0], [1.0]], dtype)
    for loss in (losses.BinaryCrossentropy(reduction="sum"),):
        assert np.isfinite(loss.call(1 - column, column)).all()
        assert np.array_equal(loss.vjp(1 - column, column)[1](), np.zeros((2, 1)))


def test_saturated_logits(dtype):
    """Exact where probabilities would round to 0 and 1."""
    x = np.array([[1000, -1000], [-1000, 1000]], dtype)
    target = np.array([[1, 0], [1, 0]], dtype)
    loss = losses.CategoricalCrossentropy(from_logits=True, reduction="sum")
    assert np.array_equal(loss.call(target, x), [0, 2000])
    assert np.array_equal(loss.vjp(target, x)[1](), [[0, 0], [-1, 1]])
    x[0, 1] = -np.inf
    assert np.array_equal(loss.call(target, x), [0, 2000])
    x[0, 1] = -1000
    loss = losses.BinaryCrossentropy(from_logits=True, reduction="sum")
    assert np.array_equal(loss.call(target, x), [0, 1000])
    assert np.array_equal(loss.vjp(target, x)[1](), [[0, 0], [-0.5, 0.5]])


@pytest.mark.parametrize("name", ORACLES)
def test_nan_propagates(name, dtype):
    loss, _ = ORACLES[name]
    target, y = example(name, (3, 4), dtype, 0)
    y[1, 2] = np.nan
    values, grad = loss.value_and_grad(target, y)
    assert np.array_equal(np.isnan(values), [False, True, False])
    assert np.isnan(grad[1, 2])
    assert not np.isnan(grad[[0, 2]]).any()


@pytest.mark.parametrize("from_logits", [False, True])
def test_sparse_is_categorical_of_one_hot(from_logits, dtype):
    rng = np.random.default_rng(0)
    y = softmax(rng.standard_normal((5, 3, 4))).astype(dtype)
    labels = rng.integers(4, size=(5, 3))
    sparse = losses.SparseCategoricalCrossentropy(from_logits)
    dense = losses.CategoricalCrossentropy(from_logits)
    one_hot = np.eye(4, dtype=dtype)[labels]
    for given_labels in (labels, labels[..., None], labels.astype("float32"), labels.tolist()):
        assert_same_bits(sparse.call(given_labels, y), dense.call(one_hot, y))
        assert_same_bits(sparse.vjp(given_labels, y)[1](), dense.vjp(one_hot, y)[1]())


def test_label_smoothing():
    target, y = np.eye(4), softmax(np.random.default_rng(0).standard_normal((4, 4)))
    smooth = losses.CategoricalCrossentropy(label_smoothing=0.2)
    assert_close(
        smooth.call(target, y), categorical(target * 0.8 + 0.05, y), 1e-12, dtype="float64"
    )
    smooth = losses.BinaryCrossentropy(label_smoothing=0.2)
    assert_close(smooth.call(target, y), binary(target * 0.8 + 0.1, y), 1e-12, dtype="float64")


@pytest.mark.parametrize("axis", [1, -1, 2, -2])
def test_axis(axis):
    rng = np.random.default_rng(0)
    target, y = softmax(rng.standard_normal((2, 3, 4))), softmax(rng.standard_normal((2, 3, 4)))
    loss = losses.CategoricalCrossentropy(axis=axis)
    moved = [np.moveaxis(array, axis, -1) for array in (target, y)]
    assert_close(loss.call(target, y), categorical(*moved), 1e-12, dtype="float64")
    grad = loss.vjp(target, y)[1]()
    expected = losses.CategoricalCrossentropy().vjp(*moved)[1]()
    assert_close(grad, np.moveaxis(expected, -1, axis), 1e-15, dtype="float64")


def test_functions_are_the_losses_of_samples():
    target, y = np.eye(3), softmax(np.random.default_rng(0).standard_normal((3, 3)))
    for name in ("categorical_crossentropy", "binary_crossentropy", "mean_squared_error"):
        function = getattr(losses, name)
        assert_same_bits(function(target, y), losses.get(name).call(target, y))
        assert type(losses.get(function)) is type(losses.get(name))
        assert losses.get(function).name == name
    assert losses.sparse_categorical_crossentropy([0, 1, 2], y).shape == (3,)


def test_get_and_configurations():
    for name in ("mse", "CategoricalCrossentropy", "sparse_categorical_crossentropy", "bce"):
        loss = losses.get(name)
        assert isinstance(loss, losses.Loss)
        assert losses.get(loss) is loss
    loss = losses.CategoricalCrossentropy(True, 0.1, 1, "sum", "mine")
    assert type(loss).from_config(loss.get_config()).get_config() == loss.get_config()
    loss = losses.SparseCategoricalCrossentropy(True, axis=1, reduction="sum", name="mine")
    assert type(loss).from_config(loss.get_config()).get_config() == loss.get_config()
    with pytest.raises(ValueError, match=r"loss must be one of binary_crossentropy.*got 'none'"):
        losses.get("none")
    with pytest.raises(TypeError, match="loss must be a name, a Loss, or a function"):
        losses.get(lambda t, y: 0)


ROWS = np.full((4, 10), 0.1, "float32")


@pytest.mark.parametrize(
    "call,error,text",
    [
        (
            lambda: losses.categorical_crossentropy([1, 2, 3, 4], ROWS),
            ValueError,
            "y_true must have y_pred's shape .4, 10., got .4,.: .*to_categorical",
        ),
        (lambda: losses.categorical_crossentropy(np.ones((4, 9)), ROWS), ValueError, r"\(4, 9\)"),
        (
            lambda: losses.sparse_categorical_crossentropy([1, 2, 3, 10], ROWS),
            ValueError,
            "from 0 to 9, got 10",
        ),
        (
            lambda: losses.sparse_categorical_crossentropy([1, 2, 3, -1], ROWS),
            ValueError,
            "from 0 to 9, got -1",
        ),
        (
            lambda: losses.sparse_categorical_crossentropy([1, 2, 3, 0.5], ROWS),
            ValueError,
            "got 0.5",
        ),
        (
            lambda: losses.sparse_categorical_crossentropy([1, 2, 3, np.nan], ROWS),
            ValueError,
            "got nan",
        ),
        (lambda: losses.sparse_categorical_crossentropy([1, 2], ROWS), ValueError, r"\(4,\)"),
        (lambda: losses.mean_squared_error(np.array(["a"]), ROWS), TypeError, "y_true"),
        (lambda: losses.mean_squared_error(ROWS, ROWS.astype(complex)), TypeError, "y_pred"),
        (lambda: losses.mean_squared_error([1.0], [1.0]), ValueError, "y_pred must have shape"),
        (lambda: losses.MeanSquaredError()(ROWS, ROWS, np.ones(3)), ValueError, "sample_weight"),
        (lambda: losses.MeanSquaredError(reduction="most"), ValueError, "reduction"),
        (lambda: losses.CategoricalCrossentropy(label_smoothing=2), ValueError, "label_smoothing"),
        (lambda: losses.CategoricalCrossentropy(axis=5)(ROWS, ROWS), ValueError, "axis"),
    ],
)
def test_bad_input(call, error, text):
    with pytest.raises(error, match=text):
        call()


def test_a_loss_of_one_s_own():
    class Absolute(losses.Loss):
        def value_and_grad(self, y_true, y_pred, want_grad=True):
            difference = y_pred - y_true
            return np.abs(difference).max(axis=-1), np.sign(difference)

    loss = Absolute()
    assert loss.name == "absolute"
    assert loss(np.zeros((2, 1)), np.array([[1.0], [-3.0]])) == 2
    value, pullback = loss.vjp(np.zeros((2, 1)), np.array([[1.0], [-3.0]]))
    assert value == 2
    assert np.array_equal(pullback(), [[0.5], [-0.5]])
