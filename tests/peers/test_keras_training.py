"""Training beside Keras: the same weights and batches give the same curves."""

import inspect

import keras
import numpy as np
import pytest

import convlet

STEPS = 20
OPTIMIZERS = {
    "sgd": ("SGD", {"learning_rate": 0.05}),
    "momentum": ("SGD", {"learning_rate": 0.02, "momentum": 0.9}),
    "nesterov": ("SGD", {"learning_rate": 0.02, "momentum": 0.9, "nesterov": True}),
    "adam": ("Adam", {}),
    "rmsprop": ("RMSprop", {}),
    "adadelta": ("Adadelta", {"learning_rate": 1.0}),
    "adagrad": ("Adagrad", {"learning_rate": 0.01}),
    "adamw": ("AdamW", {"weight_decay": 0.1}),
    "adamax": ("Adamax", {}),
    "nadam": ("Nadam", {}),
    "lion": ("Lion", {"learning_rate": 0.0003}),
}


def build(library):
    """A small CNN of either library."""
    layers = library.layers
    return library.Sequential(
        [
            layers.Input((12, 12, 2)),
            layers.Conv2D(6, 3, activation="relu"),
            layers.Conv2D(8, (3, 3), strides=2, padding="same", activation="tanh"),
            layers.MaxPooling2D((2, 2)),
            layers.AveragePooling2D((2, 2), strides=1, padding="same"),
            layers.Flatten(),
            layers.Dense(16, activation="relu"),
            layers.Dense(5, activation="softmax"),
        ]
    )


def pair(make=build):
    """The same network twice, with the same weights."""
    ours, theirs = make(convlet), make(keras)
    theirs.set_weights(ours.get_weights())
    return ours, theirs


@pytest.fixture(autouse=True)
def seeded():
    convlet.utils.set_random_seed(1)


def data(count, classes=5):
    rng = np.random.default_rng(3)
    x = rng.standard_normal((count, 12, 12, 2)).astype("float32")
    # Learnable: the class is where the first channel's rows are brightest.
    labels = np.abs(x[..., 0]).sum(axis=2)[:, :classes].argmax(axis=1)
    return x, labels


LOSSES = {
    "categorical_crossentropy": lambda labels: np.eye(5, dtype="float32")[labels],
    "sparse_categorical_crossentropy": lambda labels: labels,
    "mean_squared_error": lambda labels: np.eye(5, dtype="float32")[labels],
    "binary_crossentropy": lambda labels: np.eye(5, dtype="float32")[labels],
}


@pytest.mark.parametrize("name", OPTIMIZERS)
@pytest.mark.parametrize("loss", LOSSES)
def test_loss_curves(name, loss):
    """Over 20 steps to 1e-3, relative where the loss is above 1."""
    kind, arguments = OPTIMIZERS[name]
    x, labels = data(32 * 4)
    y = LOSSES[loss](labels)
    ours, theirs = pair()
    ours.compile(getattr(convlet.optimizers, kind)(**arguments), loss)
    theirs.compile(getattr(keras.optimizers, kind)(**arguments), loss)
    curves = []
    for step in range(STEPS):
        rows = slice(32 * (step % 4), 32 * (step % 4) + 32)
        curves.append([float(model.train_on_batch(x[rows], y[rows])) for model in (ours, theirs)])
    mine, other = np.array(curves).T
    assert np.all(np.abs(mine - other) <= 1e-3 * np.maximum(1, np.abs(other))), curves
    assert mine[-4:].mean() < mine[:4].mean()


def test_lecture_cnn_under_adadelta():
    """The lecture's network and optimizer, without the random dropout."""

    def lecture(library):
        layers = library.layers
        return library.Sequential(
            [
                layers.Input((28, 28, 1)),
                layers.Conv2D(32, kernel_size=(3, 3), activation="relu"),
                layers.Conv2D(64, (3, 3), activation="relu"),
                layers.MaxPooling2D(pool_size=(2, 2)),
                layers.Flatten(),
                layers.Dense(128, activation="relu"),
                layers.Dense(10, activation="softmax"),
            ]
        )

    ours, theirs = pair(lecture)
    for model, library in ((ours, convlet), (theirs, keras)):
        model.compile(
            loss=library.losses.categorical_crossentropy,
            optimizer=library.optimizers.Adadelta(learning_rate=1.0),
            metrics=["accuracy"],
        )
    for step in range(STEPS):
        x, y = bars(16, seed=step)
        mine, other = ours.train_on_batch(x, y), theirs.train_on_batch(x, y)
        assert abs(mine[0] - float(other[0])) <= 1e-3
        assert mine[1] == float(other[1])
    assert mine[0] < 0.1


