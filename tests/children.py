"""Python processes of their own: to run a program in, and what pools of them run."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap

import numpy as np

import convlet
from convlet import ops

# So that a child imports the convlet under test, whether it is installed or lies in src/.
PACKAGE_PARENT = os.path.dirname(os.path.dirname(os.path.abspath(convlet.__file__)))


def run(program, *, status=0, timeout=60, **environment):
    """What the program prints, its exit status being `status`; for another status, its errors.

    `environment` is added to this process's; None removes a variable.
    """
    result = subprocess.run(
        [sys.executable, "-W", "error", "-c", textwrap.dedent(program)],
        env=variables(environment),
        capture_output=True,
        text=True,
        timeout=timeout,
    )
    assert result.returncode == status, f"exit status {result.returncode}\n{result.stderr}"
    return result.stdout.strip() if status == 0 else result.stderr


def variables(changes):
    changes = {"PYTHONPATH": os.pathsep.join([PACKAGE_PARENT, *sys.path[1:]]), **changes}
    merged = {**os.environ, **changes}
    return {name: value for name, value in merged.items() if value is not None}


def convolve(seed):
    """The bytes of a convolution that several threads share."""
    rng = np.random.default_rng(seed)
    x, kernel = rng.standard_normal((2, 40, 40, 32)), rng.standard_normal((3, 3, 32, 48))
    return ops.conv(x, kernel).tobytes()
