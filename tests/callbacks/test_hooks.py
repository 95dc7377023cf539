"""Callbacks: which hooks run when, with what; History; stopping; progress as it is printed."""

import sys

import numpy as np
import pytest

from convlet import Sequential, utils
from convlet.callbacks import Callback, CallbackList, History
from convlet.layers import Dense, Input

X, Y = np.ones((10, 3), np.float32), np.zeros((10, 2), np.float32)
HOOKS = [name for name in vars(Callback) if name.startswith("on_")]


@pytest.fixture
def model():
    utils.set_random_seed(2)
    made = Sequential([Input((3,)), Dense(2, activation="softmax")])
    made.compile("sgd", "mse", metrics=["accuracy"])
    return made


class Recorder(Callback):
    """Notes every call of every hook: its name without "on_", its index, the names of its logs."""

    def __init__(self):
        super().__init__()
        self.calls = []


def recording(name):
    def hook(self, *arguments):
        *index, logs = arguments
        self.calls.append((name.removeprefix("on_"), *index, *logs))

    return hook


for hook_name in HOOKS:
    setattr(Recorder, hook_name, recording(hook_name))


def test_hooks_of_fit(model):
    recorder = Recorder()
    model.fit(X, Y, batch_size=6, verbose=0, callbacks=[recorder], validation_data=(X[:2], Y[:2]))
    values = ("loss", "accuracy")
    assert recorder.calls == [
        ("train_begin",),
        ("epoch_begin", 0),
        ("train_batch_begin", 0),
        ("train_batch_end", 0, *values),
        ("train_batch_begin", 1),
        ("train_batch_end", 1, *values),
        ("test_begin",),
        ("test_batch_begin", 0),
        ("test_batch_end", 0, *values),
        ("test_end", *values),
        ("epoch_end", 0, *values, "val_loss", "val_accuracy"),
        ("train_end", *values, "val_loss", "val_accuracy"),
    ]
    assert recorder.model is model
    assert recorder.params == {"verbose": 0, "epochs": 1, "steps": 2}


def test_hooks_of_evaluate_and_predict(model):
    recorder = Recorder()
    model.evaluate(X, Y, batch_size=10, verbose=0, callbacks=recorder)
    model.predict(X, batch_size=10, verbose=0, callbacks=[recorder])
    assert recorder.calls == [
        ("test_begin",),
        ("test_batch_begin", 0),
        ("test_batch_end", 0, "loss", "accuracy"),
        ("test_end", "loss", "accuracy"),
        ("predict_begin",),
        ("predict_batch_begin", 0),
        ("predict_batch_end", 0),
        ("predict_end",),
    ]
    assert recorder.params["steps"] == 1


def test_logs_are_means_so_far(model):
    class Losses(Callback):
        seen = ()

        def on_train_batch_end(self, batch, logs=None):
            self.seen += (logs["loss"],)

    losses = Losses()
    model.optimizer.learning_rate = 0.0
    history = model.fit(X, Y, batch_size=4, verbose=0, callbacks=[losses]).history
    assert losses.seen[-1] == history["loss"][0]
    assert losses.seen == pytest.approx([losses.seen[0]] * 3)


def test_what_a_callback_adds_to_the_logs_is_in_the_history(model):
    class Rate(Callback):
        def on_epoch_end(self, epoch, logs=None):
            logs["learning_rate"] = 0.5**epoch

    history = model.fit(X, Y, epochs=3, verbose=0, callbacks=[Rate()])
    assert history.history["learning_rate"] == [1, 0.5, 0.25]
    assert history.params == {"verbose": 0, "epochs": 3, "steps": 1}


class Stop(Callback):
    """Asks the model to stop, in one hook."""

    def __init__(self, hook, at):
        super().__init__()
        self.batches = 0
        self.at = at
        setattr(self, hook, self.stop)

    def on_train_batch_begin(self, batch, logs=None):
        self.batches += 1

    def stop(self, index, logs=None):
        if index == self.at:
            self.model.stop_training = True


@pytest.mark.parametrize(
    "hook, at, epochs, batches",
    [("on_epoch_end", 1, 2, 10), ("on_train_batch_end", 2, 1, 3), ("on_epoch_begin", 0, 1, 1)],
)
def test_stop_training(model, hook, at, epochs, batches):
    stop = Stop(hook, at)
    given = {"batch_size": 2, "epochs": 5, "verbose": 0, "validation_data": (X, Y)}
    history = model.fit(X, Y, callbacks=[stop], **given)
    assert len(history.history["val_loss"]) == epochs
    assert stop.batches == batches
    assert model.fit(X, Y, **given).epoch == list(range(5))  # the next run is not stopped


