"""What importing convlet brings along: NumPy, and nothing that takes time."""

import ast
import importlib
import inspect

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


PACKAGES = [
    *("convlet", "convlet.callbacks", "convlet.layers", "convlet.losses", "convlet.metrics"),
    *("convlet.models", "convlet.ops", "convlet.optimizers", "convlet.optimizers.schedules"),
    "convlet.utils",
]


def test_packages_load_their_parts_when_they_are_asked_for():
    found = loaded("from convlet import layers, losses, metrics, models, optimizers, callbacks")
    ours = {name for name in found if name.startswith("convlet")}
    assert len(ours) < 12, sorted(ours)
    network = "from convlet.layers import Dense, Input; from convlet import Sequential; "
    found = loaded(network + "Sequential([Input((2,)), Dense(2)]).compile('adam', 'mse')")
    others = ("_sgd", "_focal", "_auc", "_upsampling", "_correlate", "_crops", "saving")
    assert not {name for name in found if name.endswith(others)}
    assert "numpy.typing" not in found


@pytest.mark.parametrize("name", PACKAGES)
def test_what_loads_later_is_what_type_checkers_see(name):
    """The two lists of a package have the same names, each in the same module."""
    package = importlib.import_module(name)
    seen = {}
    for node in ast.walk(ast.parse(inspect.getsource(package))):
        if isinstance(node, ast.ImportFrom):
            seen |= {part.asname: node.module for part in node.names if part.asname}
    listed = {public: getattr(package, public) for public in package.__all__}
    modules = {public for public, value in listed.items() if inspect.ismodule(value)}
    assert seen.keys() - {"schedules"} == listed.keys() - modules
    for public, module in seen.items():
        assert getattr(importlib.import_module(module), public) is listed[public]
    assert package.__all__ == sorted(package.__all__) == dir(package)
    with pytest.raises(AttributeError, match=f"module '{name}' has no attribute 'absent'"):
        package.absent  # noqa: B018
    assert package.__all__[0] in vars(package)  # looked up once
