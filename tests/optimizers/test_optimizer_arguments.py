"""What optimizers accept and refuse, and that a refused step changes nothing."""

import numpy as np
import pytest

from convlet import Variable, backend, optimizers

ALL = [
    *(optimizers.SGD, optimizers.Adam, optimizers.RMSprop, optimizers.Adadelta),
    *(optimizers.Adagrad, optimizers.AdamW, optimizers.Adamax, optimizers.Nadam, optimizers.Lion),
]


@pytest.fixture
def pair():
    return [Variable(np.ones((2, 3), np.float32), name="kernel"), Variable(np.zeros(3), name="b")]


GRADS = [np.ones((2, 3), np.float32), np.ones(3)]


@pytest.mark.parametrize("cls", ALL)
@pytest.mark.parametrize(
    "options, error, words",
    [
        ({"learning_rate": -0.1}, ValueError, "learning_rate must be finite and at least 0"),
        ({"learning_rate": np.nan}, ValueError, "learning_rate must be finite and at least 0"),
        ({"learning_rate": np.inf}, ValueError, "learning_rate must be finite and at least 0"),
        ({"learning_rate": "fast"}, TypeError, "learning_rate must be a number, got str"),
        ({"learning_rate": None}, TypeError, "learning_rate must be a number"),
        ({"learning_rate": True}, TypeError, "learning_rate must be a number"),
        ({"learning_rate": [0.1]}, TypeError, "learning_rate must be a number"),
        ({"weight_decay": -1}, ValueError, "weight_decay must be finite and at least 0"),
        ({"clipnorm": -1.0}, ValueError, "clipnorm must be finite and at least 0"),
        ({"clipvalue": "1"}, TypeError, "clipvalue must be a number"),
        ({"global_clipnorm": np.nan}, ValueError, "global_clipnorm must be finite"),
        ({"clipnorm": 1.0, "clipvalue": 1.0}, ValueError, "only one of clipnorm, clipvalue"),
        ({"name": 3}, TypeError, "name must be a str, got int"),
        ({"use_ema": 1}, TypeError, "use_ema must be True or False"),
        ({"ema_momentum": 1.5}, ValueError, "ema_momentum must be between 0 and 1"),
        ({"ema_overwrite_frequency": 0}, ValueError, "ema_overwrite_frequency must be at least 1"),
        ({"gradient_accumulation_steps": 1}, ValueError, "gradient_accumulation_steps must be at"),
        ({"momentun": 0.5}, TypeError, "unexpected keyword argument 'momentun'"),
    ],
)
def test_common_arguments(cls, options, error, words):
    with pytest.raises(error, match=words):
        cls(**options)


@pytest.mark.parametrize(
    "cls, options, error, words",
    [
        (optimizers.SGD, {"momentum": 1.5}, ValueError, "momentum must be between 0 and 1"),
        (optimizers.SGD, {"momentum": -0.1}, ValueError, "momentum must be between 0 and 1"),
        (optimizers.SGD, {"nesterov": 1}, TypeError, "nesterov must be True or False"),
        (optimizers.Adam, {"beta_1": 1.0}, ValueError, "beta_1 must be at least 0 and below 1"),
        (optimizers.Adam, {"beta_2": -1}, ValueError, "beta_2 must be at least 0 and below 1"),
        (optimizers.Adam, {"epsilon": -1e-9}, ValueError, "epsilon must be finite and at least 0"),
        (optimizers.Adam, {"amsgrad": "no"}, TypeError, "amsgrad must be True or False"),
        (optimizers.RMSprop, {"rho": 2}, ValueError, "rho must be between 0 and 1"),
        (optimizers.RMSprop, {"momentum": 2}, ValueError, "momentum must be between 0 and 1"),
        (optimizers.RMSprop, {"centered": None}, TypeError, "centered must be True or False"),
        (optimizers.Adadelta, {"rho": np.nan}, ValueError, "rho must be between 0 and 1"),
        (
            optimizers.Adagrad,
            {"initial_accumulator_value": -1},
            ValueError,
            "initial_accumulator_value must be finite and at least 0",
        ),
        (optimizers.AdamW, {"weight_decay": None}, TypeError, "weight_decay must be a number"),
        (optimizers.Adamax, {"beta_1": 1.0}, ValueError, "beta_1 must be at least 0 and below 1"),
        (optimizers.Nadam, {"epsilon": "1"}, TypeError, "epsilon must be a number, got str"),
        (optimizers.Lion, {"beta_1": 0.0}, ValueError, "beta_1 must be above 0 and at most 1"),
        (optimizers.Lion, {"beta_2": 1.5}, ValueError, "beta_2 must be between 0 and 1"),
    ],
)
def test_a_rule_s_own_arguments(cls, options, error, words):
    with pytest.raises(error, match=words):
        cls(**options)