def bars(count, seed):
    """Images with a bar for each class: on noise alone, rounding grows to another curve."""
    rng = np.random.default_rng(seed)
    x, labels = 0.2 * rng.random((count, 28, 28, 1), np.float32), rng.integers(10, size=count)
    for image, label in zip(x, labels, strict=True):
        top, left = 2 + 5 * (label // 2), 2 + 13 * (label % 2)
        image[top : top + 4, left : left + 10] = 1
    return x, np.eye(10, dtype="float32")[labels]


@pytest.mark.parametrize("metric", ["accuracy", "acc", "mse", "categorical_accuracy"])
def test_history_and_evaluation(metric):
    """Without shuffling, `fit` reports what Keras reports."""
    x, labels = data(70)
    y = np.eye(5, dtype="float32")[labels]
    ours, theirs = pair()
    histories = []
    for model in (ours, theirs):
        model.compile("sgd", "categorical_crossentropy", metrics=[metric])
        history = model.fit(
            x, y, batch_size=16, epochs=3, verbose=0, shuffle=False, validation_split=0.2
        )
        histories.append(history.history)
    assert set(histories[0]) == set(histories[1])
    for name, values in histories[0].items():
        np.testing.assert_allclose(values, histories[1][name], atol=1e-3, err_msg=name)
    mine, other = (model.evaluate(x, y, verbose=0) for model in (ours, theirs))
    np.testing.assert_allclose(mine, other, atol=1e-3)
    np.testing.assert_allclose(ours.predict(x, verbose=0), theirs.predict(x, verbose=0), atol=1e-3)


def test_sample_weights():
    x, labels = data(48)
    weights = np.linspace(0, 2, 48).astype("float32")
    ours, theirs = pair()
    for model in (ours, theirs):
        model.compile("sgd", "sparse_categorical_crossentropy", metrics=["accuracy"])
    for _ in range(3):
        mine = ours.train_on_batch(x, labels, sample_weight=weights)
        other = theirs.train_on_batch(x, labels, sample_weight=weights)
        np.testing.assert_allclose(mine, [float(value) for value in other], atol=1e-3)


@pytest.mark.parametrize(
    "classes, shape, loss",
    [
        (3, (40,), "sparse_categorical_crossentropy"),
        (3, (40, 1), "sparse_categorical_crossentropy"),
        (3, None, "categorical_crossentropy"),
        (1, (40,), "binary_crossentropy"),
        (1, (40, 1), "mse"),
    ],
)
def test_accuracy_fits_the_targets(classes, shape, loss, rng):
    """Sparse, categorical or binary, as Keras resolves it."""

    def dense(library):
        activation = "softmax" if classes > 1 else "sigmoid"
        layers = library.layers
        return library.Sequential([layers.Input((6,)), layers.Dense(classes, activation)])

    x = rng.standard_normal((40, 6)).astype("float32")
    labels = rng.integers(max(classes, 2), size=40)
    y = np.eye(classes, dtype="float32")[labels] if shape is None else labels.reshape(shape)
    results = []
    for model in pair(dense):
        model.compile("sgd", loss, metrics=["accuracy"])
        results.append([float(value) for value in model.test_on_batch(x, y)])
    np.testing.assert_allclose(*results, atol=1e-5)


def test_history_counts_epochs_as_keras_does():
    x, labels = data(20)
    histories = []
    for model in pair():
        model.compile("sgd", "sparse_categorical_crossentropy")
        given = {"verbose": 0, "validation_data": (x, labels), "batch_size": 8}
        histories.append(model.fit(x, labels, epochs=4, initial_epoch=2, **given))
    ours, theirs = histories
    assert ours.epoch == theirs.epoch == [2, 3]
    assert ours.params == theirs.params
    assert set(ours.history) == set(theirs.history) == {"loss", "val_loss"}


@pytest.mark.parametrize("state", ["unbuilt", "built", "frozen", "trained"])
def test_summary_is_the_same_text(state):
    texts = []
    for library in (convlet, keras):
        library.backend.clear_session()
        layers = library.layers
        model = library.Sequential([layers.Conv2D(3, 2), layers.Flatten(), layers.Dense(4)])
        if state != "unbuilt":
            model.build((None, 9, 7, 2))
        if state == "frozen":
            model.layers[0].trainable = False
        if state == "trained":
            model.compile(library.optimizers.SGD(), "mse")
            model.train_on_batch(np.ones((1, 9, 7, 2), "float32"), np.ones((1, 4), "float32"))
        model.summary(print_fn=texts.append)
    ours, theirs = ([line.rstrip() for line in text.splitlines() if line] for text in texts)
    if state == "trained":  # Keras counts steps in 4 bytes, convlet in 8
        ours, theirs = ([line.split("(")[0] for line in lines[-4:]] for lines in (ours, theirs))
    assert ours == theirs


METHODS = ["compile", "fit", "evaluate", "predict", "train_on_batch", "test_on_batch"]
METHODS += ["predict_on_batch", "summary", "get_layer", "build", "__init__"]


@pytest.mark.parametrize("name", METHODS)
def test_arguments(name):
    """Places and defaults as in Keras; from where convlet leaves one out, names only."""
    ours, theirs = (
        inspect.signature(getattr(library.Sequential, name)).parameters
        for library in (convlet, keras)
    )
    by_place = [key for key, value in ours.items() if value.kind is value.POSITIONAL_OR_KEYWORD]
    assert list(theirs)[: len(by_place)] == by_place
    for key in set(ours) - {"self", "explain"}:
        assert ours[key].default == theirs[key].default, key


def test_hooks():
    ours, theirs = (
        {name for name in dir(library.callbacks.Callback) if name.startswith(("on_", "set_"))}
        for library in (convlet, keras)
    )
    assert theirs - ours == {"on_batch_begin", "on_batch_end"}  # older names of two others
    assert ours <= theirs
