"""Who computes a case. A provider has a name, a version, and ``build(case, data)``.

``build`` does everything that a user would do once (packing weights, compiling a graph, copying
to the provider's own layout) and returns a `Candidate`, or None where the provider has no such
operator.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import numpy as np

from convlet.bench import baselines

if TYPE_CHECKING:
    from convlet.bench.cases import Case

Data = dict[str, Any]


class Candidate(NamedTuple):
    """`run()` computes; `read(result)` turns its result into a tuple of arrays as NumPy has it."""

    run: Callable[[], Any]
    read: Callable[[Any], tuple[Any, ...]]


class Provider(Protocol):
    """Anything that computes cases; see the module's docstring."""

    name: str

    @property
    def version(self) -> str:
        """The version that a table names."""

    def build(self, case: Case, data: Data) -> Candidate | None:
        """Return the candidate for `case`, None where there is no such operator."""


class Numpy:
    """The baselines."""

    name = "NumPy"
    version = np.__version__

    def build(self, case: Case, data: Data) -> Candidate:
        """Return the candidate for `case`."""
        if case.op == "cnn_train":
            return _numpy_training(data)
        return Candidate(_numpy_call(case, data), as_tuple)


def _numpy_call(case: Case, data: Data) -> Callable[[], Any]:
    size, stride, out = case.size, case.stride, case.out_shape
    x: Any = data["x"]
    kernel: Any = data.get("kernel")
    bias: Any = data.get("bias")
    grad: Any = data.get("grad")
    return {
        "conv": lambda: baselines.conv(x, kernel, bias, stride),
        "conv_grad_x": lambda: baselines.conv_grad_x(grad, kernel, x.shape, stride),
        "conv_grad_kernel": lambda: baselines.conv_grad_kernel(grad, x, size, stride),
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


class Convlet:
    """This package: layers' own path, with weights packed beforehand as layers keep them."""

    name = "convlet"

    @property
    def version(self) -> str:
        """The package's version."""
        from convlet import __version__

        return __version__

    def build(self, case: Case, data: Data) -> Candidate:
        """Return the candidate for `case`."""
        if case.op == "cnn":
            model = _convlet_model(data["weights"])
            return Candidate(lambda: model(data["x"]), as_tuple)
        if case.op == "cnn_train":
            return _convlet_training(data)
        return Candidate(_convlet_call(case, data), as_tuple)


def _convlet_call(case: Case, data: Data) -> Callable[[], Any]:
    from convlet import ops
    from convlet.ops import _convolution

    x: Any = data["x"]
    kernel: Any = data.get("kernel")
    bias: Any = data.get("bias")
    grad: Any = data.get("grad")
    window: Any = {"strides": case.stride, "padding": "valid"}
    size = case.size
    if case.op in ("conv", "dense"):
        packed = _convolution.pack(kernel)
        if case.op == "dense":
            return lambda: _convolution.dense(x, kernel, bias, packed=packed)
        return lambda: _convolution.conv_packed(x, packed, kernel, bias, **window)
    return {
        "conv_grad_x": lambda: ops.conv_grad(grad, x, kernel, needs=("x",), **window)[:1],
        "conv_grad_kernel": lambda: ops.conv_grad(
            grad, x, kernel, needs=("kernel", "bias"), **window
        )[1:],
        "max_pool": lambda: ops.max_pool(x, size, **window),
        "max_pool_grad": lambda: ops.max_pool_grad(grad, x, size, **window),
        "average_pool": lambda: ops.average_pool(x, size, **window),
        "average_pool_grad": lambda: ops.average_pool_grad(grad, x, size, **window),
        "dense_grad": lambda: _convolution.dense_grad(grad, x, kernel),
    }[case.op]


def _convlet_model(weights: list[np.ndarray]) -> Any:
    from convlet.demo import lecture_cnn

    model = lecture_cnn(dropout=False)
    model.set_weights(weights)
    return model


def _convlet_training(data: Data) -> Candidate:
    from convlet import losses, optimizers

    model = _convlet_model(data["weights"])
    model.compile(
        loss=losses.categorical_crossentropy, optimizer=optimizers.Adadelta(learning_rate=1.0)
    )
    return Candidate(
        lambda: model.train_on_batch(data["x"], data["labels"]),
        lambda loss: (np.float32(loss), *model.get_weights()),
    )


def as_tuple(result: Any) -> tuple[Any, ...]:
    """Return the result as a tuple of arrays."""
    return tuple(result) if isinstance(result, (tuple, list)) else (result,)


def installed_peers(threads: int) -> list[Provider]:
    """Return a provider for each peer that is installed, computing with `threads` threads."""
    from convlet.bench import onnx_providers, torch_provider

    return [*torch_provider.installed(threads), *onnx_providers.installed(threads)]


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
    """Return how far two float32 results may differ, as a share of the largest value.

    Rounding errors of K products in any order grow like sqrt(K) * eps of the terms' size; 8
    leaves room for the largest of many elements. Training passes through the step lengths of
    an optimizer, which magnify the differences between small gradients.
    """
    margin = 512 if case.op == "cnn_train" else 8
    return margin * case.terms**0.5 * float(np.finfo(np.float32).eps)
