"""Ctrl-C during training: the model is as after a whole step, and training goes on."""

import sys

import numpy as np
import pytest

import children
from comparison import assert_same_bits
from convlet import Sequential, optimizers, utils
from convlet.callbacks import Callback
from convlet.layers import Conv2D, Dense, Dropout, Flatten, Input

X = np.random.default_rng(1).standard_normal((40, 8, 8, 1)).astype("float32")
Y = np.arange(40) % 3
RUN = {"batch_size": 4, "shuffle": False, "verbose": 0}


def network():
    utils.set_random_seed(5)
    model = Sequential(
        [
            Input((8, 8, 1)),
            Conv2D(4, 3, activation="relu"),
            Dropout(0.5),
            Flatten(),
            Dense(3, activation="softmax"),
        ]
    )
    model.compile(optimizers.Adam(), "sparse_categorical_crossentropy")
    return model


def state(model):
    """All weights, random states and slots, copied."""
    return [np.array(v.value) for v in (*model.variables, *model.optimizer.variables)]


class Interrupt(Callback):
    """Ctrl-C in one of the hooks, at one of the batches."""

    def __init__(self, hook, at):
        super().__init__()
        self.at = at
        setattr(self, hook, self.interrupt)

    def interrupt(self, index, logs=None):
        if index == self.at:
            raise KeyboardInterrupt


@pytest.mark.parametrize(
    "hook, at, steps",
    [
        ("on_epoch_begin", 0, 0),
        ("on_train_batch_begin", 3, 3),
        ("on_train_batch_end", 3, 4),
        ("on_test_batch_end", 0, 10),
        ("on_epoch_end", 0, 10),
    ],
)
def test_from_a_callback(hook, at, steps):
    model, twin = network(), network()
    with pytest.raises(KeyboardInterrupt):
        model.fit(X, Y, callbacks=[Interrupt(hook, at)], validation_data=(X, Y), **RUN)
    model.optimizer.build(model.trainable_weights)
    twin.optimizer.build(twin.trainable_weights)
    for step in range(steps):
        twin.train_on_batch(X[4 * step : 4 * step + 4], Y[4 * step : 4 * step + 4])
    for a, b in zip(state(model), state(twin), strict=True):
        assert_same_bits(a, b)
    results = [each.fit(X, Y, epochs=2, **RUN).history["loss"] for each in (model, twin)]
    assert results[0] == results[1]
    assert_same_bits(model.predict(X, verbose=0), twin.predict(X, verbose=0))


PROGRAM = """
    import hashlib, os, random, signal, threading
    import numpy as np
    from convlet import Sequential, optimizers, set_num_threads, utils
    from convlet.layers import Conv2D, Dense, Dropout, Flatten, Input, MaxPooling2D

    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's job may ignore it
    set_num_threads(2)

    def network():
        utils.set_random_seed(5)
        model = Sequential([
            Input((20, 20, 1)), Conv2D(8, 3, activation="relu"), MaxPooling2D(2), Dropout(0.5),
            Flatten(), Dense(64, activation="relu"), Dense(3, activation="softmax"),
        ])
        model.compile(optimizers.Adam(), "sparse_categorical_crossentropy", metrics=["accuracy"])
        return model

    def digest(model):
        parts = [np.asarray(v.value).tobytes()
                 for v in (*model.variables, *model.optimizer.variables)]
        return hashlib.sha256(b"".join(parts)).hexdigest()

    x = np.random.default_rng(1).standard_normal((96, 20, 20, 1)).astype("float32")
    y = np.arange(96) % 3
    batches = [slice(first, first + 8) for first in range(0, 96, 8)]
    given = dict(batch_size=8, shuffle=False, verbose=0)

    def interrupted(model, delay):
        # Whether the signal came while fit was at work.
        timer = threading.Timer(delay, lambda: os.kill(os.getpid(), signal.SIGINT))
        try:
            timer.start()
            model.fit(x, y, epochs=10**6, **given)
        except KeyboardInterrupt:
            return True

    clock = random.Random(0)
    for trial in range(12):
        model, twin = network(), network()
        assert interrupted(model, clock.uniform(0.001, 0.08))
        model.optimizer.build(model.trainable_weights)
        twin.optimizer.build(twin.trainable_weights)
        found, steps = digest(model), int(model.optimizer.iterations.value)
        for step in range(steps):
            twin.train_on_batch(x[batches[step % 12]], y[batches[step % 12]])
        assert digest(twin) == found, f"trial {trial}: no state of a whole step, at step {steps}"
        # Each goes on from there, and the threads still work.
        results = [each.fit(x, y, epochs=2, **given).history for each in (model, twin)]
        assert results[0] == results[1]
        assert digest(model) == digest(twin)
    print("whole steps")
"""


@pytest.mark.skipif(sys.platform == "win32", reason="no signal to a process of one's own")
def test_signals_at_random_times():
    assert children.run(PROGRAM, timeout=120) == "whole steps"
