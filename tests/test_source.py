"""Rules for the package's source that no linter knows."""

import ast
import os

import convlet

ROOT = os.path.dirname(os.path.abspath(convlet.__file__))
# Their order of summation depends on memory layout and on the threads of a BLAS.
UNORDERED = {
    *("dot", "vdot", "inner", "matmul", "einsum", "tensordot", "trace", "convolve", "correlate"),
    *("sum", "nansum", "cumsum", "mean", "nanmean", "average", "var", "std", "norm"),
}
# Pictures, tables and what convlet is compared with compute no results of convlet's own.
EXCEPTED = ("bench", "demo", os.path.join("utils", "_plotting.py"))


def sources():
    for folder, _, files in os.walk(ROOT):
        for name in files:
            if name.endswith(".py"):
                path = os.path.join(folder, name)
                with open(path, encoding="utf-8") as file:
                    yield os.path.relpath(path, ROOT), ast.parse(file.read(), path)


def unordered_names(tree):
    """(line, name) of each use: anything of NumPy's, any method, `@`.

    The builtin sum is none, for it keeps the order; nor is a name or attribute such as `mean`
    that is not called.
    """
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and root(node) in ("np", "numpy"):
            if node.attr in UNORDERED | {"reduce", "reduceat"}:
                yield node.lineno, "np." + node.attr
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            if node.func.attr in UNORDERED and root(node.func) not in ("np", "numpy"):
                yield node.lineno, node.func.attr
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("numpy"):
            yield from ((node.lineno, a.name) for a in node.names if a.name in UNORDERED)
        elif isinstance(node, (ast.BinOp, ast.AugAssign)) and isinstance(node.op, ast.MatMult):
            yield node.lineno, "@"


def root(node):
    """The name at the head of a chain of attributes."""
    while isinstance(node, ast.Attribute):
        node = node.value
    return node.id if isinstance(node, ast.Name) else None


def test_the_rule_finds_what_it_forbids():
    program = """
from numpy import einsum
a @ b
a @= b
np.sum(a)
a.mean()
np.linalg.norm(a)
np.add.reduce(a)
(a * b).sum(axis=0)
total = np.dot
sum(sizes)
mean = self.mean
"""
    found = [name for _, name in sorted(unordered_names(ast.parse(program)))]
    expected = ["einsum", "@", "@", "np.sum", "mean", "np.norm", "np.reduce", "sum", "np.dot"]
    assert found == expected


def test_no_sum_of_unstated_order():
    found = [
        f"{path}:{line}: {name}"
        for path, tree in sources()
        if not path.startswith(EXCEPTED)
        for line, name in unordered_names(tree)
    ]
    assert not found, "\n".join(found)


def test_no_assert_statements():
    """Python may be told to drop them, so none checks anything in the library."""
    found = [
        f"{path}:{node.lineno}"
        for path, tree in sources()
        for node in ast.walk(tree)
        if isinstance(node, ast.Assert)
    ]
    assert not found, "\n".join(found)


def test_the_walk_sees_the_package():
    paths = {path for path, _ in sources()}
    assert {"__init__.py", os.path.join("ops", "__init__.py")} <= paths
    assert len(paths) > 20