def test_numbers_of_numpy_and_integers_are_numbers():
    optimizer = optimizers.SGD(learning_rate=1, momentum=np.float32(0.5), clipnorm=np.int64(3))
    assert (optimizer.momentum, optimizer.clipnorm) == (0.5, 3.0)
    assert optimizer.learning_rate.value == 1.0


def test_learning_rate_is_a_variable_that_can_be_set(pair):
    optimizer = optimizers.SGD(0.25)
    optimizer.learning_rate = 0.5
    optimizer.apply(GRADS, pair)
    assert np.array_equal(pair[0].value, np.full((2, 3), 0.5))
    optimizer.learning_rate.assign(0.25)
    optimizer.apply(GRADS)
    assert np.array_equal(pair[0].value, np.full((2, 3), 0.25))
    for bad, error in [(-1, ValueError), ("x", TypeError), (np.ones(2), TypeError)]:
        with pytest.raises(error, match="learning_rate"):
            optimizer.learning_rate = bad
    assert optimizer.learning_rate.value == 0.25
    optimizer.learning_rate = optimizers.SGD(0.125).learning_rate
    assert optimizer.learning_rate.value == 0.125


# --------------------------------------------------------------------------------------------- step


def state(variables):
    return [(v.value.copy(), v.version) for v in variables]


def assert_unchanged(variables, before):
    for variable, (value, version) in zip(variables, before, strict=True):
        assert np.array_equal(variable.value, value)
        assert variable.version == version, variable


@pytest.mark.parametrize("cls", ALL)
@pytest.mark.parametrize(
    "grads, error, words",
    [
        (GRADS[:1], ValueError, "grads must be as many as the variables, 2, got 1"),
        ([GRADS[0], np.ones(4)], ValueError, r"shape, \(3,\) for b, got \(4,\)"),
        ([GRADS[0], np.ones(3, complex)], TypeError, "real numbers, got complex128 for b"),
        ([GRADS[0], ["a", "b", "c"]], TypeError, "grads must be real numbers"),
        ([None, None], ValueError, "at least one gradient"),
    ],
)
def test_a_refused_step_changes_nothing(cls, grads, error, words, pair):
    optimizer = cls()
    optimizer.apply(GRADS, pair)
    everything = [*pair, *optimizer.variables]
    before = state(everything)
    with pytest.raises(error, match=words):
        optimizer.apply(grads, pair)
    assert_unchanged(everything, before)


def test_updates_are_checked_before_the_step(pair):
    optimizer, statistic = optimizers.Adam(), Variable(np.zeros(2), trainable=False)
    optimizer.build(pair)
    everything = [*pair, *optimizer.variables, statistic]
    before = state(everything)
    with pytest.raises(ValueError, match="updates must have their variable's shape"):
        optimizer.apply(GRADS, pair, [(statistic, np.ones(3))])
    with pytest.raises(TypeError, match="updates must be for Variables"):
        optimizer.apply(GRADS, pair, [(np.zeros(2), np.ones(2))])
    assert_unchanged(everything, before)


def test_updates_are_assigned_with_the_step(pair):
    optimizer = optimizers.SGD(1.0)
    statistic, counter = Variable(np.zeros(2, np.float32)), Variable(np.uint64(3))
    optimizer.apply(GRADS, pair, [(statistic, [1, 2]), (counter, np.uint64(2**63 + 1))])
    assert np.array_equal(statistic.value, [1, 2])
    assert counter.value == 2**63 + 1
    assert [v.version for v in (*pair, statistic, counter, optimizer.iterations)] == [1] * 5


def test_without_gradients_only_updates_are_made():
    optimizer, statistic = optimizers.SGD(), Variable(np.zeros(2))
    optimizer.apply([], [], [(statistic, np.ones(2))])
    assert np.array_equal(statistic.value, [1, 1])
    assert optimizer.iterations.value == 0


