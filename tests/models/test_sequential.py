"""Sequential: its layers, when it is built, what it refuses, its weights and configuration."""

import threading

import numpy as np
import pytest

from comparison import assert_same_bits
from convlet import Sequential, Variable
from convlet.layers import (
    Conv2D,
    Dense,
    Dropout,
    Flatten,
    Input,
    Layer,
    MaxPooling2D,
    Pullback,
)


def layers():
    return [Conv2D(3, 3, activation="relu"), MaxPooling2D(2), Flatten(), Dense(4)]


SHAPE = (8, 7, 2)


def test_input_shape_is_known_in_four_ways(rng):
    x = rng.standard_normal((5, *SHAPE)).astype("float32")
    declared = [Conv2D(3, 3, activation="relu", input_shape=SHAPE), *layers()[1:]]
    by_hand, by_call = Sequential(layers()), Sequential(layers())
    by_hand.build((None, *SHAPE))
    by_call(x)
    for model in (Sequential([Input(SHAPE), *layers()]), Sequential(declared), by_hand, by_call):
        assert model.built
        assert model.input_shape == (None, *SHAPE)
        assert model.output_shape == (None, 4)
        assert model.count_params() == (9 * 2 + 1) * 3 + (3 * 2 * 3 + 1) * 4
        assert len(model.layers) == 4
        assert model(x).shape == (5, 4)


def test_before_it_is_built():
    model = Sequential(layers())
    assert not model.built
    assert model.weights == []
    with pytest.raises(AttributeError, match="no input_shape before it is built"):
        _ = model.output_shape
    with pytest.raises(ValueError, match="before it is built"):
        model.count_params()
    with pytest.raises(ValueError, match="input_shape must be given"):
        model.build()


def test_add_and_pop():
    model = Sequential()
    model.add(Input(SHAPE))
    for layer in layers():
        model.add(layer)
    assert model.output_shape == (None, 4)
    last = model.layers[-1]
    assert model.pop() is last
    assert model.output_shape == (None, 18)
    assert model.count_params() == 57
    model.add(Dense(2))
    assert model.output_shape == (None, 2)
    for _ in range(4):
        model.pop()
    with pytest.raises(ValueError, match="no layer to remove"):
        model.pop()


def test_layers_is_a_copy():
    model = Sequential(layers())
    model.layers.clear()
    assert len(model.layers) == 4


@pytest.mark.parametrize("known", [True, False], ids=["built", "deferred"])
def test_a_layer_that_cannot_be_added_leaves_the_model_as_it_was(known, rng):
    x = rng.standard_normal((2, *SHAPE)).astype("float32")
    model = Sequential([*([Input(SHAPE)] if known else []), *layers()])
    expected = model(x)
    for wrong in (Conv2D(2, 3), Dense(3, name=model.layers[3].name), Input((3,))):
        with pytest.raises(ValueError):
            model.add(wrong)
        assert len(model.layers) == 4
        assert model.built
        assert_same_bits(model(x), expected)


@pytest.mark.parametrize(
    "build, message",
    [
        (lambda: Sequential([3]), "layer must be a Layer, got 3"),
        (lambda: Sequential().add("conv"), "layer must be a Layer, got 'conv'"),
        (lambda: Sequential([Dense(2, name="a"), Dense(2, name="a")]), "another 'a'"),
        (lambda: Sequential([Dense(2), Input((3,))]), "Input must come first"),
        (lambda: Sequential([Input((3,)), Input((3,))]), "Input must come first"),
        (lambda: Sequential([Input((4,)), Conv2D(2, 3)]), "must have 4 axes"),
        (lambda: Sequential()(np.zeros((1, 2))), "has no layers"),
        (lambda: Sequential([Input((2,))])(np.zeros((1, 2))), "has no layers"),
        (lambda: Sequential().build((None, 2)), "has no layers"),
        (lambda: Sequential(name="a/b"), "name must be"),
        (lambda: Sequential([Input((3,)), Dense(2)])(np.zeros((1, 4))), "3 elements"),
        (lambda: Sequential([Input((3,)), Dense(2)])(["a"]), "real numbers"),
    ],
)
def test_errors(build, message):
    with pytest.raises((ValueError, TypeError), match=message):
        build()


def test_a_refused_input_builds_no_layer():
    model = Sequential([Conv2D(2, 3), Flatten(), Dense(2)])
    with pytest.raises(ValueError):
        model(np.zeros((1, 2, 2, 5)))
    assert not any(layer.built for layer in model.layers[:1])
    assert model(np.zeros((1, 8, 8, 1))).shape == (1, 2)


def test_get_layer():
    first, second = Dense(2, name="first"), Dense(3, name="second")
    model = Sequential([first, second])
    assert model.get_layer("second") is second
    assert model.get_layer(index=0) is first
    assert model.get_layer(index=-1) is second
    with pytest.raises(ValueError, match="first, second, got 'third'"):
        model.get_layer("third")
    with pytest.raises(ValueError, match="index must be below 2, got 2"):
        model.get_layer(index=2)
    with pytest.raises(ValueError, match="give name or index"):
        model.get_layer()


