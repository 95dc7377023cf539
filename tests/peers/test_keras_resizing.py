"""Padding, cropping and upsampling layers against Keras's."""

from random import Random

import numpy as np
import pytest
from hypothesis import given

from strategies import DATA_FORMATS, SEEDS
from test_keras_more_layers import build_and_compare, images, made


@pytest.mark.parametrize("rank", [1, 2, 3])
@pytest.mark.parametrize("kind", ["ZeroPadding", "Cropping"])
@given(SEEDS)
def test_padding_and_cropping(kind, rank, dtype, seed):
    rng = Random(seed)
    data_format = rng.choice(DATA_FORMATS) if rank > 1 else "channels_last"
    pairs = tuple((rng.randint(0, 2), rng.randint(0, 2)) for _ in range(rank))
    forms = [pairs, rng.randint(0, 2), tuple(rng.randint(0, 2) for _ in range(rank))]
    amount = rng.choice(forms) if rank > 1 else rng.choice([pairs[0], 1])
    x = images(seed, (2, *(rng.randint(5, 8) for _ in range(rank)), 3), data_format, dtype)
    options = {"dtype": dtype} | ({"data_format": data_format} if rank > 1 else {})
    pair = made(f"{kind}{rank}D", amount, **options)
    build_and_compare(pair, x, seed, f"{kind}{rank}D {amount} {options} on {x.shape}")


@pytest.mark.parametrize("rank", [1, 2, 3])
@given(SEEDS)
def test_upsampling(rank, dtype, seed):
    rng = Random(seed)
    data_format = rng.choice(DATA_FORMATS) if rank > 1 else "channels_last"
    size = tuple(rng.randint(1, 4) for _ in range(rank)) if rank > 1 else rng.randint(1, 4)
    x = images(seed, (2, *(rng.randint(2, 6) for _ in range(rank)), 3), data_format, dtype)
    options = {"dtype": dtype} | ({"data_format": data_format} if rank > 1 else {})
    if rank == 2:
        options["interpolation"] = rng.choice(["nearest", "bilinear"])
    pair = made(f"UpSampling{rank}D", size, **options)
    build_and_compare(pair, x, seed, f"UpSampling{rank}D {size} {options} on {x.shape}")


@pytest.mark.parametrize("kind", ["ZeroPadding", "Cropping", "UpSampling"])
@pytest.mark.parametrize("rank", [1, 2, 3])
def test_defaults_and_configurations(kind, rank):
    ours, theirs = made(f"{kind}{rank}D", name="layer")
    config, expected = ours.get_config(), theirs.get_config()
    assert set(config) == set(expected)
    for key in set(config) - {"dtype"}:
        assert np.array_equal(config[key], expected[key]), key
