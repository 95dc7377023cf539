"""Moving averages of weights, gradients added up over steps, weights without decay."""

import numpy as np
import pytest

import modes
from comparison import assert_same_bits
from convlet import Sequential, Variable, optimizers, utils
from convlet.layers import Dense, Input
from rules import CASES


def steps(optimizer, count, dtype="float64", shape=(3, 20000)):
    """A weight after so many steps, and its values on the way."""
    rng = np.random.default_rng(3)
    weight, values = Variable(rng.standard_normal(shape).astype(dtype), name="kernel"), []
    for _ in range(count):
        optimizer.apply([rng.standard_normal(shape).astype(dtype)], [weight])
        values.append(np.array(weight.value))
    return weight, values


@pytest.mark.parametrize("case", CASES)
def test_the_average_follows_the_weights(case, dtype):
    cls, options = CASES[case]
    optimizer = cls(**options, use_ema=True, ema_momentum=0.75)
    weight, values = steps(optimizer, 4, dtype)
    _, plain = steps(cls(**options), 4, dtype)
    real = np.dtype(dtype).type
    expected = values[0]
    for value, other in zip(values, plain, strict=True):
        assert_same_bits(value, other)  # averages change nothing else
        expected = expected if value is values[0] else real(0.75) * expected + real(0.25) * value
    average = optimizer.variables[2]
    assert average.path.endswith("/kernel_average")
    assert_same_bits(average.value, expected)
    optimizer.finalize_variable_values([weight])
    assert_same_bits(weight.value, expected)


def test_averages_take_the_weights_places():
    optimizer = optimizers.SGD(0.5, use_ema=True, ema_momentum=0.5, ema_overwrite_frequency=2)
    weight = Variable(np.zeros(1))
    seen = []
    for _ in range(4):
        optimizer.apply([-np.ones(1)], [weight])
        seen.append(float(weight.value[0]))
    assert seen == [0.5, 0.75, 1.25, 1.375]  # the averages are 0.5, 0.75, 1, 1.375
    assert optimizer.variables[2].version == 4


def test_averages_at_any_number_of_threads():
    found = []
    for threads in (1, 2, 3):
        with modes.num_threads(threads):
            optimizer = optimizers.Adam(use_ema=True, ema_overwrite_frequency=2)
            weight, _ = steps(optimizer, 3, "float32", (7, 30011))
            found.append(weight.value.tobytes() + optimizer.variables[2].value.tobytes())
    assert len(set(found)) == 1


def test_fit_ends_with_the_averages():
    utils.set_random_seed(1)
    model = Sequential([Input((2,)), Dense(1)])
    model.compile(optimizers.SGD(0.1, use_ema=True), "mse")
    x, y = np.ones((4, 2), np.float32), np.zeros((4, 1), np.float32)
    model.fit(x, y, epochs=3, batch_size=2, verbose=0)
    for weight, average in zip(model.weights, model.optimizer.variables[2:], strict=True):
        assert_same_bits(weight.value, average.value)


@pytest.mark.parametrize("case", CASES)
def test_sums_of_gradients(case):
    """Three steps are one, with the mean of their gradients."""
    cls, options = CASES[case]
    optimizer, twin = cls(**options, gradient_accumulation_steps=3), cls(**options)
    rng = np.random.default_rng(5)
    weight, other = (Variable(np.ones(50)) for _ in range(2))
    total = np.zeros(50)
    for step in range(1, 10):
        grad = rng.standard_normal(50)
        total = grad if step % 3 == 1 else total + grad
        before = np.array(weight.value)
        optimizer.apply([grad], [weight])
        if step % 3:
            assert_same_bits(weight.value, before)
        else:
            twin.apply([total / 3], [other])
            assert_same_bits(weight.value, other.value)
        assert int(optimizer.iterations.value) == step // 3
        assert int(optimizer.variables[0].value) == step
    assert not optimizer.variables[2].value.any()


def test_a_missing_gradient_while_adding_up():
    optimizer = optimizers.SGD(1.0, gradient_accumulation_steps=2)
    pair = [Variable(np.zeros(2)), Variable(np.zeros(2))]
    for _ in range(2):
        with pytest.warns(UserWarning, match="no gradients"):
            optimizer.apply([None, np.ones(2)], pair)
    assert np.array_equal(pair[0].value, [0, 0])
    assert np.array_equal(pair[1].value, [-1, -1])


@pytest.mark.parametrize("ema", [False, True])
def test_weights_without_decay(ema):
    pair = [Variable(np.ones(2), name="kernel"), Variable(np.ones(2), name="bias")]
    optimizer = optimizers.SGD(0.5, weight_decay=0.5, use_ema=ema)
    optimizer.exclude_from_weight_decay(var_names=["bias"])
    optimizer.apply([np.zeros(2), np.zeros(2)], pair)
    assert [variable.value[0] for variable in pair] == [0.75, 1]
    other = optimizers.SGD(0.5, weight_decay=0.5, use_ema=ema)
    other.exclude_from_weight_decay([pair[0]])
    other.build(pair)
    with pytest.warns(UserWarning, match="no gradients"):
        other.apply([None, np.zeros(2)], pair)
    assert [variable.value[0] for variable in pair] == [0.75, 0.75]
    with pytest.raises(ValueError, match="must be called before build"):
        other.exclude_from_weight_decay()
    with pytest.raises(TypeError, match="var_list must have Variables, got str"):
        optimizers.SGD().exclude_from_weight_decay(["kernel"])
