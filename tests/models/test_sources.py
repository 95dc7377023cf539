"""Where `fit`, `evaluate` and `predict` take batches from, and how many."""

import numpy as np
import pytest

from comparison import assert_same_bits
from convlet import Sequential, optimizers, utils
from convlet.callbacks import Callback
from convlet.layers import Dense, Input

X = np.random.default_rng(1).standard_normal((20, 3)).astype("float32")
Y = np.random.default_rng(2).standard_normal((20, 2)).astype("float32")
W = np.linspace(0.5, 2, 20)


def model():
    utils.set_random_seed(4)
    made = Sequential([Input((3,)), Dense(2)])
    made.compile(optimizers.SGD(0.1, momentum=0.5), "mse")
    return made


def batches(*arrays, size=4):
    for first in range(0, len(arrays[0]), size):
        yield tuple(array[first : first + size] for array in arrays)


class Loader:
    """Can be iterated again and again, and has no length."""

    def __init__(self, *arrays):
        self.arrays = arrays

    def __iter__(self):
        return batches(*self.arrays)


class Sized(Loader):
    def __len__(self):
        return 5


class Numbered(utils.PyDataset):
    def __init__(self, *arrays):
        self.items, self.seen, self.ends = list(batches(*arrays)), [], 0

    def __len__(self):
        return len(self.items)

    def __getitem__(self, index):
        self.seen.append(index)
        return self.items[index]

    def on_epoch_end(self):
        self.ends += 1


class Steps(Callback):
    """The number of steps in each epoch."""

    def __init__(self):
        super().__init__()
        self.counts = []

    def on_epoch_begin(self, epoch, logs=None):
        self.counts.append(0)

    def on_train_batch_end(self, batch, logs=None):
        self.counts[-1] += 1


SOURCES = {
    "loader": Loader,
    "sized": Sized,
    "numbered": Numbered,
    "lists": lambda *arrays: Loader(*arrays) and map(list, list(batches(*arrays)) * 2),
}


@pytest.mark.parametrize("source", SOURCES)
@pytest.mark.parametrize("weights", [(), (W,)])
def test_batches_train_as_their_arrays_do(source, weights):
    one, other = model(), model()
    given = {"epochs": 2, "shuffle": False, "verbose": 0}
    weight = weights[0] if weights else None
    expected = one.fit(X, Y, batch_size=4, sample_weight=weight, **given)
    steps = 5 if source == "lists" else None
    found = other.fit(SOURCES[source](X, Y, *weights), steps_per_epoch=steps, **given)
    assert found.history == expected.history
    for a, b in zip(one.get_weights(), other.get_weights(), strict=True):
        assert_same_bits(a, b)


@pytest.mark.parametrize("source", [Loader, Sized, Numbered, batches])
def test_evaluate_and_predict_take_batches(source):
    subject = model()
    whole = subject.evaluate(X, Y, batch_size=4, verbose=0)
    assert subject.evaluate(source(X, Y), verbose=0) == whole
    part = subject.evaluate(X[:8], Y[:8], batch_size=4, verbose=0)
    assert subject.evaluate(source(X, Y), steps=2, verbose=0) == part
    assert subject.evaluate(X, Y, batch_size=4, steps=2, verbose=0) == part
    y = subject(X)
    for given in ((X, Y), (X,)):
        assert_same_bits(subject.predict(source(*given), verbose=0), y)
    assert_same_bits(subject.predict((batch for (batch,) in batches(X)), verbose=0), y)
    assert_same_bits(subject.predict(source(X), steps=2, verbose=0), y[:8])
    assert_same_bits(subject.predict(X, batch_size=7, steps=1, verbose=0), y[:7])


@pytest.mark.parametrize(
    "make", [lambda: (X, Y), lambda: Loader(X, Y), lambda: Numbered(X, Y), lambda: endless()]
)
def test_validation_data(make):
    given = {"epochs": 3, "verbose": 0, "batch_size": 4, "shuffle": False}
    found = model().fit(X, Y, validation_data=make(), validation_steps=5, **given)
    assert found.history == model().fit(X, Y, validation_data=(X, Y), **given).history


def endless():
    while True:
        yield from batches(X, Y)


