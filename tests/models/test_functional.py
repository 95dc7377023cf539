"""Networks of any shape: graphs, their runs, gradients, names, configurations, what they refuse."""

import gc
import json
import threading
import weakref

import numpy as np
import pytest

from comparison import assert_same_bits
from convlet import Input, KerasTensor, Model, Sequential, layers
from convlet.layers import Add, Concatenate, Conv2D, Dense, Dropout, Flatten, Layer, Pullback
from convlet.models import Functional
from convlet.testing import check_gradients

DOUBLE = {"dtype": "float64"}


class Halves(Layer):
    """A layer with two outputs."""

    def compute_output_shape(self, input_shape):
        half = (*input_shape[:-1], input_shape[-1] // 2)
        return [half, half]

    def vjp(self, x, training=False):
        return np.split(x, 2, -1), Pullback(lambda dys, needs_dx: (np.concatenate(dys, -1), []))


class Weighted(Layer):
    """A layer of several inputs, as a user writes one."""

    several_inputs = True

    def build(self, input_shape):
        self.factors = self.add_weight((len(input_shape),), "ones", name="factors")

    def compute_output_shape(self, input_shape):
        return input_shape[0]

    def vjp(self, x, training=False):
        factors = self.factors.value

        def gradients(dy, needs_dx):
            slope = np.array([(dy * part).sum() for part in x], dy.dtype)
            return [factor * dy for factor in factors], [slope]

        return sum(f * part for f, part in zip(factors, x, strict=True)), Pullback(gradients)


def branches():
    """Several inputs and outputs, a shared layer, a nested model of each kind."""
    image, extra = Input((6, 5, 2), name="image", **DOUBLE), Input((4,), name="extra", **DOUBLE)
    x = Conv2D(4, 3, padding="same", activation="tanh", **DOUBLE)(image)
    y = Conv2D(4, 1, name="one", **DOUBLE)(image)
    x = Weighted(**DOUBLE)([x, y])
    x = Dropout(0.3, seed=4, **DOUBLE)(x)
    x = layers.GlobalAveragePooling2D(**DOUBLE)(x)
    shared = Dense(4, activation="softplus", **DOUBLE)
    joined = Concatenate(**DOUBLE)([shared(shared(x)), shared(extra)])
    first, second = Halves(**DOUBLE)(joined)
    start = Input((4,), **DOUBLE)
    inner = Model(start, [Dense(3, **DOUBLE)(start), start])
    a, b = inner(first)
    chain = Sequential([Dense(4, **DOUBLE), Dense(2, **DOUBLE)], name="chain")
    return Model([image, extra], [Add(**DOUBLE)([b, second]), chain(b), a])


def inputs(count=3, seed=0):
    rng = np.random.default_rng(seed)
    return [rng.standard_normal((count, 6, 5, 2)), rng.standard_normal((count, 4))]


def randomize(model, seed=1):
    rng = np.random.default_rng(seed)
    model.set_weights([rng.standard_normal(weight.shape) for weight in model.weights])


def by_hand(model, x):
    """The same layers, one after the other."""
    found = {layer.name.rstrip("_0123456789"): layer for layer in model.layers}
    image, extra = x
    conv = next(one for one in model.layers if isinstance(one, Conv2D) and one.name != "one")
    shared = next(one for one in model.layers if type(one) is Dense)
    mixed = found["weighted"]([conv(image), found["one"](image)])
    pooled = found["global_average_pooling2d"](mixed)
    joined = np.concatenate([shared(shared(pooled)), shared(extra)], -1)
    first, second = np.split(joined, 2, -1)
    inner = found["functional"]
    return [first + second, found["chain"](first), inner.layers[1](first)]


def test_runs_as_its_layers_by_hand():
    model = branches()
    randomize(model)
    x = inputs()
    results = model(x)
    assert isinstance(results, list) and len(results) == 3
    for one, other in zip(results, by_hand(model, x), strict=True):
        assert_same_bits(one, other)
    for one, other in zip(model({"extra": x[1], "image": x[0]}), results, strict=True):
        assert_same_bits(one, other)
    assert [part.shape for part in results] == [(3, 4), (3, 2), (3, 3)]
    assert model.output_shape == [(None, 4), (None, 2), (None, 3)]
    assert model.compute_output_shape([(7, 6, 5, 2), (7, 4)]) == [(7, 4), (7, 2), (7, 3)]
    assert model.input_shape == [(None, 6, 5, 2), (None, 4)]


@pytest.mark.parametrize("training", [False, True])
def test_gradients(training):
    model = branches()
    randomize(model)
    check_gradients(model, inputs(), training=training)
    assert len(model.vjp(inputs(), True)[1].updates) == 1  # dropout's count


def test_gradients_are_the_same_bits_each_time():
    model = branches()
    randomize(model)
    y, pullback = model.vjp(inputs())
    dys = [np.sin(part) for part in y]
    dx, grads = pullback(dys)
    again, same = model.vjp(inputs())[1](dys)
    alone = pullback(dys, needs_dx=False)
    assert alone[0] is None
    for a, b, c in zip(grads, same, alone[1], strict=True):
        assert_same_bits(a, b)
        assert_same_bits(a, c)
    for a, b in zip(dx, again, strict=True):
        assert_same_bits(a, b)


def test_outputs_without_a_gradient():
    """A weight on which only they depend has none; all others are as with zeros."""
    model = branches()
    randomize(model)
    y, pullback = model.vjp(inputs())
    zeros = [np.zeros_like(part) for part in y]
    dx, grads = pullback([None, y[1], None])
    whole, expected = pullback([zeros[0], y[1], zeros[2]])
    names = [weight.path for weight in model.trainable_weights]
    missing = {name for name, grad in zip(names, grads, strict=True) if grad is None}
    assert missing == set()  # the inner model's first output is filled with zeros
    for a, b in zip([*dx, *grads], [*whole, *expected], strict=True):
        np.testing.assert_array_equal(a, b)
    a, b = Input((2,)), Input((2,))
    apart = Model([a, b], [Dense(1)(a), Dense(1)(b)])
    y, pullback = apart.vjp(apart.cast([np.ones((1, 2))] * 2))
    dx, grads = pullback([y[0], None])
    assert [grad is None for grad in grads] == [False, False, True, True]
    assert dx[0] is not None and dx[1] is None


def test_frozen_layers_cost_no_gradient():
    calls = []

    class Watched(Layer):
        def compute_output_shape(self, input_shape):
            return input_shape

        def vjp(self, x, training=False):
            def gradients(dy, needs_dx):
                calls.append((self.name, needs_dx))
                return dy, []

            return x, Pullback(gradients)

    image = Input((3,))
    a = Watched(name="before")(image)
    b = Dense(3, name="trained")(a)
    c = Watched(name="after")(b)
    d = Watched(name="beside")(image)
    model = Model(image, Add()([c, d]))
    y, pullback = model.vjp(np.ones((1, 3), "float32"))
    pullback(y, needs_dx=False)
    assert calls == [("after", True)]
    calls.clear()
    pullback(y)
    assert sorted(calls) == [("after", True), ("before", True), ("beside", True)]
    model.get_layer("trained").trainable = False
    calls.clear()
    assert model.vjp(np.ones((1, 3), "float32"))[1](y, needs_dx=False) == (None, [])
    assert calls == []


def test_layers_and_weights_are_there_once():
    model = branches()
    assert [layer.name for layer in model.layers][:2] == ["image", model.layers[1].name]
    shared = [layer for layer in model.layers if type(layer) is Dense]
    assert len(shared) == 1
    assert len(model.weights) == len({id(weight) for weight in model.weights}) == 13
    dense = Dense(2)
    start = Input((2,))
    nested = Model(start, Sequential([dense], name="s")(dense(start)))
    assert len(nested.weights) == len(nested.trainable_weights) == 2
    check_gradients(
        Model(start := Input((2,), **DOUBLE), (d := Dense(2, **DOUBLE))(Sequential([d])(start))),
        np.ones((1, 2)),
    )


def test_training_of_one_layer_may_be_fixed():
    """base(x, training=False) runs in inference mode whatever the model does."""
    image = Input((50,))
    drop = Dropout(0.5, seed=1)
    model = Model(image, [drop(image, training=False), drop(image), drop(image, training=True)])
    x = np.ones((1, 50), "float32")
    kept, as_model, always = model(x)
    assert kept.all() and as_model.all() and not always.all()
    kept, as_model, always = model(x, training=True)
    assert kept.all() and not as_model.all() and not always.all()
    twin = Model.from_config(json.loads(json.dumps(model.get_config())))
    assert [step.node.training for step in twin.graph.steps] == [False, None, True]


def test_memory_is_let_go():
    """Of a long chain no more than two arrays live at once."""
    alive = []

    class Keep(Layer):
        def compute_output_shape(self, input_shape):
            return input_shape

        def call(self, x, training=False):
            gc.collect()
            alive.append(sum(reference() is not None for reference in made))
            y = x + 1
            made.append(weakref.ref(y))
            return y

    made = []
    x = start = Input((3,))
    for _ in range(9):
        x = Keep()(x)
    Model(start, x)(np.ones((1, 3), "float32"))
    assert max(alive) == 1  # the layer's own input
    assert len(alive) == 9


def test_deep_networks():
    x = start = Input((2,))
    for _ in range(3000):
        x = Flatten()(x)
    model = Model(start, x)
    assert len(model.graph.steps) == 3000
    assert model(np.ones((1, 2))).tolist() == [[1, 1]]


def test_the_graph_is_a_list_of_steps():
    model = branches()
    seen = set(range(2))
    for step in model.graph.steps:
        assert set(step.inputs) <= seen
        assert not set(step.outputs) & seen
        seen |= set(step.outputs)
    read = [place for step in model.graph.steps for place in step.unread]
    assert sorted([*read, *model.graph.outputs]) == sorted(seen)
    chain = Sequential([Input((4,)), Dense(3), Dense(2)])
    assert [step.layer for step in chain.graph.steps] == chain.layers
    with pytest.raises(AttributeError, match="has no graph before it is built"):
        _ = Sequential([Dense(2)]).graph


def test_many_threads_at_once():
    model = branches()
    randomize(model)
    x = inputs()
    expected = model(x)
    results = []
    workers = [
        threading.Thread(target=lambda: results.extend(model(x) for _ in range(10)))
        for _ in range(4)
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert len(results) == 40
    for result in results:
        for one, other in zip(result, expected, strict=True):
            assert_same_bits(one, other)


def test_parts_of_models():
    """Features of a trained network, and a head of one."""
    model = Sequential([Input((6, 6, 1)), Conv2D(2, 3), Flatten(name="flat"), Dense(2)])
    x = np.ones((2, 6, 6, 1), "float32")
    features = Model(model.input, model.get_layer("flat").output)
    assert_same_bits(features(x), model.layers[1](model.layers[0](x)))
    head = Model(model.get_layer("flat").output, model.output)
    assert [type(layer).__name__ for layer in head.layers] == ["InputLayer", "Dense"]
    assert_same_bits(head(features(x)), model(x))
    assert head.layers[1] is model.layers[2]
    both = Model(model.inputs, {"flat": model.layers[1].output, "end": model.outputs[0]})
    assert sorted(both(x)) == ["end", "flat"]
    assert both.output_names == ["flat", "end"]
    assert both.output_shape == {"flat": (None, 32), "end": (None, 2)}
    assert model.get_layer("flat").input.shape == (None, 4, 4, 2)
    with pytest.raises(AttributeError, match="has not been called on a KerasTensor"):
        _ = Dense(2).output


def test_sequential_records_no_more_than_it_is():
    first = Dense(3)
    model = Sequential([Input((2,)), first])
    for _ in range(3):
        model.add(Dense(4))
    assert len(first._nodes) == 1
    model.pop()
    assert len(first._nodes) == 1 and model.output.shape == (None, 4)


def test_structures_of_inputs_and_outputs():
    a, b = Input((2,), name="a"), Input((2,), name="b")
    x = np.ones((1, 2))
    model = Model({"left": a, "right": b}, {"sum": Add()([a, b])})
    assert model({"right": 2 * x, "left": x})["sum"].tolist() == [[3, 3]]
    y, pullback = model.vjp(model.cast({"left": x, "right": x}))
    dx, _ = pullback({"sum": y["sum"]})
    assert [part.tolist() for part in dx] == [[[2, 2]], [[2, 2]]]
    assert isinstance(Model([a], [Flatten()(a)])([x]), list)
    assert isinstance(Model(a, Flatten()(a))(x), np.ndarray)
    assert isinstance(Model([a, b], (Add()([a, b]),))([x, x]), tuple)


def test_integers_are_converted():
    image = Input((3,))
    model = Model(image, Dense(2)(image))
    x = np.array([[0, 1, 1]])
    for kind in ("int64", "uint8", "bool", "float64", ">f4"):
        assert_same_bits(model(x.astype(kind)), model(x.astype("float32")))


def test_names():
    image = Input((3,))
    assert isinstance(image, KerasTensor)
    model = Model(image, Flatten()(image))
    assert model.name.startswith("functional")
    assert Model(image, Flatten()(image), name="mine").name == "mine"
    assert type(model) is Functional and issubclass(Sequential, Model)
    assert model.input_names == [image.node.layer.name]

    class Net(Model):
        def __init__(self):
            start = Input((3,))
            super().__init__(start, Dense(2)(start))

    assert Net().name.startswith("net") and Net().count_params() == 8


def test_config_round_trip():
    model = branches()
    settings = json.loads(json.dumps(model.get_config()))
    twin = Model.from_config(settings, {"Halves": Halves, "Weighted": Weighted})
    assert json.loads(json.dumps(twin.get_config())) == settings
    assert [layer.name for layer in twin.layers] == [layer.name for layer in model.layers]
    randomize(model)
    twin.set_weights(model.get_weights())
    for one, other in zip(twin(inputs()), model(inputs()), strict=True):
        assert_same_bits(one, other)
    with pytest.raises(ValueError, match=r"must name layers of convlet.*got 'Weighted'"):
        Model.from_config(settings)


def small_config(**changes):
    image = Input((3,), name="image")
    config = json.loads(json.dumps(Model(image, Dense(2, name="d")(image)).get_config()))
    return {**config, **changes}


def test_damaged_configurations():
    config = small_config()
    config["layers"][1]["inbound_nodes"][0]["args"][0]["config"]["keras_history"][1] = 5
    with pytest.raises(ValueError, match=r"config must connect all layers, got none .* to d"):
        Model.from_config(config)
    config["layers"][1]["inbound_nodes"][0]["args"][0]["config"]["keras_history"][0] = "who"
    with pytest.raises(ValueError, match="must describe the layer 'who'"):
        Model.from_config(config)
    config = small_config()
    config["layers"][1] = config["layers"][0]
    with pytest.raises(ValueError, match="name each layer once, got 'image' twice"):
        Model.from_config(config)


A, B = Input((2,), name="a"), Input((3,), name="b")
SHAPE = r"a must have shape \(None, 2\)"


@pytest.mark.parametrize(
    ("build", "error", "message"),
    [
        (lambda: Model(3, A), TypeError, "inputs must be a KerasTensor, or a list or dict"),
        (lambda: Model(A, Dense(2)), TypeError, "outputs must be a KerasTensor"),
        (lambda: Model([], A), TypeError, "inputs must be a KerasTensor"),
        (lambda: Model([A, A], Dense(2)(A)), ValueError, "inputs must have each KerasTensor once"),
        (lambda: Model(A, Dense(2)(B)), ValueError, "outputs must depend on inputs alone"),
        (
            lambda: Model(A, Dense(2, name="x")(Dense(2, name="x")(A))),
            ValueError,
            "every layer must have a name of its own, got 'x' twice",
        ),
        (lambda: Dense(2)([A, B]), ValueError, "x must be one input, got 2"),
        (lambda: Add()([A, np.ones((1, 2))]), TypeError, "all inputs must be KerasTensors"),
        (lambda: Conv2D(2, 3)(A), ValueError, "must have 4 axes"),
        (lambda: np.asarray(A), TypeError, "a has no values"),
        (lambda: bool(A), TypeError, "a has no values, hence no truth"),
        (lambda: list(A), TypeError, "no values|not iterable"),
        (
            lambda: Model(A, Dense(2)(A))(np.ones((1, 4))),
            ValueError,
            r"a must have shape \(None, 2\)",
        ),
        (lambda: Model(A, Dense(2)(A))(np.ones(2)), ValueError, SHAPE),
        (lambda: Model([A, B], Dense(2)(A))(np.ones((1, 2))), ValueError, "x must be 2 arrays"),
        (lambda: Model([A, B], Dense(2)(A))({"a": 1}), ValueError, "x must have a 'b'"),
    ],
)
def test_errors(build, error, message):
    with pytest.raises(error, match=message):
        build()


def test_layers_of_one_network_are_no_others():
    """A failed graph leaves layers that work."""
    dense = Dense(2)
    with pytest.raises(ValueError):
        Model(B, dense(A))
    assert dense(np.ones((1, 2))).shape == (1, 2)
