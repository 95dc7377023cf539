"""What an installed convlet consists of: metadata, files, types of the compiled modules."""

import ast
import importlib
import inspect
import re
import types
from importlib import metadata
from pathlib import Path

import pytest

import convlet

PACKAGE = Path(convlet.__file__).parent
COMPILED = sorted(path.name.split(".")[0] for path in PACKAGE.glob("_cext/[!_]*.pyi"))
EXTENSIONS = (".so", ".pyd")


@pytest.fixture(scope="module")
def distribution():
    try:
        return metadata.distribution("convlet")
    except metadata.PackageNotFoundError:
        pytest.skip("convlet is on the path but not installed")


def test_requires_numpy_only(distribution):
    required = [line for line in distribution.requires if "extra ==" not in line]
    assert [re.match(r"[\w-]+", line)[0] for line in required] == ["numpy"]


def test_metadata(distribution):
    assert distribution.version == convlet.__version__
    assert distribution.metadata["License-Expression"] == "MIT"
    assert distribution.metadata["Requires-Python"] == ">=3.11"
    extras = {"test", "peers", "demo", "plot", "images", "docs", "dev"}
    extras |= {"keras", "safetensors", "tensorboard"}
    assert set(distribution.metadata.get_all("Provides-Extra")) == extras


def test_command_is_installed(distribution):
    scripts = distribution.entry_points.select(group="console_scripts")
    assert [(script.name, script.value) for script in scripts] == [("convlet", "convlet._cli:main")]


def test_only_what_runs_is_installed(distribution):
    """No source of a compiled module, no test, no top-level package beside convlet."""
    files = [file for file in distribution.files if ".dist-info" not in file.parts[0]]
    if any(file.name.startswith("__editable__") for file in files):
        pytest.skip("convlet is installed in place")
    package = [file for file in files if file.parts[0] == "convlet"]
    assert package
    suffixes = {file.suffix for file in package if file.suffix != ".pyc"}
    assert suffixes <= {".py", ".pyi", ".typed", *EXTENSIONS}
    assert [file.name for file in files if file not in package] in (["convlet"], ["convlet.exe"])


def test_package_is_typed():
    assert (PACKAGE / "py.typed").is_file()


def test_every_compiled_module_has_a_stub():
    compiled = {
        path.name.split(".")[0] for path in PACKAGE.glob("_cext/*") if path.suffix in EXTENSIONS
    }
    assert {"convolution", "pooling", "pointwise", "runtime"} <= compiled
    assert compiled == set(COMPILED)


def test_compiled_modules_carry_no_symbols(distribution):
    """A wheel's are stripped: neither debugging information nor a symbol table."""
    shared = [file for file in distribution.files if file.suffix == ".so"]
    if not shared:
        pytest.skip("convlet is installed in place, or not built for ELF")
    for file in shared:
        content = Path(distribution.locate_file(file)).read_bytes()
        assert b".debug_info" not in content, file
        assert b".symtab" not in content, file


def signatures_of_stub(name):
    """{function: [(parameter, whether it has a default), ...]} of a stub."""
    tree = ast.parse((PACKAGE / "_cext" / f"{name}.pyi").read_text(encoding="utf-8"))
    functions = [node for node in tree.body if isinstance(node, ast.FunctionDef)]
    result = {}
    for function in functions:
        names = [argument.arg for argument in function.args.args]
        without = len(names) - len(function.args.defaults)
        result[function.name] = [(name, i >= without) for i, name in enumerate(names)]
    return result


def functions_of_module(name):
    """The same of a compiled module, private functions included."""
    module = importlib.import_module(f"convlet._cext.{name}")
    return {
        attribute: [
            (parameter.name, parameter.default is not parameter.empty)
            for parameter in inspect.signature(thing).parameters.values()
        ]
        for attribute, thing in vars(module).items()
        if "cython_function" in type(thing).__name__ and attribute[:2] != "__"
    }


@pytest.mark.parametrize("name", COMPILED)
def test_stub_has_the_module_s_functions(name):
    assert signatures_of_stub(name) == functions_of_module(name)


@pytest.mark.parametrize("name", COMPILED)
def test_stub_has_the_module_s_public_names(name):
    """Classes and constants too; what the module only imports is not public."""
    module = importlib.import_module(f"convlet._cext.{name}")
    tree = ast.parse((PACKAGE / "_cext" / f"{name}.pyi").read_text(encoding="utf-8"))
    stub = {node.name for node in tree.body if isinstance(node, (ast.FunctionDef, ast.ClassDef))}
    stub |= {node.target.id for node in tree.body if isinstance(node, ast.AnnAssign)}
    public = {
        attribute
        for attribute, thing in vars(module).items()
        if attribute[0] != "_"
        and not isinstance(thing, (types.ModuleType, types.BuiltinFunctionType))
    }
    assert {attribute for attribute in stub if attribute[0] != "_"} == public
