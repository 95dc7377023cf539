"""What each callback decides on given results; tests/peers compares with Keras's on random ones."""

import numpy as np
import pytest

from comparison import assert_same_bits
from convlet import Sequential, callbacks, utils
from convlet.layers import Dense, Input

X, Y = np.ones((8, 3), np.float32), np.zeros((8, 2), np.float32)


class Script(callbacks.Callback):
    """Puts results of its own in place of the epoch's."""

    def __init__(self, *, name="val_loss", values):
        super().__init__()
        self.name, self.values = name, values

    def on_epoch_end(self, epoch, logs=None):
        if self.values[epoch] is not None:
            logs[self.name] = self.values[epoch]


@pytest.fixture
def model():
    utils.set_random_seed(2)
    made = Sequential([Input((3,)), Dense(2)])
    made.compile("sgd", "mse", metrics=["accuracy"])
    return made


def run(model, values, callback, name="val_loss"):
    """Train for as many epochs as there are results; `epoch` of the history."""
    script = Script(name=name, values=values)
    found = model.fit(X, Y, epochs=len(values), verbose=0, callbacks=[script, callback])
    return found.epoch


# ------------------------------------------------------------------------------------ EarlyStopping


@pytest.mark.parametrize(
    "options, values, epochs",
    [
        ({}, [3, 2, 2, 1], 3),
        ({}, [3, 4, 5], 2),
        ({"patience": 2}, [3, 4, 2, 3, 3, 1], 5),
        ({"patience": 1, "min_delta": 0.5}, [3, 2.8, 2.6], 2),
        ({"min_delta": -0.5}, [3, 2.6, 2], 2),
        ({"mode": "max"}, [1, 2, 3, 3, 4], 4),
        ({"baseline": 1.0, "patience": 3}, [3, 2.5, 2, 1.9], 4),
        ({"start_from_epoch": 3}, [1, 2, 3, 4, 5, 6], 5),
    ],
    ids=str,
)
def test_early_stopping(model, options, values, epochs):
    assert len(run(model, [float(v) for v in values], callbacks.EarlyStopping(**options))) == epochs


@pytest.mark.parametrize("stops", [True, False])
def test_best_weights_are_restored(model, stops):
    kept = []
    stopping = callbacks.EarlyStopping(
        patience=2 if stops else 9, restore_best_weights=True, verbose=1
    )
    keep = callbacks.LambdaCallback(
        on_epoch_end=lambda epoch, logs: kept.append(model.get_weights())
    )
    script = Script(values=[3.0, 1.0, 2.0, 2.0, 2.0])
    model.fit(X, Y, epochs=5, verbose=0, callbacks=[script, keep, stopping])
    assert len(kept) == (4 if stops else 5)
    for a, b in zip(model.get_weights(), kept[1], strict=True):
        assert_same_bits(a, b)
    assert not np.array_equal(kept[1][0], kept[-1][0])


def test_a_callback_begins_anew_in_each_fit(model):
    stopping = callbacks.EarlyStopping()
    assert [len(run(model, [2.0, 1.0, 3.0], stopping)) for _ in range(2)] == [3, 3]
    assert [len(run(model, [1.0, 3.0, 2.0], stopping)) for _ in range(2)] == [2, 2]


@pytest.mark.parametrize(
    "make, name",
    [
        (lambda: callbacks.EarlyStopping("beauty"), "EarlyStopping"),
        (lambda: callbacks.ReduceLROnPlateau("beauty"), "ReduceLROnPlateau"),
    ],
)
def test_a_result_that_is_not_there(model, make, name):
    with pytest.warns(UserWarning, match=rf"{name}: there is no beauty, only loss, accuracy"):
        run(model, [1.0], make())


def test_direction_by_metric(model):
    for monitor in ("accuracy", "val_accuracy"):
        stopping = callbacks.EarlyStopping(monitor)
        assert len(run(model, [0.1, 0.2, 0.3], stopping, monitor)) == 3
        assert len(run(model, [0.3, 0.2, 0.1], stopping, monitor)) == 2
    with pytest.raises(ValueError, match='mode must be "min" or "max" for monitor=\'beauty\''):
        run(model, [0.1, 0.2], callbacks.EarlyStopping("beauty"), "beauty")


