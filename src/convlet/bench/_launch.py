"""Start the bench in a process of its own, where everybody gets the same number of threads."""

from __future__ import annotations

# NumPy's BLAS and the peers read these once, when they are loaded: too late for this process.
THREAD_VARIABLES = (
    "CONVLET_NUM_THREADS",
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
)


def launch(arguments: list[str], *, threads: int) -> int:
    """Run ``python -m convlet.bench`` with `arguments` and `threads`; return its exit status."""
    return run_with_threads(["-m", "convlet.bench", *arguments], threads)


def run_with_threads(arguments: list[str], threads: int) -> int:
    """Run Python with `arguments` where every library starts with `threads` threads."""
    import os
    import subprocess
    import sys

    environment = os.environ | dict.fromkeys(THREAD_VARIABLES, str(threads))
    return subprocess.run([sys.executable, *arguments], env=environment, check=False).returncode
