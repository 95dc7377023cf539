"""fit, evaluate, predict and their single steps: results, checks, order, reproducibility."""

import numpy as np
import pytest

import modes
from comparison import assert_same_bits
from convlet import Sequential, losses, metrics, optimizers, utils
from convlet.layers import Conv2D, Dense, Dropout, Flatten, Input
from convlet.models._batches import Batches, Data


def network(**options):
    model = Sequential(
        [
            Input((6, 5, 2)),
            Conv2D(4, 3, activation="relu"),
            Flatten(),
            Dropout(0.3),
            Dense(3, activation="softmax"),
        ]
    )
    model.compile("sgd", "sparse_categorical_crossentropy", **{"metrics": ["accuracy"], **options})
    return model


def samples(count, seed=0):
    """Noise whose class is the row, out of three, that is brighter."""
    rng = np.random.default_rng(seed)
    x, y = rng.standard_normal((count, 6, 5, 2)).astype("float32"), rng.integers(3, size=count)
    x[np.arange(count), y] += 1
    return x, y


@pytest.fixture(autouse=True)
def seeded():
    utils.set_random_seed(11)


# ------------------------------------------------------------------------------------- single steps


def test_a_step_is_the_protocol_step_by_step():
    """train_on_batch against vjp, loss and optimizer called by hand."""
    x, y = samples(8)
    model, twin = network(), network()
    twin.set_weights(model.get_weights())
    twin.layers[2].seed = model.layers[2].seed
    loss, optimizer = losses.SparseCategoricalCrossentropy(), optimizers.SGD()
    for _ in range(3):
        value, _ = model.train_on_batch(x, y)
        output, pullback = twin.vjp(x, training=True)
        expected, loss_pullback = loss.vjp(y, output)
        _, grads = pullback(loss_pullback(), needs_dx=False)
        optimizer.apply(grads, twin.trainable_weights, updates=pullback.updates)
        assert value == expected
        for a, b in zip(model.variables, twin.variables, strict=True):
            assert_same_bits(a.value, b.value)


def test_results_are_a_list_or_a_dictionary_or_a_number():
    x, y = samples(8)
    model = network()
    loss, accuracy = model.test_on_batch(x, y)
    assert model.test_on_batch(x, y, return_dict=True) == {"loss": loss, "accuracy": accuracy}
    assert model.evaluate(x, y, verbose=0) == [loss, accuracy]
    assert model.evaluate(x, y, verbose=0, return_dict=True) == {"loss": loss, "accuracy": accuracy}
    assert set(model.train_on_batch(x, y, return_dict=True)) == {"loss", "accuracy"}
    model.compile("sgd", "sparse_categorical_crossentropy")
    assert isinstance(model.train_on_batch(x, y), float)
    assert isinstance(model.evaluate(x, y, verbose=0), float)


def test_two_metrics_of_one_name():
    x, y = samples(8)
    model = network(metrics=["accuracy", "accuracy", metrics.SparseCategoricalAccuracy()])
    names = ["loss", "accuracy", "accuracy_1", "sparse_categorical_accuracy"]
    assert list(model.evaluate(x, y, verbose=0, return_dict=True)) == names


def test_evaluation_changes_nothing():
    x, y = samples(40)
    model = network()
    before = [np.array(variable.value) for variable in model.variables]
    model.evaluate(x, y, verbose=0)
    model.test_on_batch(x, y)
    model.predict(x, verbose=0)
    for variable, value in zip(model.variables, before, strict=True):
        assert_same_bits(variable.value, value)


def test_evaluate_does_not_depend_on_the_batch_size():
    x, y = samples(50)
    model = network()
    expected = model.evaluate(x, y, batch_size=50, verbose=0)
    for size in (1, 7, 32, 100):
        assert model.evaluate(x, y, batch_size=size, verbose=0) == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("count", [0, 1, 31, 32, 33, 70])
def test_predict_has_the_same_bits_in_any_batches(count):
    x, _ = samples(count)
    model = network()
    expected = model(x)
    assert expected.shape == (count, 3)
    for size in (None, 1, 7, 1000):
        assert_same_bits(model.predict(x, batch_size=size, verbose=0), expected)
    assert_same_bits(model.predict_on_batch(x), expected)


def test_predict_needs_no_compilation():
    model = Sequential([Flatten(), Dense(2)])
    assert model.predict(np.ones((3, 2, 2), bool), verbose=0).shape == (3, 2)


# ----------------------------------------------------------------------------------------- learning


def test_fit_learns():
    x, y = samples(300)
    model = network()
    model.compile(optimizers.Adam(0.01), "sparse_categorical_crossentropy", metrics=["accuracy"])
    history = model.fit(x, y, epochs=30, validation_split=0.2, verbose=0)
    assert model.history is history
    assert history.epoch == list(range(30))
    assert set(history.history) == {"loss", "accuracy", "val_loss", "val_accuracy"}
    assert history.history["loss"][-1] < 0.6 * history.history["loss"][0]
    assert history.history["val_accuracy"][-1] > 0.8
    held_out = model.evaluate(x[240:], y[240:], verbose=0, return_dict=True)
    assert history.history["val_loss"][-1] == held_out["loss"]
    assert history.history["val_accuracy"][-1] == held_out["accuracy"]


