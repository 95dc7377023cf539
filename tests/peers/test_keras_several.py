"""Training networks of several inputs and outputs beside Keras."""

import keras
import numpy as np
import pytest

import convlet


def network(k, structure):
    layers = k.layers
    a, b = k.Input((8, 8, 2), name="a"), k.Input((4,), name="b")
    x = layers.GlobalAveragePooling2D()(layers.Conv2D(6, 3, activation="tanh")(a))
    shared = layers.Dense(5, activation="relu")
    joined = layers.Concatenate()([shared(x), shared(layers.Dense(6)(b))])
    p = layers.Dense(3, activation="softmax", name="p")(joined)
    q = layers.Dense(1, name="q")(joined)
    return k.Model([a, b], {"p": p, "q": q} if structure is dict else [p, q])


def data(count=24):
    rng = np.random.default_rng(5)
    x = [rng.standard_normal((count, 8, 8, 2)), rng.standard_normal((count, 4))]
    y = [rng.integers(3, size=count), rng.standard_normal((count, 1))]
    return [part.astype("float32") for part in x], [y[0], y[1].astype("float32")]


CASES = {
    "plain": {"loss": ["sparse_categorical_crossentropy", "mse"]},
    "named": {"loss": {"q": "mse", "p": "sparse_categorical_crossentropy"}},
    "weighted": {
        "loss": ["sparse_categorical_crossentropy", "mse"],
        "loss_weights": [0.3, 2.0],
        "metrics": [["accuracy"], ["mse"]],
    },
}


@pytest.mark.parametrize("weights", [None, "one", "each"])
@pytest.mark.parametrize("structure", [list, dict])
@pytest.mark.parametrize("case", CASES)
def test_loss_curves(case, structure, weights):
    x, y = data()
    arguments = CASES[case]
    if structure is dict:
        y = dict(zip("pq", y, strict=True))
        arguments = {
            key: value if isinstance(value, dict) else dict(zip("pq", value, strict=True))
            for key, value in arguments.items()
        }
    row = np.linspace(0, 2, 24).astype("float32")
    given = {None: None, "one": row, "each": [row, row[::-1].copy()]}[weights]
    if structure is dict and weights is not None:
        given = dict(zip("pq", given if weights == "each" else [row, row], strict=True))
    elif weights == "one":
        given = [row, row]
    ours, theirs = network(convlet, structure), network(keras, structure)
    theirs.set_weights(ours.get_weights())
    curves = []
    for model, library in ((ours, convlet), (theirs, keras)):
        model.compile(library.optimizers.SGD(0.05, momentum=0.9), **arguments)
        curve = []
        for _ in range(10):
            logs = model.train_on_batch(x, y, sample_weight=given, return_dict=True)
            curve.append({name: float(value) for name, value in logs.items()})
        logs = model.evaluate(x, y, verbose=0, return_dict=True)
        curve.append({name: float(value) for name, value in logs.items()})
        curves.append(curve)
    for one, other in zip(*curves, strict=True):
        assert set(one) == set(other)
        for name, value in other.items():
            assert abs(one[name] - value) <= 1e-4 * max(1, abs(value)), name
    mine, other = ours.predict(x, verbose=0), theirs.predict(x, verbose=0)
    assert type(mine) is type(other) is structure
    keys = "pq" if structure is dict else (0, 1)
    for key in keys:
        np.testing.assert_allclose(mine[key], other[key], atol=1e-4)
