"""What all layers share: names, casting, building, weights, configurations."""

import json
import threading

import numpy as np
import pytest

from convlet import config, layers
from convlet.layers import Activation, Conv2D, Dense, Dropout, Flatten, Layer, Pullback

MADE = [
    (lambda **k: Conv2D(4, 3, padding="same", activation="relu", **k), (None, 6, 6, 2)),
    (lambda **k: Conv2D(4, (2, 3), strides=2, padding=((1, 0), (2, 1)), **k), (None, 6, 6, 2)),
    (lambda **k: Conv2D(4, 3, groups=2, use_bias=False, **k), (None, 6, 6, 2)),
    (lambda **k: layers.MaxPooling2D(**k), (None, 6, 6, 2)),
    (lambda **k: layers.AveragePooling2D(3, 2, "same", **k), (None, 6, 6, 2)),
    (lambda **k: Dense(3, "softmax", kernel_initializer="he_normal", **k), (None, 5)),
    (lambda **k: Flatten(**k), (None, 2, 3)),
    (lambda **k: Dropout(0.5, (None, 1), 7, **k), (None, 3)),
    (lambda **k: Activation("tanh", **k), (None, 3)),
]


class Scale(Layer):
    """A layer as a user writes one."""

    def build(self, input_shape):
        self.factor = self.add_weight(input_shape[-1:], "ones", name="factor")

    def compute_output_shape(self, input_shape):
        return input_shape

    def vjp(self, x, training=False):
        return self.factor.value * x, Pullback(lambda dy, needs_dx: (dy, [dy[0]]))


class ScaleAndShift(Scale):
    def build(self, input_shape):
        super().build(input_shape)
        assert not self.built
        self.shift = self.add_weight((), "zeros", name="shift")


@pytest.mark.parametrize(("make", "shape"), MADE)
def test_config_round_trip(make, shape):
    layer = make(name="mine", dtype="float64", trainable=False)
    settings = layer.get_config()
    again = type(layer).from_config(json.loads(json.dumps(settings)))
    assert again.get_config() == settings
    assert (again.name, again.dtype, again.trainable) == ("mine", "float64", False)
    assert again.compute_output_shape(shape) == layer.compute_output_shape(shape)


@pytest.mark.parametrize(("make", "shape"), MADE)
@pytest.mark.parametrize("batch", [0, 3])
def test_shapes_dtypes_and_empty_batches(make, shape, batch, dtype):
    layer = make(dtype=dtype)
    x = np.ones((batch, *shape[1:]), dtype)
    layer.ensure_built(x.shape)
    assert layer.input_shape == shape
    for training in (False, True):
        y, pullback = layer.vjp(x, training)
        assert y.shape == layer.compute_output_shape(x.shape)
        dx, grads = pullback(np.ones_like(y))
        assert (y.dtype, dx.dtype, dx.shape) == (dtype, dtype, x.shape)
        assert [g.shape for g in grads] == [w.shape for w in layer.trainable_weights]


def test_names_are_numbered_by_class():
    first, second = Dense(1), Dense(1)
    assert second.name == f"dense_{int(first.name.rpartition('_')[2] or 0) + 1}"
    assert Conv2D(1, 1, name="edge").name == "edge"
    with pytest.raises(ValueError, match="name must be a str without '/', got 'a/b'"):
        Dense(1, name="a/b")


def test_element_types():
    assert Dense(1).dtype == Dense(1).compute_dtype == "float32"
    assert Dense(1, dtype=np.float64).dtype == "float64"
    config.set_floatx("float64")
    try:
        assert Dense(1).dtype == "float64"
    finally:
        config.set_floatx("float32")
    with pytest.raises(ValueError, match='dtype must be "float32" or "float64", got'):
        Dense(1, dtype="float16")


@pytest.mark.parametrize("kind", ["<f4", ">f4", "f8", "f2", "i8", "u1", "?"])
def test_real_numbers_are_cast(kind):
    layer = Dense(2, kernel_initializer="ones")
    y = layer(np.ones((1, 3), kind))
    assert y.dtype == "float32" and y.tolist() == [[3, 3]]


def test_what_is_no_array_of_real_numbers():
    layer = Dense(2, name="dense_a")
    for x, message in (
        (np.ones((1, 3), complex), "dense_a: x must be real numbers, got complex128"),
        (np.array([["a"]]), "dense_a: x must be real numbers, got <U1"),
        (np.ma.masked_array([[1.0]], [[True]]), "dense_a: x must have no mask"),
        (layers.InputLayer((3,)), "dense_a: x must be an array, got the layer <InputLayer"),
    ):
        with pytest.raises(TypeError, match=message):
            layer(x)
    with pytest.raises(TypeError, match="training must be True or False, got 1"):
        layer(np.ones((1, 3)), training=1)
    assert not layer.built


