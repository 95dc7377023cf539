"""Every loss beside Keras on PyTorch, over random configurations; names and defaults too."""

import inspect

import keras
import numpy as np
import pytest
import torch

import tally
from convlet import losses

NAMES = [
    name
    for name in losses.__all__
    if name[0].isupper() and name not in ("Loss", "SparseCategoricalCrossentropy")
]
RANGES = {  # of targets and outputs, where they are not all numbers
    "MeanSquaredLogarithmicError": (0.1, 3),
    "Poisson": (0.1, 3),
    **dict.fromkeys(
        [
            "KLDivergence",
            "BinaryCrossentropy",
            "CategoricalCrossentropy",
            "BinaryFocalCrossentropy",
            "CategoricalFocalCrossentropy",
            "Dice",
            "Tversky",
        ],
        (0.05, 0.95),
    ),
}


def any_of(rng, *choices):
    return choices[rng.integers(len(choices))]


def draw(name, rng):
    """Options, targets, outputs, weights."""
    options = {"reduction": any_of(rng, "sum_over_batch_size", "sum", "mean_with_sample_weight")}
    shape = tuple(int(n) for n in rng.integers(2, 6, rng.integers(2, 4)))
    low, high = RANGES.get(name, (-2, 2))
    target, y = rng.uniform(low, high, (2, *shape))
    if "entropy" in name:
        options |= {
            "from_logits": bool(rng.integers(2)),
            "label_smoothing": any_of(rng, 0.0, 0.2),
            # Keras's smoothing of other axes divides by the last one's size.
            "axis": -1,
        }
        y = rng.uniform(-3, 3, shape) if options["from_logits"] else y
    if "Focal" in name:
        options |= {"gamma": any_of(rng, 0.5, 1.0, 2.0), "alpha": any_of(rng, 0.25, 0.6)}
    if name == "BinaryFocalCrossentropy":
        options["apply_class_balancing"] = bool(rng.integers(2))
    if name == "Huber":
        options["delta"] = any_of(rng, 0.5, 1.0, 1.5)
    if name == "CosineSimilarity":
        options["axis"] = any_of(rng, -1, 1)
    if name in ("Dice", "Tversky"):
        options["axis"] = any_of(rng, None, tuple(range(1, len(shape))), -1)
    if name == "Tversky":
        options |= {"alpha": 0.3, "beta": 0.8}
    if name in ("Hinge", "SquaredHinge"):
        target = any_of(rng, np.sign(target), (target > 0).astype(float), target)
    weight = None
    if options.get("axis", -1) is not None and rng.integers(2):
        weight = rng.uniform(0.5, 2, shape[0])
    return options, target, y, weight


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("name", NAMES)
def test_values_and_gradients(name, seed, dtype):
    options, target, y, weight = draw(name, np.random.default_rng(seed))
    target, y = target.astype(dtype), y.astype(dtype)
    if weight is not None:
        weight = weight.astype(dtype)
        if options.get("axis") in (-1, 1) or "axis" not in options:
            kept = losses.get({"class_name": name, "config": options}).call(target, y).shape
            weight = np.broadcast_to(weight.reshape(-1, *[1] * (len(kept) - 1)), kept).copy()
    value, pullback = getattr(losses, name)(**options).vjp(target, y, weight)
    theirs = torch.tensor(y, requires_grad=True)
    expected = getattr(keras.losses, name)(dtype=dtype, **options)(
        torch.tensor(target), theirs, None if weight is None else torch.tensor(weight)
    )
    expected.backward()
    expected = float(expected.detach())
    # Keras averages and clips in float32 in places, whatever the dtype.
    assert abs(value - expected) <= 3e-6 * max(1, abs(expected)), options
    slopes = theirs.grad.numpy()
    scale = max(1.0, np.abs(slopes).max())
    assert np.abs(pullback() - slopes).max() <= 3e-6 * scale, options
    tally.agreed("keras", name, f"{options}{y.shape}{weight is None}{seed}{dtype}")


@pytest.mark.parametrize("seed", range(12))
def test_an_ignored_class(seed):
    rng = np.random.default_rng(seed)
    options = {
        "ignore_class": any_of(rng, 255, 0, -1),
        "from_logits": bool(rng.integers(2)),
        "reduction": any_of(rng, "sum_over_batch_size", "sum", "mean_with_sample_weight"),
    }
    y = rng.uniform(0.1, 0.9, (12, 3))  # PyTorch has no gradient here with more axes
    labels = rng.integers(3, size=12)
    labels[rng.random(labels.shape) < 0.3] = options["ignore_class"]
    weight = rng.uniform(0.5, 2, labels.shape)
    value, pullback = losses.SparseCategoricalCrossentropy(**options).vjp(labels, y, weight)
    theirs = torch.tensor(y, requires_grad=True)
    expected = keras.losses.SparseCategoricalCrossentropy(dtype="float64", **options)(
        torch.tensor(labels), theirs, torch.tensor(weight)
    )
    expected.backward()
    assert value == pytest.approx(float(expected.detach()), rel=1e-6)
    assert np.abs(pullback() - theirs.grad.numpy()).max() <= 1e-6
    tally.agreed("keras", "SparseCategoricalCrossentropy", str(options))


@pytest.mark.parametrize("name", [*NAMES, "SparseCategoricalCrossentropy"])
def test_arguments_and_defaults(name):
    ours, theirs = (
        inspect.signature(getattr(module, name).__init__).parameters
        for module in (losses, keras.losses)
    )
    assert list(ours) == [key for key in theirs if key != "dtype"]
    for key in set(ours) - {"self", "name"}:
        assert ours[key].default == theirs[key].default
    assert getattr(losses, name)().name == getattr(keras.losses, name)().name


@pytest.mark.parametrize("name", [n for n in losses.__all__ if n[0].islower()])
def test_functions(name):
    ours, theirs = (
        inspect.signature(getattr(module, name)).parameters for module in (losses, keras.losses)
    )
    if name not in ("serialize", "deserialize"):
        assert [(k, v.default) for k, v in ours.items()] == [
            (k, v.default) for k, v in theirs.items()
        ]
