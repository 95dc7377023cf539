"""Comparisons with other libraries' own results; a file without its library is not collected.

`test_<library>_*.py` needs that library, and Keras runs on PyTorch.
"""

import importlib.util
import os
from pathlib import Path

import tally

os.environ["KERAS_BACKEND"] = "torch"

NEEDS = {
    "keras": ["keras", "torch"],
    "onnxruntime": ["onnx", "onnxruntime", "torch"],
    "conventions": ["keras", "torch", "onnx", "onnxruntime"],
}


def missing(library):
    needed = NEEDS.get(library, [library])
    return any(importlib.util.find_spec(name) is None for name in needed)


collect_ignore = [
    path.name
    for path in Path(__file__).parent.glob("test_*.py")
    if missing(path.name.split("_")[1].removesuffix(".py"))
]

if not missing("torch"):
    import torch

    torch.set_num_threads(1)


def pytest_configure(config):
    """Warnings are errors, but for what these libraries do among themselves."""
    for ignored in (
        "ignore:__array__ implementation doesn't accept a copy keyword:DeprecationWarning",
        "ignore:Using padding='same' with even kernel lengths:UserWarning",
    ):
        config.addinivalue_line("filterwarnings", ignored)


def pytest_terminal_summary(terminalreporter):
    """What the comparisons amount to."""
    if found := tally.lines():
        terminalreporter.section("distinct configurations that agree")
        for line in found:
            terminalreporter.write_line(line)