# -------------------------------------------------------------------------------------------- rates


def test_reduce_on_plateau(model, capsys):
    plateau = callbacks.ReduceLROnPlateau(
        factor=0.5, patience=2, cooldown=1, min_lr=0.003, verbose=1
    )
    values = [1.0] * 12
    script = Script(values=values)
    rates = model.fit(X, Y, epochs=12, verbose=0, callbacks=[script, plateau]).history
    expected = np.float32([0.01] * 3 + [0.005] * 2 + [0.003] * 7)
    assert rates["learning_rate"] == pytest.approx(expected.tolist(), rel=1e-6)
    assert "Epoch 3: reducing the learning rate to 0.005" in capsys.readouterr().out


def test_learning_rate_scheduler(model, capsys):
    rates = []
    for schedule in (lambda epoch, rate: rate / 2, lambda epoch: 0.5**epoch):
        setter = callbacks.LearningRateScheduler(schedule, verbose=1)
        history = model.fit(X, Y, epochs=3, verbose=0, callbacks=[setter]).history
        rates.append(history["learning_rate"])
    assert rates == [pytest.approx([0.005, 0.0025, 0.00125]), [1, 0.5, 0.25]]
    assert "Epoch 3: setting the learning rate to 0.25" in capsys.readouterr().out
    with pytest.raises(TypeError, match="learning_rate must be a number"):
        wrong = callbacks.LearningRateScheduler(lambda epoch: "low")
        model.fit(X, Y, verbose=0, callbacks=[wrong])
    with pytest.raises(TypeError, match="unsupported operand"):  # the schedule's own comes out
        wrong = callbacks.LearningRateScheduler(lambda epoch, rate: rate + "1")
        model.fit(X, Y, verbose=0, callbacks=[wrong])


# ------------------------------------------------------------------------------------------- others


def test_terminate_on_nan(model, capsys):
    x = X.copy()
    x[5] = np.nan
    batches = []
    count = callbacks.LambdaCallback(on_train_batch_end=lambda batch, logs: batches.append(batch))
    given = {"batch_size": 2, "epochs": 3, "verbose": 0, "shuffle": False}
    model.fit(x, Y, callbacks=[callbacks.TerminateOnNaN(), count], **given)
    assert batches == [0, 1, 2]
    assert capsys.readouterr().out == "Batch 2: invalid loss, terminating training\n"
    with pytest.raises(RuntimeError, match="the loss must be finite, got nan at batch 0"):
        model.fit(x, Y, callbacks=[callbacks.TerminateOnNaN(raise_error=True)], **given)


def test_lambda_callback(model):
    calls = []
    hooks = {
        name: lambda *arguments, name=name: calls.append((name, *arguments[:-1]))
        for name in ("on_epoch_begin", "on_train_begin", "on_train_batch_begin", "on_test_begin")
    }
    model.fit(X, Y, verbose=0, validation_split=0.5, callbacks=[callbacks.LambdaCallback(**hooks)])
    assert calls == [
        ("on_train_begin",),
        ("on_epoch_begin", 0),
        ("on_train_batch_begin", 0),
        ("on_test_begin",),
    ]


def test_csv_logger(model, tmp_path):
    path = tmp_path / "log.csv"

    def train(append, **given):
        logger = callbacks.CSVLogger(path, separator=";", append=append)
        return model.fit(X, Y, epochs=2, verbose=0, callbacks=[logger], **given).history

    first = train(False, validation_data=(X, Y), validation_freq=2)
    second = train(True)
    lines = path.read_text().splitlines()
    names = "accuracy", "loss"
    assert lines[0] == "epoch;accuracy;loss;val_accuracy;val_loss"
    assert lines[1].split(";") == ["0", *(str(first[n][0]) for n in names), "NA", "NA"]
    assert lines[2].split(";")[3:] == [str(first["val_" + n][0]) for n in names]
    assert lines[4].split(";") == ["1", *(str(second[n][1]) for n in names), "NA", "NA"]
    train(False)
    assert len(path.read_text().splitlines()) == 3