def test_the_loss_of_an_epoch_is_the_mean_over_its_samples():
    x, y = samples(50)
    model, twin = network(), network()
    twin.set_weights(model.get_weights())
    twin.layers[2].seed = model.layers[2].seed
    history = model.fit(x, y, batch_size=32, shuffle=False, verbose=0).history
    first, second = twin.train_on_batch(x[:32], y[:32]), twin.train_on_batch(x[32:], y[32:])
    for name, a, b in zip(("loss", "accuracy"), first, second, strict=True):
        assert history[name] == [pytest.approx((32 * a + 18 * b) / 50, rel=1e-12)]


def test_sample_weights_of_zero_leave_samples_out():
    x, y = samples(20)
    models = [network() for _ in range(2)]
    models[1].set_weights(models[0].get_weights())
    for model in models:
        model.compile("sgd", losses.SparseCategoricalCrossentropy(reduction="sum"))
        model.layers[2].rate = 0.0
    weight = np.arange(20) < 12
    models[0].fit(x, y, sample_weight=weight, shuffle=False, batch_size=20, verbose=0)
    models[1].fit(x[:12], y[:12], shuffle=False, batch_size=12, verbose=0)
    for a, b in zip(*(model.get_weights() for model in models), strict=True):
        np.testing.assert_allclose(a, b, atol=1e-6)
    results = [
        models[0].evaluate(x, y, sample_weight=weight, batch_size=20, verbose=0),
        models[0].evaluate(x[:12], y[:12], batch_size=12, verbose=0),
    ]
    assert results[0] == pytest.approx(results[1], rel=1e-6)


def test_validation_with_weights_and_its_batch_size():
    x, y = samples(40)
    seen = []
    model = network()
    evaluate = model._evaluate
    model._evaluate = lambda passes, *rest: (
        seen.append(passes.batches.size) or evaluate(passes, *rest)
    )
    weight = np.linspace(0, 1, 40)
    given = {"validation_data": (x, y, weight), "verbose": 0, "batch_size": 8}
    history = model.fit(x, y, **given).history
    assert history["val_loss"] == [
        model.evaluate(x, y, batch_size=8, sample_weight=weight, verbose=0)[0]
    ]
    model.fit(x, y, validation_batch_size=10, **given)
    assert seen == [8, 8, 10]


def test_frozen_layers_stay_as_they_are():
    x, y = samples(32)
    model = network()
    model.layers[0].trainable = False
    before = model.get_weights()
    model.fit(x, y, epochs=2, verbose=0)
    changed = [not np.array_equal(a, b) for a, b in zip(before, model.get_weights(), strict=True)]
    assert changed == [False, False, True, True]
    model.trainable = False
    with pytest.warns(UserWarning, match="no trainable weights"):
        model.fit(x, y, verbose=0)


def test_initial_epoch():
    x, y = samples(8)
    model = network()
    assert model.fit(x, y, epochs=5, initial_epoch=3, verbose=0).epoch == [3, 4]
    assert model.fit(x, y, epochs=0, verbose=0).history == {}


# ---------------------------------------------------------------------------------- reproducibility


def fingerprint(seed, threads=1):
    with modes.num_threads(threads):
        utils.set_random_seed(seed)
        model = network()
        history = model.fit(*samples(90), batch_size=16, epochs=2, verbose=0)
    return b"".join(w.tobytes() for w in model.get_weights()), str(history.history)


def test_one_seed_one_result_at_any_number_of_threads():
    assert len({fingerprint(3, threads) for threads in (1, 2, 3, 1)}) == 1
    assert fingerprint(3) != fingerprint(4)


def test_each_epoch_has_an_order_of_its_own():
    data = Data(np.arange(100))
    batches = Batches(data, 10, seed=5)
    orders = [np.concatenate([batch.x for batch in batches]) for _ in range(2)]
    assert batches.count == 10
    assert not np.array_equal(*orders)
    for order in orders:
        assert sorted(order.tolist()) == list(range(100))
    again = Batches(data, 10, seed=5)
    for order in orders:
        np.testing.assert_array_equal(np.concatenate([batch.x for batch in again]), order)
    in_order = np.concatenate([batch.x for batch in Batches(data, 7)])
    np.testing.assert_array_equal(in_order, np.arange(100))


def test_only_the_batch_is_converted_and_read(tmp_path):
    x, y = samples(64)
    stored = np.memmap(tmp_path / "x", np.uint8, "w+", shape=(64, 6, 5, 2))
    stored[:] = np.clip(100 + 30 * x, 0, 255)
    model = network()
    casts = []
    cast = model.cast
    model.cast = lambda array: casts.append(np.shape(array)) or cast(array)
    model.fit(np.memmap(tmp_path / "x", np.uint8, "r", shape=(64, 6, 5, 2)), y, verbose=0)
    model.predict(stored, verbose=0)
    assert {shape[0] for shape in casts} == {32}
