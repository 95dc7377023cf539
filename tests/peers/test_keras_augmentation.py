"""Images moved as Keras moves them, for the same transforms; arguments, names, configurations."""

import inspect
from random import Random

import keras
import numpy as np
import pytest
import torch
from hypothesis import given

from convlet import layers
from convlet.layers._affine import Lookup, sample, scatter
from strategies import SEEDS
from tally import agreed

FILLS = ["reflect", "wrap", "constant", "nearest"]


def near(ours, theirs, context):
    """Keras's coordinates are float32: a pixel's weights differ in the sixth digit or so."""
    difference = np.abs(ours - theirs.detach().numpy())
    assert difference.max() <= 1e-4 * max(1, np.abs(ours).max()), context


@pytest.mark.parametrize("fill", FILLS)
@given(SEEDS)
def test_affine_transforms(fill, seed):
    """Values and gradients for any map, by bilinear interpolation."""
    rng = np.random.default_rng(seed)
    shape = tuple(rng.integers(1, [4, 9, 9, 4]))
    x = rng.standard_normal(shape).astype("float32")
    maps = rng.standard_normal((len(x), 6)) * [1, 1, 4, 1, 1, 4]
    maps = maps.astype("float32").astype("float64")
    transforms = np.concatenate([maps, np.zeros((len(x), 2))], 1).astype("float32")
    how = Lookup("bilinear", fill, 0.7)
    tensor = torch.tensor(x, requires_grad=True)
    expected = keras.ops.image.affine_transform(
        tensor, transforms.copy(), "bilinear", fill, 0.7, "channels_last"
    )
    context = f"{fill} {shape} {seed}"
    near(sample(x, maps, shape[1:3], how), expected, context)
    dy = rng.standard_normal(shape).astype("float32")
    (wanted,) = torch.autograd.grad(expected, tensor, torch.tensor(dy))
    near(scatter(dy, maps, shape[1:3], how), wanted, context)
    agreed("Keras", "affine transforms", context)


LAYERS = {
    "RandomRotation": lambda r: (r.uniform(-1, 1),),
    "RandomTranslation": lambda r: (r.uniform(-1, 1), r.uniform(-1, 1)),
    "RandomZoom": lambda r: (r.uniform(-0.9, 1), r.choice([None, r.uniform(-0.9, 1)])),
}


@pytest.mark.parametrize("kind", LAYERS)
@given(SEEDS)
def test_layers_of_one_number(kind, seed):
    """Ranges of one number leave nothing to chance."""
    rng = Random(seed)
    factors = [None if f is None else (f, f) for f in LAYERS[kind](rng)]
    arguments = {
        "fill_mode": rng.choice(FILLS),
        "interpolation": rng.choice(["bilinear", "bilinear", "nearest"]),
        "fill_value": rng.choice([0.0, 0.5]),
        "data_format": rng.choice(["channels_last", "channels_first"]),
    }
    shape = [rng.randint(1, 3), *(rng.randint(1, 9) for _ in range(3))]
    ours, theirs = (getattr(m, kind)(*factors, **arguments) for m in (layers, keras.layers))
    x = np.random.default_rng(seed).standard_normal(shape).astype("float32")
    context = f"{kind} {factors} {arguments} {shape}"
    tensor = torch.tensor(x, requires_grad=True)
    expected = theirs(tensor, training=True)
    y, pullback = ours.vjp(x, True)
    if arguments["interpolation"] == "nearest":  # float32 may round to the other neighbour
        same = y == expected.detach().numpy()
        assert same.mean() > 0.9 or same.size < 10, context
        return
    near(y, expected, context)
    dy = np.random.default_rng(seed + 1).standard_normal(shape).astype("float32")
    (wanted,) = torch.autograd.grad(expected, tensor, torch.tensor(dy))
    near(pullback(dy)[0], wanted, context)
    agreed("Keras", kind, context)


@pytest.mark.parametrize("mode", ["horizontal", "vertical", "horizontal_and_vertical"])
def test_flips(mode):
    """Either library gives each of the same results, equally often, and no other."""
    x = np.arange(6, dtype="float32").reshape(1, 2, 3, 1).repeat(400, 0)
    found = []
    for library in (layers, keras.layers):
        y = np.asarray(library.RandomFlip(mode, seed=1)(x))
        results, counts = np.unique(y.reshape(400, 6), axis=0, return_counts=True)
        assert (counts > 150).all()
        found.append(results)
    np.testing.assert_array_equal(*found)
    agreed("Keras", "RandomFlip", mode)


