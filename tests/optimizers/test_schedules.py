"""Learning-rate schedules by hand, and optimizers that follow one; tests/peers has Keras's."""

import numpy as np
import pytest

from convlet import Sequential, Variable, callbacks, config, optimizers
from convlet.layers import Dense, Input
from convlet.optimizers import schedules

ALL = {
    "exponential": schedules.ExponentialDecay(0.5, 10, 0.25),
    "staircase": schedules.ExponentialDecay(0.5, 10, 0.25, staircase=True),
    "inverse": schedules.InverseTimeDecay(0.5, 10, 3.0),
    "polynomial": schedules.PolynomialDecay(0.5, 10, 0.1, power=2.0),
    "cycle": schedules.PolynomialDecay(0.5, 10, 0.1, cycle=True),
    "piecewise": schedules.PiecewiseConstantDecay([5, 10], [0.5, 0.25, 0.125]),
    "cosine": schedules.CosineDecay(0.5, 10, alpha=0.5),
    "warm-up": schedules.CosineDecay(0.0, 10, warmup_target=1.0, warmup_steps=4),
    "restarts": schedules.CosineDecayRestarts(0.5, 10, t_mul=3.0, m_mul=0.5),
    "equal restarts": schedules.CosineDecayRestarts(0.5, 10, t_mul=1.0),
}
POINTS = {
    "exponential": {0: 0.5, 5: 0.25, 20: 0.03125},
    "staircase": {0: 0.5, 9: 0.5, 10: 0.125},
    "inverse": {0: 0.5, 10: 0.125},
    "polynomial": {0: 0.5, 5: 0.2, 10: 0.1, 99: 0.1},
    "cycle": {0: 0.5, 10: 0.1, 15: 0.2, 20: 0.1, 25: 0.1 + 0.4 / 6},
    "piecewise": {0: 0.5, 5: 0.5, 6: 0.25, 10: 0.25, 11: 0.125},
    "cosine": {0: 0.5, 5: 0.375, 10: 0.25, 99: 0.25},
    "warm-up": {0: 0.0, 1: 0.25, 4: 1.0, 9: 0.5, 14: 0.0, 99: 0.0},
    "restarts": {0: 0.5, 5: 0.25, 10: 0.25, 25: 0.125, 40: 0.125, 130: 0.0625, 1210: 0.5**6},
    "equal restarts": {0: 0.5, 5: 0.25, 10: 0.5, 35: 0.25, 10**9: 0.5},
}


@pytest.mark.parametrize("name", ALL)
def test_points(name):
    for step, expected in POINTS[name].items():
        for given in (step, np.int64(step), Variable(np.int64(step))):
            assert ALL[name](given) == pytest.approx(expected, rel=1e-12, abs=1e-16)


@pytest.mark.parametrize("name", ALL)
def test_configurations(name):
    schedule = ALL[name]
    again = schedules.deserialize(schedules.serialize(schedule))
    assert type(again) is type(schedule)
    assert again.get_config() == schedule.get_config()
    optimizer = optimizers.Adam(schedule)
    config = optimizer.get_config()
    twin = optimizers.deserialize(optimizers.serialize(optimizer))
    assert twin.get_config() == config
    assert isinstance(config["learning_rate"], dict)  # from_config has left it alone


@pytest.mark.parametrize("floatx", ["float32", "float64"])
def test_an_optimizer_follows_its_schedule(floatx):
    before = config.floatx()
    config.set_floatx(floatx)
    try:
        schedule = schedules.ExponentialDecay(0.3, 1, 0.5)
        optimizer, weight = optimizers.SGD(schedule), Variable(np.zeros(1))
        expected = 0.0
        for step in range(4):
            rate = np.dtype(floatx).type(schedule(step))
            assert optimizer.learning_rate == rate
            optimizer.apply([np.ones(1)], [weight])
            expected -= float(rate)
            assert weight.value[0] == pytest.approx(expected, rel=1e-15)
    finally:
        config.set_floatx(before)


