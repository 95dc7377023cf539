"""A model comes out of its file as it went in, and goes on learning bit for bit."""

import importlib
import inspect
import json
import zipfile
from pathlib import Path

import numpy as np
import pytest

from comparison import assert_same_bits
from convlet import (
    Model,
    Sequential,
    backend,
    layers,
    losses,
    metrics,
    models,
    optimizers,
    saving,
    utils,
)
from convlet.callbacks import ModelCheckpoint
from saved_models import SHAPE, compiled_model, samples, small_model, state, trained_model

OPTIMIZERS = [
    optimizers.SGD(0.1, momentum=0.9, nesterov=True),
    optimizers.Adadelta(1.0),
    optimizers.RMSprop(centered=True, momentum=0.5),
    optimizers.Adam(weight_decay=0.01),
    optimizers.Adagrad(optimizers.schedules.ExponentialDecay(0.1, 2, 0.5)),
    optimizers.AdamW(optimizers.schedules.CosineDecay(0.01, 5, warmup_target=0.02, warmup_steps=2)),
    optimizers.Adamax(use_ema=True, ema_momentum=0.9, ema_overwrite_frequency=4),
    optimizers.Lion(optimizers.schedules.PiecewiseConstantDecay([2, 4], [0.1, 0.01, 0.001])),
    optimizers.Nadam(gradient_accumulation_steps=2),
    optimizers.SGD(optimizers.schedules.PolynomialDecay(0.1, 5, cycle=True)),
    optimizers.SGD(optimizers.schedules.InverseTimeDecay(0.1, 2, 0.5, staircase=True)),
    optimizers.SGD(optimizers.schedules.CosineDecayRestarts(0.1, 3)),
]


@pytest.fixture
def path(tmp_path):
    return tmp_path / "m.keras"


@pytest.mark.parametrize("optimizer", OPTIMIZERS, ids=lambda o: type(o).__name__)
def test_training_goes_on_bit_for_bit(optimizer, path):
    model = trained_model(optimizer)
    model.save(path)
    twin = models.load_model(path)
    assert state(twin) == state(model)
    assert twin.get_config() == model.get_config()
    x, y = samples()
    for _ in range(3):
        assert twin.train_on_batch(x, y) == model.train_on_batch(x, y)
    assert state(twin) == state(model)
    assert twin.evaluate(x, y, verbose=0) == model.evaluate(x, y, verbose=0)


def test_a_resumed_run_equals_one_that_was_not_interrupted(tmp_path):
    x, y = samples()

    def run(model, **options):
        callbacks = [ModelCheckpoint(tmp_path / "{epoch}.keras")] if options["epochs"] == 4 else []
        return model.fit(x, y, batch_size=5, verbose=0, callbacks=callbacks, **options).history

    model = compiled_model()
    utils.set_random_seed(11)
    whole = run(model, epochs=4)
    twin = models.load_model(tmp_path / "2.keras")
    utils.set_random_seed(11)
    rest = run(twin, epochs=5, initial_epoch=2)
    assert [values[2:] for values in whole.values()] == [values[:2] for values in rest.values()]
    utils.set_random_seed(11)
    again = models.load_model(tmp_path / "2.keras")
    utils.set_random_seed(11)
    again.fit(x, y, batch_size=5, verbose=0, epochs=4, initial_epoch=2)
    assert state(again) == state(model)


def test_what_was_frozen_since(path):
    """Slots are those of the weights that the optimizer was built with."""
    model = trained_model()
    model.layers[0].trainable = False
    model.save(path)
    twin = models.load_model(path)
    assert state(twin) == state(model)
    assert len(twin.trainable_weights) == len(model.trainable_weights) == 6
    x, y = samples()
    assert twin.train_on_batch(x, y) == model.train_on_batch(x, y)
    assert state(twin) == state(model)


def test_without_compile(path):
    model = trained_model()
    model.save(path)
    twin = models.load_model(path, compile=False)
    assert twin.optimizer is None
    assert_same_bits(twin.predict(samples()[0], verbose=0), model.predict(samples()[0], verbose=0))
    twin.save(path)
    assert models.load_model(path).optimizer is None


def test_not_built(path):
    model = Sequential([layers.Conv2D(2, 3), layers.Dropout(0.5), layers.Dense(2)])
    model.compile("sgd", "mse")
    model.save(path)
    twin = models.load_model(path)
    assert not twin.built and twin.get_config() == model.get_config()
    assert twin.layers[1].seed == model.layers[1].seed
    assert type(twin.optimizer) is optimizers.SGD