def test_build_by_hand():
    layer = Dense(2, name="by_hand")
    with pytest.raises(ValueError, match="by_hand has no weights to count before it is built"):
        layer.count_params()
    layer.build((None, 3))
    assert layer.built and layer.count_params() == 8 and layer.output_shape == (None, 2)
    kernel = layer.kernel
    layer(np.ones((1, 3)))
    assert layer.kernel is kernel
    with pytest.raises(ValueError, match="by_hand is built: it takes no further weight"):
        layer.build((None, 3))
    assert layer.kernel is kernel and len(layer.weights) == 2
    with pytest.raises(TypeError, match="input_shape must be a tuple of sizes, N first, got 3"):
        Dense(2).build(3)


def test_a_failed_build_leaves_nothing():
    values = iter([np.zeros(2), np.ones(3)])
    layer = Dense(3, bias_initializer=lambda shape, dtype: next(values), name="failing")
    with pytest.raises(
        ValueError, match=r"initializer of bias must return shape \(3,\), got \(2,\)"
    ):
        layer(np.ones((1, 2)))
    assert not layer.built and layer.weights == []
    layer(np.ones((1, 2)))
    assert [w.path for w in layer.weights] == ["failing/kernel", "failing/bias"]
    assert layer.bias.dtype == "float32"  # whatever the initializer returned


def test_a_build_on_top_of_another():
    layer = ScaleAndShift()
    layer(np.ones((2, 3)))
    assert [w.name for w in layer.weights] == ["factor", "shift"]


def test_weights_made_by_the_constructor_stay():
    class Biased(Scale):
        def __init__(self):
            super().__init__()
            self.offset = self.add_weight((2,), "zeros", trainable=False, name="offset")

    layer = Biased()
    layer(np.ones((1, 3)))
    assert [w.name for w in layer.weights] == ["factor", "offset"]
    assert [w.name for w in layer.non_trainable_weights] == ["offset"]
    layer.trainable = False
    assert [w.name for w in layer.weights] == ["factor", "offset"]


def test_many_threads_build_once():
    made = []

    def slow(shape, dtype):
        made.append(threading.get_ident())
        return np.ones(shape)

    layer = Dense(2, kernel_initializer=slow)
    start, outputs = threading.Barrier(4), []

    def run():
        start.wait()
        outputs.append(layer(np.ones((1, 3))))

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 1 and len(layer.weights) == 2
    assert all(y.tolist() == [[3, 3]] for y in outputs)


def test_weights_are_copied_out_and_in():
    layer = Dense(2)
    layer.build((None, 3))
    kernel, bias = layer.get_weights()
    kernel[...] = 7
    assert not (layer.kernel.value == 7).any()
    layer.set_weights([kernel, bias])
    kernel[...] = 8
    assert (layer.kernel.value == 7).all()
    with pytest.raises(ValueError, match="read-only"):
        layer.kernel.value[...] = 0


@pytest.mark.parametrize(
    ("weights", "error", "message"),
    [
        ([np.zeros((3, 2))], ValueError, "weights must be 2 arrays for d, got 1"),
        ([np.zeros((3, 2)), np.zeros(3)], ValueError, r"d/bias: value must .* \(2,\), got \(3,\)"),
        ([np.zeros((3, 2)), np.zeros(2, complex)], TypeError, "d/bias: value must be real numbers"),
    ],
)
def test_set_weights_replaces_all_or_none(weights, error, message):
    layer = Dense(2, name="d", kernel_initializer="ones")
    with pytest.raises(ValueError, match="it has none before it is built"):
        layer.set_weights(weights)
    layer.build((None, 3))
    with pytest.raises(error, match=message):
        layer.set_weights(weights)
    assert (layer.kernel.value == 1).all() and layer.kernel.version == 0


@pytest.mark.parametrize("make", [lambda: Dense(2), lambda: Conv2D(2, 1)])
def test_gradients_stand_in_the_order_of_trainable_weights(make):
    layer = make()
    x = np.ones((2, 3) if isinstance(layer, Dense) else (2, 4, 4, 3), np.float32)
    y = layer(x)
    for frozen in ((), ("kernel",), ("bias",), ("kernel", "bias")):
        for name in ("kernel", "bias"):
            getattr(layer, name).trainable = name not in frozen
        _, grads = layer.vjp(x)[1](np.ones_like(y))
        assert [g.shape for g in grads] == [w.shape for w in layer.trainable_weights]
        assert len(grads) == 2 - len(frozen) and len(layer.weights) == 2
    layer.trainable = False
    assert layer.vjp(x)[1](np.ones_like(y))[1] == layer.trainable_weights == []


def test_input_shape_is_checked():
    assert Dense(1, input_shape=(5,))._declared_shape == (None, 5)
    with pytest.raises(TypeError, match="input_shape must be a tuple of sizes, without N, got 28"):
        Conv2D(1, 1, input_shape=28)
    with pytest.raises(ValueError, match="input_shape must be at least 1, got 0"):
        Conv2D(1, 1, input_shape=(0, 28, 1))


def test_keras_names():
    assert layers.Convolution2D is Conv2D
    assert layers.MaxPool2D is layers.MaxPooling2D and layers.AvgPool2D is layers.AveragePooling2D
    for name in layers.__all__:
        assert hasattr(layers, name)
