"""Seeds and one-hot rows."""

import random

import numpy as np
import pytest

from comparison import assert_same_bits
from convlet import utils
from convlet.layers import Dense, Dropout


def test_set_random_seed():
    def draw():
        layer = Dense(3)
        layer(np.ones((1, 4), np.float32))
        return random.random(), np.random.random(), layer.kernel.numpy(), Dropout(0.5).seed

    utils.set_random_seed(7)
    first = draw()
    utils.set_random_seed(np.int64(7))
    again = draw()
    utils.set_random_seed(8)
    other = draw()
    assert first[:2] == again[:2] and first[3] == again[3]
    assert_same_bits(first[2], again[2])
    assert first[0] != other[0] and first[1] != other[1]
    assert not np.array_equal(first[2], other[2])


@pytest.mark.parametrize("labels", [[0, 2, 1], [[0], [2], [1]], [0.0, 2.0, 1.0]])
def test_to_categorical(labels):
    expected = np.eye(3)[[0, 2, 1]]
    assert_same_bits(utils.to_categorical(labels), expected)
    assert_same_bits(utils.to_categorical(labels, 4), np.pad(expected, ((0, 0), (0, 1))))


def test_to_categorical_of_other_shapes():
    labels = np.arange(6).reshape(2, 3)
    assert_same_bits(utils.to_categorical(labels), np.eye(6)[labels])
    assert utils.to_categorical(np.zeros((0,), int), 3).shape == (0, 3)


@pytest.mark.parametrize(
    "call,error,text",
    [
        (lambda: utils.to_categorical([0, 3], 3), ValueError, "from 0 to 2, got 3"),
        (lambda: utils.to_categorical([0, -1]), ValueError, "got -1"),
        (lambda: utils.to_categorical([0.5]), ValueError, "got 0.5"),
        (lambda: utils.to_categorical([np.nan, 1.0], 3), ValueError, "got nan"),
        (lambda: utils.to_categorical([np.inf]), ValueError, "got inf"),
        (lambda: utils.to_categorical([0], 0), ValueError, "num_classes must be at least 1"),
        (lambda: utils.to_categorical([0], 2.0), TypeError, "num_classes must be an int"),
        (lambda: utils.to_categorical(["a"]), TypeError, "class numbers"),
        (lambda: utils.to_categorical([]), ValueError, "num_classes must be given"),
        (lambda: utils.set_random_seed(-1), ValueError, "seed must be at least 0"),
        (lambda: utils.set_random_seed(2**32), ValueError, "seed must be at least 0"),
        (lambda: utils.set_random_seed(1.5), TypeError, "seed must be an int"),
    ],
)
def test_bad_input(call, error, text):
    with pytest.raises(error, match=text):
        call()
