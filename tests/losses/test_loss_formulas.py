"""Each loss against its formula in NumPy, and its gradient against differences."""

import numpy as np
import pytest

import formulas
from comparison import assert_close, assert_same_bits
from convlet import losses
from gradcheck import check_gradients

NUMBERS = [
    "MeanSquaredError",
    "MeanAbsoluteError",
    "MeanAbsolutePercentageError",
    "MeanSquaredLogarithmicError",
    "LogCosh",
    "Huber",
    "CosineSimilarity",
]
SHARES = ["KLDivergence", "Poisson", "CategoricalHinge", "Dice", "Tversky"]
CASES = [
    *((name, {}, "numbers") for name in NUMBERS),
    *((name, {}, "shares") for name in SHARES),
    *((name, {}, kind) for name in ("Hinge", "SquaredHinge") for kind in ("labels", "signs")),
    ("Huber", {"delta": 0.25}, "numbers"),
    ("Dice", {"axis": (1, 2)}, "shares"),
    ("Dice", {"axis": -1}, "shares"),
    ("Tversky", {"alpha": 0.3, "beta": 0.7, "axis": (-1, 1)}, "shares"),
    ("BinaryFocalCrossentropy", {}, "shares"),
    ("BinaryFocalCrossentropy", {"apply_class_balancing": True, "gamma": 0.5}, "shares"),
    ("BinaryFocalCrossentropy", {"label_smoothing": 0.2, "gamma": 0.0}, "shares"),
    ("BinaryFocalCrossentropy", {"from_logits": True, "gamma": 1.5}, "logits"),
    ("CategoricalFocalCrossentropy", {}, "shares"),
    ("CategoricalFocalCrossentropy", {"label_smoothing": 0.2, "gamma": 0.0}, "shares"),
    ("CategoricalFocalCrossentropy", {"from_logits": True, "alpha": 0.5, "gamma": 1.5}, "logits"),
]
FUNCTIONS = {"KLDivergence": "kl_divergence"}


def function_name(name):
    return FUNCTIONS.get(name, losses.get(name).name.removesuffix("_loss"))


def draw(kind, rng, shape=(3, 4, 5)):
    """Targets and outputs."""
    if kind == "numbers":
        return rng.standard_normal((2, *shape))
    target = rng.uniform(0.05, 0.95, shape)
    if kind == "labels":
        target = (target > 0.5).astype(float)
    if kind == "signs":
        target = np.sign(target - 0.5)
    if kind == "logits":
        return target, rng.standard_normal(shape)
    return target, rng.uniform(0.05, 0.95, shape)


@pytest.mark.parametrize("name, options, kind", CASES, ids=str)
def test_values(name, options, kind, dtype, rng):
    target, y = (array.astype(dtype) for array in draw(kind, rng))
    values = getattr(losses, name)(**options).call(target, y)
    exact = (array.astype(np.float64) for array in (target, y))
    expected = np.asarray(getattr(formulas, function_name(name))(*exact, **options))
    tolerance = 8 * np.finfo(dtype).eps * max(1.0, np.abs(expected).max())
    assert_close(np.asarray(values), expected, tolerance, name, dtype=dtype)
    assert_same_bits(values, getattr(losses, function_name(name))(target, y, **options))


@pytest.mark.parametrize("reduction", ["sum_over_batch_size", "sum", "mean_with_sample_weight"])
@pytest.mark.parametrize("name, options, kind", CASES, ids=str)
def test_gradients(name, options, kind, reduction, rng):
    target, y = draw(kind, rng)
    loss = getattr(losses, name)(**options, reduction=reduction)
    weights = rng.uniform(0.5, 2, np.shape(loss.call(target, y)))
    check_gradients(
        lambda y: np.array(loss(target, y, weights)),
        {"y": y},
        {"y": loss.vjp(target, y, weights)[1]()},
        np.array(1.0),
        step=1e-6,
        rng=rng,
    )


@pytest.mark.parametrize("name, options, kind", CASES, ids=str)
def test_a_float32_gradient_is_the_float64_one_rounded(name, options, kind, rng):
    target, y = (array.astype("float32") for array in draw(kind, rng))
    loss = getattr(losses, name)(**options, reduction="sum")
    grad = loss.vjp(target, y)[1]()
    exact = loss.vjp(target.astype("float64"), y.astype("float64"))[1]()
    tolerance = 4e-6 * max(1.0, np.abs(exact).max())
    assert_close(grad, exact, tolerance, name, dtype="float32")


@pytest.mark.parametrize("name, options, kind", CASES, ids=str)
def test_nan_in_value_and_gradient(name, options, kind, rng):
    target, y = draw(kind, rng)
    y = y.copy()
    y[1, 2, 3] = np.nan
    loss = getattr(losses, name)(**options, reduction="sum")
    value, pullback = loss.vjp(target, y)
    assert np.isnan(value)
    assert np.isnan(loss(np.where(np.isnan(y), y, target), np.where(np.isnan(y), 0.5, y)))
    grad = pullback()
    assert np.isnan(grad[1, 2]).any()
    if loss.axis is not None and loss.axis == -1:
        assert np.isfinite(grad[[0, 2]]).all()


