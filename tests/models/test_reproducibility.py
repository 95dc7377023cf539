"""One seed, one run, to the bit, at any number of threads, also going on from a checkpoint."""

import numpy as np
import pytest

import modes
from comparison import assert_same_bits
from convlet import Sequential, callbacks, metrics, models, optimizers, utils
from convlet.layers import Conv2D, Dense, Dropout, Flatten, Input, MaxPooling2D

X = np.random.default_rng(1).standard_normal((50, 8, 8, 2)).astype("float32")
Y = np.arange(50) % 3
SCHEDULE = optimizers.schedules.CosineDecay(0.01, 20, warmup_target=0.02, warmup_steps=3)
OPTIMIZERS = {
    "sgd": lambda: optimizers.SGD(SCHEDULE, momentum=0.9, nesterov=True, clipnorm=0.5),
    "rmsprop": lambda: optimizers.RMSprop(momentum=0.5, centered=True),
    "adadelta": lambda: optimizers.Adadelta(1.0, clipvalue=0.1),
    "adagrad": lambda: optimizers.Adagrad(0.01),
    "adam": lambda: optimizers.Adam(amsgrad=True, global_clipnorm=1.0),
    "adamw": lambda: optimizers.AdamW(SCHEDULE),
    "adamax": lambda: optimizers.Adamax(weight_decay=0.01),
    "nadam": lambda: optimizers.Nadam(use_ema=True, ema_overwrite_frequency=5),
    "lion": lambda: optimizers.Lion(0.001, gradient_accumulation_steps=3),
}


def network(optimizer):
    utils.set_random_seed(7)
    model = Sequential(
        [
            Input((8, 8, 2)),
            Conv2D(5, 3, activation="relu"),
            MaxPooling2D(2),
            Dropout(0.3),
            Flatten(),
            Dense(16, activation="tanh"),
            Dropout(0.2),
            Dense(3, activation="softmax"),
        ]
    )
    model.compile(
        OPTIMIZERS[optimizer](),
        "sparse_categorical_crossentropy",
        metrics=["accuracy"],
        weighted_metrics=[metrics.SparseTopKCategoricalAccuracy(2)],
    )
    return model


def state(model):
    """Copies of all that a checkpoint has: weights, random states, the optimizer's variables."""
    return [np.array(v.value) for v in (*model.variables, *model.optimizer.variables)]


class Snapshots(callbacks.Callback):
    """The state after each epoch."""

    def __init__(self):
        super().__init__()
        self.states = []

    def on_epoch_end(self, epoch, logs=None):
        self.states.append(state(self.model))


def train(optimizer, epochs, first=0, start=None):
    """A run, or the rest of one from a state; snapshots and results of its epochs."""
    model, snapshots = network(optimizer), Snapshots()
    if start is not None:
        model.optimizer.build(model.trainable_weights)
        for variable, value in zip(
            (*model.variables, *model.optimizer.variables), start, strict=True
        ):
            variable.assign(value)
    history = model.fit(
        X,
        Y,
        batch_size=8,
        epochs=epochs,
        initial_epoch=first,
        validation_split=0.2,
        class_weight={0: 2.0},
        callbacks=[snapshots],
        verbose=0,
    )
    return snapshots.states, history.history, state(model)


def assert_same_states(one, other):
    for a, b in zip(one, other, strict=True):
        assert_same_bits(a, b)


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_a_run_goes_on_from_a_checkpoint_as_if_it_had_not_stopped(optimizer):
    states, results, end = train(optimizer, 4)
    for epoch in (1, 3):
        rest, later, last = train(optimizer, 4, epoch, states[epoch - 1])
        for a, b in zip(rest, states[epoch:], strict=True):
            assert_same_states(a, b)
        assert_same_states(last, end)
        assert later == {name: values[epoch:] for name, values in results.items()}


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_threads_do_not_matter(optimizer):
    runs = []
    for threads in (1, 2, 3):
        with modes.num_threads(threads):
            runs.append(train(optimizer, 2))
    for states, results, end in runs[1:]:
        assert results == runs[0][1]
        assert_same_states(end, runs[0][2])
        for a, b in zip(states, runs[0][0], strict=True):
            assert_same_states(a, b)


def test_another_seed_is_another_run():
    utils.set_random_seed(1)
    one = network("adam")
    utils.set_random_seed(2)
    weights = one.get_weights()
    one.fit(X, Y, verbose=0)
    other = network("adam")
    other.set_weights(weights)
    utils.set_random_seed(3)
    other.fit(X, Y, verbose=0)
    assert not np.array_equal(one.get_weights()[0], other.get_weights()[0])


@pytest.mark.parametrize("optimizer", ["adam", "nadam", "lion"])
def test_a_run_goes_on_from_a_file(optimizer, tmp_path):
    """ModelCheckpoint, load_model and initial_epoch, with the seed set before each `fit`."""

    def run(model, **options):
        utils.set_random_seed(3)
        return model.fit(X, Y, batch_size=8, epochs=3, verbose=0, **options).history

    model = network(optimizer)
    checkpoint = callbacks.ModelCheckpoint(str(tmp_path / "{epoch}.keras"))
    results = run(model, callbacks=[checkpoint])
    loaded = models.load_model(tmp_path / "2.keras")
    later = run(loaded, initial_epoch=2)
    assert later == {name: values[2:] for name, values in results.items()}
    assert_same_states(state(loaded), state(model))
