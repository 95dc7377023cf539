"""SciPy, for one filter over one image: directly, and by Fourier transforms."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from convlet.bench.providers import Candidate

if TYPE_CHECKING:
    from convlet.bench.cases import Case
    from convlet.bench.providers import Data, Provider


def installed(threads: int) -> list[Provider]:
    """Return two providers if SciPy is installed, else none. Neither has threads."""
    try:
        import scipy
    except ImportError:
        return []
    return [Direct(scipy.__version__), Transformed(scipy.__version__)]


class Direct:
    """`ndimage.correlate`."""

    name, role = "SciPy", "peer"

    def __init__(self, version: str) -> None:
        self.version = version

    def build(self, case: Case, data: Data) -> Candidate | None:
        """Return the candidate for one filter, None for anything else."""
        if case.op != "filter":
            return None
        return Candidate(self._call(data["x"][0, :, :, 0], data["kernel"][:, :, 0, 0]), _read)

    def _call(self, image: np.ndarray, kernel: np.ndarray) -> Callable[[], Any]:
        from scipy import ndimage

        return partial(ndimage.correlate, image, kernel, mode="constant")


class Transformed(Direct):
    """`signal.oaconvolve`, by Fourier transforms of blocks."""

    name = "SciPy FFT"

    def _call(self, image: np.ndarray, kernel: np.ndarray) -> Callable[[], Any]:
        from scipy import signal

        return partial(signal.oaconvolve, image, kernel[::-1, ::-1].copy(), mode="same")


def _read(y: np.ndarray) -> tuple[np.ndarray, ...]:
    return (y[None, :, :, None],)
