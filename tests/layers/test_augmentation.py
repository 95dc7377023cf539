"""Random flips, turns, shifts, zooms and crops: values, gradients, seeds, modes."""

import json
import math

import numpy as np
import pytest

import convlet
from comparison import assert_same_bits
from convlet import Input, Model, Sequential, layers
from convlet.layers import (
    CenterCrop,
    RandomBrightness,
    RandomContrast,
    RandomCrop,
    RandomFlip,
    RandomRotation,
    RandomTranslation,
    RandomZoom,
)
from convlet.testing import check_gradients

FILLS = ["reflect", "wrap", "constant", "nearest"]
MOVING = {
    "RandomRotation": lambda **k: RandomRotation(0.4, **k),
    "RandomTranslation": lambda **k: RandomTranslation(0.8, (-0.9, 0.3), **k),
    "RandomZoom": lambda **k: RandomZoom((-0.7, 0.8), 0.5, **k),
}
ALL = {
    **MOVING,
    "RandomFlip": lambda **k: RandomFlip(**k),
    "RandomCrop": lambda **k: RandomCrop(4, 3, **k),
    "RandomBrightness": lambda **k: RandomBrightness(0.3, (-1, 2), **k),
    "RandomContrast": lambda **k: RandomContrast((0.4, 0.6), (-2, 2), **k),
}


def beyond(index, size, fill):
    """The pixel's index by walking, None for the fill value."""
    if fill == "constant":
        return index if 0 <= index < size else None
    if fill == "nearest":
        return min(max(index, 0), size - 1)
    pattern = [*range(size)] if fill == "wrap" else [*range(size), *reversed(range(size))]
    return pattern[index % len(pattern)]


def looked_up(image, row, column, interpolation, fill, value):
    """One pixel of (H, W, C), by plain loops in float64."""
    if interpolation == "nearest":
        nodes = [(round(row), round(column), 1.0)]
    else:
        r, c = math.floor(row), math.floor(column)
        nodes = [
            (r + i, c + j, (row - r if i else 1 - row + r) * (column - c if j else 1 - column + c))
            for i in (0, 1)
            for j in (0, 1)
        ]
    total = np.zeros(image.shape[2])
    for r, c, weight in nodes:
        place = beyond(r, image.shape[0], fill), beyond(c, image.shape[1], fill)
        total += weight * (value if None in place else image[place].astype("float64"))
    return total


def origin(kind, drawn, row, column, height, width):
    """Where an output pixel comes from, for the numbers that were drawn."""
    y, x = (height - 1) / 2, (width - 1) / 2
    if kind == "RandomRotation":
        turn = 2 * math.pi * (-0.4 + 0.8 * drawn[0])
        away = complex(column - x, row - y) * complex(math.cos(turn), math.sin(turn))
        return y + away.imag, x + away.real
    if kind == "RandomTranslation":
        return row - (-0.8 + 1.6 * drawn[0]) * height, column - (-0.9 + 1.2 * drawn[1]) * width
    zoom = 1 + -0.7 + 1.5 * drawn[0], 1 - 0.5 + drawn[1]
    return y + (row - y) * zoom[0], x + (column - x) * zoom[1]