def test_weights_are_the_layers_in_order():
    model = Sequential([Input(SHAPE), Conv2D(3, 3, name="a"), Flatten(), Dense(4, name="b")])
    paths = ["a/kernel", "a/bias", "b/kernel", "b/bias"]
    assert [weight.path for weight in model.weights] == paths
    assert [weight.path for weight in model.trainable_weights] == paths
    copies = [weight + 1 for weight in model.get_weights()]
    model.set_weights(copies)
    for weight, copy in zip(model.get_weights(), copies, strict=True):
        assert_same_bits(weight, copy)
    with pytest.raises(ValueError, match="weights must be 4 arrays"):
        model.set_weights(copies[:3])


def test_trainable_is_passed_on_to_layers():
    model = Sequential([Input((3,)), Dense(2, name="a"), Dense(2, name="b")])
    model.trainable = False
    assert not any(layer.trainable for layer in model.layers)
    assert model.trainable_weights == []
    assert len(model.non_trainable_weights) == len(model.weights) == 4
    model.trainable = True
    model.layers[0].trainable = False
    assert [weight.path for weight in model.trainable_weights] == ["b/kernel", "b/bias"]
    assert [weight.path for weight in model.non_trainable_weights] == ["a/kernel", "a/bias"]
    assert [weight.path for weight in model.weights] == [
        *("a/kernel", "a/bias"),
        *("b/kernel", "b/bias"),
    ]


def test_layers_compute_in_their_own_types(rng):
    x = rng.standard_normal((3, 5))
    model = Sequential([Dense(4, dtype="float64"), Dense(2, dtype="float32")])
    assert model(x).dtype == np.float32
    y, pullback = model.vjp(x)
    dx, grads = pullback(np.ones_like(y))
    assert dx.dtype == np.float64
    assert [grad.dtype.name for grad in grads] == ["float64"] * 2 + ["float32"] * 2


def test_integers_and_bools_are_converted():
    model = Sequential([Input((3,)), Dense(2)])
    x = np.array([[0, 1, 1]])
    expected = model(x.astype(np.float32))
    for kind in ("int64", "uint8", "bool", "float64", ">f4"):
        assert_same_bits(model(x.astype(kind)), expected)


def test_several_python_threads_at_once(rng):
    x = rng.standard_normal((4, 12, 12, 3)).astype("float32")
    model = Sequential([Conv2D(8, 3, activation="relu"), Flatten(), Dense(5)])  # builds, too
    results = []

    def work():
        results.extend(model(x) for _ in range(20))

    workers = [threading.Thread(target=work) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert len(results) == 80
    for result in results:
        assert_same_bits(result, results[0])


def test_random_states_are_variables():
    model = Sequential([Input((4,)), Dropout(0.5, seed=1), Dense(2)])
    assert len(model.weights) == 2
    assert [v.name for v in model.variables] == ["seed", "passes", "kernel", "bias"]
    model(np.ones((1, 4)), training=True)
    model(np.ones((1, 4)))
    assert [int(v.value) for v in model.variables if v.name == "passes"] == [1]


def test_config_round_trip(rng):
    model = Sequential(
        [
            Conv2D(3, (3, 2), strides=2, padding="same", activation="relu", input_shape=SHAPE),
            Sequential([Flatten(), Dropout(0.2, seed=3)], name="inner"),
            Dense(4, activation="softmax", use_bias=False),
        ],
        name="outer",
        trainable=False,
    )
    twin = Sequential.from_config(model.get_config())
    assert twin.get_config() == model.get_config()
    assert twin.output_shape == model.output_shape
    assert not twin.trainable
    assert twin.layers[0].trainable
    twin.set_weights(model.get_weights())
    x = rng.standard_normal((2, *SHAPE)).astype("float32")
    assert_same_bits(twin(x), model(x))


@pytest.mark.parametrize("name", ["Nothing", "Pullback", "Input", "__doc__"])
def test_config_of_something_else(name):
    config = {"layers": [{"class_name": name, "config": {}}]}
    with pytest.raises(ValueError, match="layers of convlet, or of custom_objects"):
        Sequential.from_config(config)


def test_a_layer_of_ones_own():
    class Scale(Layer):
        def build(self, input_shape):
            self.factor = self.add_weight(
                (), lambda shape, dtype: np.ones(shape, dtype), name="factor"
            )

        def compute_output_shape(self, input_shape):
            return input_shape

        def vjp(self, x, training=False):
            factor = self.factor.value

            def gradients(dy, needs_dx):
                return factor * dy, [np.array((x * dy).sum())]

            return factor * x, Pullback(gradients)

    model = Sequential([Input((2,)), Scale(), Dense(1, kernel_initializer="ones")])
    assert isinstance(model.weights[0], Variable)
    x = np.array([[1.0, 2.0]], np.float32)
    assert model(x) == 3
    _, pullback = model.vjp(x)
    dx, grads = pullback(np.ones((1, 1), np.float32))
    assert dx.tolist() == [[1, 1]]
    assert [grad.tolist() for grad in grads] == [3, [[1], [2]], [1]]
    model.layers[0].trainable = False  # its gradient, which it computes nevertheless, is dropped
    assert len(model.vjp(x)[1](np.ones((1, 1), np.float32))[1]) == 2
