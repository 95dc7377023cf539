"""Models and weights that Keras wrote are read here, and weights that convlet wrote, there."""

import warnings

import keras
import numpy as np
import pytest

import convlet
from comparison import assert_same_bits
from convlet import models
from tally import agreed

TOLERANCE = 2e-6  # of the outputs, which are probabilities or of about that size


def convolutions(layers):
    return [
        layers.Conv2D(4, 3, activation="relu", padding="same", kernel_initializer="he_normal"),
        layers.DepthwiseConv2D((3, 2), depth_multiplier=2, strides=(1, 1), padding="same"),
        layers.SeparableConv2D(6, 3, depth_multiplier=2, activation="gelu", use_bias=False),
        layers.Conv2DTranspose(3, 3, strides=2, padding="same", activation="tanh"),
        layers.Conv2D(4, 3, dilation_rate=2, groups=1),
        layers.MaxPooling2D(2),
        layers.GlobalAveragePooling2D(),
        layers.Dense(3, activation="softmax"),
    ]


def lecture(layers):
    return [
        layers.Conv2D(8, kernel_size=(3, 3), activation="relu"),
        layers.Conv2D(6, (3, 3), activation="relu", name="second"),
        layers.MaxPooling2D(pool_size=(2, 2)),
        layers.Dropout(0.25, seed=1),
        layers.Flatten(),
        layers.Dense(16, activation="relu"),
        layers.Dropout(0.5),
        layers.Dense(3, activation="softmax", name="last"),
    ]


def shapes(layers):
    return [
        layers.ZeroPadding2D(((1, 2), (0, 1))),
        layers.Conv2D(3, 2, strides=2),
        layers.UpSampling2D((2, 3), interpolation="bilinear"),
        layers.Cropping2D(1),
        layers.AveragePooling2D(3, strides=1, padding="same"),
        layers.Activation("silu"),
        layers.Flatten(),
        layers.Dense(3),
    ]


def normalised(layers):
    return [
        layers.Conv2D(8, 3, use_bias=False),
        layers.BatchNormalization(momentum=0.9, epsilon=1e-4),
        layers.Activation("relu"),
        layers.LayerNormalization(),
        layers.Conv2D(6, 3),
        layers.GroupNormalization(3),
        layers.BatchNormalization(scale=False),
        layers.Flatten(),
        layers.Dense(3, activation="softmax"),
    ]


def signals(layers):
    return [
        layers.Conv1D(4, 3, padding="causal", dilation_rate=2),
        layers.DepthwiseConv1D(3),
        layers.SeparableConv1D(5, 2),
        layers.MaxPooling1D(2),
        layers.Conv1DTranspose(3, 2, strides=2),
        layers.ZeroPadding1D(1),
        layers.UpSampling1D(2),
        layers.Cropping1D(1),
        layers.AveragePooling1D(2),
        layers.GlobalMaxPooling1D(),
        layers.Dense(3),
    ]


def volumes(layers):
    return [
        layers.Conv3D(3, 2),
        layers.Conv3DTranspose(2, 2),
        layers.MaxPooling3D(2),
        layers.UpSampling3D(2),
        layers.ZeroPadding3D(1),
        layers.Cropping3D(1),
        layers.GlobalAveragePooling3D(),
        layers.Dense(3),
    ]


def augmented(layers):
    return [
        layers.RandomFlip("horizontal"),
        layers.RandomRotation(0.1, fill_mode="constant"),
        layers.RandomZoom(0.2),
        layers.Conv2D(4, 3, activation="mish", kernel_constraint="max_norm"),
        layers.RandomTranslation(0.1, (0.0, 0.2)),
        layers.CenterCrop(5, 5),
        layers.RandomContrast(0.2, value_range=(-9, 9)),
        layers.RandomBrightness(0.2, value_range=(-9, 9)),
        layers.ActivityRegularization(0.01),
        layers.Flatten(),
        layers.Dense(3, activation="log_softmax", activity_regularizer="l2"),
    ]


NETWORKS = {
    "augmented": (augmented, (9, 8, 2)),
    "lecture": (lecture, (12, 12, 1)),
    "convolutions": (convolutions, (13, 12, 3)),
    "shapes": (shapes, (9, 8, 2)),
    "normalised": (normalised, (9, 8, 2)),
    "signals": (signals, (24, 3)),
    "volumes": (volumes, (7, 6, 8, 2)),
}


def sequential(library, name):
    """A model of one of the libraries: the same in both."""
    parts, shape = NETWORKS[name]
    layers = parts(library.layers)
    inner = library.Sequential(layers[2:4], name="inner")
    return library.Sequential([library.Input(shape), *layers[:2], inner, *layers[4:]])


def filled(model, seed=3):
    rng = np.random.default_rng(seed)
    for weight in model.weights:
        values = rng.normal(0, 0.3, weight.shape)
        weight.assign(np.abs(values) + 0.5 if "variance" in weight.name else values)
    return model


def samples(name, count=5):
    return np.random.default_rng(1).standard_normal((count, *NETWORKS[name][1])).astype("float32")


