"""Everybody who is timed computes what NumPy does, whichever peers are installed."""

import warnings
from dataclasses import replace

import numpy as np
import pytest

from convlet.bench import report
from convlet.bench.cases import Case
from convlet.bench.convlet_provider import variants
from convlet.bench.providers import Memcpy, Numpy, installed_peers, largest_error, tolerance

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # what these libraries do when they are imported
    PEERS = installed_peers(1)

CONV = Case("", "conv", (1, 9, 10, 4), 3, 6, padding=1)
CASES = [
    CONV,
    replace(CONV, x_shape=(3, 9, 10, 4)),
    replace(CONV, stride=2),
    replace(CONV, padding=2, dilation=2),
    replace(CONV, groups=2),
    replace(CONV, groups=4, filters=4, size=5, padding=2),
    replace(CONV, size=1, padding=0),
    replace(CONV, dtype="float64"),
    *(replace(CONV, layout=layout) for layout in ("channels_first", "crop", "step")),
    replace(CONV, x_shape=(1, 30, 4), size=5, stride=2, padding=2),
    replace(CONV, x_shape=(1, 4, 5, 6, 4)),
    Case("", "conv_transpose", (1, 5, 6, 4), 4, 3, 2, 1),
    Case("", "conv_transpose", (1, 5, 6, 4), 2, 3, 2),
    replace(CONV, op="conv_grad_x", stride=2, x_shape=(2, 9, 10, 4)),
    replace(CONV, op="conv_grad_kernel", x_shape=(2, 9, 10, 4)),
    Case("", "filter", (1, 12, 15, 1), 5, 1, 1, 2),
    *(
        Case("", kind, (2, 9, 8, 4), 3, 0, 2)
        for kind in ("max_pool", "max_pool_grad", "average_pool", "average_pool_grad")
    ),
    Case("", "max_pool", (1, 9, 8, 4), 2, 0, 2),
    Case("", "average_pool", (1, 9, 8, 4), 2, 0, 2),
    Case("", "dense", (3, 20), 0, 7),
    Case("", "dense", (1, 20), 0, 7),
    Case("", "dense_grad", (3, 20), 0, 7),
    Case("", "cnn", (1, 28, 28, 1)),
    Case("", "cnn", (2, 28, 28, 1)),
    Case("", "cnn_train", (2, 28, 28, 1)),
]
PROVIDERS = [report.Convlet(), *variants(), *PEERS]


def case_id(case):
    return f"{case.op} {case.describe()}"


@pytest.mark.parametrize("case", CASES, ids=case_id)
@pytest.mark.parametrize("provider", PROVIDERS, ids=lambda provider: provider.name)
def test_agrees_with_numpy(provider, case):
    data = case.data()
    candidate = provider.build(case, data)
    assert candidate or provider.name != "convlet"
    if candidate and candidate.read:
        if case.op != "cnn_train":
            candidate.result()  # the second call must not depend on the first
        expected = Numpy().build(case, data).result()
        assert largest_error(candidate.result(), expected) <= tolerance(case)


@pytest.mark.parametrize("provider", PROVIDERS, ids=lambda provider: provider.name)
def test_scattered_input_is_read_in_each_call(provider):
    case = replace(CONV, layout="step")
    data = case.data()
    candidate = provider.build(case, data)
    if candidate is None:
        assert provider.name not in ("convlet", "torch", "ORT", "ncnn")
        return
    candidate.result()
    data["x"][...] = data["x"][:, ::-1].copy()
    expected = Numpy().build(case, data).result()
    assert largest_error(candidate.result(), expected) <= tolerance(case)


def test_peers_compute_what_the_tables_compare():
    operators = {
        "ncnn": {"conv", "conv_transpose", "filter", "max_pool", "average_pool", "dense", "cnn"},
        "OpenCV": {"conv", "conv_transpose", "filter", "max_pool", "average_pool", "dense", "cnn"},
        "SciPy": {"filter"},
    }
    for provider in PEERS:
        built = {case.op for case in CASES if provider.build(case, case.data())}
        assert built >= operators.get(provider.name, {"conv", "max_pool"} & built)


def test_roles_tell_us_from_peers():
    assert {provider.role for provider in [report.Convlet(), *variants()]} == {"ours"}
    assert {provider.role for provider in [Numpy(), *PEERS]} == {"peer"}
    assert Memcpy().role == "yardstick"


def test_memcpy_moves_as_many_bytes_as_the_pool():
    case = Case("", "max_pool", (2, 8, 8, 4), 2, 0, 2)
    candidate = Memcpy().build(case, case.data())
    assert candidate.read is None
    assert Memcpy().build(CONV, CONV.data()) is None


def test_float32_is_timed_beside_float64_only():
    (single,) = (provider for provider in variants() if provider.name == "float32")
    double = replace(CONV, dtype="float64")
    assert single.build(CONV, CONV.data()) is None
    assert single.build(double, double.data()).run().dtype == np.float32
