"""The named shapes and their arithmetic."""

import numpy as np
import pytest

from convlet.bench._options import GROUPS
from convlet.bench.cases import Case
from convlet.bench.suites import all_cases, forward_layers


def test_fourteen_layers_with_their_output_sizes():
    sizes = [(case.name, case.out_shape[1]) for case in forward_layers()]
    names = [*(f"cv{i}" for i in range(1, 13)), "ref1", "ref2"]
    expected = [55, 56, 111, 109, 20, 10, 222, 110, 54, 26, 12, 5, 26, 24]
    assert sizes == list(zip(names, expected, strict=True))


@pytest.mark.parametrize("quick", [False, True])
def test_names_are_unique_and_every_group_is_there(quick):
    cases = all_cases(quick)
    assert len({case.name for case in cases}) == len(cases)
    assert {case.group for case in cases} == set(GROUPS)


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
