"""Who computes a case. A provider has a name, a version, and ``build(case, data)``.

``build`` does everything that a user would do once (packing weights, compiling a graph, copying
to the provider's own layout) and returns a `Candidate`, or None where the provider has no such
operator.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import numpy as np

from convlet.bench import baselines

if TYPE_CHECKING:
    from convlet.bench.cases import Case

Data = dict[str, Any]


class Candidate(NamedTuple):
    """`run()` computes; `read(result)` turns its result into a tuple of arrays as NumPy has it.

    `read` is None where the result is not the case's. `context()` is entered, untimed, before a
    turn of runs, and left after it.
    """

    run: Callable[[], Any]
    read: Callable[[Any], tuple[Any, ...]] | None
    context: Callable[[], AbstractContextManager[Any]] = nullcontext

    def result(self) -> tuple[Any, ...] | None:
        """Run once; return the arrays, None where they are not the case's."""
        with self.context():
            result = self.run()
        return self.read(result) if self.read else None


class Provider(Protocol):
    """Anything that computes cases; see the module's docstring.

    `role` is "ours" for this package, however it is called, "peer", or "yardstick".
    """

    name: str
    role: str

    @property
    def version(self) -> str:
        """The version that a table names."""

    def build(self, case: Case, data: Data) -> Candidate | None:
        """Return the candidate for `case`, None where there is no such operator."""


class Numpy:
    """The baselines."""

    name, role = "NumPy", "peer"
    version = np.__version__

    def build(self, case: Case, data: Data) -> Candidate:
        """Return the candidate for `case`."""
        if case.op == "cnn_train":
            return _numpy_training(data)
        return Candidate(_numpy_call(case, data), as_tuple)


def _numpy_call(case: Case, data: Data) -> Callable[[], Any]:
    size, stride, out = case.size, case.stride, case.out_shape
    window = (stride, case.padding, case.dilation)
    x: Any = data["x"]
    kernel: Any = data.get("kernel")
    bias: Any = data.get("bias")
    grad: Any = data.get("grad")
    return {
        "conv": lambda: baselines.conv(x, kernel, bias, *window, case.groups),
        "filter": lambda: baselines.conv(x, kernel, bias, *window),
        "conv_transpose": lambda: baselines.conv_grad_x(x, kernel, out, *window) + bias,
        "conv_grad_x": lambda: baselines.conv_grad_x(grad, kernel, x.shape, *window),
        "conv_grad_kernel": lambda: baselines.conv_grad_kernel(grad, x, size, *window),
        "max_pool": lambda: baselines.max_pool(x, size, stride, out),
        "max_pool_grad": lambda: baselines.max_pool_grad(grad, x, size, stride),
        "average_pool": lambda: baselines.average_pool(x, size, stride, out),
        "average_pool_grad": lambda: baselines.average_pool_grad(grad, x.shape, size, stride),
        "dense": lambda: baselines.dense(x, kernel, bias),
        "dense_grad": lambda: baselines.dense_grad(grad, x, kernel),
        "cnn": lambda: baselines.cnn(x, data["weights"]),
    }[case.op]


def _numpy_training(data: Data) -> Candidate:
    weights = [weight.copy() for weight in data["weights"]]
    optimizer = baselines.Adadelta(weights)

    def step() -> float:
        loss, gradients = baselines.cnn_grad(data["x"], data["labels"], weights)
        optimizer.apply(gradients)
        return loss

    return Candidate(step, lambda loss: (np.float32(loss), *weights))


def as_tuple(result: Any) -> tuple[Any, ...]:
    """Return the result as a tuple of arrays."""
    return tuple(result) if isinstance(result, (tuple, list)) else (result,)


class Memcpy:
    """A copy of as many bytes as a pool reads and writes, both counted: the speed of memory."""

    name, role, version = "memcpy", "yardstick", np.__version__

    def build(self, case: Case, data: Data) -> Candidate | None:
        """Return the candidate for a pool, None for anything else."""
        if case.op not in ("max_pool", "average_pool"):
            return None
        size = (data["x"].size + data["grad"].size) // 2
        source, target = np.ones(size, case.dtype), np.zeros(size, case.dtype)
        return Candidate(lambda: np.copyto(target, source), None)


def installed_peers(threads: int) -> list[Provider]:
    """Return a provider for each peer that is installed, computing with `threads` threads."""
    from convlet.bench import (
        ncnn_provider,
        onnx_providers,
        opencv_provider,
        scipy_provider,
        torch_provider,
    )

    modules = (torch_provider, onnx_providers, ncnn_provider, opencv_provider, scipy_provider)
    return [provider for module in modules for provider in module.installed(threads)]


def largest_error(results: Iterable[Any], expected: Iterable[Any]) -> float:
    """Return the largest |difference| as a share of the largest |value|, over all arrays."""
    errors = [0.0]
    for got, want in zip(results, expected, strict=True):
        if np.shape(got) != np.shape(want):
            raise ValueError(f"results must agree in shape; got {np.shape(got)}, {np.shape(want)}")
        want64 = np.asarray(want, np.float64)
        scale = np.abs(want64).max() or 1.0
        errors.append(np.abs(np.asarray(got, np.float64) - want64).max() / scale)
    return float(np.max(errors))  # unlike max(), keeps NaN


def tolerance(case: Case) -> float:
    """Return how far two results of `case` may differ, as a share of the largest value.

    Rounding errors of K products in any order grow like sqrt(K) * eps of the terms' size; 8
    leaves room for the largest of many elements. Winograd's transforms, which several peers use
    for windows of 3, magnify errors a little; training passes through the step lengths of an
    optimizer, which magnify the differences between small gradients, and where an output is 0 but
    for rounding, ReLU sends its gradient on or not: one of 4.7 million moved a bias by 1.4 %.
    """
    margin = 4096 if case.op == "cnn_train" else 24 if case.size == 3 else 8
    return margin * case.terms**0.5 * float(np.finfo(case.dtype).eps)