@pytest.mark.parametrize(
    "call, error, words",
    [
        (lambda: callbacks.EarlyStopping(mode="best"), ValueError, 'mode must be "auto", "min" or'),
        (lambda: callbacks.ReduceLROnPlateau(factor=1.0), ValueError, "factor must be below 1"),
        (lambda: callbacks.LearningRateScheduler(0.1), TypeError, "schedule must be callable"),
        (lambda: callbacks.LambdaCallback(on_lunch=print), TypeError, "must be hooks .* on_lunch"),
        (lambda: callbacks.LambdaCallback(on_train_end=3), TypeError, "on_train_end must be calla"),
        (lambda: callbacks.ModelCheckpoint("m.h5"), ValueError, "filepath must end in .keras"),
        (
            lambda: callbacks.ModelCheckpoint("m.keras", save_weights_only=True),
            ValueError,
            "filepath must end in .weights.h5 or .npz",
        ),
        (
            lambda: callbacks.ModelCheckpoint("m.keras", save_freq=0),
            ValueError,
            "save_freq must be at least 1",
        ),
        (
            lambda: callbacks.ModelCheckpoint("m.keras", save_freq="batch"),
            TypeError,
            "save_freq must be an int",
        ),
    ],
)
def test_bad_arguments(call, error, words):
    with pytest.raises(error, match=words):
        call()


# ---------------------------------------------------------------------------------- ModelCheckpoint


@pytest.fixture
def saved(model):
    """(method, path) of each save, and the paths alone."""
    calls = []
    model.save = lambda path, overwrite: calls.append(("save", path))
    model.save_weights = lambda path, overwrite: calls.append(("save_weights", path))
    return calls


def test_checkpoint_of_every_epoch(model, saved, tmp_path):
    template = str(tmp_path / "deep" / "{epoch:02d}-{loss:.1f}.keras")
    history = model.fit(
        X, Y, epochs=2, verbose=0, callbacks=[callbacks.ModelCheckpoint(template)]
    ).history
    names = [template.format(epoch=e + 1, loss=history["loss"][e]) for e in range(2)]
    assert saved == [("save", name) for name in names]
    assert (tmp_path / "deep").is_dir()


def test_checkpoint_of_the_best(model, saved, capsys):
    best = callbacks.ModelCheckpoint(
        "{epoch}.npz",
        save_best_only=True,
        save_weights_only=True,
        initial_value_threshold=4.0,
        verbose=1,
    )
    run(model, [5.0, 3.0, 3.5, 2.0, 2.0], best)
    assert saved == [("save_weights", "2.npz"), ("save_weights", "4.npz")]
    assert capsys.readouterr().out.splitlines()[:2] == [
        "Epoch 1: val_loss did not improve from 4.00000",
        "Epoch 2: val_loss improved from 4.00000 to 3.00000, saving model to 2.npz",
    ]
    with pytest.warns(UserWarning, match="there is no val_loss, only .*: saving anyway"):
        run(model, [None], callbacks.ModelCheckpoint("m.keras", save_best_only=True))


def test_checkpoint_of_batches(model, saved):
    given = {"batch_size": 2, "epochs": 2, "verbose": 0}
    checkpoint = callbacks.ModelCheckpoint("{epoch}-{batch}.keras", save_freq=3)
    model.fit(X, Y, callbacks=[checkpoint], **given)
    assert [path for _, path in saved] == ["1-3.keras", "2-2.keras"]


def test_checkpoint_names_a_result_that_is_not_there(model, saved):
    checkpoint = callbacks.ModelCheckpoint("{beauty}.keras")
    with pytest.raises(ValueError, match="filepath must have places for epoch, loss, accuracy"):
        model.fit(X, Y, verbose=0, callbacks=[checkpoint])
    assert saved == []