@pytest.mark.parametrize("interpolation", ["bilinear", "nearest"])
@pytest.mark.parametrize("fill", FILLS)
@pytest.mark.parametrize("kind", MOVING)
def test_values(kind, fill, interpolation, dtype, rng):
    """Against plain loops, with the numbers that NumPy's generator draws for the first pass."""
    layer = MOVING[kind](
        seed=7, fill_mode=fill, interpolation=interpolation, fill_value=0.5, dtype=dtype
    )
    for shape in ((3, 5, 7, 2), (1, 1, 4, 1), (2, 6, 1, 3)):
        layer.passes.assign(0)
        x = rng.standard_normal(shape).astype(dtype)
        y = layer(x)
        count = 1 if kind == "RandomRotation" else 2
        drawn = np.random.Generator(np.random.Philox(key=7)).random((len(x), count))
        expected = np.array(
            [
                [
                    [
                        looked_up(
                            image,
                            *origin(kind, drawn[n], i, j, *shape[1:3]),
                            interpolation,
                            fill,
                            0.5,
                        )
                        for j in range(shape[2])
                    ]
                    for i in range(shape[1])
                ]
                for n, image in enumerate(x)
            ]
        )
        assert y.dtype == dtype and y.shape == x.shape
        tolerance = 2e-6 if dtype == "float32" else 1e-13
        np.testing.assert_allclose(y, expected, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("interpolation", ["bilinear", "nearest"])
@pytest.mark.parametrize("fill", FILLS)
@pytest.mark.parametrize("kind", MOVING)
def test_gradients(kind, fill, interpolation, rng):
    layer = MOVING[kind](seed=5, fill_mode=fill, interpolation=interpolation, dtype="float64")
    check_gradients(layer, rng.standard_normal((3, 4, 5, 2)), training=True)


@pytest.mark.parametrize("shape", [(2, 7, 6, 2), (2, 3, 7, 2), (2, 7, 2, 1), (1, 2, 2, 2)])
@pytest.mark.parametrize("make", [RandomCrop, CenterCrop])
def test_gradients_of_crops(make, shape, rng):
    given = {"seed": 2} if make is RandomCrop else {}
    layer = make(4, 3, dtype="float64", **given)
    for training in (False, True):
        check_gradients(layer, rng.standard_normal(shape), training=training)


def test_flips(dtype):
    x = np.arange(2 * 300 * 3, dtype=dtype).reshape(300, 2, 3, 1)
    x[:, 0, 0] = np.inf
    for mode, step in (
        ("horizontal", (1, -1)),
        ("vertical", (-1, 1)),
        ("horizontal_and_vertical", (-1, -1)),
    ):
        layer = RandomFlip(mode, seed=1, dtype=dtype)
        y = layer(x)
        flipped = x[:, :: step[0], :: step[1]]
        chosen = (y == flipped).all((1, 2, 3))
        np.testing.assert_array_equal(y, np.where(chosen[:, None, None, None], flipped, x))
        assert 110 < chosen.sum() < 190
    check_gradients(RandomFlip(seed=1, dtype="float64"), np.ones((4, 2, 3, 1)), training=True)


def test_brightness_and_contrast(dtype, rng):
    x = rng.standard_normal((3, 5, 4, 2)).astype(dtype)
    wide = x.astype("float64")
    drawn = np.random.Generator(np.random.Philox(key=7)).random((3, 1))[..., None, None]
    brighter = RandomBrightness((-0.5, 0.7), (-2, 1), seed=7, dtype=dtype)(x)
    tolerance = 2e-6 if dtype == "float32" else 1e-14
    expected = np.minimum(np.maximum(wide + 3 * (-0.5 + 1.2 * drawn), -2), 1)
    np.testing.assert_allclose(brighter, expected, atol=tolerance)
    starker = RandomContrast((0.2, 0.9), (-2, 1), seed=7, dtype=dtype)(x)
    mean = wide.mean((1, 2), keepdims=True)
    expected = np.minimum(np.maximum((wide - mean) * (0.8 + 1.1 * drawn) + mean, -2), 1)
    np.testing.assert_allclose(starker, expected, atol=tolerance)
    for make in (RandomBrightness, RandomContrast):
        check_gradients(make(0.4, (-1, 1), seed=1, dtype="float64"), wide, training=True)


def test_windows(rng):
    x = rng.standard_normal((3, 9, 8, 2)).astype("float32")
    layer = RandomCrop(4, 3, seed=1)
    found = set()
    for _ in range(200):
        y = layer(x)
        (place,) = [
            (i, j) for i in range(6) for j in range(6) if (x[:, i : i + 4, j : j + 3] == y).all()
        ]
        found.add(place)
    assert len(found) == 36
    np.testing.assert_array_equal(CenterCrop(4, 3)(x), x[:, 2:6, 2:5])
    assert RandomCrop(9, 4)(x).shape == (3, 9, 4, 2)
    assert RandomCrop(20, 30)(x).shape == (3, 20, 30, 2)
    np.testing.assert_allclose(RandomCrop(18, 16)(x[:, :1, :1])[:, 0, 0], x[:, 0, 0], rtol=1e-6)
    constant = np.full((1, 5, 7, 1), 3, "float32")
    np.testing.assert_allclose(CenterCrop(8, 8)(constant), 3, rtol=1e-6)


@pytest.mark.parametrize("kind", ALL)
def test_seeds_threads_batches_and_layouts(kind, rng):
    """One seed, one result: at any number of threads, in any memory order, in any batch."""
    x = rng.standard_normal((4, 6, 7, 3)).astype("float32")
    layer = ALL[kind](seed=3)
    first, second = layer(x), layer(x)
    assert not np.array_equal(first, second)
    convlet.set_num_threads(1)
    again = ALL[kind](seed=3)
    assert_same_bits(again(x), first)
    assert_same_bits(again(np.asfortranarray(x)), second)
    assert_same_bits(ALL[kind](seed=3)(x[:2]), first[:2])
    turned = ALL[kind](seed=3, data_format="channels_first")
    y, pullback = turned.vjp(x.transpose(0, 3, 1, 2), True)
    assert_same_bits(np.ascontiguousarray(y.transpose(0, 2, 3, 1)), first)
    assert turned.compute_output_shape((None, 3, 6, 7)) == (None, *y.shape[1:])
    dy = rng.standard_normal(y.shape).astype("float32")
    whole = pullback(dy)[0]
    part = ALL[kind](seed=3, data_format="channels_first").vjp(x[:2].transpose(0, 3, 1, 2), True)
    assert_same_bits(part[1](dy[:2])[0], whole[:2])


@pytest.mark.parametrize("kind", ALL)
def test_models_infer_without_them(kind):
    shape = (6, 7, 3)
    layer = ALL[kind](seed=3)
    model = Sequential([Input(shape), layer, layers.Flatten(), layers.Dense(2)])
    x = np.random.default_rng(0).standard_normal((4, *shape)).astype("float32")
    if kind != "RandomCrop":
        assert_same_bits(layer(x, training=False), x)
        assert_same_bits(Model(model.input, layer.output)(x), x)
    before = model.predict(x, verbose=0)
    assert_same_bits(model.predict(x, verbose=0), before)
    assert int(layer.passes) == 0
    assert not np.array_equal(model(x, training=True), before)
    model.compile("sgd", "mse")
    model.fit(x, np.zeros((4, 2)), epochs=2, batch_size=2, verbose=0)
    assert int(layer.passes) == 5
    assert layer(x[:0]).shape[0] == 0


def test_training_is_repeated_by_a_seed(tmp_path):
    def trained(threads, resumed):
        convlet.set_num_threads(threads)
        convlet.utils.set_random_seed(4)
        stages = [RandomFlip(), RandomRotation(0.1), RandomZoom(0.2), RandomTranslation(0.1, 0.1)]
        model = Sequential(
            [Input((8, 8, 1)), *stages, RandomCrop(6, 6), layers.Flatten(), layers.Dense(2)]
        )
        model.compile("adam", "mse")
        x = np.random.default_rng(0).standard_normal((8, 8, 8, 1))
        for part in range(2):
            model.fit(x, np.ones((8, 2)), batch_size=4, shuffle=False, verbose=0)
            if resumed and part == 0:
                model.save(tmp_path / "m.keras")
                model = convlet.models.load_model(tmp_path / "m.keras")
        return model.get_weights()

    once = trained(1, False)
    for other in (trained(2, False), trained(1, True)):
        for a, b in zip(once, other, strict=True):
            assert_same_bits(a, b)


@pytest.mark.parametrize("kind", [*ALL, "CenterCrop"])
def test_configurations(kind):
    layer = ALL[kind](seed=3, name="a") if kind in ALL else CenterCrop(4, 3, name="a")
    settings = json.loads(json.dumps(layer.get_config()))
    twin = type(layer).from_config(settings)
    assert json.loads(json.dumps(twin.get_config())) == settings
    x = np.random.default_rng(0).standard_normal((2, 6, 7, 3))
    assert_same_bits(layer(x), twin(x))


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: RandomRotation(1.5), ValueError, "factor must be a number, or two, from -1 to 1"),
        (lambda: RandomRotation((0.1, 0.2, 0.3)), ValueError, "factor must be a number, or two"),
        (lambda: RandomRotation("a"), TypeError, "factor must be a number"),
        (lambda: RandomRotation(np.nan), ValueError, "factor must be finite"),
        (lambda: RandomRotation(0.1, fill_mode="mirror"), ValueError, "fill_mode must be"),
        (lambda: RandomRotation(0.1, interpolation="cubic"), ValueError, "interpolation must be"),
        (lambda: RandomRotation(0.1, fill_value=None), TypeError, "fill_value must be a number"),
        (lambda: RandomZoom(-1), ValueError, "height_factor must be a number, or two, from -1"),
        (lambda: RandomZoom(0.1, 2), ValueError, "width_factor must be"),
        (lambda: RandomTranslation(0.1, 2), ValueError, "width_factor must be"),
        (lambda: RandomContrast(-0.1), ValueError, "factor must be a number, or two, from 0 to 1"),
        (lambda: RandomBrightness(0.1, 3), ValueError, "value_range must be two numbers"),
        (lambda: RandomBrightness(0.1, (0, "a")), TypeError, "value_range must be a number"),
        (lambda: RandomFlip("both"), ValueError, "mode must be"),
        (lambda: RandomFlip(seed=-1), ValueError, "seed must be at least 0"),
        (lambda: RandomFlip(data_format="last"), ValueError, "data_format must be"),
        (lambda: RandomCrop(0, 3), ValueError, "height must be at least 1"),
        (lambda: CenterCrop(3, 2.5), TypeError, "width must be an int"),
        (lambda: RandomFlip()(np.ones((3, 3, 1))), ValueError, "must have 4 axes"),
        (lambda: RandomCrop(2, 2)(np.ones((3, 3))), ValueError, "must have 4 axes"),
        (lambda: RandomCrop(2, 2)(np.ones((1, 0, 3, 1))), ValueError, "images must not be empty"),
    ],
)
def test_errors(make, error, message):
    with pytest.raises(error, match=message):
        make()
