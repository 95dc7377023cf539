"""Normalization by batches, layers and groups: values, gradients, running averages, bits."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import modes
from comparison import assert_close, assert_same_bits
from convlet import Input, Sequential
from convlet.layers import BatchNormalization, Dense, GroupNormalization, LayerNormalization
from layer_checks import check_bits, check_vjp
from strategies import LAYOUTS, SEEDS

TOLERANCE = {"float32": 2e-5, "float64": 1e-12}
SHAPES = st.lists(st.integers(1, 7), min_size=2, max_size=5)


def normalized(x, axes, epsilon, gamma, beta):
    """The oracle: gamma and beta broadcast."""
    x = x.astype(np.float64)
    mean, variance = x.mean(axes, keepdims=True), x.var(axes, keepdims=True)
    return (x - mean) / np.sqrt(variance + epsilon) * gamma + beta


def spread(weight, x, axes):
    return weight.reshape([size if i in axes else 1 for i, size in enumerate(x.shape)])


def drawn(seed, shape, dtype):
    rng = np.random.default_rng(seed)
    return (3 * rng.standard_normal(shape) + rng.standard_normal(shape[1:])).astype(dtype), rng


def randomize(layer, rng):
    layer.set_weights([rng.random(weight.shape) + 0.5 for weight in layer.weights])


@given(SHAPES, SEEDS)
def test_batch_normalization(dtype, shape, seed):
    x, rng = drawn(seed, shape, dtype)
    axis = int(rng.integers(1, len(shape)))
    options = {"center": seed % 2 == 0, "scale": seed % 3 > 0, "epsilon": 0.01, "momentum": 0.9}
    layer = BatchNormalization(axis if seed % 5 else axis - len(shape), dtype=dtype, **options)
    layer.build(x.shape)
    randomize(layer, rng)
    gamma = spread(layer.gamma.value, x, [axis]) if layer.scale else 1
    beta = spread(layer.beta.value, x, [axis]) if layer.center else 0
    others = tuple(i for i in range(len(shape)) if i != axis)
    context = f"{shape} axis {axis} {options} seed {seed}"
    before = layer.moving_mean.value.copy(), layer.moving_variance.value.copy()
    whole = x.astype(np.float64)
    expected = normalized(x, others, 0.01, gamma, beta)
    y, pullback = layer.vjp(x, True)
    tolerance = TOLERANCE[dtype] * max(1, np.abs(expected).max())
    assert_close(y, expected, tolerance, context, dtype=dtype)
    moments = whole.mean(others), whole.var(others)
    for (variable, value), old, now in zip(pullback.updates, before, moments, strict=True):
        wanted = 0.9 * old + 0.1 * now
        assert_close(value, wanted, TOLERANCE[dtype] * max(1, wanted.max()), context, dtype=dtype)
        assert variable.path.endswith(("/moving_mean", "/moving_variance"))
    kept = [spread(value.astype(np.float64), x, [axis]) for value in before]
    expected = (whole - kept[0]) / np.sqrt(kept[1] + 0.01) * gamma + beta
    tolerance = TOLERANCE[dtype] * max(1, np.abs(expected).max())
    assert_close(layer(x), expected, tolerance, context, dtype=dtype)


@given(SHAPES, SEEDS)
def test_layer_and_group_normalization(dtype, shape, seed):
    x, rng = drawn(seed, shape, dtype)
    rank = len(shape)
    if seed % 2:
        axes = sorted(int(i) for i in rng.choice(range(1, rank), rng.integers(1, rank), False))
        layer = LayerNormalization(axes if seed % 3 else [i - rank for i in axes], dtype=dtype)
        grouped, over, spread_over = x, tuple(axes), axes
    else:
        axis = int(rng.integers(1, rank))
        groups = int(rng.choice([g for g in range(1, shape[axis] + 1) if shape[axis] % g == 0]))
        layer = GroupNormalization(-1 if groups == shape[axis] else groups, axis, dtype=dtype)
        grouped = x.reshape(*shape[:axis], groups, shape[axis] // groups, *shape[axis + 1 :])
        over = tuple(i for i in range(1, rank + 1) if i != axis)
        spread_over = [axis]
    layer.build(x.shape)
    randomize(layer, rng)
    gamma, beta = (spread(w.value, x, spread_over) for w in (layer.gamma, layer.beta))
    expected = normalized(grouped, over, 1e-3, 1, 0).reshape(shape) * gamma + beta
    tolerance = TOLERANCE[dtype] * max(1, np.abs(expected).max())
    context = f"{layer.get_config()} on {shape} seed {seed}"
    assert_close(layer(x), expected, tolerance, context, dtype=dtype)
    assert_same_bits(layer.vjp(x, True)[0], layer(x))


LAYERS = {
    "batch": (lambda **k: BatchNormalization(**k), (3, 5, 4, 6)),
    "batch, channels first": (lambda **k: BatchNormalization(1, **k), (3, 6, 5, 4)),
    "batch, plain": (lambda **k: BatchNormalization(scale=False, center=False, **k), (7, 3)),
    "batch, one column": (lambda **k: BatchNormalization(**k), (9, 1)),
    "layer": (lambda **k: LayerNormalization(**k), (3, 5, 4, 6)),
    "layer, long": (lambda **k: LayerNormalization(**k), (3, 53)),
    "layer, axes": (lambda **k: LayerNormalization([1, 3], scale=False, **k), (3, 5, 4, 6)),
    "group": (lambda **k: GroupNormalization(3, **k), (3, 5, 4, 6)),
    "group, channels first": (lambda **k: GroupNormalization(2, 1, center=False, **k), (3, 6, 5)),
    "instance": (lambda **k: GroupNormalization(-1, **k), (3, 5, 4, 6)),
}


@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize("name", LAYERS)
def test_gradients(name, training, isa, rng):
    make, shape = LAYERS[name]
    layer = make(dtype="float64")
    layer.build(shape)
    randomize(layer, rng)
    check_vjp(layer, rng.standard_normal(shape), rng, training)
    for frozen in ("gamma", "beta"):
        if getattr(layer, frozen) is not None:
            getattr(layer, frozen).trainable = False
            check_vjp(layer, rng.standard_normal(shape), rng, training)


@pytest.mark.parametrize("name", LAYERS)
def test_the_same_bits(name, dtype, isa, rng):
    """In any memory layout, at any number of threads; many runs of rows."""
    make, shape = LAYERS[name]
    shape = (shape[0] * 60, *(size * 3 if i == 0 else size for i, size in enumerate(shape[1:])))
    layer = make(dtype=dtype)
    layer.build(shape)
    randomize(layer, rng)
    x = rng.standard_normal(shape).astype(dtype)
    check_bits(layer, x, {"plain": np.array, **LAYOUTS}, (1, 2, 3), training=True)
    check_bits(layer, x, {"plain": np.array, **LAYOUTS}, (1, 3))


@pytest.mark.parametrize("name", LAYERS)
def test_instruction_sets_agree(name, dtype, rng):
    """All arithmetic is rounded after each operation, in the order of the source."""
    make, shape = LAYERS[name]
    layer = make(dtype=dtype)
    layer.build(shape)
    x = rng.standard_normal(shape).astype(dtype)
    results = []
    for isa in modes.runtime.available_isas():
        with modes.instruction_set(isa):
            y, pullback = layer.vjp(x, True)
            results.append([y, pullback(y)[0], *pullback(y)[1]])
    for other in results[1:]:
        for a, b in zip(results[0], other, strict=True):
            assert_same_bits(a, b)


def test_data_formats_agree(rng):
    x = rng.standard_normal((3, 40, 30, 17)).astype("float32")
    last, first = BatchNormalization(), BatchNormalization(1)
    y, pullback = last.vjp(x, True) if last(x) is not None else None
    moved = np.moveaxis(x, -1, 1)
    first(moved)
    other, back = first.vjp(moved, True)
    assert other.flags.c_contiguous
    assert_same_bits(np.moveaxis(other, 1, -1), y)
    assert_same_bits(np.moveaxis(back(other)[0], 1, -1), pullback(y)[0])
    for a, b in zip(back(other)[1], pullback(y)[1], strict=True):
        assert_same_bits(a, b)


def test_images_do_not_depend_on_their_batch(rng):
    x = rng.standard_normal((5, 6, 7, 4)).astype("float32")
    for layer in (BatchNormalization(), LayerNormalization(), GroupNormalization(2)):
        whole = layer(x)
        y, pullback = layer.vjp(x)
        dx = pullback(y)[0]
        for i in range(5):
            one, back = layer.vjp(x[i : i + 1])
            assert_same_bits(one, whole[i : i + 1])
            assert_same_bits(back(y[i : i + 1])[0], dx[i : i + 1])


def test_large_offsets_keep_their_digits(rng):
    """The variance is no difference of large numbers, as in Keras."""
    x = (1e4 + rng.standard_normal((4, 50, 50, 3))).astype("float32")
    y = BatchNormalization(epsilon=0)(x, training=True)
    expected = normalized(x, (0, 1, 2), 0, 1, 0)
    # x itself is known to 1e-3 / 2, and so is the mean that is subtracted in float32.
    assert_close(y, expected, 1e-3, dtype="float32")
    assert abs(y.std() - 1) <= 1e-6


def test_a_frozen_layer_infers():
    layer = BatchNormalization()
    x = np.arange(12, dtype="float32").reshape(4, 3)
    layer(x, training=True)
    assert (layer.moving_mean.value > 0).all()
    layer.trainable = False
    before = layer.moving_mean.value.copy()
    assert_same_bits(layer(x, training=True), layer(x))
    y, pullback = layer.vjp(x, True)
    assert pullback.updates == [] and pullback(y)[1] == []
    assert_same_bits(layer.moving_mean.value, before)
    assert layer.weights == [layer.gamma, layer.beta, layer.moving_mean, layer.moving_variance]


def test_inference_writes_nothing(rng):
    layer = BatchNormalization()
    x = rng.standard_normal((4, 3)).astype("float32")
    layer(x)
    versions = [weight.version for weight in layer.weights]
    for _ in range(3):
        layer(x)
        layer.vjp(x)
        layer.vjp(x, True)  # until its updates are committed
    assert [weight.version for weight in layer.weights] == versions


def test_training_moves_the_averages_with_the_weights(rng):
    x, y = rng.standard_normal((32, 4)).astype("f4"), rng.standard_normal((32, 2)).astype("f4")
    model = Sequential([Input((4,)), BatchNormalization(momentum=0.5), Dense(2)])
    model.compile("sgd", "mse")
    model.train_on_batch(x, y)
    layer = model.layers[0]
    np.testing.assert_allclose(layer.moving_mean.value, x.mean(0) / 2, atol=1e-6)
    np.testing.assert_allclose(layer.moving_variance.value, 0.5 + x.var(0) / 2, atol=1e-6)
    assert [w.name for w in model.non_trainable_weights] == ["moving_mean", "moving_variance"]


@pytest.mark.parametrize("name", LAYERS)
def test_empty_batches_and_configurations(name, dtype):
    make, shape = LAYERS[name]
    layer = make(dtype=dtype, name="mine")
    x = np.ones((0, *shape[1:]), dtype)
    layer.build(x.shape)
    for training in (False, True):
        y, pullback = layer.vjp(x, training)
        dx, grads = pullback(y)
        assert y.shape == dx.shape == x.shape and pullback.updates == []
        assert all(not grad.any() for grad in grads)
    settings = json.loads(json.dumps(layer.get_config()))
    assert type(layer).from_config(settings).get_config() == layer.get_config()


def test_special_values(isa):
    """NaN and infinity reach what they should, and nothing else."""
    x = np.ones((4, 20, 3), "float32")
    x[1, 7, 0], x[2, 3, 1] = np.nan, np.inf
    y = BatchNormalization()(x, training=True)
    assert np.isnan(y[..., 0]).all() and np.isnan(y[..., 1]).any() and np.isfinite(y[..., 2]).all()
    y = LayerNormalization(1)(x)
    assert np.isnan(y[1, :, 0]).all() and np.isfinite(y[0]).all() and np.isfinite(y[3]).all()


@pytest.mark.parametrize(
    ("make", "shape", "message"),
    [
        (lambda: BatchNormalization(3), (2, 3), "axis 3 must be one after N"),
        (lambda: BatchNormalization(0), (2, 3), "axis 0 must be one after N"),
        (lambda: BatchNormalization(), (2, None), "have a known size above 0"),
        (lambda: BatchNormalization(), (), "axis -1 must be one after N"),
        (lambda: LayerNormalization([1, -1]), (2, 3), "axis must name different axes"),
        (lambda: LayerNormalization([]), (2, 3), "axis must name different axes"),
        (lambda: LayerNormalization(0), (2, 3), "axis must name different axes"),
        (lambda: LayerNormalization(), (), "axis must name different axes"),
        (lambda: LayerNormalization(), (2, None), "must be known and above 0"),
        (lambda: GroupNormalization(2), (2, 3), "its size a multiple of groups=2"),
        (lambda: GroupNormalization(1, 4), (2, 3), "axis 4 must be one after N"),
    ],
)
def test_inputs_that_cannot_be(make, shape, message):
    with pytest.raises(ValueError, match=message):
        make().build(shape)


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: BatchNormalization(1.5), TypeError, "axis must be an int, got 1.5"),
        (lambda: BatchNormalization(momentum="a"), TypeError, "momentum must be a number"),
        (lambda: BatchNormalization(epsilon=-1), ValueError, "epsilon must be at least 0, got -1"),
        (lambda: LayerNormalization("a"), TypeError, "axis must be an int"),
        (lambda: GroupNormalization(0), ValueError, "groups must be at least 1, got 0"),
        (lambda: GroupNormalization(1.5), TypeError, "groups must be an int, got 1.5"),
    ],
)
def test_bad_arguments(make, error, message):
    with pytest.raises(error, match=message):
        make()


@pytest.mark.parametrize("name", LAYERS)
def test_another_size_than_it_was_built_for(name):
    make, shape = LAYERS[name]
    layer = make()
    layer.build(shape)
    for axis in range(1, len(shape)):
        other = [2 * size if i == axis else size for i, size in enumerate(shape)]
        try:
            assert layer(np.ones(other, "float32")).shape == tuple(other)
        except ValueError as error:
            assert "as when the layer was built" in str(error)
