"""One thread for everybody unless CONVLET_NUM_THREADS says otherwise; and what was measured on."""

import os

# Before anything imports NumPy: its BLAS reads its variable once.
THREADS = os.environ.setdefault("CONVLET_NUM_THREADS", "1")
for _name in ("OMP", "OPENBLAS", "MKL"):
    os.environ[f"{_name}_NUM_THREADS"] = THREADS

import pytest

from convlet.bench import machine, report
from convlet.bench.providers import installed_peers


def pytest_addoption(parser):
    """Add --peers and --quick, which mean what they mean to ``convlet bench``."""
    parser.addoption("--peers", action="store_true", help="also time installed peers")
    parser.addoption("--quick", action="store_true", help="a few shapes of each kind")


def pytest_generate_tests(metafunc):
    """Run a benchmark for each of its module's cases, with each provider."""
    if "case" not in metafunc.fixturenames:
        return
    cases = metafunc.module.cases(metafunc.config.getoption("quick"))
    metafunc.parametrize("case", cases, ids=lambda case: case.name.replace(" ", "-"))
    metafunc.parametrize("provider", _providers(metafunc.config), ids=lambda p: p.name)


def _providers(config):
    providers = report.default_providers()
    if config.getoption("peers"):
        providers += installed_peers(int(THREADS))
    return providers


def pytest_benchmark_update_machine_info(config, machine_info):
    """Keep machine, versions and thread count with saved results."""
    machine_info["convlet"] = machine.describe(_providers(config), int(THREADS))


@pytest.fixture
def compare(benchmark):
    """Return a function that times a provider on a case and checks it against NumPy."""
    from convlet.bench.providers import Numpy, largest_error, tolerance

    def run(case, provider):
        data = case.data()
        candidate = provider.build(case, data)
        if candidate is None:
            pytest.skip(f"{provider.name} has no {case.op}")
        baseline = Numpy().build(case, data)
        error = largest_error(candidate.result(), baseline.result())
        assert error <= tolerance(case)
        benchmark.group = f"{case.op}: {case.name} ({case.describe()})"
        benchmark.extra_info["max_error"] = error
        with candidate.context():
            benchmark(candidate.run)
        if case.flops:
            benchmark.extra_info["gflops"] = case.flops / benchmark.stats["median"] / 1e9

    return run
