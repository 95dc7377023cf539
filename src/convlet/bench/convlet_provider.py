"""This package, by the public path that a user has: layers, `vjp`, and functions on arrays."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from convlet._reuse import Reuse
from convlet.bench.providers import Candidate, as_tuple

if TYPE_CHECKING:
    from convlet.bench.cases import Case
    from convlet.bench.providers import Data, Provider


def variants() -> list[Provider]:
    """Return the other ways to call this package, to be compared with the usual one."""
    return [Convlet("direct", "direct", "conv"), PlainKernel(), InFloat32()]


class Convlet:
    """Layers, which keep their packed weights, under one algorithm; all cases, or those of `op`."""

    role = "ours"

    def __init__(self, name: str = "convlet", algorithm: str = "auto", op: str = "") -> None:
        self.name, self._algorithm, self._op = name, algorithm, op

    @property
    def version(self) -> str:
        """The package's version."""
        from convlet import __version__

        return __version__

    def build(self, case: Case, data: Data) -> Candidate | None:
        """Return the candidate for `case`."""
        if self._op and case.op != self._op:
            return None
        return _candidate(case, data)._replace(context=_under(self._algorithm))


class PlainKernel(Convlet):
    """`ops.conv` with a kernel that nobody has packed."""

    def __init__(self) -> None:
        super().__init__("plain kernel")

    def build(self, case: Case, data: Data) -> Candidate | None:
        """Return the candidate for a convolution, None for anything else."""
        if case.op != "conv":
            return None
        from convlet import ops

        call = ops.depthwise_conv if case.depthwise else ops.conv
        kernel, options = _kernel(case, data), _options(case)
        x, read = _channels_as_told(case, data["x"])
        return Candidate(lambda: call(x, kernel, data["bias"], **options), read)


class InFloat32(Convlet):
    """The same case in float32 where it is in float64."""

    def __init__(self) -> None:
        super().__init__("float32")

    def build(self, case: Case, data: Data) -> Candidate | None:
        """Return the candidate for a case in float64, None for others."""
        if case.dtype != "float64":
            return None
        from dataclasses import replace

        single = {name: np.asarray(array, np.float32) for name, array in data.items()}
        candidate = super().build(replace(case, dtype="float32"), single)
        return candidate and candidate._replace(read=None)


def _under(algorithm: str) -> Callable[[], AbstractContextManager[None]]:
    import convlet

    @contextmanager
    def context() -> Iterator[None]:
        before = convlet.get_algorithm()
        convlet.set_algorithm(algorithm)
        try:
            yield
        finally:
            convlet.set_algorithm(before)

    return context


def _candidate(case: Case, data: Data) -> Candidate:
    if case.op == "cnn":
        model = _model(data["weights"])
        return Candidate(lambda: model(data["x"]), as_tuple)
    if case.op == "cnn_train":
        return _training(data)
    if case.op == "filter":
        return _filter(data)
    if "pool" in case.op:
        return Candidate(_pool(case, data), as_tuple)
    x, read = _channels_as_told(case, data["x"])
    layer = _layer(case)
    layer.build(x.shape)
    layer.set_weights([_kernel(case, data), data["bias"]])
    if "grad" in case.op:
        return Candidate(_gradient(case, layer, x, data["grad"]), as_tuple)
    return Candidate(lambda: layer(x), read)


def _channels_as_told(case: Case, x: np.ndarray) -> tuple[np.ndarray, Callable[[Any], Any]]:
    """x with its channels where `case` has them in memory, and how to read a result alike."""
    if case.layout == "channels_first":
        return np.moveaxis(x, -1, 1), lambda y: (np.moveaxis(y, 1, -1),)
    return x, as_tuple


def _options(case: Case) -> dict[str, Any]:
    first = case.layout == "channels_first"
    return {
        "strides": case.stride,
        "padding": case.padding,
        "dilation_rate": case.dilation,
        "data_format": "channels_first" if first else "channels_last",
    }


def _kernel(case: Case, data: Data) -> np.ndarray:
    kernel: np.ndarray = data["kernel"]
    return kernel.swapaxes(-1, -2).copy() if case.depthwise else kernel


def _layer(case: Case) -> Any:
    from convlet import layers

    if case.op.startswith("dense"):
        return layers.Dense(case.filters, dtype=case.dtype)
    options = {**_options(case), "dtype": case.dtype}
    dimensions = f"{case.rank}D"
    if case.depthwise:
        return getattr(layers, "DepthwiseConv" + dimensions)(case.size, **options)
    if case.op == "conv_transpose":
        make = getattr(layers, f"Conv{dimensions}Transpose")
        return make(case.filters, case.size, **options)
    make = getattr(layers, "Conv" + dimensions)
    return make(case.filters, case.size, groups=case.groups, **options)


def _gradient(case: Case, layer: Any, x: np.ndarray, grad: np.ndarray) -> Callable[[], Any]:
    layer.trainable = case.op != "conv_grad_x"
    _, pullback = layer.vjp(x, True)
    if case.op == "conv_grad_x":
        return lambda: pullback(grad)[0]
    if case.op == "conv_grad_kernel":
        return lambda: pullback(grad, needs_dx=False)[1]

    def both() -> Any:
        dx, grads = pullback(grad)
        return dx, *grads

    return both


def _filter(data: Data) -> Candidate:
    from convlet import ops

    image, kernel = data["x"][0, :, :, 0], data["kernel"][:, :, 0, 0]
    return Candidate(
        lambda: ops.correlate2d(image, kernel, "same"), lambda y: (y[None, :, :, None],)
    )


def _pool(case: Case, data: Data) -> Callable[[], Any]:
    from convlet import ops

    function: Any = getattr(ops, case.op)
    arrays = (data["grad"], data["x"]) if case.op.endswith("_grad") else (data["x"],)
    return partial(function, *arrays, case.size, strides=case.stride)


def _model(weights: list[np.ndarray]) -> Any:
    from convlet.demo import lecture_cnn

    model = lecture_cnn(dropout=False)
    model.set_weights(weights)
    return model


def _training(data: Data) -> Candidate:
    from convlet import losses, optimizers

    model = _model(data["weights"])
    model.compile(
        loss=losses.categorical_crossentropy, optimizer=optimizers.Adadelta(learning_rate=1.0)
    )
    return Candidate(
        lambda: model.train_on_batch(data["x"], data["labels"]),
        lambda loss: (np.float32(loss), *model.get_weights()),
        Reuse,  # as in `fit`
    )