def test_an_error_in_a_callback_comes_out(model):
    class Broken(Callback):
        def on_train_batch_end(self, batch, logs=None):
            raise ZeroDivisionError("in the callback")

    with pytest.raises(ZeroDivisionError, match="in the callback"):
        model.fit(X, Y, callbacks=[Broken()], verbose=1)
    model.fit(X, Y, verbose=0)


def test_callback_list():
    with pytest.raises(TypeError, match="callbacks must be Callbacks, got 3"):
        CallbackList([History(), 3], None)
    hooks = CallbackList([Callback()], "model", steps=3)
    assert hooks.callbacks[0].model == "model"
    assert hooks.callbacks[0].params == {"steps": 3}
    for name in ("on_nothing", "set_model", "model"):
        with pytest.raises(AttributeError, match=name):
            getattr(hooks, name)
    for name in HOOKS:
        getattr(hooks, name)(*([0] if "epoch" in name or "batch" in name else []))


# ----------------------------------------------------------------------------------------- progress


def without_times(text):
    """The text with its seconds as `T`."""
    words = text.replace("\n", " \n ").split(" ")
    return " ".join("T" if words[i + 1 : i + 2] == ["s"] else w for i, w in enumerate(words))


def test_a_line_an_epoch(model, capsys):
    model.set_weights([np.zeros_like(weight) for weight in model.get_weights()])
    model.optimizer.learning_rate = 0.0
    model.fit(X, Y, epochs=2, verbose=2, validation_data=(X, Y))
    model.evaluate(X, Y, verbose=2)
    model.predict(X, verbose=2)
    values = "loss: 0.2500 - accuracy: 1.0000"
    more = f"{values} - val_loss: 0.2500 - val_accuracy: 1.0000"
    printed = capsys.readouterr()
    assert printed.err == ""
    assert without_times(printed.out).split(" \n ")[:4] == [
        f"Epoch 1/2 - T s - {more}",
        f"Epoch 2/2 - T s - {more}",
        f"Evaluate - T s - {values}",
        "Predict - T s",
    ]


def test_lines_without_tqdm(model, capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "tqdm", None)
    for verbose in ("auto", 1):
        model.fit(X, Y, verbose=verbose)
        assert capsys.readouterr().out.startswith("Epoch 1/1 - ")


def test_silence(model, capsys):
    model.fit(X, Y, epochs=2, verbose=0, validation_split=0.2)
    model.evaluate(X, Y, verbose=0)
    model.predict(X, verbose=0)
    assert capsys.readouterr() == ("", "")


def test_bars(model, capsys):
    pytest.importorskip("tqdm")
    model.fit(X, Y, batch_size=5, epochs=2, validation_split=0.2)
    model.evaluate(X, Y)
    model.predict(X)
    printed = capsys.readouterr()
    assert printed.out == ""
    finished = [line.split("\r")[-1] for line in printed.err.strip().split("\n")]
    for line, title, steps in zip(
        finished, ("Epoch 1/2", "Epoch 2/2", "Evaluate", "Predict"), (2, 2, 1, 1), strict=True
    ):
        assert line.startswith(f"{title} █")
        assert f" {steps}/{steps} [" in line
        assert ("val_accuracy: " in line) == title.startswith("Epoch")
        assert ("] loss: " in line) == (title != "Predict")


def test_an_interrupted_bar_is_closed(model, capsys):
    pytest.importorskip("tqdm")

    class Interrupt(Callback):
        def on_train_batch_end(self, batch, logs=None):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        model.fit(X, Y, batch_size=2, callbacks=[Interrupt()])
    assert capsys.readouterr().err.endswith("\n")


def test_small_values_and_odd_names(model, capsys):
    class Extra(Callback):
        def on_epoch_end(self, epoch, logs=None):
            logs.update({"{rate}": 1e-5, "zero": 0.0, "not": float("nan")})

    for verbose in (1, 2):
        model.fit(X, Y, verbose=verbose, callbacks=[Extra()])
        assert "{rate}: 1.0000e-05 - zero: 0.0000 - not: nan" in "".join(capsys.readouterr())
