"""ONNX Runtime and OpenVINO, both given the same small ONNX graph. They only infer."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from convlet.bench.providers import Candidate
from convlet.bench.torch_provider import channels_first_kernel, to_nchw

if TYPE_CHECKING:
    from convlet.bench.cases import Case
    from convlet.bench.providers import Data, Provider


def installed(threads: int) -> list[Provider]:
    """Return a provider for each of the two that is installed (the graph needs onnx itself)."""
    try:
        import onnx  # noqa: F401
    except ImportError:
        return []
    providers: list[Provider] = []
    for provider in (OnnxRuntime, OpenVino):
        try:
            providers.append(provider(threads))
        except ImportError:
            continue
    return providers


class OnnxRuntime:
    """ONNX Runtime with input and output bound beforehand, its quickest way; threads may spin."""

    name, role = "ORT", "peer"

    def __init__(self, threads: int) -> None:
        import onnxruntime

        self.version = onnxruntime.__version__
        self._runtime, self._threads = onnxruntime, threads

    def build(self, case: Case, data: Data) -> Candidate | None:
        """Return the candidate for `case`, None for gradients."""
        graph = onnx_graph(case, data)
        if graph is None:
            return None
        options = self._runtime.SessionOptions()
        options.intra_op_num_threads = self._threads
        options.inter_op_num_threads = 1
        session = self._runtime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])
        binding = session.io_binding()
        feed, refill = feeding(case, data)
        x = self._runtime.OrtValue.ortvalue_from_numpy(feed)
        binding.bind_ortvalue_input("x", x)
        y = self._runtime.OrtValue.ortvalue_from_shape_and_type(
            _first_shape(case.out_shape), np.float32
        )
        binding.bind_ortvalue_output("y", y)

        def run() -> None:
            if refill():
                x.update_inplace(feed)
            session.run_with_iobinding(binding)

        return Candidate(run, lambda _: (read_last(y.numpy()),))


class OpenVino:
    """OpenVINO, hinted for latency, in float32, with a request that keeps its tensors."""

    name, role = "OpenVINO", "peer"

    def __init__(self, threads: int) -> None:
        import openvino

        self.version = openvino.__version__.split("-")[0]
        self._openvino, self._threads = openvino, threads

    def build(self, case: Case, data: Data) -> Candidate | None:
        """Return the candidate for `case`, None for gradients."""
        graph = onnx_graph(case, data)
        if graph is None:
            return None
        core = self._openvino.Core()
        settings = {
            "INFERENCE_NUM_THREADS": self._threads,
            "NUM_STREAMS": 1,
            "PERFORMANCE_HINT": "LATENCY",
            "INFERENCE_PRECISION_HINT": "f32",
        }
        compiled = core.compile_model(core.read_model(graph), "CPU", settings)
        request = compiled.create_infer_request()
        x, refill = feeding(case, data)
        request.set_input_tensor(self._openvino.Tensor(x, shared_memory=True))

        def read(_: Any) -> tuple[np.ndarray, ...]:
            return (read_last(request.get_output_tensor().data.copy()),)

        # The request does not keep the input's memory alive; its candidate has to.
        return Candidate(lambda: (x, refill(), request.infer(share_outputs=True)), read)


def onnx_graph(case: Case, data: Data) -> bytes | None:
    """Return the case as an ONNX model from "x" to "y"; None for gradients and float64."""
    from onnx import TensorProto, checker, helper

    if case.dtype != "float32" or case.op.endswith(("_grad", "_grad_x", "_grad_kernel", "_train")):
        return None
    nodes, weights = _cnn_nodes(data) if case.op == "cnn" else _single_node(case, data)
    x_shape = _first_shape(case.x_shape)
    graph = helper.make_graph(
        nodes,
        case.op,
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, x_shape)],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, _first_shape(case.out_shape))],
        _initializers(weights),
    )
    # Old versions that every runtime of the last years reads.
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    checker.check_model(model)
    return model.SerializeToString()


def _single_node(case: Case, data: Data) -> tuple[list[Any], dict[str, np.ndarray]]:
    from onnx.helper import make_node

    if case.op == "dense":
        weights = {"k": data["kernel"], "b": data["bias"]}
        return [make_node("Gemm", ["x", "k", "b"], ["y"])], weights
    window: Any = {"kernel_shape": [case.size] * case.rank, "strides": [case.stride] * case.rank}
    if not case.filters:
        kind = {"max_pool": "MaxPool", "average_pool": "AveragePool"}[case.op]
        return [make_node(kind, ["x"], ["y"], **window)], {}
    window["pads"] = [case.padding] * 2 * case.rank
    window["dilations"] = [case.dilation] * case.rank
    weights = {"k": channels_first_kernel(data["kernel"]), "b": data["bias"]}
    kind = "ConvTranspose" if case.op == "conv_transpose" else "Conv"
    return [make_node(kind, ["x", "k", "b"], ["y"], group=case.groups, **window)], weights


def _cnn_nodes(data: Data) -> tuple[list[Any], dict[str, np.ndarray]]:
    from onnx.helper import make_node

    names = ["k1", "b1", "k2", "b2", "k3", "b3", "k4", "b4"]
    nodes = [
        make_node("Conv", ["x", "k1", "b1"], ["c1"], kernel_shape=[3, 3]),
        make_node("Relu", ["c1"], ["r1"]),
        make_node("Conv", ["r1", "k2", "b2"], ["c2"], kernel_shape=[3, 3]),
        make_node("Relu", ["c2"], ["r2"]),
        make_node("MaxPool", ["r2"], ["p"], kernel_shape=[2, 2], strides=[2, 2]),
        make_node("Flatten", ["p"], ["f"]),
        make_node("Gemm", ["f", "k3", "b3"], ["g"], transB=1),
        make_node("Relu", ["g"], ["h"]),
        make_node("Gemm", ["h", "k4", "b4"], ["z"], transB=1),
        make_node("Softmax", ["z"], ["y"], axis=1),
    ]
    return nodes, dict(zip(names, to_nchw(data["weights"]), strict=True))


def _initializers(weights: dict[str, np.ndarray]) -> list[Any]:
    from onnx import numpy_helper

    return [
        numpy_helper.from_array(np.ascontiguousarray(array), name)
        for name, array in weights.items()
    ]


def feeding(case: Case, data: Data) -> tuple[np.ndarray, Callable[[], bool]]:
    """Return x with channels first, contiguous, and what a call must do before it is read.

    Where x lies scattered in memory, a call has to copy it; it returns whether it did.
    """
    x = data["x"]
    first = np.moveaxis(x, -1, 1)
    feed = np.array(first, order="C")

    def refill() -> bool:
        np.copyto(feed, first)
        return True

    return feed, refill if case.layout in ("crop", "step") else lambda: False


def _first_shape(shape: tuple[int, ...]) -> tuple[int, ...]:
    return (shape[0], shape[-1], *shape[1:-1])


def read_last(y: np.ndarray) -> np.ndarray:
    """Return a result (N, C, *spatial) with channels last."""
    return np.moveaxis(y, 1, -1)
