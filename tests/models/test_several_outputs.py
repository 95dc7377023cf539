"""Training networks of several inputs and outputs: lists, dicts, losses, weights, metrics."""

from functools import partial

import numpy as np
import pytest

from comparison import assert_same_bits
from convlet import Input, Model, Sequential
from convlet.layers import Concatenate, Dense
from convlet.models import load_model

N = 10


def network(structure=list):
    a, b = Input((3,), name="a"), Input((2,), name="b")
    joined = Concatenate()([Dense(4, kernel_initializer="ones", name="d")(a), b])
    p = Dense(2, kernel_initializer="ones", name="p")(joined)
    q = Dense(1, kernel_initializer="ones", name="q")(joined)
    outputs = {"p": p, "q": q} if structure is dict else structure([p, q])
    return Model([a, b], outputs)


def data():
    rng = np.random.default_rng(0)
    x = [rng.random((N, 3)).astype("f4"), rng.random((N, 2)).astype("f4")]
    return x, [rng.random((N, 2)).astype("f4"), rng.random((N, 1)).astype("f4")]


def trained(make, x, y, **options):
    given = {key: options.pop(key) for key in ("sample_weight", "batch_size") if key in options}
    model = make()
    model.compile("sgd", **{"loss": "mse", **options})
    history = model.fit(x, y, epochs=2, shuffle=False, verbose=0, **given)
    return model.get_weights(), history.history


def test_lists_and_dicts_are_the_same():
    (a, b), (p, q) = data()
    expected, history = trained(network, [a, b], [p, q], batch_size=4)
    for structure in (list, tuple, dict):
        for x in ([a, b], (a, b), {"b": b, "a": a}):
            for y in ([p, q], {"q": q, "p": p}):
                weights, other = trained(partial(network, structure), x, y, batch_size=4)
                assert other == history
                for one, two in zip(weights, expected, strict=True):
                    assert_same_bits(one, two)
    assert list(history) == ["loss", "p_loss", "q_loss"]


def test_losses_and_weights_by_output():
    x, y = data()
    options = {"loss": ["mse", "binary_crossentropy"], "loss_weights": [2, 0.5]}
    expected, history = trained(network, x, y, **options)
    named = {
        "loss": {"q": "binary_crossentropy", "p": "mse"},
        "loss_weights": {"q": 0.5, "p": 2},
    }
    weights, other = trained(network, x, y, **named)
    assert other == history
    for one, two in zip(weights, expected, strict=True):
        assert_same_bits(one, two)
    for total, p, q in zip(*history.values(), strict=True):
        assert total == pytest.approx(2 * p + 0.5 * q)


@pytest.mark.filterwarnings("ignore:no gradients for variables p/kernel")
def test_the_gradient_is_that_of_the_sum():
    """Twice the weight of a loss, or twice its learning rate."""
    x, y = data()
    one = network()
    one.compile("sgd", [None, "mse"], loss_weights=[1, 2])
    one.train_on_batch(x, [None, y[1]])
    alone = network()
    single = Model(alone.inputs, alone.outputs[1])
    single.compile("sgd", "mse", loss_weights=2.0)
    single.optimizer.learning_rate = 0.01
    single.train_on_batch(x, y[1])
    for a, b in zip(one.get_layer("q").weights, alone.get_layer("q").weights, strict=True):
        assert_same_bits(a.value, b.value)
    for layer in ("p",):  # no loss depends on it
        np.testing.assert_array_equal(one.get_layer(layer).kernel.value, 1)


@pytest.mark.filterwarnings("ignore:no gradients for variables p/kernel")
def test_an_output_without_a_loss():
    x, y = data()
    model = network()
    model.compile("sgd", {"q": "mse"})
    logs = model.train_on_batch(x, y, return_dict=True)
    assert list(logs) == ["loss"]
    assert (model.get_layer("p").kernel.value == 1).all()
    assert not (model.get_layer("q").kernel.value == 1).all()
    assert model.train_on_batch(x, {"q": y[1]}) > 0


def test_sample_weights_by_output():
    x, y = data()
    first = np.arange(N) % 2
    _, alike = trained(network, x, y, sample_weight=first)
    _, listed = trained(network, x, y, sample_weight=[first, first])
    _, named = trained(network, x, y, sample_weight={"p": first, "q": first})
    assert alike == listed == named
    _, other = trained(network, x, y, sample_weight=[first, None])
    assert other["p_loss"][0] == alike["p_loss"][0] and other["q_loss"][0] != alike["q_loss"][0]


def test_metrics_by_output():
    x, y = data()
    model = network()
    model.compile("sgd", "mse", metrics=[["mse"], ["accuracy", "mse"]])
    logs = model.test_on_batch(x, y, return_dict=True)
    assert list(logs) == ["loss", "p_loss", "q_loss", "p_mse", "q_accuracy", "q_mse"]
    assert logs["p_mse"] == pytest.approx(logs["p_loss"])
    model.compile("sgd", "mse", metrics={"q": "mse"})
    assert list(model.test_on_batch(x, y, return_dict=True))[3:] == ["q_mse"]
    assert len(model.evaluate(x, y, verbose=0)) == 4


