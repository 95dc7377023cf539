"""A short run of the fuzz in tests/fuzz, and that it would find what is wrong."""

import importlib.util
import sys
from pathlib import Path

import numpy as np
import pytest

from convlet import activations, initializers, losses, metrics, ops, optimizers

FOLDER = Path(__file__).with_name("fuzz")


def module(name):
    """One of the fuzz's own modules, which no package holds."""
    spec = importlib.util.spec_from_file_location(f"fuzz_{name.strip('_')}", FOLDER / f"{name}.py")
    loaded = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(loaded)
    return loaded


@pytest.fixture(scope="module")
def fuzz():
    return module("__main__")


@pytest.fixture
def worker(monkeypatch):
    monkeypatch.syspath_prepend(str(FOLDER))
    yield module("worker")
    for name in ("arguments", "functions"):
        sys.modules.pop(name, None)


def test_no_findings(fuzz):
    """Every operator, layer and function, some hundred times each in CI's longer run."""
    cases, findings = 0, []
    while cases < 3000:
        ran, found = fuzz.work(cases, 3000 - cases, timeout=300)
        assert ran > 0, found
        cases, findings = cases + ran, findings + found
    assert findings == []


def test_all_public_names_take_part(worker):
    assert set(worker.arguments.OPERATORS) == set(ops.__all__)
    assert {"Conv2D", "Conv3DTranspose", "Dropout", "UpSampling2D"} <= set(worker.arguments.LAYERS)
    assert len(worker.arguments.LAYERS) >= 40
    named = {name for name in worker.functions.FUNCTIONS if "." in name}
    for module in (activations, initializers, losses, metrics, optimizers):
        kind = module.__name__.removeprefix("convlet.")
        others = {
            "Initializer",
            "Loss",
            "Metric",
            "Optimizer",
            "serialize",
            "deserialize",
            "schedules",
        }
        assert {f"{kind}.{name}" for name in module.__all__ if name not in others} <= named


def test_most_calls_succeed(worker):
    """A fuzz of nothing but refused calls would test the checks alone."""
    for names in (worker.arguments.OPERATORS, tuple(worker.functions.FUNCTIONS)):
        good = 0
        for case in range(200):
            act, values = worker.prepared(names[case % len(names)], np.random.default_rng(case))
            if any(isinstance(v, np.ndarray) and v.size > worker.GIANT for v in values):
                continue
            try:
                act()
                good += 1
            except (TypeError, ValueError, MemoryError, RuntimeError):
                pass
        assert good > 60, names


@pytest.mark.parametrize("error", [IndexError("x"), AssertionError(), ValueError(), SystemError()])
def test_wrong_errors_are_found(worker, error):
    def act():
        raise error

    assert worker.judge(act)


def test_changing_results_are_found(worker):
    results = iter([np.zeros(2), np.ones(2)])
    assert worker.judge(lambda: next(results)) == "another result for the same call"


def test_crashes_are_found(fuzz, monkeypatch, tmp_path):
    """A worker that dies in the middle of a case."""
    dying = tmp_path / "worker.py"
    dying.write_text(
        "import os, sys\nopen(sys.argv[3], 'w').write(str(int(sys.argv[1]) + 5))\nos.abort()\n"
    )
    monkeypatch.setattr(fuzz, "WORKER", dying)
    ran, findings = fuzz.work(10, 100)
    assert ran == 6
    assert findings[0].startswith("case 15: the process ended with -6")
