"""Weights by name in safetensors files, there and back."""

import random

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from comparison import assert_same_bits
from convlet import Sequential, layers


def small_model(dtype="float32"):
    inner = Sequential([layers.Conv2D(2, 1, dtype=dtype, name="conv")], name="inner")
    parts = [layers.Conv2D(3, 3, dtype=dtype, name="conv"), inner]
    dense = layers.Dense(2, dtype=dtype, name="last", use_bias=False)
    model = Sequential([layers.Input((6, 6, 1)), *parts, dense])
    rng = np.random.default_rng(1)
    model.set_weights([rng.standard_normal(weight.shape) for weight in model.weights])
    return model


NAMES = ["conv/bias", "conv/kernel", "inner/conv/bias", "inner/conv/kernel", "last/kernel"]


@pytest.fixture
def path(tmp_path):
    return tmp_path / "w.safetensors"


def test_there_and_back(path, dtype):
    model = small_model(dtype)
    model.save_weights(path)
    arrays = load_file(path)
    assert sorted(arrays) == NAMES
    assert_same_bits(arrays["inner/conv/kernel"], model.layers[1].layers[0].kernel.numpy())
    arrays = {name: 2 * array for name, array in arrays.items()}
    save_file(arrays, path)
    model.load_weights(path)
    assert_same_bits(model.layers[2].kernel.numpy(), arrays["last/kernel"])


@pytest.mark.parametrize("dtype", ["float16", "float64", "int32"])
def test_other_types_are_cast(path, dtype):
    model = small_model()
    model.save_weights(path)
    save_file({name: array.astype(dtype) for name, array in load_file(path).items()}, path)
    before = model.layers[2].kernel.numpy().astype(dtype).astype("float32")
    model.load_weights(path)
    assert_same_bits(model.layers[2].kernel.numpy(), before)


CHANGES = [
    (lambda arrays: arrays.pop("conv/bias"), r"it lacks \['conv/bias'\]"),
    (lambda arrays: arrays.update(more=np.zeros(1)), r"and has \['more'\] that do not fit"),
    (lambda arrays: arrays.update({"conv/bias": np.zeros(4)}), "shape"),
    (lambda arrays: arrays.update({"conv/bias": np.zeros(3, bool)}), None),
]


@pytest.mark.parametrize(("change", "text"), CHANGES)
def test_what_does_not_fit(path, change, text):
    model = small_model()
    model.save_weights(path)
    before, arrays = model.get_weights(), load_file(path)
    change(arrays)
    save_file(arrays, path)
    if text is None:
        model.load_weights(path)
        return
    with pytest.raises(ValueError, match=rf"cannot read .*w\.safetensors: .*{text}"):
        model.load_weights(path)
    for old, new in zip(before, model.get_weights(), strict=True):
        assert_same_bits(old, new)


def test_cut_and_changed_bytes(path):
    small_model().save_weights(path)
    whole, model, refused = path.read_bytes(), small_model(), 0
    for case in range(600):
        rng = random.Random(case)
        data = bytearray(whole)
        data[rng.randrange(400)] ^= 1 << rng.randrange(8)
        path.write_bytes(data[: rng.randrange(len(data))] if case % 3 == 0 else data)
        try:
            model.load_weights(path)
        except ValueError as error:
            assert "cannot read" in str(error)
            refused += 1
    assert refused > 500


def test_two_of_one_name(path):
    class Twice(layers.Layer):
        def build(self, input_shape):
            self.add_weight((2,), name="same")
            self.add_weight((3,), name="same")

        def compute_output_shape(self, input_shape):
            return input_shape

        def vjp(self, x, training=False):
            raise NotImplementedError

    model = Sequential([layers.Input((2,)), Twice(name="twice")])
    with pytest.raises(ValueError, match="has two weights 'twice/same'"):
        model.save_weights(path)
    assert not path.exists()
