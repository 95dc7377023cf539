"""What importing convlet brings along: NumPy, and nothing that takes time."""

import pytest

import children

# Beyond what NumPy itself imports.
LATER = ["zipfile", "argparse", "logging", "importlib.metadata", "subprocess", "multiprocessing"]
OPTIONAL = [
    "tqdm",
    "matplotlib",
    "PIL",
    "h5py",
    "safetensors",
    "tensorboardX",
    "mlxtend",
    "torch",
    "keras",
    "onnx",
    "scipy",
]


def loaded(program):
    """The modules that the program loads after NumPy."""
    listing = f"""
import sys, numpy
before = set(sys.modules)
{program}
print(*sorted(set(sys.modules) - before))
"""
    return set(children.run(listing).split())


@pytest.mark.parametrize("program", ["import convlet", "from convlet import ops", "convlet.layers"])
def test_nothing_beside_numpy(program):
    if program == "convlet.layers":
        program = "import convlet; convlet.layers.Conv2D; convlet.models.Sequential"
    modules = loaded(program)
    assert not modules & set(LATER)
    assert not {name.partition(".")[0] for name in modules} & set(OPTIONAL)


def test_import_is_lazy():
    """Submodules load when they are asked for."""
    assert not {"convlet.demo", "convlet.bench", "convlet._cli"} & loaded("import convlet")
