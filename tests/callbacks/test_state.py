"""Callbacks that go on after an interruption, swap averages, and write TensorBoard's scalars."""

import importlib.util
import os
import struct

import numpy as np
import pytest

import convlet
from comparison import assert_same_bits
from convlet import Sequential, callbacks, layers, optimizers
from convlet.callbacks import BackupAndRestore, Callback, SwapEMAWeights, TensorBoard

rng = np.random.default_rng(0)
X, Y = rng.standard_normal((12, 4)), rng.standard_normal((12, 2))


def made(**options):
    convlet.utils.set_random_seed(5)
    model = Sequential([layers.Input((4,)), layers.Dropout(0.3), layers.Dense(2)])
    model.compile(optimizers.Adam(0.05, **options), "mse")
    return model


def state(model):
    return [np.array(v.value) for v in (*model.variables, *model.optimizer.variables)]


class Crash(Callback):
    """As a machine that goes down."""

    def __init__(self, epoch, batch=None):
        super().__init__()
        self.at = epoch, batch

    def on_epoch_begin(self, epoch, logs=None):
        self.epoch = epoch
        if self.at == (epoch, None):
            raise KeyboardInterrupt

    def on_train_batch_end(self, batch, logs=None):
        if self.at == (self.epoch, batch):
            raise KeyboardInterrupt


@pytest.mark.parametrize("crashes", [[(2, None)], [(2, 1)], [(1, 0), (3, 2)], [(0, 1)]])
def test_a_run_that_goes_on_ends_as_one_without_interruption(crashes, tmp_path):
    whole = made()
    whole.fit(X, Y, batch_size=4, epochs=5, verbose=0)
    folder = tmp_path / "backup"
    for crash in crashes:
        with pytest.raises(KeyboardInterrupt):
            # The file is written at the end of an epoch, before the crash.
            made().fit(*(X, Y, 4, 5, 0), callbacks=[BackupAndRestore(folder), Crash(*crash)])
        assert os.listdir(folder) == ["latest.state"] if crash[0] else not folder.exists()
    model = made()
    history = model.fit(X, Y, 4, 5, 0, callbacks=[BackupAndRestore(folder)])
    assert history.epoch == list(range(crashes[-1][0], 5))
    for one, other in zip(state(model), state(whole), strict=True):
        assert_same_bits(one, other)
    assert not folder.exists()


class Loader:
    """Batches by number, in an order that training makes."""

    def __len__(self):
        return 3

    def __getitem__(self, place):
        if not 0 <= place < 3:
            raise IndexError(place)
        return X[4 * place : 4 * place + 4], Y[4 * place : 4 * place + 4]


def test_batches_by_number_go_on_too(tmp_path):
    whole = made()
    whole.fit(Loader(), epochs=4, verbose=0)
    with pytest.raises(KeyboardInterrupt):
        made().fit(Loader(), epochs=4, verbose=0, callbacks=[BackupAndRestore(tmp_path), Crash(3)])
    model = made()
    model.fit(Loader(), epochs=4, verbose=0, callbacks=[BackupAndRestore(tmp_path)])
    for one, other in zip(state(model), state(whole), strict=True):
        assert_same_bits(one, other)


def test_backups_between_batches_and_two_of_them(tmp_path):
    backup = BackupAndRestore(tmp_path / "b", 2, double_checkpoint=True, delete_checkpoint=False)
    model = made()
    model.fit(X, Y, batch_size=4, epochs=2, verbose=0, callbacks=[backup])
    folder = tmp_path / "b"
    assert sorted(os.listdir(folder)) == ["before.state", "latest.state"]
    (folder / "latest.state").write_bytes(b"damaged")
    again = made()
    history = again.fit(X, Y, 4, 2, 0, callbacks=[BackupAndRestore(folder, 2)])
    assert history.epoch == [1]  # in which the batch was that the older file is of
    folder.mkdir()
    (folder / "latest.state").write_bytes(b"damaged")
    with pytest.raises(ValueError, match=r"latest\.state"):
        made().fit(X, Y, 4, 2, 0, callbacks=[BackupAndRestore(folder)])


def test_a_backup_of_another_model(tmp_path):
    made().fit(X, Y, verbose=0, callbacks=[BackupAndRestore(tmp_path, delete_checkpoint=False)])
    other = Sequential([layers.Input((4,)), layers.Dense(2, use_bias=False)])
    other.compile("adam", "mse")
    before = other.get_weights()
    with pytest.raises(ValueError, match="it must have"):
        other.fit(X, Y, verbose=0, callbacks=[BackupAndRestore(tmp_path)])
    assert_same_bits(other.get_weights()[0], before[0])


