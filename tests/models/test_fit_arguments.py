"""What compile, fit, evaluate and predict refuse, before they change anything."""

import numpy as np
import pytest

from comparison import assert_same_bits
from convlet import Sequential
from convlet.layers import Dense, Input

X, Y = np.ones((6, 3), np.float32), np.zeros((6, 2), np.float32)


class Loader:
    """Yields batches; a list would be an array."""

    def __init__(self, batches):
        self.batches = batches

    def __iter__(self):
        return iter(self.batches)

    def __repr__(self):
        return f"Loader of {len(self.batches)}"


def model():
    made = Sequential([Input((3,)), Dense(2)])
    made.compile("sgd", "mse")
    return made


CASES = [
    ({"x": None}, TypeError, "x must be an array, got None"),
    ({"y": None}, ValueError, "y must be given"),
    ({"y": Y[:5]}, ValueError, "y must have as many samples as x, got 5 and 6"),
    ({"sample_weight": np.ones(7)}, ValueError, "sample_weight must have as many samples as x"),
    ({"x": [X, X]}, ValueError, "x must be one input, got 2"),
    ({"y": (Y, Y)}, ValueError, "y must be one array for the model's one output, got 2"),
    ({"x": X.astype(complex)}, TypeError, "x must be an array of real numbers, got complex128"),
    ({"x": np.array([["a"] * 3] * 6)}, TypeError, "x must be an array of real numbers, got <U1"),
    ({"x": np.ma.masked_equal(X, 1)}, TypeError, "x must have no mask: fill it"),
    ({"x": 3.0}, ValueError, "x must have an axis of samples"),
    ({"x": X[:0], "y": Y[:0]}, ValueError, "x must have at least one sample"),
    ({"x": X[:, :2]}, ValueError, "the input's last axis must have 3 elements"),
    ({"y": Y[:, :1]}, ValueError, "y_true"),
    ({"batch_size": 0}, ValueError, "batch_size must be at least 1, got 0"),
    ({"batch_size": 2.5}, TypeError, "batch_size must be an int, got 2.5"),
    ({"verbose": 3}, ValueError, 'verbose must be "auto", 0, 1 or 2, got 3'),
    ({"callbacks": [print]}, TypeError, "callbacks must be Callbacks, got <built-in"),
]
FIT_CASES = [
    ({"epochs": -1}, ValueError, "epochs must be at least 0, got -1"),
    ({"epochs": 1.5}, TypeError, "epochs must be an int, got 1.5"),
    ({"initial_epoch": -1}, ValueError, "initial_epoch must be at least 0"),
    ({"shuffle": "batch"}, TypeError, "shuffle must be True or False, got 'batch'"),
    ({"validation_split": 1.0}, ValueError, "validation_split must be at least 0 and below 1"),
    ({"validation_split": -0.1}, ValueError, "validation_split must be at least 0 and below 1"),
    ({"validation_split": 0.9}, ValueError, "must leave samples on both sides, got 0.9 of 6"),
    ({"validation_data": X}, TypeError, "validation_data must be .x, y., .*, got ndarray"),
    ({"validation_data": (X,)}, ValueError, "validation_data must be .* got 1 items"),
    ({"validation_data": (X, Y[:2])}, ValueError, "y must have as many samples"),
    ({"validation_data": (X[:, :1], Y)}, ValueError, "must have 3 elements"),
    ({"validation_data": (X, Y), "validation_batch_size": 0}, ValueError, "batch_size must be"),
    ({"validation_split": "0.5"}, TypeError, "validation_split must be a number, got '0.5'"),
    ({"validation_freq": 0}, ValueError, "validation_freq must be at least 1, got 0"),
    ({"validation_freq": 1.5}, TypeError, "validation_freq must be an int or a list"),
    ({"steps_per_epoch": 0}, ValueError, "steps_per_epoch must be at least 1, got 0"),
    ({"steps_per_epoch": 2.0}, TypeError, "steps_per_epoch must be an int, got 2.0"),
    ({"validation_data": (X, Y), "validation_steps": 0}, ValueError, "validation_steps must be"),
    ({"class_weight": [1, 2]}, TypeError, "class_weight must be a dict, got list"),
    ({"class_weight": {"a": 2}}, TypeError, "class_weight must have int keys, got 'a'"),
    ({"class_weight": {0: "2"}}, TypeError, "class_weight must have numbers as values, got '2'"),
    ({"class_weight": {0: np.nan}}, ValueError, "class_weight must have finite values, got nan"),
    ({"class_weight": {}, "sample_weight": np.ones(6)}, ValueError, "only one of class_weight and"),
    ({"y": Y[:, None], "class_weight": {}}, ValueError, "y must have one class for each sample"),
    ({"x": Loader([(X, Y)])}, ValueError, "y must come with the batches that x yields"),
    ({"x": Loader([X]), "y": None}, ValueError, "y must be given"),
    ({"x": Loader([(X, Y, Y, Y)]), "y": None}, ValueError, "x must yield batches .* a tuple of 4"),
    ({"x": Loader([]), "y": None}, ValueError, "x must yield at least one batch, got none"),
    (
        {"x": Loader([]), "y": None, "validation_split": 0.5},
        ValueError,
        "validation_split must be 0",
    ),
]


