"""A case's shapes, arithmetic and data."""

from dataclasses import replace

import numpy as np
import pytest

from convlet.bench.cases import Case
from convlet.bench.suites import forward_layers


def test_flops_of_the_lectures_second_layer():
    layer = {case.name: case for case in forward_layers()}["ref2"]
    assert layer.flops == 2 * 24 * 24 * 64 * 3 * 3 * 32
    assert layer.describe() == "26x26x32 3x3 64"


def test_flops_of_training_leave_out_the_first_layers_dx():
    forward = Case("", "cnn", (2, 28, 28, 1)).flops
    first = 2 * 2 * 26 * 26 * 9 * 32
    assert Case("", "cnn_train", (2, 28, 28, 1)).flops == 3 * forward - first


def test_pools_have_no_flops():
    assert Case("", "max_pool", (1, 8, 8, 3), 2, 0, 2).flops is None


def test_data_has_the_shapes_that_the_case_names():
    case = Case("", "conv_grad_x", (2, 9, 9, 3), 3, 5, 2)
    data = case.data()
    assert {name: array.shape for name, array in data.items()} == {
        "x": (2, 9, 9, 3),
        "grad": (2, 4, 4, 5),
        "kernel": (3, 3, 3, 5),
        "bias": (5,),
    }
    assert all(array.dtype == np.float32 for array in data.values())
    assert np.array_equal(case.data()["x"], data["x"])


@pytest.mark.parametrize(
    ("case", "out_shape", "kernel_shape", "flops", "text"),
    [
        (
            Case("", "conv", (2, 9, 8, 4), 3, 6, 2, 1, 1, 2),
            (2, 5, 4, 6),
            (3, 3, 2, 6),
            2 * 2 * 5 * 4 * 9 * 2 * 6,
            "9x8x4 3x3 6 s2 g2 p1 b2",
        ),
        (
            Case("", "conv", (1, 20, 3), 5, 4, 1, 0, 2, dtype="float64"),
            (1, 12, 4),
            (5, 3, 4),
            2 * 12 * 5 * 3 * 4,
            "20x3 5 4 d2 float64",
        ),
        (
            Case("", "conv_transpose", (1, 5, 5, 5, 2), 4, 3, 2, 1),
            (1, 10, 10, 10, 3),
            (4, 4, 4, 3, 2),
            2 * 125 * 64 * 3 * 2,
            "5x5x5x2 4x4x4 3 s2 p1",
        ),
    ],
    ids=["2-D", "1-D", "3-D transposed"],
)
def test_one_description_of_every_convolution(case, out_shape, kernel_shape, flops, text):
    assert (case.out_shape, case.kernel_shape, case.flops) == (out_shape, kernel_shape, flops)
    assert case.describe() == text
    assert {array.dtype.name for array in case.data().values()} == {case.dtype}


def test_layouts_hold_the_same_values():
    case = Case("", "conv", (2, 6, 5, 3), 3, 4)
    x = case.data()["x"]
    strides = {}
    for layout in ("channels_first", "crop", "step"):
        other = replace(case, layout=layout).data()["x"]
        assert np.array_equal(other, x)
        strides[layout] = tuple(stride // 4 for stride in other.strides)
    assert strides == {
        "channels_first": (90, 5, 1, 30),
        "crop": (12 * 10 * 6, 10 * 6, 6, 1),
        "step": (2 * 12 * 10 * 6, 2 * 10 * 6, 2 * 6, 2),
    }


def test_a_filter_has_no_bias():
    assert not Case("", "filter", (1, 9, 9, 1), 3, 1, 1, 1).data()["bias"].any()