def test_a_schedule_is_no_variable_and_cannot_be_set_to_a_number():
    schedule = schedules.ExponentialDecay(0.3, 1, 0.5)
    optimizer = optimizers.SGD(schedule)
    assert optimizer.variables == [optimizer.iterations]
    with pytest.raises(TypeError, match="learning_rate must be a schedule, as it has been"):
        optimizer.learning_rate = 0.1
    plain = optimizers.SGD(0.1)
    assert len(plain.variables) == 2
    plain.learning_rate = schedule
    assert float(plain.learning_rate) == pytest.approx(0.3)
    assert plain.variables == [plain.iterations]


def test_training_with_a_schedule():
    model = Sequential([Input((2,)), Dense(1)])
    model.compile(optimizers.SGD(schedules.PiecewiseConstantDecay([1], [0.0, 1.0])), "mse")
    first = model.get_weights()
    x, y = np.ones((1, 2), np.float32), np.ones((1, 1), np.float32)
    for _ in range(2):
        model.train_on_batch(x, y)
        assert np.array_equal(model.get_weights()[0], first[0])
    model.train_on_batch(x, y)
    assert not np.array_equal(model.get_weights()[0], first[0])
    rates = []
    look = callbacks.LambdaCallback(
        on_epoch_end=lambda epoch, logs: rates.append(float(model.optimizer.learning_rate))
    )
    model.fit(x, y, verbose=0, callbacks=[look])
    assert rates == [1.0]


@pytest.mark.parametrize(
    "call, error, words",
    [
        (lambda: schedules.ExponentialDecay(0.1, 0, 0.5), ValueError, "decay_steps must be above"),
        (lambda: schedules.ExponentialDecay(0.1, 1, 0.0), ValueError, "decay_rate must be above"),
        (lambda: schedules.InverseTimeDecay(0.1, 1, -1), ValueError, "decay_rate must be at least"),
        (lambda: schedules.InverseTimeDecay("1", 1, 1), TypeError, "initial_learning_rate must be"),
        (lambda: schedules.PolynomialDecay(0.1, 1, power=-1), ValueError, "power must be at least"),
        (lambda: schedules.CosineDecay(np.nan, 1), ValueError, "initial_learning_rate must be fin"),
        (lambda: schedules.CosineDecay(0.1, 1, warmup_steps=-1), ValueError, "warmup_steps must"),
        (lambda: schedules.CosineDecayRestarts(0.1, 1, 0.5), ValueError, "t_mul must be at least"),
        (lambda: schedules.CosineDecayRestarts(0.1, 1, 2, -1), ValueError, "m_mul must be at leas"),
        (lambda: schedules.PiecewiseConstantDecay([1], [1]), ValueError, "values must be one more"),
        (lambda: schedules.PiecewiseConstantDecay([2, 1], [1] * 3), ValueError, "must ascend"),
        (lambda: schedules.CosineDecay(0.1, 1)(None), TypeError, "step must be a number"),
        (
            lambda: schedules.CosineDecay(0, 1, warmup_target=1)(-1),
            ValueError,
            "step must",
        ),
        (lambda: schedules.deserialize({"class_name": "Linear"}), ValueError, "class_name must be"),
        (lambda: schedules.deserialize("CosineDecay"), TypeError, "config must be a dict"),
        (lambda: schedules.serialize(0.1), TypeError, "must be a LearningRateSchedule, got float"),
        (lambda: optimizers.SGD(lambda: 0.1), TypeError, "learning_rate must be a number"),
    ],
)
def test_bad_arguments(call, error, words):
    with pytest.raises(error, match=words):
        call()


def test_numbers_beyond_the_largest():
    """A power is infinite, as in floating-point arithmetic; a count of periods must be a number."""
    assert schedules.ExponentialDecay(1.0, 1, 1e10)(100) == np.inf
    assert schedules.CosineDecayRestarts(1.0, 1, t_mul=1e200, m_mul=1e200)(10**18) > 0
    for schedule in (
        schedules.ExponentialDecay(1.0, 1e-300, 0.5),
        schedules.CosineDecayRestarts(1.0, 1e-300),
        schedules.PolynomialDecay(1.0, 1e-300, cycle=True),
    ):
        with pytest.raises(ValueError, match="step must be a finite number of periods, got 1"):
            schedule(10**15)