def refuses(method, arguments, error, message):
    subject = model()
    before = subject.get_weights()
    with pytest.raises(error, match=message):
        getattr(subject, method)(**{"x": X, "y": Y, "verbose": 0, **arguments})
    for a, b in zip(before, subject.get_weights(), strict=True):
        assert_same_bits(a, b)


@pytest.mark.parametrize("arguments, error, message", [*CASES, *FIT_CASES], ids=str)
def test_fit(arguments, error, message):
    refuses("fit", arguments, error, message)


@pytest.mark.parametrize("arguments, error, message", CASES, ids=str)
def test_evaluate(arguments, error, message):
    refuses("evaluate", arguments, error, message)


@pytest.mark.parametrize("method", ["train_on_batch", "test_on_batch"])
@pytest.mark.parametrize("arguments, error, message", CASES[:13], ids=str)
def test_single_batches(method, arguments, error, message):
    with pytest.raises(error, match=message):
        getattr(model(), method)(**{"x": X, "y": Y, **arguments})


@pytest.mark.parametrize(
    "arguments", [{"x": None}, {"x": [X, X]}, {"batch_size": 0}, {"verbose": 9}]
)
def test_predict(arguments):
    with pytest.raises((ValueError, TypeError)):
        model().predict(**{"x": X, **arguments})


@pytest.mark.parametrize("method", ["fit", "evaluate", "train_on_batch", "test_on_batch"])
def test_without_compile(method):
    subject = Sequential([Dense(2)])
    for _ in range(2):
        with pytest.raises(ValueError, match=rf"call compile\(optimizer, loss\) before {method}"):
            getattr(subject, method)(X, Y)
        subject.compile("sgd")  # without a loss it is not enough


@pytest.mark.parametrize(
    "arguments, error, message",
    [
        ({"optimizer": "fastest"}, ValueError, "optimizer must be"),
        ({"optimizer": None}, ValueError, "optimizer must be"),
        ({"loss": "regret"}, ValueError, "loss must be one of"),
        ({"loss": lambda a, b: 0}, TypeError, "loss must be"),
        ({"metrics": ["beauty"]}, ValueError, "metric must be"),
        ({"metrics": "accuracy"}, TypeError, "metrics must be a list, got 'accuracy'"),
        ({"weighted_metrics": "acc"}, TypeError, "weighted_metrics must be a list, got 'acc'"),
        ({"weighted_metrics": ["beauty"]}, ValueError, "metric must be"),
    ],
)
def test_compile(arguments, error, message):
    subject = model()
    before = subject.optimizer
    with pytest.raises(error, match=message):
        subject.compile(**{"loss": "mse", **arguments})
    assert subject.optimizer is before
    subject.train_on_batch(X, Y)  # as it was compiled before


def test_an_empty_model():
    subject = Sequential()
    subject.compile("sgd", "mse")
    for method in (subject.fit, subject.evaluate, subject.train_on_batch):
        with pytest.raises(ValueError, match="has no layers"):
            method(X, Y)
    with pytest.raises(ValueError, match="has no layers"):
        subject.predict(X)


def test_lists_of_numbers_are_arrays():
    subject = model()
    subject.fit([[1, 2, 3], [4, 5, 6]], [[0, 1], [1, 0]], verbose=0)
    assert subject.predict([[1, 2, 3]], verbose=0).shape == (1, 2)
