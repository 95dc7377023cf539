"""Which cases are timed."""

import pytest

from convlet.bench import suites
from convlet.bench._options import GROUPS


def test_fourteen_layers_with_their_output_sizes():
    sizes = [(case.name, case.out_shape[1]) for case in suites.forward_layers()]
    names = [*(f"cv{i}" for i in range(1, 13)), "ref1", "ref2"]
    expected = [55, 56, 111, 109, 20, 10, 222, 110, 54, 26, 12, 5, 26, 24]
    assert sizes == list(zip(names, expected, strict=True))


def test_a_batch_of_the_fourteen_layers():
    assert {case.x_shape[0] for case in suites.forward_layers(16)} == {16}


@pytest.mark.parametrize("quick", [False, True])
def test_every_group_is_there(quick):
    assert {case.group for case in suites.all_cases(quick)} == set(GROUPS)


@pytest.mark.parametrize(
    "suite",
    [
        suites.all_cases,
        suites.cliffs,
        suites.filters,
        suites.forward_layers,
        suites.networks,
        suites.pools,
        suites.resnet_layers,
        suites.training_gradients,
    ],
)
def test_names_are_unique_and_shapes_positive(suite):
    cases = suite()
    assert len({case.name for case in cases}) == len(cases)
    assert all(min(case.out_shape) > 0 for case in cases)


def test_resnet_halves_its_maps_and_has_its_arithmetic():
    cases = {case.name: case for case in suites.resnet_layers()}
    assert len({(c.x_shape, c.size, c.filters, c.stride) for c in cases.values()}) == 23
    assert cases["stem"].out_shape == (1, 112, 112, 64)
    assert cases["conv5 first 3x3"].out_shape == (1, 7, 7, 512)
    repeats = {"conv2": 3, "conv3": 4, "conv4": 6, "conv5": 3}
    total = cases["stem"].flops
    for stage, blocks in repeats.items():
        first, expand = cases[f"{stage} first reduce"], cases.get(f"{stage} expand")
        middle = cases.get(f"{stage} first 3x3", cases[f"{stage} 3x3"])
        wide = expand or cases[f"{stage} shortcut"]
        total += first.flops + middle.flops + wide.flops + cases[f"{stage} shortcut"].flops
        rest = cases[f"{stage} reduce"].flops + cases[f"{stage} 3x3"].flops + wide.flops
        total += (blocks - 1) * rest
    assert total / 2 == pytest.approx(4.09e9, rel=0.002)  # multiply-adds, as commonly stated


def test_depthwise_layers_are():
    named = {case.name: case for case in suites.cliffs()}
    assert named["depthwise 3x3 112 s2"].depthwise
    assert not named["groups 32"].depthwise
    assert named["depthwise 5x5 7"].kernel_shape == (5, 5, 1, 960)


def test_filters_keep_the_images_size():
    assert all(case.out_shape == case.x_shape for case in suites.filters())
