"""What losses are made from, and what they are called with."""

import numpy as np
import pytest

from convlet import losses


@pytest.mark.parametrize(
    "identifier,kind",
    [
        (losses.MeanSquaredError, losses.MeanSquaredError),
        (losses.mean_squared_error, losses.MeanSquaredError),
        ("mse", losses.MeanSquaredError),
        ("MSE", losses.MeanSquaredError),
        ("bce", losses.BinaryCrossentropy),
        ("BCE", losses.BinaryCrossentropy),
        ("BinaryCrossentropy", losses.BinaryCrossentropy),
        (losses.binary_crossentropy, losses.BinaryCrossentropy),
    ],
)
def test_get(identifier, kind):
    assert type(losses.get(identifier)) is kind


def test_get_nothing():
    assert losses.get(None) is None


@pytest.mark.parametrize("identifier", [lambda t, y: 0, int, 3, ["mse"], {"mse": 1}])
def test_get_what_is_no_loss(identifier):
    with pytest.raises(TypeError, match=r"a custom loss must subclass Loss .* vjp"):
        losses.get(identifier)


def test_order_of_arguments_is_keras_s():
    assert losses.Loss("mine", "sum").get_config() == {"name": "mine", "reduction": "sum"}
    mine = losses.MeanSquaredError("sum", "mine")
    assert mine.get_config() == {"name": "mine", "reduction": "sum"}
    assert losses.MeanSquaredError.from_config(mine.get_config()).name == "mine"


@pytest.mark.parametrize("axis", [1.5, "1", None, True])
def test_axis_must_be_an_integer(axis):
    with pytest.raises(TypeError, match="axis must be an integer"):
        losses.CategoricalCrossentropy(axis=axis)


@pytest.mark.parametrize("axis", [1, -2, -1])
def test_labels_with_or_without_the_axis_of_classes(axis, rng):
    y = rng.uniform(0.1, 0.9, (2, 3, 4))
    shape = list(y.shape)
    labels = rng.integers(shape.pop(axis), size=shape)
    values = losses.sparse_categorical_crossentropy(labels, y, axis=axis)
    wider = np.expand_dims(labels, axis)
    assert np.array_equal(losses.sparse_categorical_crossentropy(wider, y, axis=axis), values)
    picked = np.take_along_axis(y / y.sum(axis=axis, keepdims=True), wider, axis)
    assert values == pytest.approx(-np.log(picked).squeeze(axis), rel=1e-12)


def test_a_row_without_targets_keeps_its_nan():
    """Targets of zero hide a score of minus infinity, not one that is no number."""
    logits = np.array([[1.0, -np.inf], [1.0, np.nan], [np.nan, 1.0]])
    values = losses.categorical_crossentropy(np.zeros((3, 2)), logits, from_logits=True)
    assert np.array_equal(np.isnan(values), [False, True, True])


def test_large_logits_keep_small_differences():
    """1e6 + 25 against 1e6: log(1 + exp(-25)), which a sum with 1e6 would round away."""
    value = losses.categorical_crossentropy([[1.0, 0]], [[1e6 + 25, 1e6]], from_logits=True)
    assert value == pytest.approx(np.log1p(np.exp(-25)), rel=1e-4)