def check(model, theirs, x, what):
    difference = np.abs(model.predict(x, verbose=0) - theirs.predict(x, verbose=0)).max()
    assert difference <= TOLERANCE
    agreed("keras", "files", what)


@pytest.mark.parametrize("name", NETWORKS)
def test_models_of_keras(name, tmp_path):
    theirs = filled(sequential(keras, name))
    theirs.save(tmp_path / "m.keras")
    model = models.load_model(tmp_path / "m.keras")
    assert [layer.name for layer in model.layers] == [layer.name for layer in theirs.layers]
    for own, other in zip(model.get_weights(), theirs.get_weights(), strict=True):
        assert_same_bits(own, other)
    check(model, theirs, samples(name), f"{name}.keras")
    model.save(tmp_path / "own.keras")  # from there on it is convlet's
    check(models.load_model(tmp_path / "own.keras"), theirs, samples(name), f"{name}, saved again")


@pytest.mark.parametrize("name", NETWORKS)
def test_weights_there_and_back(name, tmp_path):
    path = tmp_path / "w.weights.h5"
    model, theirs = sequential(convlet, name), filled(sequential(keras, name))
    model.build((None, *NETWORKS[name][1]))
    theirs.save_weights(path)
    model.load_weights(path)
    check(model, theirs, samples(name), f"{name}.weights.h5 of Keras's")
    filled(model, seed=4).save_weights(path)
    theirs.load_weights(path)
    for own, other in zip(model.get_weights(), theirs.get_weights(), strict=True):
        assert_same_bits(own, other)
    check(model, theirs, samples(name), f"{name}.weights.h5 of convlet's")


def residual(library):
    """A ResNet's block with a projection, a shared layer, and an Inception's branches."""
    layers = library.layers
    image = library.Input((10, 10, 3), name="image")
    shared = layers.Conv2D(4, 3, padding="same", activation="relu", name="again")
    x = shared(layers.Conv2D(4, 1)(image))
    x = layers.Add()([shared(x), layers.Conv2D(4, 1)(image)])
    parts = [layers.Conv2D(2, 1)(x), layers.Conv2D(3, 3, padding="same")(x), x]
    x = layers.Concatenate()([*parts, layers.MaxPooling2D(3, strides=1, padding="same")(x)])
    inner = library.Sequential(
        [library.Input((10, 10, 13)), layers.Conv2D(3, 3), layers.Dropout(0.1)]
    )
    x = layers.Maximum()([inner(x), inner(layers.Activation("tanh")(x))])
    return library.Model(image, layers.Dense(3, activation="softmax")(layers.Flatten()(x)))


def two_of_each(library):
    """Several inputs and outputs, and a model within."""
    layers = library.layers
    left, right = library.Input((6, 6, 2), name="left"), library.Input((6, 6, 2), name="right")
    inside = library.Input((6, 6, 2))
    inner = library.Model(
        inside, layers.Conv2D(3, 3)(layers.ZeroPadding2D(1)(inside)), name="inner"
    )
    mixed = layers.Multiply()([inner(left), inner(right)])
    return library.Model(
        [left, right],
        [layers.Flatten()(mixed), layers.GlobalMaxPooling2D()(inner(left)), inner(right)],
    )


GRAPHS = {residual: [(10, 10, 3)], two_of_each: [(6, 6, 2), (6, 6, 2)]}


@pytest.mark.parametrize("network", GRAPHS)
def test_graphs(network, tmp_path):
    rng = np.random.default_rng(5)
    x = [rng.standard_normal((4, *shape)).astype("float32") for shape in GRAPHS[network]]
    x = x if len(x) > 1 else x[0]
    theirs = filled(network(keras))
    expected = theirs.predict(x, verbose=0)

    def check_all(model):
        found = model.predict(x, verbose=0)
        pairs = (
            zip(found, expected, strict=True) if isinstance(found, list) else [(found, expected)]
        )
        for one, other in pairs:
            assert np.abs(one - other).max() <= 4 * TOLERANCE

    theirs.save(tmp_path / "m.keras")
    check_all(models.load_model(tmp_path / "m.keras"))
    theirs.save_weights(tmp_path / "w.weights.h5")
    model = network(convlet)
    model.load_weights(tmp_path / "w.weights.h5")
    check_all(model)
    model.save(tmp_path / "own.keras")
    check_all(models.load_model(tmp_path / "own.keras"))
    model.save_weights(tmp_path / "w.weights.h5")
    other = network(keras)
    other.load_weights(tmp_path / "w.weights.h5")
    check_all(other)
    agreed("keras", "files", network.__name__)


