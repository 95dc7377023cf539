# cython: language_level=3
"""Which instruction set and how many threads the compiled code uses, for the whole process."""

import os

from cpython.pycapsule cimport PyCapsule_New

from api cimport *

_ISA_NAMES = ("scalar", "baseline", "avx2", "avx512")
_MAX_THREADS = 1024

cdef api_t shared
_api = PyCapsule_New(&shared, "convlet.api", NULL)


def available_isas():
    """The instruction sets that this processor and operating system support, narrowest first."""
    return tuple(name for isa, name in enumerate(_ISA_NAMES) if isa_supported(isa))


def isa():
    """The name of the instruction set in use."""
    return _ISA_NAMES[shared.isa]


def _set_isa(name):
    """Use another instruction set from the next call on (for tests; affects all threads)."""
    if name not in available_isas():
        choices = ", ".join(available_isas())
        raise ValueError(f"CONVLET_ISA must be one of {choices} on this machine, got {name!r}")
    shared.isa = _ISA_NAMES.index(name)
    shared.kernels = kernels_of(shared.isa)


def get_num_threads():
    """How many threads an operation may use."""
    return shared.threads


def set_num_threads(n):
    """Let operations use up to `n` threads, the caller's included.

    Parameters
    ----------
    n : int
        At least 1. More threads than processors only slow each other down.

    Raises
    ------
    TypeError
        If `n` is not an integer.
    ValueError
        If `n` is below 1 or above 1024.

    Notes
    -----
    Results do not depend on it. At start it is CONVLET_NUM_THREADS, or else the number of
    processors that this process may use.

    Examples
    --------
    >>> import convlet
    >>> before = convlet.get_num_threads()
    >>> convlet.set_num_threads(1)
    >>> convlet.get_num_threads()
    1
    >>> convlet.set_num_threads(before)
    """
    if isinstance(n, bool) or not hasattr(n, "__index__"):
        raise TypeError(f"n must be an integer, got {type(n).__name__}")
    value = n.__index__()
    if not 1 <= value <= _MAX_THREADS:
        raise ValueError(f"n must be between 1 and {_MAX_THREADS}, got {value}")
    shared.threads = value


class keep_awake:
    """Context: workers that run out of tasks spin a little longer, for more are about to come."""

    __slots__ = ()

    def __enter__(self):
        workers_keep_awake(1)

    def __exit__(self, *exception):
        workers_keep_awake(0)


cdef class flushing:
    """Context: subnormal numbers are zero on this thread, in NumPy's functions, too."""

    cdef floatstate_t before

    def __enter__(self):
        self.before = floatstate_flush()

    def __exit__(self, *exception):
        floatstate_restore(self.before)


cdef _threads_from_environment():
    text = os.environ.get("CONVLET_NUM_THREADS")
    if text is None:
        from convlet._cpus import usable_cpus

        return min(usable_cpus(), _MAX_THREADS)
    if not (text.isascii() and text.isdigit() and 1 <= int(text) <= _MAX_THREADS):
        raise ValueError(
            f"CONVLET_NUM_THREADS must be an integer between 1 and {_MAX_THREADS}, got {text!r}"
        )
    return int(text)


cdef _isa_from_environment():
    name = os.environ.get("CONVLET_ISA")
    if name is not None:
        return name
    return available_isas()[-1]


shared.run = workers_run
shared.activation = activation_of
shared.activation_gradient = activation_gradient_of
shared.gradient_from_output = activation_gradient_from_output
_set_isa(_isa_from_environment())
shared.threads = _threads_from_environment()