def test_variables_that_change_raise_their_versions(pair):
    optimizer = optimizers.Adam()
    for step in (1, 2):
        optimizer.apply(GRADS, pair)
        changed = [*pair, optimizer.iterations, *optimizer.variables[2:]]
        assert [v.version for v in changed] == [step] * 7
    assert optimizer.learning_rate.version == 0
    assert optimizer.iterations.value == 2
    assert optimizer.iterations.dtype == np.int64


def test_a_missing_gradient_leaves_its_variable_alone(pair):
    optimizer = optimizers.SGD(1.0, momentum=0.5)
    with pytest.warns(UserWarning, match="no gradients for variables kernel"):
        optimizer.apply([None, GRADS[1]], pair)
    assert np.array_equal(pair[0].value, np.ones((2, 3)))
    assert np.array_equal(pair[1].value, [-1, -1, -1])
    assert [v.version for v in pair] == [0, 1]


def test_variables_must_be_known(pair):
    optimizer = optimizers.SGD()
    with pytest.raises(ValueError, match="trainable_variables must be given"):
        optimizer.apply(GRADS)
    optimizer.build(pair)
    with pytest.raises(ValueError, match="among those the optimizer was built with"):
        optimizer.apply(GRADS[:1], [Variable(np.zeros((2, 3)))])
    optimizer.apply(GRADS[1:], pair[1:])
    assert pair[0].version == 0
    with pytest.raises(ValueError, match="each variable once"):
        optimizers.SGD().build([pair[0], pair[0]])
    with pytest.raises(ValueError, match="share memory"):
        optimizer.apply([GRADS[0], GRADS[0]], [pair[0], pair[0]])
    with pytest.raises(TypeError, match="variables must be Variables, got ndarray"):
        optimizers.SGD().build([np.zeros(3)])
    with pytest.raises(TypeError, match="variables must be float32 or float64, got int64"):
        optimizers.SGD().apply([np.ones(3)], [Variable(np.ones(3, np.int64))])


def test_gradients_of_any_layout_are_cast(pair):
    optimizer = optimizers.SGD(1.0)
    grad = np.asfortranarray(np.arange(6.0).reshape(2, 3))
    optimizer.apply([grad, np.arange(6)[::-2]], pair)
    assert np.array_equal(pair[0].value, 1 - grad)
    assert np.array_equal(pair[1].value, [-5, -3, -1])


def test_a_weight_may_be_its_own_gradient():
    """As for the loss of w^2 / 2: decay comes before the rule, but not before the gradient."""
    w = Variable(np.array([1.0, 2.0]))
    optimizers.SGD(0.5, weight_decay=1.0).apply([w.value], [w])
    assert np.array_equal(w.value, [0, 0])


def test_apply_gradients(pair):
    optimizer = optimizers.SGD(1.0)
    assert optimizer.apply_gradients(zip(GRADS, pair, strict=True)) is optimizer.iterations
    assert np.array_equal(pair[1].value, [-1, -1, -1])


# --------------------------------------------------------------------------------- names and config


def test_get():
    for name, cls in {"adam": optimizers.Adam, "SGD": optimizers.SGD, "RMSProp": optimizers.RMSprop,
                      "ADADELTA": optimizers.Adadelta}.items():  # fmt: skip
        assert type(optimizers.get(name)) is cls
    optimizer = optimizers.Adam()
    assert optimizers.get(optimizer) is optimizer
    assert optimizers.get(None) is None
    given = optimizers.get({"class_name": "sgd", "config": {"momentum": 0.5}})
    assert given.momentum == 0.5
    for bad in ("nope", 3, optimizers.Adam, {"name": "adam"}):
        with pytest.raises(ValueError, match="must"):
            optimizers.get(bad)


@pytest.mark.parametrize("cls", ALL)
def test_config_makes_the_same_optimizer(cls, pair):
    optimizer = cls(0.3, weight_decay=0.25, global_clipnorm=2.0, name="mine")
    again = optimizers.deserialize(optimizers.serialize(optimizer))
    assert type(again) is cls
    assert again.get_config() == optimizer.get_config()
    assert again.learning_rate.value == optimizer.learning_rate.value
    optimizer.build(pair)
    assert {v.path.split("/")[0] for v in optimizer.variables} == {"mine"}


def test_names_count_up():
    backend.clear_session()
    assert [optimizers.RMSprop().name, optimizers.RMSprop().name] == ["rm_sprop", "rm_sprop_1"]
