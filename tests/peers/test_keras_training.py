"""Training beside Keras: the same weights and batches give the same curves."""

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


def pair():
    """The same network twice, with the same weights."""
    keras.utils.set_random_seed(0)
    theirs, ours = build(keras), build(convlet)
    ours.set_weights(theirs.get_weights())
    return ours, theirs


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
        curves.append(
            (ours.train_on_batch(x[rows], y[rows]), float(theirs.train_on_batch(x[rows], y[rows])))
        )
    mine, other = np.array(curves).T
    assert np.all(np.abs(mine - other) <= 1e-3 * np.maximum(1, np.abs(other))), curves
    assert mine[16] < mine[0]  # the same batch later: it learns


@pytest.fixture(params=["float32", "float64"])
def floatx(request):
    """Both libraries' default element type."""
    for library in (convlet, keras):
        library.config.set_floatx(request.param)
    yield request.param
    for library in (convlet, keras):
        library.config.set_floatx("float32")


def lecture(library):
    """The lecture's network, without its random dropout."""
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


def spots(count):
    """Images with a bright spot whose place tells the class."""
    rng = np.random.default_rng(5)
    labels = rng.integers(10, size=count)
    rows, columns = np.mgrid[:28, :28]
    centre = np.stack([6 + 5 * (labels // 3), 6 + 7 * (labels % 3)]) + rng.normal(size=(2, count))
    distance = (rows - centre[0, :, None, None]) ** 2 + (columns - centre[1, :, None, None]) ** 2
    return np.exp(-distance / 12)[..., None], np.eye(10)[labels]


def test_lecture_cnn_under_adadelta(floatx):
    """In float32 rounding errors grow from step to step; float64 shows the arithmetic is one."""
    keras.utils.set_random_seed(1)
    theirs, ours = lecture(keras), lecture(convlet)
    ours.set_weights(theirs.get_weights())
    for model, library in ((ours, convlet), (theirs, keras)):
        model.compile(
            loss=library.losses.categorical_crossentropy,
            optimizer=library.optimizers.Adadelta(learning_rate=1.0),
            metrics=["accuracy"],
        )
    x, y = (array.astype(floatx) for array in spots(32))
    tolerance = 1e-3 if floatx == "float32" else 1e-6
    for _ in range(STEPS):
        mine, other = ours.train_on_batch(x, y), theirs.train_on_batch(x, y)
        assert abs(mine[0] - float(other[0])) <= tolerance * max(1, float(other[0]))


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


def test_accuracy_fits_the_targets():
    """Sparse, categorical or binary, as Keras resolves it."""
    rng = np.random.default_rng(0)
    x = rng.standard_normal((40, 6)).astype("float32")
    for classes, targets, loss in [
        (3, rng.integers(3, size=40), "sparse_categorical_crossentropy"),
        (3, rng.integers(3, size=(40, 1)), "sparse_categorical_crossentropy"),
        (3, np.eye(3, dtype="float32")[rng.integers(3, size=40)], "mean_squared_error"),
        (1, rng.integers(2, size=40), "binary_crossentropy"),
        (1, rng.integers(2, size=(40, 1)), "binary_crossentropy"),
    ]:
        models = []
        for library in (keras, convlet):
            layers = library.layers
            activation = "softmax" if classes > 1 else "sigmoid"
            models.append(
                library.Sequential([layers.Input((6,)), layers.Dense(classes, activation)])
            )
        theirs, ours = models
        ours.set_weights(theirs.get_weights())
        results = []
        for model in (ours, theirs):
            model.compile("sgd", loss, metrics=["accuracy"])
            results.append([float(v) for v in model.test_on_batch(x, targets)])
        np.testing.assert_allclose(*results, atol=1e-5)
