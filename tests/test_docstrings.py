"""Every public thing is documented, and every example runs."""

import doctest
import importlib
import inspect
import pkgutil

import pytest

import convlet


def module_names():
    """All modules of the package whose names have no leading underscore, and those that they hide.

    Public things may be defined in private modules; their examples run there.
    """
    yield "convlet"
    for module in pkgutil.walk_packages(convlet.__path__, "convlet."):
        if not module.name.endswith("__main__"):
            yield module.name


NAMES = list(module_names())
DRAWING = ("convlet.utils._model_picture", "convlet.utils._sliding")
PUBLIC = [name for name in NAMES if not any(part[0] == "_" for part in name.split("."))]


@pytest.mark.parametrize("name", NAMES)
def test_examples(name):
    if name in DRAWING:
        pytest.importorskip("matplotlib")
    failed, _ = doctest.testmod(importlib.import_module(name))
    assert failed == 0


@pytest.mark.parametrize("name", PUBLIC)
def test_public_things_are_documented(name):
    module = importlib.import_module(name)
    assert module.__doc__, f"{name} has no docstring"
    public = getattr(module, "__all__", None) or [n for n in vars(module) if n[0] != "_"]
    for attribute in public:
        thing = getattr(module, attribute)
        if not (inspect.isclass(thing) or inspect.isroutine(thing)):
            continue
        if not getattr(thing, "__module__", "").startswith("convlet"):
            continue
        assert inspect.getdoc(thing), f"{name}.{attribute} has no docstring"
        if inspect.isclass(thing):
            for method, function in vars(thing).items():
                if method[0] != "_" and inspect.isroutine(function):
                    found = inspect.getdoc(getattr(thing, method))
                    assert found, f"{name}.{attribute}.{method} has no docstring"


def test_the_operators_have_examples():
    from convlet import ops

    for name in ops.__all__:
        assert ">>>" in (getattr(ops, name).__doc__ or ""), f"ops.{name} has no example"
