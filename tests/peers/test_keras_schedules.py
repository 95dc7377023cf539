"""Learning-rate schedules beside Keras's, which computes in float32."""

import inspect

import keras
import numpy as np
import pytest

import tally
from convlet.optimizers import schedules


def any_of(rng, *choices):
    return choices[rng.integers(len(choices))]


def draw(name, rng):
    steps = int(rng.integers(1, 40))
    rate = float(rng.uniform(1e-4, 1))
    share = float(rng.uniform(0.05, 0.95))
    if name == "PiecewiseConstantDecay":
        boundaries = np.unique(rng.integers(1, 80, rng.integers(1, 5))).tolist()
        return {"boundaries": boundaries, "values": rng.uniform(size=len(boundaries) + 1).tolist()}
    if name in ("ExponentialDecay", "InverseTimeDecay"):
        own = {"decay_rate": share, "staircase": bool(rng.integers(2))}
    elif name == "PolynomialDecay":
        own = {
            "end_learning_rate": share * rate,
            "power": any_of(rng, 0.5, 1.0, 2.0),
            "cycle": bool(rng.integers(2)),
        }
    elif name == "CosineDecay":
        warm = {"warmup_target": share, "warmup_steps": int(rng.integers(1, 20))}
        own = {"alpha": any_of(rng, 0.0, share), **any_of(rng, {}, warm)}
    else:
        own = {"t_mul": any_of(rng, 1.0, 1.5, 2.0), "m_mul": any_of(rng, 1.0, share)}
        return {"initial_learning_rate": rate, "first_decay_steps": steps, "alpha": share, **own}
    return {"initial_learning_rate": rate, "decay_steps": steps, **own}


NAMES = [name for name in schedules.__all__ if name[0].isupper() and name[0:3] != "Lea"]


@pytest.mark.parametrize("seed", range(30))
@pytest.mark.parametrize("name", NAMES)
def test_rates(name, seed):
    options = draw(name, np.random.default_rng(seed))
    ours = getattr(schedules, name)(**options)
    theirs = getattr(keras.optimizers.schedules, name)(**options)
    assert ours.get_config() == theirs.get_config()
    scale = max(abs(ours(step)) for step in range(100))
    for step in range(100):
        expected = float(theirs(np.int64(step)))
        # At a restart, and where a whole number is rounded down, float32 may round to its other
        # side: Keras is then one step early or late.
        near = [ours(step + shift) for shift in (-1e-5, 0, 1e-5)] if step else [ours(step)]
        assert min(abs(value - expected) for value in near) <= 2e-6 * scale + 1e-7, (options, step)
    tally.agreed("keras", name, str(options))


@pytest.mark.parametrize("name", NAMES)
def test_arguments_and_defaults(name):
    ours, theirs = (
        inspect.signature(getattr(module, name).__init__).parameters
        for module in (schedules, keras.optimizers.schedules)
    )
    assert [(k, v.default) for k, v in ours.items()] == [(k, v.default) for k, v in theirs.items()]
