"""Fixtures and Hypothesis profiles for all tests.

`pytest --hypothesis-profile=ci` runs ten times as many examples, drawn anew each time. "many" is
for comparisons with other libraries, "few" for builds with sanitizers.
"""

import numpy as np
import pytest
from hypothesis import HealthCheck, settings

import modes
from convlet._cext import runtime

# The fixtures below set a process-wide mode that all examples of a test are meant to share.
shared = {"deadline": None, "suppress_health_check": [HealthCheck.function_scoped_fixture]}
settings.register_profile("default", max_examples=25, derandomize=True, database=None, **shared)
settings.register_profile("many", max_examples=500, derandomize=True, database=None, **shared)
settings.register_profile("few", max_examples=4, derandomize=True, database=None, **shared)
settings.register_profile("ci", max_examples=250, print_blob=True, **shared)
settings.load_profile("default")


@pytest.fixture(params=runtime.available_isas())
def isa(request):
    """Runs the test once on each instruction set that this machine has; its name."""
    with modes.instruction_set(request.param):
        yield request.param


@pytest.fixture(params=[1, 2, 3])
def threads(request):
    """Runs the test once with each number of threads; the number."""
    with modes.num_threads(request.param):
        yield request.param


@pytest.fixture(params=["float32", "float64"])
def dtype(request):
    return request.param


@pytest.fixture
def rng():
    return np.random.default_rng(20260801)