@given(SEEDS)
def test_centre_crops(seed):
    rng = Random(seed)
    shape = [2, rng.randint(1, 12), rng.randint(1, 12), 3]
    size, data_format = (rng.randint(1, 9), rng.randint(1, 9)), "channels_last"
    if rng.random() < 0.5:
        shape, data_format = [2, 3, *shape[1:3]], "channels_first"
    ours, theirs = (m.CenterCrop(*size, data_format) for m in (layers, keras.layers))
    x = np.random.default_rng(seed).standard_normal(shape).astype("float32")
    near(ours(x), theirs(x), f"{size} of {shape}")
    assert ours.compute_output_shape((None, *shape[1:])) == theirs.compute_output_shape(
        (None, *shape[1:])
    )
    agreed("Keras", "CenterCrop", f"{size} of {shape}")


def test_random_crops():
    """Both find every window."""
    x = np.arange(24, dtype="float32").reshape(1, 4, 6, 1)
    found = []
    for library in (layers, keras.layers):
        layer = library.RandomCrop(2, 4, seed=1)
        found.append({float(np.asarray(layer(x, training=True))[0, 0, 0, 0]) for _ in range(150)})
    assert found[0] == found[1] and len(found[0]) == 9
    agreed("Keras", "RandomCrop", "")


@given(SEEDS)
def test_brightness_and_contrast(seed):
    """By one number each, of which contrast's is half a range's."""
    rng = np.random.default_rng(seed)
    x = rng.uniform(-50, 300, (2, 4, 3, 2)).astype("float32")
    part = float(rng.random())
    dy = rng.standard_normal(x.shape).astype("float32")
    for kind, factor in (("RandomBrightness", (part - 0.5, part - 0.5)), ("RandomContrast", 0.0)):
        ours, theirs = (getattr(m, kind)(factor, (10, 200)) for m in (layers, keras.layers))
        for layer in (ours, theirs):
            if kind == "RandomContrast":  # whose range has two ends but for 0
                layer.factor = (1 - part, part - 1)
        tensor = torch.tensor(x, requires_grad=True)
        expected = theirs(tensor.clone(), training=True)  # it changes its input
        y, pullback = ours.vjp(x, True)
        np.testing.assert_allclose(y, expected.detach().numpy(), rtol=1e-5, atol=1e-4)
        (wanted,) = torch.autograd.grad(expected, tensor, torch.tensor(dy))
        np.testing.assert_allclose(pullback(dy)[0], wanted.numpy(), rtol=1e-5, atol=1e-5)
        agreed("Keras", kind, f"{part}")


@pytest.mark.parametrize(
    ("kind", "given_"),
    [
        ("RandomBrightness", (0.2, (0.0, 1.0), 3)),
        ("RandomContrast", (0.2, (0.0, 1.0), 3)),
        ("RandomFlip", ("vertical", 3)),
        ("RandomRotation", (0.2, "wrap", "nearest", 3, 0.5)),
        ("RandomTranslation", (0.2, (0.1, 0.3), "wrap", "nearest", 3, 0.5)),
        ("RandomZoom", (0.2, None, "wrap", "nearest", 3, 0.5)),
        ("RandomCrop", (4, 5, 3)),
        ("CenterCrop", (4, 5)),
    ],
)
def test_arguments_names_and_configurations(kind, given_):
    ours, theirs = (
        [
            (p.name, p.default)
            for p in inspect.signature(getattr(m, kind).__init__).parameters.values()
            if p.kind is p.POSITIONAL_OR_KEYWORD and p.name != "name"
        ]
        for m in (layers, keras.layers)
    )
    # Keras's data_format is among the keywords of these.
    assert [p for p in ours if "data_format" in dict(theirs) or p[0] != "data_format"] == theirs
    one, other = (getattr(m, kind)(*given_, name="a").get_config() for m in (layers, keras.layers))
    for config in (one, other):
        config.pop("dtype")
        if "value_range" in config:
            config["value_range"] = list(config["value_range"])
    assert one == other
    names = [getattr(m, kind)(*given_).name.rstrip("_0123456789") for m in (layers, keras.layers)]
    assert names[0] == names[1]