@pytest.mark.parametrize("name, options, kind", CASES, ids=str)
def test_layouts_do_not_matter(name, options, kind, dtype, rng):
    target, y = (array.astype(dtype) for array in draw(kind, rng))
    loss = getattr(losses, name)(**options)
    value, pullback = loss.vjp(target, y)
    other, other_pullback = loss.vjp(np.asfortranarray(target), np.repeat(y, 2, 1)[:, ::2])
    assert value == other
    assert_same_bits(pullback(), other_pullback())


@pytest.mark.parametrize("name, options, kind", CASES, ids=str)
def test_configurations(name, options, kind):
    loss = getattr(losses, name)(**options, reduction="sum", name="mine")
    again = losses.deserialize(losses.serialize(loss))
    assert type(again) is type(loss)
    assert again.get_config() == loss.get_config()
    assert losses.get({"class_name": name, "config": options}).name == losses.get(name).name
    assert type(losses.get(getattr(losses, function_name(name)))) is type(loss)


def test_huge_differences_do_not_overflow():
    assert losses.LogCosh()([[0.0]], [[1e300]]) == 1e300
    assert losses.LogCosh()([[0.0]], [[-1e300]]) == 1e300


def test_vectors_without_a_length():
    value, pullback = losses.CosineSimilarity().vjp(np.ones((1, 2)), np.zeros((1, 2)))
    assert value == 0
    assert np.isfinite(pullback()).all()


def test_no_samples():
    for name in NUMBERS:
        value, pullback = getattr(losses, name)().vjp(np.ones((0, 2)), np.zeros((0, 2)))
        assert value == 0
        assert pullback().shape == (0, 2)


# ----------------------------------------------------------------------------- a class to ignore


@pytest.mark.parametrize("axis", [-1, 1])
@pytest.mark.parametrize("from_logits", [True, False])
@pytest.mark.parametrize("reduction", ["sum_over_batch_size", "sum", "mean_with_sample_weight"])
def test_ignored_samples_are_as_if_not_there(axis, from_logits, reduction, rng):
    y = rng.uniform(0.1, 0.9, (6, 4))
    labels = np.array([0, 3, 255, 1, 255, 2])
    weights = rng.uniform(0.5, 2, 6)
    keep = labels != 255
    options = {"from_logits": from_logits, "reduction": reduction}
    loss = losses.SparseCategoricalCrossentropy(ignore_class=255, axis=axis, **options)
    plain = losses.SparseCategoricalCrossentropy(**options)
    for given in (labels, labels[:, None]):
        value, pullback = loss.vjp(given, y, weights)
        expected, expected_pullback = plain.vjp(labels[keep], y[keep], weights[keep])
        assert value == pytest.approx(expected, rel=1e-15)
        assert pullback()[keep] == pytest.approx(expected_pullback(), rel=1e-14)
        assert not pullback()[~keep].any()
        assert loss(given, y, weights) == value
        assert not loss.call(given, y)[~keep].any()


def test_only_ignored_samples():
    loss = losses.SparseCategoricalCrossentropy(ignore_class=-1)
    y = np.array([[0.5, 0.5], [np.nan, 0.5]])
    value, pullback = loss.vjp([-1, -1], y)
    assert value == 0
    assert not pullback().any()


@pytest.mark.parametrize(
    "call, error, words",
    [
        (lambda: losses.Huber(delta=0), ValueError, "delta must be above 0, got 0"),
        (lambda: losses.Huber("1"), TypeError, "delta must be a number"),
        (lambda: losses.Tversky(alpha=-1), ValueError, "alpha must be at least 0"),
        (lambda: losses.Dice(axis=1.5), TypeError, "axis must be None, an integer or several"),
        (lambda: losses.Dice(axis=5)([[1.0]], [[1.0]]), ValueError, "axis must be different ones"),
        (lambda: losses.Dice(axis=(0, -2))([[1.0]], [[1.0]]), ValueError, "must be different one"),
        (lambda: losses.BinaryFocalCrossentropy(gamma=-1), ValueError, "gamma must be at least 0"),
        (lambda: losses.CategoricalFocalCrossentropy(alpha=None), TypeError, "alpha must be a num"),
        (
            lambda: losses.CosineSimilarity(axis=3)([[1]], [[1.0]]),
            ValueError,
            "axis must be one of",
        ),
        (lambda: losses.CosineSimilarity(axis=10**30)([[1]], [[1.0]]), ValueError, "axis must be"),
        (
            lambda: losses.SparseCategoricalCrossentropy(ignore_class=0.5),
            TypeError,
            "ignore_class must be an integer",
        ),
        (lambda: losses.deserialize({"class_name": "Regret"}), ValueError, "loss must be one of"),
        (lambda: losses.deserialize("mse"), TypeError, "config must be a dict"),
        (lambda: losses.serialize("mse"), TypeError, "loss must be a Loss, got str"),
    ],
)
def test_bad_arguments(call, error, words):
    with pytest.raises(error, match=words):
        call()