OPTIMIZERS = [
    lambda library: library.optimizers.Adam(0.01, amsgrad=True),
    lambda library: library.optimizers.SGD(0.05, momentum=0.9, clipnorm=1.0),
    lambda library: library.optimizers.RMSprop(0.002),
    lambda library: library.optimizers.Adadelta(1.0, weight_decay=0.001),
    lambda library: "adam",
    lambda library: library.optimizers.AdamW(library.optimizers.schedules.CosineDecay(0.01, 9)),
    lambda library: library.optimizers.Nadam(use_ema=True, ema_momentum=0.9),
    lambda library: library.optimizers.Adagrad(),
    lambda library: library.optimizers.Lion(0.001),
    lambda library: library.optimizers.Adamax(gradient_accumulation_steps=2),
]
LOSSES = [
    lambda library: "categorical_crossentropy",
    lambda library: library.losses.CategoricalCrossentropy(label_smoothing=0.1),
    lambda library: library.losses.categorical_crossentropy,
]


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_training_goes_on(optimizer, loss, tmp_path):
    """The optimizer's state comes along: the next steps are Keras's."""
    theirs = filled(keras.Sequential([keras.Input((4,)), *lecture(keras.layers)[5:6:], *tail()]))
    theirs.compile(
        optimizer(keras),
        loss(keras),
        metrics=["accuracy", keras.metrics.BinaryAccuracy(threshold=0.4)],
    )
    rng = np.random.default_rng(2)
    x, y = rng.standard_normal((8, 4)).astype("float32"), np.eye(3)[rng.integers(0, 3, 8)]
    for _ in range(3):
        theirs.train_on_batch(x, y)
    theirs.save(tmp_path / "m.keras")
    model = models.load_model(tmp_path / "m.keras")
    assert int(model.optimizer.iterations.value) == int(theirs.optimizer.iterations)
    for _ in range(3):
        found, expected = model.train_on_batch(x, y), theirs.train_on_batch(x, y)
        assert not np.abs(np.subtract(found, expected)).max() > 1e-5
    for own, other in zip(model.get_weights(), theirs.get_weights(), strict=True):
        assert np.abs(own - other).max() <= 2e-5
    agreed("keras", "files", f"training goes on {optimizer(keras)} {loss(keras)}")


@pytest.mark.parametrize("by_name", [False, True])
def test_training_of_several_outputs_goes_on(by_name, tmp_path):
    theirs = filled(two_of_each(keras))
    names = theirs.output_names
    loss, weights = ["mse", keras.losses.MeanAbsoluteError(), "mse"], [1.0, 0.5, 0.25]
    if by_name:
        loss, weights = dict(zip(names, loss, strict=True)), dict(zip(names, weights, strict=True))
    theirs.compile("adam", loss, loss_weights=weights)
    rng = np.random.default_rng(3)
    x = [rng.standard_normal((4, 6, 6, 2)).astype("float32") for _ in range(2)]
    y = [np.zeros_like(part) for part in theirs.predict(x, verbose=0)]
    targets = dict(zip(names, y, strict=True)) if by_name else y
    theirs.train_on_batch(x, targets)
    theirs.save(tmp_path / "m.keras")
    model = models.load_model(tmp_path / "m.keras")
    found, expected = model.train_on_batch(x, targets), theirs.train_on_batch(x, targets)
    assert not abs(np.ravel(found)[0] - np.ravel(expected)[0]) > 1e-5
    for own, other in zip(model.get_weights(), theirs.get_weights(), strict=True):
        assert np.abs(own - other).max() <= 2e-5
    agreed("keras", "files", f"several outputs go on, by name: {by_name}")


def tail():
    return [keras.layers.Dense(3, activation="softmax")]


def test_frozen_layers_stay_frozen(tmp_path):
    theirs = sequential(keras, "lecture")
    theirs.layers[0].trainable = False
    theirs.save(tmp_path / "m.keras")
    model = models.load_model(tmp_path / "m.keras")
    assert not model.layers[0].trainable
    assert len(model.trainable_weights) == len(theirs.trainable_weights)


def test_not_built(tmp_path):
    with pytest.warns(UserWarning, match="has not yet been built"):
        keras.Sequential([keras.layers.Dense(2)]).save(tmp_path / "m.keras")
    assert not models.load_model(tmp_path / "m.keras").built


UNKNOWN = [
    (lambda layers: layers.LSTM(2), (5, 3), "convlet has no layer 'LSTM'"),
    (lambda layers: layers.Lambda(lambda x: x), (3,), "convlet has no layer 'Lambda'"),
    (lambda layers: layers.Dense(2, dtype="mixed_float16"), (3,), "dtype must be one of float32"),
]


@pytest.mark.parametrize(("make", "shape", "text"), UNKNOWN)
def test_what_convlet_has_not(make, shape, text, tmp_path):
    theirs = keras.Sequential([keras.Input(shape), make(keras.layers)])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a Lambda's own
        theirs.save(tmp_path / "m.keras")
    with pytest.raises(ValueError, match=text):
        models.load_model(tmp_path / "m.keras")


def test_a_loss_that_convlet_has_not(tmp_path):
    theirs = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])
    theirs.compile("adam", keras.losses.CTC(), loss_weights=[2.0])
    theirs.save(tmp_path / "m.keras")
    with pytest.warns(UserWarning, match="is not compiled"):
        model = models.load_model(tmp_path / "m.keras")
    assert model.optimizer is None
    check(model, theirs, np.ones((2, 3), "float32"), "not compiled")
    assert models.load_model(tmp_path / "m.keras", compile=False).optimizer is None
