"""What this installation is and what it runs on."""

from __future__ import annotations


def describe() -> str:
    """Version, instruction set, threads, NumPy, Python and platform, a line each."""
    import platform

    import numpy as np

    import convlet
    from convlet._cext import runtime

    available = ", ".join(runtime.available_isas())
    lines = {
        "convlet": convlet.__version__,
        "instruction set": f"{runtime.isa()} (of {available}; CONVLET_ISA chooses)",
        "threads": f"{runtime.get_num_threads()} (CONVLET_NUM_THREADS or set_num_threads)",
        "NumPy": np.__version__,
        "Python": platform.python_version(),
        "platform": platform.platform(),
    }
    return "\n".join(f"{name:<16} {value}" for name, value in lines.items())


def show_config() -> None:
    """Print version, instruction set, threads, NumPy, Python and platform."""
    print(describe())
