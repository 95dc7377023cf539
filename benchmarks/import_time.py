"""Import time on top of NumPy's, and the wheel's size and requirements.

    python benchmarks/import_time.py [--runs 21] [WHEEL]

Child processes import NumPy alone, NumPy and convlet, NumPy and the packages that training needs,
and also build and compile a small CNN, which loads what it is made of, and NumPy's random numbers;
in turn, and medians are compared.
"""

import argparse
import subprocess
import sys
import zipfile
from pathlib import Path
from statistics import median

_TIMED = """\
import time
import numpy
start = time.perf_counter()
{}
print(time.perf_counter() - start)
"""
_CONVLET = _TIMED.format("import convlet")
_TRAINING = _TIMED.format("from convlet import layers, losses, metrics, models, optimizers")
_NETWORK = _TIMED.format(
    """\
from convlet import layers, models
parts = [layers.Input((28, 28, 1)), layers.Conv2D(32, 3, activation="relu"), layers.MaxPooling2D()]
parts += [layers.Flatten(), layers.Dropout(0.2), layers.Dense(10, activation="softmax")]
models.Sequential(parts).compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])"""
)
_NUMPY = (
    "import time\nstart = time.perf_counter()\nimport numpy\nprint(time.perf_counter() - start)"
)


def main():
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("wheel", nargs="?", type=Path, help="a wheel to describe as well")
    parser.add_argument("--runs", type=int, default=21)
    options = parser.parse_args()
    programs = {
        "NumPy": _NUMPY,
        "convlet on top": _CONVLET,
        "training on top": _TRAINING,
        "a CNN on top": _NETWORK,
    }
    _run(_NETWORK)  # writes byte code and fills the file cache
    times = {name: [] for name in programs}
    for _ in range(options.runs):
        for name, program in programs.items():
            times[name].append(_run(program))
    for name, seconds in times.items():
        print(
            f"import {name:<16} {1e3 * median(seconds):7.2f} ms, median of {options.runs}"
            f" (fastest {1e3 * min(seconds):.2f})"
        )
    if options.wheel:
        describe_wheel(options.wheel)


def _run(code):
    child = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return float(child.stdout)


def describe_wheel(path):
    """Print the wheel's size, its largest files, and what it requires."""
    with zipfile.ZipFile(path) as wheel:
        entries = sorted(wheel.infolist(), key=lambda entry: -entry.file_size)
        unpacked = sum(entry.file_size for entry in entries)
        metadata = next(entry for entry in entries if entry.filename.endswith("/METADATA"))
        lines = wheel.read(metadata).decode().splitlines()
    print(
        f"wheel {path.name}: {path.stat().st_size / 1e6:.3f} MB, unpacked {unpacked / 1e6:.3f} MB"
    )
    for entry in entries[:6]:
        print(f"  {entry.file_size / 1e3:8.1f} kB  {entry.filename}")
    for line in lines:
        if line.startswith("Requires-Dist:") and "extra ==" not in line:
            print(f"  {line}")


if __name__ == "__main__":
    main()