def branched():
    """Two inputs and outputs, a shared layer, a model within, another one in training mode."""
    left, right = layers.Input(SHAPE, name="left"), layers.Input(SHAPE, name="right")
    shared, inner = layers.Conv2D(4, 3, padding="same", name="shared"), small_model()
    x = layers.Concatenate()([shared(left), layers.Dropout(0.5)(shared(right), training=True)])
    y = layers.GlobalAveragePooling2D()(layers.Conv2D(3, 1)(x))
    return Model(
        {"a": left, "b": right}, [layers.Add()([y, inner(left)]), inner(right)], name="net"
    )


def test_branches(path):
    model = branched()
    x = {"a": samples()[0], "b": samples()[0][::-1]}
    model.save(path)
    twin = models.load_model(path)
    assert state(twin) == state(model)
    assert twin.get_config() == model.get_config()
    for found, expected in zip(twin(x), model(x), strict=True):
        assert_same_bits(found, expected)
    model.save_weights(path.with_name("w.npz"))
    other = branched()
    other.load_weights(path.with_name("w.npz"))
    for found, expected in zip(other(x, training=True), model(x, training=True), strict=True):
        assert_same_bits(found, expected)


@pytest.mark.parametrize("by_name", [False, True])
def test_losses_of_several_outputs(by_name, path):
    model = branched()
    chosen = [losses.MeanSquaredError(), "mse"], [0.5, 2.0], [["mse"], ["accuracy"]]
    if by_name:
        chosen = [dict(zip(model.output_names, part, strict=True)) for part in chosen]
    loss, weights, measured = chosen
    model.compile(optimizers.Adam(), loss, loss_weights=weights, metrics=measured)
    x = {"a": samples()[0], "b": samples()[0][::-1]}
    y = [samples()[1]] * 2
    y = dict(zip(model.output_names, y, strict=True)) if by_name else y
    model.train_on_batch(x, y)
    model.save(path)
    twin = models.load_model(path)
    assert twin._running.weights == weights
    for _ in range(2):
        assert twin.train_on_batch(x, y) == model.train_on_batch(x, y)
    assert state(twin) == state(model)


@pytest.mark.parametrize("seed", range(4))
def test_every_layer(seed, path, monkeypatch):
    """With whatever arguments and input the fuzz makes for it."""
    monkeypatch.syspath_prepend(str(Path(__file__).parents[1] / "fuzz"))
    arguments = importlib.import_module("arguments")
    monkeypatch.setattr(arguments, "SPOILT", 0)
    saved = 0
    for number, name in enumerate(arguments.LAYERS):
        given, x = arguments.layer_call(name, np.random.default_rng(100 * seed + number))
        try:
            layer = getattr(layers, name)(**given)
            expected = layer(x, training=False)
        except (TypeError, ValueError):  # a padding it does not know, an input that is too small
            continue
        several = isinstance(x, list)
        inputs = [
            layers.Input(part.shape[1:], dtype=part.dtype) for part in (x if several else [x])
        ]
        model = Model(inputs, layer(inputs if several else inputs[0]))
        model.save(path)
        twin = models.load_model(path)
        assert twin.get_config() == model.get_config()
        assert_same_bits(twin(x), expected)
        saved += 1
    assert saved > len(arguments.LAYERS) // 2


@pytest.mark.parametrize(
    "loss",
    [None, "mse", losses.mean_squared_error, losses.MeanSquaredError, losses.BinaryCrossentropy()],
)
def test_losses(loss, path):
    model = small_model()
    model.compile("sgd", loss, metrics=[metrics.CategoricalAccuracy])
    model.save(path)
    twin = models.load_model(path)
    if loss is not None:
        x, y = samples()
        assert twin.evaluate(x, y, verbose=0) == model.evaluate(x, y, verbose=0)
    else:
        assert twin.loss is None


def classes(module, base):
    """Those that a module lists and that need no argument."""
    for name in module.__all__:
        kind = getattr(module, name)
        if isinstance(kind, type) and issubclass(kind, base) and kind is not base:
            needed = inspect.signature(kind).parameters.values()
            if all(p.default is not p.empty or p.kind in (2, 4) for p in needed):
                yield kind


def test_every_loss_and_metric(path):
    model, count = small_model(), 0
    for kind in [*classes(losses, losses.Loss), *classes(metrics, metrics.Metric)]:
        thing = kind(name="mine")
        chosen = {"loss": thing} if isinstance(thing, losses.Loss) else {"metrics": [thing]}
        model.compile("sgd", **chosen)
        model.save(path)
        twin = models.load_model(path)
        found = twin.loss if isinstance(thing, losses.Loss) else twin._running.given[0]
        assert type(found) is kind and found.get_config() == thing.get_config()
        count += 1
    assert count >= 10