# ----------------------------------------------------------------------------------- SwapEMAWeights


def test_measured_with_averages():
    model = made(use_ema=True, ema_momentum=0.5)
    seen = []

    class Look(Callback):
        def on_test_begin(self, logs=None):
            seen.append(self.model.get_weights()[0])

        def on_train_batch_end(self, batch, logs=None):
            self.weights = self.model.get_weights()[0]
            (average,) = [v for v in model.optimizer.variables if "kernel_average" in v.name]
            self.average = np.array(average.value)

        def on_epoch_end(self, epoch, logs=None):
            assert_same_bits(seen[-1], self.average)
            assert_same_bits(self.model.get_weights()[0], self.weights)

    model.fit(
        *(X, Y), epochs=3, verbose=0, validation_split=0.5, callbacks=[SwapEMAWeights(), Look()]
    )
    assert len(seen) == 3
    assert_same_bits(model.get_weights()[0], seen[-1])  # as every run ends
    measured = model.evaluate(X, Y, verbose=0)
    assert model.evaluate(X, Y, verbose=0, callbacks=[SwapEMAWeights()]) == measured


def test_averages_between_epochs(tmp_path):
    finals = []
    for more in ([], [SwapEMAWeights(swap_on_epoch=True)]):
        model = made(use_ema=True, ema_momentum=0.5)
        saver = callbacks.ModelCheckpoint(tmp_path / "m{epoch}.npz", save_weights_only=True)
        model.fit(X, Y, batch_size=4, epochs=3, verbose=0, callbacks=[*more, saver])
        finals.append(model.get_weights())
    for one, other in zip(*finals, strict=True):
        assert_same_bits(one, other)
    last = made()
    last.load_weights(tmp_path / "m3.npz")
    assert_same_bits(last.get_weights()[0], finals[1][0])


def test_an_optimizer_without_averages():
    with pytest.raises(ValueError, match="needs an optimizer with use_ema=True"):
        made().evaluate(X, Y, verbose=0, callbacks=[SwapEMAWeights()])


# -------------------------------------------------------------------------------------- TensorBoard

needs_writer = pytest.mark.skipif(
    importlib.util.find_spec("tensorboardX") is None, reason="needs tensorboardX"
)


def scalars(folder):
    """(tag, step, value) of each scalar in a folder's event files."""
    from tensorboardX.proto.event_pb2 import Event

    found = []
    for name in sorted(os.listdir(folder)):
        data = (folder / name).read_bytes()
        while data:
            (size,) = struct.unpack("<Q", data[:8])
            event = Event.FromString(data[12 : 12 + size])
            found += [(v.tag, event.step, v.simple_value) for v in event.summary.value]
            data = data[16 + size :]
    return found


@needs_writer
def test_scalars(tmp_path):
    model = made()
    board = TensorBoard(tmp_path, update_freq=2, write_steps_per_second=True)
    history = model.fit(
        *(X, Y), batch_size=3, epochs=2, verbose=0, validation_split=0.5, callbacks=[board]
    ).history
    trained, measured = scalars(tmp_path / "train"), scalars(tmp_path / "validation")
    losses = [value for tag, _, value in trained if tag == "epoch_loss"]
    assert losses == pytest.approx(history["loss"])
    assert [step for tag, step, _ in trained if tag == "batch_loss"] == [2, 4]
    assert {tag for tag, *_ in trained} == {
        *("epoch_loss", "epoch_learning_rate", "epoch_steps_per_second", "batch_loss")
    }
    values = {tag: (step, value) for tag, step, value in measured}
    assert values["epoch_loss"] == (1, pytest.approx(history["val_loss"][1]))
    assert values["evaluation_loss_vs_iterations"] == (4, values["epoch_loss"][1])


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: TensorBoard(histogram_freq=1), ValueError, "histogram_freq must be 0, False or"),
        (lambda: TensorBoard(profile_batch=(1, 2)), ValueError, "profile_batch must be 0"),
        (lambda: TensorBoard(update_freq=0), ValueError, "update_freq must be at least 1"),
        (lambda: BackupAndRestore(""), ValueError, "backup_dir must be a folder's name"),
        (lambda: BackupAndRestore("a", "batch"), TypeError, "save_freq must be an int"),
        (lambda: layers.BatchNormalization(renorm=True), ValueError, "renorm must be False"),
        (lambda: made().resume_at(-1), ValueError, "epoch must be at least 0"),
    ],
)
def test_errors(make, error, message):
    with pytest.raises(error, match=message):
        make()
