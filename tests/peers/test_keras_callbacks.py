"""Callbacks beside Keras's: the same results, hence the same decisions."""

import inspect
import warnings

import keras
import numpy as np
import pytest

import convlet
import tally

X, Y = np.ones((4, 3), np.float32), np.zeros((4, 2), np.float32)
EPOCHS = 14
LIBRARIES = (convlet, keras)


def model(library):
    layers = library.layers
    made = library.Sequential([layers.Input((3,)), layers.Dense(2)])
    made.compile("sgd", "mse", metrics=["accuracy"])
    return made


def script(library, values):
    """Results of its own for val_loss and accuracy, and weights that tell the epoch."""

    class Script(library.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            logs.update({"val_loss": values[epoch], "val_accuracy": values[epoch]})
            logs["loss"] = 0.5
            self.model.set_weights([np.full((3, 2), epoch), np.zeros(2)])

    return Script()


def run(library, values, name, options):
    """All that a callback can change: epochs, learning rates, the weights at the end."""
    subject = model(library)
    callback = getattr(library.callbacks, name)(**options)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        history = subject.fit(
            X, Y, epochs=EPOCHS, verbose=0, callbacks=[script(library, values), callback]
        )
    rates = history.history.get("learning_rate", [])
    return len(history.epoch), [float(r) for r in rates], float(subject.get_weights()[0][0, 0])


def values(rng):
    """Results with plateaus, ties and now and then a NaN."""
    found = np.round(rng.uniform(0, 2, EPOCHS) * np.linspace(1, rng.uniform(0.2, 1), EPOCHS), 1)
    found[rng.random(EPOCHS) < 0.05] = np.nan
    return found.tolist()


def any_of(rng, *choices):
    return choices[rng.integers(len(choices))]


def stopping(rng):
    return {
        "monitor": any_of(rng, "val_loss", "val_accuracy"),
        "patience": int(rng.integers(0, 5)),
        "min_delta": any_of(rng, 0, 0.15, -0.25),
        "mode": any_of(rng, "auto", "min", "max"),
        "baseline": any_of(rng, None, 0.75, 1.25),
        "restore_best_weights": bool(rng.integers(2)),
        "start_from_epoch": int(rng.integers(0, 4)),
    }


def plateau(rng):
    return {
        "monitor": any_of(rng, "val_loss", "val_accuracy"),
        "patience": int(rng.integers(1, 4)),
        "factor": any_of(rng, 0.1, 0.5),
        "min_delta": any_of(rng, 1e-4, 0.15),
        "mode": any_of(rng, "auto", "min", "max"),
        "cooldown": int(rng.integers(0, 4)),
        "min_lr": any_of(rng, 0.0, 0.002),
    }


@pytest.mark.parametrize("seed", range(60))
@pytest.mark.parametrize(
    "name, draw", [("EarlyStopping", stopping), ("ReduceLROnPlateau", plateau)]
)
def test_decisions(name, draw, seed):
    rng = np.random.default_rng(seed)
    options, results = draw(rng), values(rng)
    ours, theirs = (run(library, results, name, options) for library in LIBRARIES)
    assert ours == theirs, (options, results)
    tally.agreed("keras", name, f"{options}{results}")


@pytest.mark.parametrize("seed", range(25))
def test_checkpoints(seed, tmp_path):
    rng = np.random.default_rng(seed)
    results = values(rng)
    options = {
        "monitor": any_of(rng, "val_loss", "val_accuracy"),
        "save_best_only": bool(rng.integers(2)),
        "save_weights_only": bool(rng.integers(2)),
        "mode": any_of(rng, "auto", "min", "max"),
        "save_freq": any_of(rng, "epoch", "epoch", 1, 3),
        "initial_value_threshold": any_of(rng, None, 1.0),
    }
    end = ".weights.h5" if options["save_weights_only"] else ".keras"
    options["filepath"] = str(tmp_path / ("{epoch:02d}" + end))
    saved = []
    for library in LIBRARIES:
        calls, subject = [], model(library)
        subject.save = subject.save_weights = lambda path, calls=calls, **_: calls.append(str(path))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            checkpoint = library.callbacks.ModelCheckpoint(**options)
            given = {"epochs": EPOCHS, "verbose": 0, "batch_size": 2}
            subject.fit(X, Y, callbacks=[script(library, results), checkpoint], **given)
        saved.append(calls)
    assert saved[0] == saved[1], (options, results)
    tally.agreed("keras", "ModelCheckpoint", f"{options}{results}")


@pytest.mark.parametrize("append", [False, True])
@pytest.mark.parametrize("frequency", [1, 2, [2]])
def test_csv_files(append, frequency, tmp_path):
    """The same columns and epochs, and the same numbers to rounding."""
    rows = []
    for library in LIBRARIES:
        path, subject = tmp_path / library.__name__, model(library)
        subject.set_weights([np.full((3, 2), 0.5), np.zeros(2)])
        for _ in range(2):
            logger = library.callbacks.CSVLogger(str(path), append=append)
            given = {"validation_data": (X, Y), "validation_freq": frequency, "verbose": 0}
            subject.fit(X, Y, epochs=3, callbacks=[logger], **given)
        rows.append([line.split(",") for line in path.read_bytes().decode().split("\r\n")])
    assert len(rows[0]) == len(rows[1])
    for ours, theirs in zip(*rows, strict=True):
        assert len(ours) == len(theirs)
        for a, b in zip(ours, theirs, strict=True):
            same = a == b or float(a) == pytest.approx(float(b), rel=1e-5)
            assert same, rows


@pytest.mark.parametrize("schedule", [lambda epoch: 0.5**epoch, lambda epoch, rate: 0.75 * rate])
def test_learning_rate_scheduler(schedule):
    results = [0.0] * EPOCHS
    ours, theirs = (
        run(library, results, "LearningRateScheduler", {"schedule": schedule})
        for library in LIBRARIES
    )
    assert ours == theirs


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_terminate_on_nan(bad):
    epochs = []
    x = X.copy()
    x[3] = bad
    for library in LIBRARIES:
        seen = []
        count = library.callbacks.LambdaCallback(
            on_train_batch_end=lambda batch, logs, seen=seen: seen.append(batch)
        )
        callbacks = [library.callbacks.TerminateOnNaN(), count]
        given = {"batch_size": 1, "epochs": 3, "shuffle": False, "verbose": 0}
        model(library).fit(x, Y, callbacks=callbacks, **given)
        epochs.append(seen)
    assert epochs[0] == epochs[1] == [0, 1, 2, 3]


NAMES = sorted(set(convlet.callbacks.__all__) - {"CallbackList"})


@pytest.mark.parametrize("name", NAMES)
def test_arguments_and_defaults(name):
    ours, theirs = (
        inspect.signature(getattr(library.callbacks, name).__init__).parameters
        for library in LIBRARIES
    )
    expected = [(key, value.default) for key, value in theirs.items() if key != "kwargs"]
    assert [(key, value.default) for key, value in ours.items() if key != "kwargs"] == expected


@pytest.mark.parametrize("on_epoch", [False, True])
def test_averages_in_the_weights_places(on_epoch, tmp_path):
    """Validation, checkpoints and final weights, from the same start."""
    found = []
    rng = np.random.default_rng(0)
    x, y = rng.standard_normal((8, 3)), rng.standard_normal((8, 2))
    for library in LIBRARIES:
        subject = model(library)
        subject.set_weights([np.ones((3, 2)), np.zeros(2)])
        subject.compile(library.optimizers.SGD(0.1, use_ema=True, ema_momentum=0.5), "mse")
        seen = []

        class Look(library.callbacks.Callback):
            def on_epoch_end(self, epoch, logs=None, seen=seen):
                seen.append(self.model.get_weights()[0])

        history = subject.fit(
            *(x, y),
            batch_size=4,
            epochs=3,
            verbose=0,
            shuffle=False,
            validation_data=(x, y),
            callbacks=[library.callbacks.SwapEMAWeights(on_epoch), Look()],
        )
        found.append([*history.history["val_loss"], *seen, subject.get_weights()[0]])
    for one, other in zip(*found, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-5)
    tally.agreed("Keras", "SwapEMAWeights", f"{on_epoch}")


@pytest.mark.parametrize("name", ["SwapEMAWeights", "BackupAndRestore", "TensorBoard"])
def test_arguments_of_more_callbacks(name):
    ours, theirs = (getattr(library.callbacks, name).__init__ for library in LIBRARIES)
    assert [(p.name, p.default) for p in inspect.signature(ours).parameters.values()] == [
        (p.name, p.default) for p in inspect.signature(theirs).parameters.values()
    ]