@pytest.mark.parametrize("structure", [list, dict])
@pytest.mark.parametrize("batch_size", [3, 10])
def test_predictions_have_the_outputs_structure(structure, batch_size):
    x, _ = data()
    model = network(structure)
    results, expected = model.predict(x, batch_size, verbose=0), model(x)
    assert type(results) is type(expected) is structure
    keys = ["p", "q"] if structure is dict else [0, 1]
    for key in keys:
        assert_same_bits(results[key], expected[key])
    assert_same_bits(model.predict_on_batch(x)[keys[1]], expected[keys[1]])
    streamed = model.predict(iter([([x[0][:4], x[1][:4]],), ([x[0][4:], x[1][4:]],)]), verbose=0)
    for key in keys:
        assert_same_bits(streamed[key], expected[key])


def test_streams_and_validation():
    (a, b), (p, q) = data()
    x, y = [a, b], [p, q]
    expected, history = trained(network, x, y, batch_size=5)

    class Source:
        def __len__(self):
            return 2

        def __getitem__(self, index):
            rows = slice(5 * index, 5 * index + 5)
            return {"a": a[rows], "b": b[rows]}, {"p": p[rows], "q": q[rows]}

    model = network()
    model.compile("sgd", "mse")
    run = model.fit(Source(), epochs=2, shuffle=False, verbose=0, validation_data=(x, y))
    assert run.history["loss"] == history["loss"]
    assert sorted(run.history) == sorted([*history, *(f"val_{name}" for name in history)])
    for one, two in zip(model.get_weights(), expected, strict=True):
        assert_same_bits(one, two)
    split = network()
    split.compile("sgd", "mse")
    run = split.fit(x, y, validation_split=0.3, verbose=0)
    assert "val_q_loss" in run.history


@pytest.mark.parametrize(
    ("act", "error", "message"),
    [
        (lambda m, x, y: m.fit(x[0], y), ValueError, "x must be 2 arrays, one for each of a, b"),
        (lambda m, x, y: m.fit({"a": x[0]}, y), ValueError, "x must have a 'b'"),
        (lambda m, x, y: m.fit({"a": x[0], "c": x[1]}, y), ValueError, "x must have a 'b'"),
        (lambda m, x, y: m.fit(x, y[0]), ValueError, "y must have one entry for each of p, q"),
        (lambda m, x, y: m.fit(x, {"p": y[0], "z": y[1]}), ValueError, "y must have keys among"),
        (
            lambda m, x, y: m.fit(x, {"p": y[0]}),
            ValueError,
            "y must have targets for q",
        ),
        (lambda m, x, y: m.fit(x, [y[0], None]), ValueError, "y must have targets for q"),
        (lambda m, x, y: m.fit([x[0], x[1][:3]], y), ValueError, "x must have arrays of as many"),
        (lambda m, x, y: m.fit(x, [y[0][:3], y[1][:3]]), ValueError, "as many samples as x"),
        (lambda m, x, y: m.fit([x[0], None], y), TypeError, r"x\[1\] must be an array, got None"),
        (lambda m, x, y: m.fit({}, y), ValueError, "x must have at least one array"),
        (lambda m, x, y: m.fit(x, y, class_weight={0: 1}), ValueError, "class_weight must be None"),
        (
            lambda m, x, y: m.compile("sgd", ["mse"]),
            ValueError,
            "loss must have one entry",
        ),
        (
            lambda m, x, y: m.compile("sgd", {"z": "mse"}),
            ValueError,
            "loss must have keys among",
        ),
        (
            lambda m, x, y: m.compile("sgd", "mse", loss_weights=[1]),
            ValueError,
            "loss_weights must have one entry",
        ),
        (
            lambda m, x, y: m.compile("sgd", "mse", loss_weights=["a", 1]),
            TypeError,
            "loss_weights must be a number",
        ),
        (
            lambda m, x, y: m.compile("sgd", "mse", metrics=["mse"]),
            ValueError,
            "metrics must have one entry",
        ),
        (lambda m, x, y: m.compile("sgd", "mse", metrics={"z": "mse"}), ValueError, "metrics must"),
        (
            lambda m, x, y: Sequential([Dense(2)]).compile("sgd", "mse", metrics={"p": "mse"}),
            TypeError,
            "metrics must be a list for a single output",
        ),
    ],
)
def test_errors(act, error, message):
    model = network()
    model.compile("sgd", "mse")
    before = model.get_weights()
    with pytest.raises(error, match=message):
        act(model, *data())
    for one, two in zip(model.get_weights(), before, strict=True):
        assert_same_bits(one, two)


def test_one_output_takes_one_target():
    x, y = data()
    model = Sequential([Input((3,)), Dense(2)])
    model.compile("sgd", "mse")
    expected = model.test_on_batch(x[0], y[0])
    assert model.test_on_batch([x[0]], [y[0]]) == model.test_on_batch(x[0], {"y": y[0]}) == expected
    with pytest.raises(ValueError, match="y must be one array for the model's one output"):
        model.fit(x[0], y, verbose=0)
    with pytest.raises(ValueError, match="sample_weight must be one array"):
        model.fit(x[0], y[0], sample_weight=[np.ones(N), np.ones(N)], verbose=0)


def test_a_file_keeps_losses_weights_and_metrics(tmp_path):
    x, y = data()
    model = network()
    options = {"loss": {"p": "mse", "q": "binary_crossentropy"}, "loss_weights": [2, 0.5]}
    model.compile("adam", metrics=[["mse"], []], **options)
    model.train_on_batch(x, y)
    model.save(tmp_path / "m.keras")
    twin = load_model(tmp_path / "m.keras")
    for _ in range(2):
        results = [one.train_on_batch(x, y, return_dict=True) for one in (model, twin)]
        assert results[0] == results[1] and list(results[0])[-1] == "p_mse"
