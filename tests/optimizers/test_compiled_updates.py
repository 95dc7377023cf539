"""The compiled step checks all that it is given before it changes anything."""

import numpy as np
import pytest

from convlet import Variable
from convlet._cext import updates


def arguments(**changed):
    """A good call of one weight with momentum and one assignment, save what is changed."""
    good = {
        "rule": "sgd",
        "hyper": (0.5, 0.0, 0.5, 0.0),
        "variables": [Variable(np.ones((2, 3)))],
        "grads": [np.ones((2, 3))],
        "slots": [(Variable(np.zeros((2, 3))),)],
        "assignments": [(Variable(np.int64(0)), np.array(7))],
    }
    return good | changed


def test_a_good_call():
    good = arguments()
    updates.apply(**good)
    assert np.array_equal(good["variables"][0].value, np.full((2, 3), 0.5))
    assert np.array_equal(good["slots"][0][0].value, np.full((2, 3), -0.5))
    assert good["assignments"][0][0].value == 7


def strided(variable):
    variable._data = np.asfortranarray(variable._data)
    return variable


def unaligned(shape):
    size = int(np.prod(shape))
    return np.zeros(8 * size + 1, np.uint8)[1:].view(np.float64).reshape(shape)


BAD = [
    ({"rule": "newton"}, ValueError, "rule must be one of sgd, adam"),
    ({"rule": 0}, TypeError, "rule"),
    ({"hyper": (0.5, 0.0)}, ValueError, r"hyper must be \(learning_rate, weight_decay, momentum"),
    ({"hyper": (0.5, 0.0, 0.5, "no")}, TypeError, "must be real number"),
    ({"hyper": (0.5, 0.0, 0.0, 0.0)}, ValueError, "slots must be 0 for each variable, got 1"),
    ({"variables": [np.ones((2, 3))]}, TypeError, "variables must be Variables, got ndarray"),
    ({"variables": [Variable(np.ones((2, 3), int))]}, TypeError, "must be float32 or float64"),
    ({"variables": [strided(Variable(np.ones((2, 3))))]}, ValueError, "variables must have C-con"),
    ({"variables": []}, ValueError, "grads must be as many as variables, 0, got 1"),
    ({"grads": [np.ones((2, 3), np.float32)]}, TypeError, "grads must have .* dtype float64"),
    ({"grads": [np.ones((3, 2))]}, ValueError, r"grads must have .* shape \(2, 3\), got \(3, 2\)"),
    ({"grads": [np.ones((3, 2)).T]}, ValueError, "grads must be C-contiguous and aligned"),
    ({"grads": [unaligned((2, 3))]}, ValueError, "grads must be C-contiguous and aligned"),
    ({"grads": [[1.0] * 6]}, TypeError, "grads must be ndarrays, got list"),
    ({"grads": None}, TypeError, "grads"),
    ({"slots": []}, ValueError, "slots must be as many as variables, 1, got 0"),
    ({"slots": [()]}, ValueError, "slots must be 1 for each variable, got 0"),
    ({"slots": [(Variable(np.ones(6)),)]}, ValueError, "slots must have their variable's shape"),
    ({"slots": [(np.ones((2, 3)),)]}, TypeError, "slots must be Variables"),
    ({"assignments": [(Variable(0.0), np.array(1))]}, TypeError, "assignments must have .* dtype"),
    ({"assignments": [(Variable(0.0), np.ones(1))]}, ValueError, "assignments must have .* shape"),
    ({"assignments": [(Variable("a"), np.array("b"))]}, TypeError, "must be real numbers"),
    ({"assignments": [(3, np.array("b"))]}, TypeError, "assignments must be Variables"),
]


@pytest.mark.parametrize("changed, error, words", BAD)
def test_a_bad_call_changes_nothing(changed, error, words):
    call = arguments(**changed)
    watched = arguments()
    for name in ("variables", "slots", "assignments"):
        if name not in changed:
            call[name] = watched[name]
    with pytest.raises(error, match=words):
        updates.apply(**call)
    weight, (slot,), (target, _) = (
        watched[name][0] for name in ("variables", "slots", "assignments")
    )
    assert (weight.value == 1).all()
    assert (slot.value == 0).all()
    assert target.value == 0
    assert weight.version == slot.version == target.version == 0


def test_one_memory_in_two_places():
    call = arguments()
    with pytest.raises(ValueError, match="share memory"):
        updates.apply(**call | {"slots": [(call["variables"][0],)]})


def test_a_value_may_be_the_variable_s_own():
    variable = Variable(np.arange(3.0))
    updates.apply("sgd", (0.0, 0.0, 0.0, 0.0), [], [], [], [(variable, variable.value)])
    assert np.array_equal(variable.value, [0, 1, 2])
    assert variable.version == 1


def test_sizes_of_zero():
    empty = Variable(np.zeros((0, 3)))
    updates.apply("sgd", (0.5, 0.0, 0.0, 0.0), [empty], [np.zeros((0, 3))], [()], [])
    assert empty.version == 1


@pytest.mark.parametrize(
    "array, error",
    [(np.ones(3, int), TypeError), (np.ones((4, 4))[::2], ValueError), ([1.0], TypeError)],
)
def test_sum_of_squares_checks_its_array(array, error):
    with pytest.raises(error, match="array must"):
        updates.sum_of_squares(array)


@pytest.mark.parametrize(
    "changed, error, words",
    [
        ({"averages": []}, ValueError, "averages must be as many as variables, 1, got 0"),
        ({"averages": [np.zeros((2, 3))]}, TypeError, "averages must be Variables"),
        ({"averages": [Variable(np.zeros((3, 2)))]}, ValueError, "averages must have .* shape"),
        ({"grads": [None]}, TypeError, "grads must be ndarrays, got NoneType"),
        ({"undecayed": [0]}, TypeError, "undecayed"),
    ],
)
def test_bad_averages(changed, error, words):
    call = arguments()
    with pytest.raises(error, match=words):
        updates.apply(**call | changed)
    assert call["variables"][0].version == 0


def test_an_average_is_no_variable():
    call = arguments()
    with pytest.raises(ValueError, match="must not share memory"):
        updates.apply(**call, averages=call["variables"], momentum=0.5)


def test_an_average_without_a_gradient():
    call, average = arguments(grads=[None]), Variable(np.zeros((2, 3)))
    updates.apply(**call, averages=[average], momentum=0.75)
    assert np.array_equal(average.value, np.full((2, 3), 0.25))
    assert call["variables"][0].version == call["slots"][0][0].version == 0
    assert average.version == 1
