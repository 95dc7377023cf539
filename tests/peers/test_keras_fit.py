"""`fit` beside Keras: where batches come from, how many, what they weigh, when to validate."""

import warnings

import keras
import numpy as np
import pytest

import convlet
import tally

RNG = np.random.default_rng(8)
X, LABELS = RNG.standard_normal((26, 4)).astype("float32"), RNG.integers(3, size=26)
WEIGHTS = RNG.uniform(0, 2, 26)
ONE_HOT = np.eye(3, dtype="float32")[LABELS]


def build(library):
    layers = library.layers
    return library.Sequential([layers.Input((4,)), layers.Dense(3, activation="softmax")])


def pair(loss):
    convlet.utils.set_random_seed(1)
    ours, theirs = build(convlet), build(keras)
    theirs.set_weights(ours.get_weights())
    for model in (ours, theirs):
        model.compile("sgd", loss, metrics=["accuracy"])
    return ours, theirs


def batches(*arrays, size=6):
    for first in range(0, len(arrays[0]), size):
        yield tuple(array[first : first + size] for array in arrays)


def endless(*arrays):
    while True:
        yield from batches(*arrays)


def numbered(library, *arrays):
    class Data(library.utils.PyDataset):
        items = tuple(batches(*arrays))

        def __len__(self):
            return len(self.items)

        def __getitem__(self, index):
            return self.items[index]

    return Data()


ARRAYS = (X, LABELS)
CASES = {
    "whole": lambda library: dict(x=X, y=LABELS, batch_size=6),
    "steps": lambda library: dict(x=X, y=LABELS, batch_size=6, steps_per_epoch=2),
    "odd steps": lambda library: dict(x=X, y=LABELS, batch_size=6, steps_per_epoch=3),
    "too many steps": lambda library: dict(x=X, y=LABELS, batch_size=6, steps_per_epoch=9),
    "generator": lambda library: dict(x=endless(*ARRAYS), steps_per_epoch=4),
    "weighted": lambda library: dict(x=endless(X, LABELS, WEIGHTS), steps_per_epoch=7),
    "numbered": lambda library: dict(x=numbered(library, *ARRAYS)),
    "classes": lambda library: dict(x=X, y=LABELS, class_weight={0: 3.0, 2: 0.5}),
    "one-hot": lambda library: dict(x=X, y=ONE_HOT, class_weight={1: 2.0}),
    "numbered classes": lambda library: dict(
        x=numbered(library, *ARRAYS), class_weight={0: 3.0, 1: 0.0}
    ),
    "samples": lambda library: dict(x=X, y=LABELS, sample_weight=WEIGHTS, batch_size=5),
    "split": lambda library: dict(x=X, y=LABELS, validation_split=0.3, validation_batch_size=2),
    "some validation": lambda library: dict(
        x=X, y=LABELS, validation_data=(X, LABELS), validation_steps=2, batch_size=6
    ),
    "every third": lambda library: dict(
        x=X, y=LABELS, validation_data=(X, LABELS, WEIGHTS), validation_freq=3
    ),
    "first and last": lambda library: dict(
        x=X, y=LABELS, validation_data=(X, LABELS), validation_freq=[1, 6], initial_epoch=1
    ),
    # Of one batch, again and again: Keras on PyTorch drops some that it has fetched too early.
    "validation stream": lambda library: dict(
        x=X, y=LABELS, validation_data=endless(X[:6], LABELS[:6]), validation_steps=5
    ),
    "validation numbers": lambda library: dict(
        x=X, y=LABELS, validation_data=numbered(library, *ARRAYS)
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_histories(case):
    histories = []
    one_hot = case == "one-hot"
    models = pair("categorical_crossentropy" if one_hot else "sparse_categorical_crossentropy")
    for model, library in zip(models, (convlet, keras), strict=True):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of data that run out, and Keras's own
            given = CASES[case](library)
            histories.append(model.fit(**given, epochs=6, shuffle=False, verbose=0))
    ours, theirs = (history.history for history in histories)
    assert set(ours) == set(theirs)
    for name, values in ours.items():
        np.testing.assert_allclose(values, theirs[name], rtol=2e-5, atol=1e-6, err_msg=name)
    assert histories[0].epoch == histories[1].epoch
    assert histories[0].params == histories[1].params
    tally.agreed("keras", "fit", case)


@pytest.mark.parametrize("steps", [None, 1, 3, 5])
@pytest.mark.parametrize("source", ["arrays", "numbered", "generator"])
def test_evaluate_and_predict(source, steps):
    models = pair("sparse_categorical_crossentropy")
    found = []
    for model, library in zip(models, (convlet, keras), strict=True):
        values = []
        for method, arrays in (("evaluate", ARRAYS), ("predict", (X,))):
            given = {"steps": steps, "verbose": 0}
            if source == "arrays":
                given |= dict(zip(("x", "y"), arrays, strict=False)) | {"batch_size": 6}
            else:
                made = {"numbered": numbered(library, *arrays), "generator": batches(*arrays)}
                given["x"] = made[source]
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                values.append(getattr(model, method)(**given))
        found.append(values)
    for a, b in zip(*found, strict=True):
        np.testing.assert_allclose(a, b, rtol=2e-5, atol=1e-6)


def test_weighted_metrics():
    """Metrics of both kinds, in training and validation, with the names that Keras gives them."""
    found = []
    for model in pair("sparse_categorical_crossentropy"):
        model.compile(
            "sgd",
            "sparse_categorical_crossentropy",
            metrics=["accuracy"],
            weighted_metrics=["sparse_categorical_accuracy", "sparse_categorical_crossentropy"],
        )
        history = model.fit(
            X,
            LABELS,
            sample_weight=WEIGHTS,
            validation_data=(X, LABELS, WEIGHTS[::-1].copy()),
            epochs=3,
            batch_size=7,
            shuffle=False,
            verbose=0,
        )
        found.append(history.history)
    assert set(found[0]) == set(found[1])
    for name, values in found[0].items():
        np.testing.assert_allclose(values, found[1][name], rtol=2e-5, atol=1e-6, err_msg=name)
    assert found[0]["accuracy"] != found[0]["sparse_categorical_accuracy"]


def test_weighted_metrics_of_two_outputs():
    found = []
    ours = None
    for library in (convlet, keras):
        layers = library.layers
        x = layers.Input((4,))
        heads = [layers.Dense(3, activation="softmax", name=n)(x) for n in ("one", "two")]
        model = library.Model(x, heads)
        ours = model.get_weights() if ours is None else ours
        model.set_weights(ours)
        model.compile(
            "sgd",
            "sparse_categorical_crossentropy",
            metrics=[["accuracy"], []],
            weighted_metrics=[["sparse_categorical_accuracy"], ["sparse_categorical_accuracy"]],
        )
        given = {"sample_weight": [WEIGHTS, WEIGHTS[::-1].copy()], "batch_size": 7, "verbose": 0}
        found.append(model.fit(X, [LABELS, LABELS], shuffle=False, **given).history)
    assert set(found[0]) == set(found[1])
    for name, values in found[0].items():
        np.testing.assert_allclose(values, found[1][name], rtol=2e-5, atol=1e-6, err_msg=name)
