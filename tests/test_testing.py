"""The public checker of gradients finds what is wrong, and only that."""

import numpy as np
import pytest

from convlet.layers import Add, Dense, Layer, Pullback
from convlet.testing import check_gradients


class Scale(Layer):
    """Right, or wrong in one way."""

    def __init__(self, wrong="", **kwargs):
        super().__init__(dtype="float64", **kwargs)
        self.wrong = wrong

    def build(self, input_shape):
        self.factor = self.add_weight((), "ones", name="factor")

    def compute_output_shape(self, input_shape):
        return input_shape

    def vjp(self, x, training=False):
        factor = self.factor.value

        def gradients(dy, needs_dx):
            slope, fourth = np.array((x * dy).sum()), np.arange(dy.shape[1]) == 3
            wrong = {
                "weight": (factor * dy, [2 * slope]),
                "x": (factor * dy + 1e-3, [slope]),
                "one element": (
                    factor * dy * np.where(fourth, 1.1, 1),
                    [slope],
                ),
                "shape": (factor * dy, [slope[None]]),
                "count": (factor * dy, []),
                "needs_dx": (factor * dy, [slope + needs_dx]),
                "nan": (factor * dy * np.nan, [slope]),
            }
            return wrong.get(self.wrong, (factor * dy, [slope]))

        return factor * x, Pullback(gradients)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ("weight", "the gradient of scale/factor is wrong"),
        ("x", "the gradient of x is wrong"),
        ("one element", "the gradient of x is wrong"),
        ("shape", r"the gradient of scale/factor has shape \(1,\)"),
        ("count", "grads must be 1 arrays"),
        ("needs_dx", "scale/factor: needs_dx changes it"),
        ("nan", "the gradient of x is wrong"),
    ],
)
def test_wrong_gradients(wrong, message, rng):
    x = rng.standard_normal((1, 7))
    with pytest.raises(AssertionError, match=message):
        check_gradients(Scale(wrong, name="scale"), x)


def test_right_gradients(rng):
    layer = Scale()
    check_gradients(layer, rng.standard_normal((2, 7)))
    assert layer.factor.value == 1
    check_gradients(Dense(3, "gelu", dtype="float64"), rng.standard_normal((2, 4)))
    check_gradients(
        Add(dtype="float64"), [rng.standard_normal((2, 4)), rng.standard_normal((2, 1))]
    )


def test_layers_of_single_precision_are_refused():
    with pytest.raises(ValueError, match='layer must have dtype "float64", got float32'):
        check_gradients(Dense(2), np.ones((1, 2)))
