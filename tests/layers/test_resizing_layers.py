"""Padding, cropping and upsampling layers, and pools to a fixed size: values, gradients, errors."""

from random import Random

import numpy as np
import pytest
from hypothesis import given

import oracles
from comparison import assert_close, assert_same_bits
from convlet import layers
from layer_checks import check_vjp
from strategies import DATA_FORMATS, LAYOUTS, SEEDS, in_format


def random_layer(seed, dtype):
    """A layer, an input, and what the layer should return for it."""
    rng, draw = Random(seed), np.random.default_rng(seed)
    rank, data_format = rng.choice([1, 2, 3]), rng.choice(DATA_FORMATS)
    kind = rng.choice(["ZeroPadding", "Cropping", "UpSampling"])
    if rank == 1 and kind != "ZeroPadding":
        data_format = "channels_last"
    lengths = [rng.randint(5, 8) for _ in range(rank)]
    shape = in_format((2, *lengths, rng.choice([1, 3])), data_format)
    x = draw.standard_normal(shape).astype(dtype)
    first = 2 if data_format == "channels_first" else 1
    options = {"dtype": dtype}
    if rank > 1 or kind == "ZeroPadding":
        options["data_format"] = data_format
    if kind == "UpSampling":
        factors = tuple(rng.randint(1, 4) for _ in range(rank))
        if rank == 2:
            options["interpolation"] = rng.choice(["nearest", "bilinear"])
        layer = getattr(layers, f"{kind}{rank}D")(factors if rank > 1 else factors[0], **options)
        return layer, x, upsampled(x, first, factors, options.get("interpolation"))
    pairs = tuple((rng.randint(0, 2), rng.randint(0, 2)) for _ in range(rank))
    layer = getattr(layers, f"{kind}{rank}D")(pairs if rank > 1 else pairs[0], **options)
    around = [(0, 0)] * x.ndim
    around[first : first + rank] = pairs
    if kind == "ZeroPadding":
        return layer, x, np.pad(x, around)
    inside = [slice(a, n - b) for n, (a, b) in zip(x.shape, around, strict=True)]
    return layer, x, x[tuple(inside)]


def upsampled(x, first, factors, interpolation):
    for axis, factor in enumerate(factors, first):
        if interpolation == "bilinear":
            at = (np.arange(x.shape[axis] * factor) + 0.5) / factor - 0.5
            x = np.apply_along_axis(
                lambda line, at=at: np.interp(at, np.arange(len(line)), line), axis, x
            )
        else:
            x = np.repeat(x, factor, axis)
    return x


@given(SEEDS)
def test_values_layouts_and_configuration(dtype, seed):
    layer, x, expected = random_layer(seed, dtype)
    context = f"{layer.get_config()} on {x.shape} seed {seed}"
    y = layer(x)
    assert_close(y, expected, 4 * np.finfo(dtype).eps * np.abs(x).max(), context, dtype=dtype)
    assert y.flags.c_contiguous
    assert layer.compute_output_shape(x.shape) == y.shape
    unknown = layer.compute_output_shape((None, *[None] * (x.ndim - 1)))
    assert unknown == (None,) * x.ndim
    again = type(layer).from_config(layer.get_config())
    assert again.get_config() == layer.get_config()
    for maker in LAYOUTS.values():
        assert_same_bits(again(maker(x)), y, context)


@given(SEEDS)
def test_gradients(seed):
    layer, x, _ = random_layer(seed, "float64")
    check_vjp(layer, x, np.random.default_rng(seed))


@pytest.mark.parametrize("kind", ["GlobalMax", "GlobalAverage", "AdaptiveMax", "AdaptiveAverage"])
@given(SEEDS)
def test_pools_of_a_fixed_size(kind, dtype, seed):
    rng, draw = Random(seed), np.random.default_rng(seed)
    rank, data_format = rng.choice([1, 2, 3]), rng.choice(DATA_FORMATS)
    x = draw.standard_normal(in_format((*(2, 5, 6, 7)[: rank + 1], 3), data_format)).astype(dtype)
    size, options = 1, {"data_format": data_format, "dtype": dtype}
    if kind.startswith("Global"):
        options["keepdims"] = rng.random() < 0.5
    else:
        size = options["output_size"] = tuple(rng.randint(1, 6) for _ in range(rank))
    layer = getattr(layers, f"{kind}Pooling{rank}D")(**options)
    reduce = (lambda v: v.max(0)) if kind.endswith("Max") else (lambda v: v.mean(0))
    expected = oracles.adaptive_pool(reduce, x, size, data_format)
    y = layer(x)
    assert y.shape == layer.compute_output_shape(x.shape)
    if kind.startswith("Global"):
        assert y.ndim == (rank + 2 if options["keepdims"] else 2)
    tolerance = 300 * np.finfo(dtype).eps
    assert_close(y.reshape(expected.shape), expected, tolerance, str(options), dtype=dtype)
    assert type(layer).from_config(layer.get_config()).get_config() == layer.get_config()
    if dtype == "float64":
        check_vjp(layer, x, np.random.default_rng(seed))


def test_nan_stays_where_it_is():
    x = np.zeros((1, 1, 5, 1))
    x[0, 0, 2] = np.nan
    y = layers.UpSampling2D((1, 3), interpolation="bilinear", dtype="float64")(x).ravel()
    assert np.array_equal(np.flatnonzero(np.isnan(y)), [5, 6, 7, 8, 9])


@pytest.mark.parametrize(
    ("kind", "value", "error"),
    [
        ("ZeroPadding2D", -1, ValueError),
        ("ZeroPadding2D", (1, 2, 3), ValueError),
        ("ZeroPadding2D", ((1, 2), (1, -2)), ValueError),
        ("ZeroPadding2D", ((1, 2), (1, 2, 3)), ValueError),
        ("ZeroPadding2D", ((1, 2), 1.5), TypeError),
        ("ZeroPadding2D", "same", TypeError),
        ("ZeroPadding3D", 2**61, ValueError),
        ("ZeroPadding1D", (1, 2, 3), ValueError),
        ("Cropping2D", (1, None), TypeError),
        ("Cropping1D", True, TypeError),
    ],
)
def test_bad_amounts(kind, value, error):
    name = "padding" if kind.startswith("Zero") else "cropping"
    with pytest.raises(error, match=f"{name} must be"):
        getattr(layers, kind)(value)


def test_bad_sizes_and_inputs():
    with pytest.raises(ValueError, match="size must be"):
        layers.UpSampling2D(0)
    with pytest.raises(ValueError, match='interpolation must be one of "nearest", "bilinear"'):
        layers.UpSampling2D(2, interpolation="bicubic")
    with pytest.raises(ValueError, match="cropping must leave"):
        layers.Cropping2D(3)(np.ones((1, 6, 7, 1), "float32"))
    with pytest.raises(TypeError, match="keepdims"):
        layers.GlobalMaxPooling2D(keepdims=1)
    for layer in (layers.ZeroPadding2D(), layers.UpSampling2D(), layers.GlobalMaxPooling2D()):
        with pytest.raises(ValueError, match="must have 4 axes"):
            layer(np.ones((1, 6, 7), "float32"))


def test_nothing_is_enlarged_at_once_by_any_factor():
    """A list of what each of its rows is blended from took minutes, and gigabytes."""
    layer = layers.UpSampling2D((10**8, 1), interpolation="bilinear")
    x = np.empty((0, 1, 2, 3), "float32")
    y, pullback = layer.vjp(x)
    assert y.shape == layer(x).shape == (0, 10**8, 2, 3)
    assert pullback(y)[0].shape == x.shape