class Scale(layers.Layer):
    def build(self, input_shape):
        self.factor = self.add_weight((), "ones", name="factor")

    def compute_output_shape(self, input_shape):
        return input_shape

    def vjp(self, x, training=False):
        raise NotImplementedError

    def call(self, x, training=False):
        return x * self.factor.value


class Slow(optimizers.SGD):
    pass


class Apart(losses.MeanSquaredError):
    pass


class Agreement(metrics.CategoricalAccuracy):
    pass


CUSTOM = {"Scale": Scale, "Slow": Slow, "Apart": Apart, "Agreement": Agreement}


def test_custom_objects(path):
    model = Sequential([layers.Input((3,)), Scale()])
    model.set_weights([2.5])
    model.compile(Slow(), Apart(), metrics=[Agreement()])
    model.save(path)
    with pytest.raises(ValueError, match="layers of convlet, or of custom_objects, got 'Scale'"):
        models.load_model(path)
    twin = models.load_model(path, custom_objects=CUSTOM)
    assert_same_bits(twin(np.ones((1, 3))), np.full((1, 3), 2.5, np.float32))
    assert type(twin.optimizer) is Slow and type(twin.loss) is Apart
    with saving.custom_object_scope(CUSTOM):
        assert type(models.load_model(path).layers[0]) is Scale
    for missing in ("Slow", "Apart", "Agreement"):
        rest = {name: kind for name, kind in CUSTOM.items() if name != missing}
        with pytest.raises(ValueError, match=f"custom_objects, got '{missing}'"):
            models.load_model(path, custom_objects=rest)


@pytest.mark.parametrize("wrong", [[Scale], {"Scale": "Scale"}, {1: Scale}])
def test_wrong_custom_objects(wrong, path):
    small_model().save(path)
    with pytest.raises(TypeError, match="custom_objects must be a dict of classes by name"):
        models.load_model(path, custom_objects=wrong)


def test_what_cannot_be_written(path):
    """It is refused before there is any file."""
    model = Sequential([layers.Dense(2, kernel_initializer=lambda shape, dtype: np.ones(shape))])
    with pytest.raises(TypeError, match="a configuration to save must consist of numbers"):
        model.save(path)
    assert list(path.parent.iterdir()) == []


def test_names(path):
    model = small_model()
    with pytest.raises(ValueError, match=r"filepath must end in \.keras, got 'm.h5'"):
        model.save("m.h5")
    model.save(str(path))
    with pytest.raises(ValueError, match="overwrite is False"):
        model.save(path, overwrite=False)
    models.save_model(model, path)
    with pytest.raises(FileNotFoundError):
        models.load_model(path.with_name("absent.keras"))
    with pytest.raises(ValueError, match="it is no regular file"):
        models.load_model(path.parent)


def test_weights(tmp_path):
    model, other = trained_model(), compiled_model()
    path = tmp_path / "w.npz"
    model.save_weights(path)
    other.load_weights(path)
    assert state(other)[: len(model.variables)] == state(model)[: len(model.variables)]
    before = [w.numpy().copy() for w in other.weights]
    wider = Sequential([layers.Input(SHAPE), *small_model().layers[:-1], layers.Dense(4)])
    with pytest.raises(ValueError, match=r"must have shape \(40, 4\), got \(40, 3\)"):
        wider.load_weights(path)
    with pytest.raises(ValueError, match=r"it must have \d arrays, got 15"):
        Sequential([layers.Input((2,)), layers.Dense(1)]).load_weights(path)
    for weight, old in zip(other.weights, before, strict=True):
        assert_same_bits(weight.numpy(), old)
    with pytest.raises(ValueError, match="has no weights before it is built"):
        Sequential([layers.Dense(1)]).load_weights(path)
    with pytest.raises(ValueError, match="has no weights before it is built"):
        Sequential([layers.Dense(1)]).save_weights(path)
    with pytest.raises(ValueError, match="filepath must end in"):
        model.save_weights("w.pickle")


def test_the_file_is_open(path):
    """JSON and arrays that anyone can read."""
    model = trained_model()
    model.save(path)
    with zipfile.ZipFile(path) as file:
        config = json.loads(file.read("config.json"))
    with np.load(path, allow_pickle=False) as arrays:
        for number, (name, variable) in enumerate(
            zip(config["variables"], model.variables, strict=True)
        ):
            assert name == variable.path
            assert_same_bits(arrays[f"variables/{number}"], variable.numpy())
    assert config["model"]["class_name"] == "Sequential"


def test_equal_models_make_equal_files(path):
    backend.clear_session()
    trained_model().save(path)
    before = path.read_bytes()
    backend.clear_session()
    trained_model().save(path)
    assert path.read_bytes() == before