def test_steps_go_on_where_the_last_epoch_ended():
    one, other = model(), model()
    steps = Steps()
    given = {"batch_size": 4, "verbose": 0, "shuffle": False}
    with pytest.warns(UserWarning, match="ran out after 1 of steps_per_epoch=2"):
        one.fit(X, Y, epochs=6, steps_per_epoch=2, callbacks=[steps], **given)
    assert steps.counts == [2, 2, 1, 2, 2, 1]  # as in Keras
    other.fit(X, Y, epochs=2, **given)
    for a, b in zip(one.get_weights(), other.get_weights(), strict=True):
        assert_same_bits(a, b)
    steps = Steps()
    history = model().fit(endless(), epochs=3, steps_per_epoch=4, callbacks=[steps], verbose=0)
    assert steps.counts == [4, 4, 4]
    assert history.params["steps"] == 4


def test_a_generator_that_ends():
    steps = Steps()
    with pytest.warns(UserWarning, match="x ran out of batches"):
        history = model().fit(batches(X, Y), epochs=3, callbacks=[steps], verbose=0)
    assert (history.epoch, steps.counts) == ([0], [5, 0])
    with pytest.warns(UserWarning, match="ran out after 5 of steps_per_epoch=8 batches"):
        model().fit(batches(X, Y), steps_per_epoch=8, verbose=0)
    with (
        pytest.warns(UserWarning, match="ran out after 0 of validation_steps=5"),
        pytest.raises(ValueError, match="validation_data ran out"),
    ):
        given = {"validation_data": batches(X, Y), "validation_steps": 5, "verbose": 0}
        model().fit(X, Y, epochs=2, **given)


def test_no_batch_is_taken_that_is_not_used():
    generator = iter([(X[:4], Y[:4])] * 10)
    model().fit(generator, steps_per_epoch=2, epochs=3, verbose=0)
    assert len(list(generator)) == 4


def test_numbered_batches_are_shuffled():
    data = Numbered(X, Y)
    model().fit(data, epochs=3, verbose=0)
    drawn = data.seen[1:] if data.seen[0] == data.seen[1] else data.seen
    orders = [tuple(drawn[first : first + 5]) for first in range(0, 15, 5)]
    assert [sorted(order) for order in orders] == [list(range(5))] * 3
    assert len(set(orders)) > 1
    assert data.ends == 3
    again = Numbered(X, Y)
    model().fit(again, epochs=3, verbose=0)
    assert again.seen == data.seen


@pytest.mark.parametrize("frequency, epochs", [(2, [2, 4]), ([1, 5], [1, 5]), (range(3), [1, 2])])
def test_validation_frequency(frequency, epochs):
    seen = []

    class Look(Callback):
        def on_epoch_end(self, epoch, logs=None):
            seen.extend([epoch + 1] if "val_loss" in logs else [])

    given = {"validation_data": (X, Y), "validation_freq": frequency, "verbose": 0}
    model().fit(X, Y, epochs=5, callbacks=[Look()], **given)
    assert seen == epochs


def classifier(loss):
    utils.set_random_seed(4)
    made = Sequential([Input((3,)), Dense(3, activation="softmax")])
    made.compile("sgd", loss)
    return made


LABELS = np.arange(20) % 3


@pytest.mark.parametrize(
    "loss, y",
    [
        ("sparse_categorical_crossentropy", LABELS),
        ("sparse_categorical_crossentropy", LABELS[:, None].astype("float32")),
        ("categorical_crossentropy", np.eye(3)[LABELS]),
    ],
)
def test_weights_of_classes(loss, y):
    weights = {0: 0.5, np.int64(2): 3}
    by_sample = np.array([0.5, 1, 3])[LABELS]
    given = {"batch_size": 6, "verbose": 0, "shuffle": False}
    expected = classifier(loss).fit(X, y, sample_weight=by_sample, **given).history
    assert classifier(loss).fit(X, y, class_weight=weights, **given).history == expected
    found = classifier(loss).fit(batches(X, y, size=6), class_weight=weights, verbose=0).history
    assert found == expected
    one, other = classifier(loss), classifier(loss)
    assert one.train_on_batch(X, y, class_weight=weights) == other.train_on_batch(X, y, by_sample)
    with pytest.raises(ValueError, match="only one of class_weight and sample_weight"):
        one.train_on_batch(X, y, by_sample, weights)


def test_a_later_epoch_has_its_own_order():
    """Going on at epoch 3 shows the samples as the whole run does from there."""
    orders = []

    def order(first):
        subject, seen = model(), []
        step = subject._train_step
        subject._train_step = lambda batch, running: seen.append(batch.x) or step(batch, running)
        utils.set_random_seed(9)
        subject.fit(X, Y, batch_size=4, epochs=4, initial_epoch=first, verbose=0)
        return seen

    orders = [order(first) for first in (0, 2)]
    for a, b in zip(orders[0][10:], orders[1], strict=True):
        assert_same_bits(a, b)
