"""ONNX Runtime and OpenVINO, both given the same small ONNX graph. They only infer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from convlet.bench.providers import Candidate
from convlet.bench.torch_provider import to_nchw

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
    """ONNX Runtime with input and output bound beforehand, its quickest way."""

    name = "ORT"

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
        x = self._runtime.OrtValue.ortvalue_from_numpy(_feed(data))
        binding.bind_ortvalue_input("x", x)
        y = self._runtime.OrtValue.ortvalue_from_shape_and_type(_result_shape(case), np.float32)
        binding.bind_ortvalue_output("y", y)
        return Candidate(lambda: session.run_with_iobinding(binding), lambda _: (_read(y.numpy()),))


class OpenVino:
    """OpenVINO, hinted for latency, in float32, with a request that keeps its tensors."""

    name = "OpenVINO"

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
        x = _feed(data)
        request.set_input_tensor(self._openvino.Tensor(x, shared_memory=True))

        def read(_: Any) -> tuple[np.ndarray, ...]:
            return (_read(request.get_output_tensor().data.copy()),)

        # The request does not keep the input's memory alive; its candidate has to.
        return Candidate(lambda: (x, request.infer(share_outputs=True)), read)


def onnx_graph(case: Case, data: Data) -> bytes | None:
    """Return the case as a serialized ONNX model from "x" to "y", None for gradients."""
    from onnx import TensorProto, checker, helper

    if case.op.endswith(("_grad", "_grad_x", "_grad_kernel", "_train")):
        return None
    nodes, weights = _cnn_nodes(data) if case.op == "cnn" else _single_node(case, data)
    x_shape = _feed(data).shape
    graph = helper.make_graph(
        nodes,
        case.op,
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, x_shape)],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, _result_shape(case))],
        _initializers(weights),
    )
    # Old versions that every runtime of the last years reads.
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    checker.check_model(model)
    return model.SerializeToString()


def _single_node(case: Case, data: Data) -> tuple[list[Any], dict[str, np.ndarray]]:
    from onnx.helper import make_node

    window: Any = {"kernel_shape": [case.size] * 2, "strides": [case.stride] * 2}
    if case.op == "conv":
        weights = {"k": data["kernel"].transpose(3, 2, 0, 1), "b": data["bias"]}
        return [make_node("Conv", ["x", "k", "b"], ["y"], **window)], weights
    if case.op == "dense":
        weights = {"k": data["kernel"], "b": data["bias"]}
        return [make_node("Gemm", ["x", "k", "b"], ["y"])], weights
    kind = {"max_pool": "MaxPool", "average_pool": "AveragePool"}[case.op]
    return [make_node(kind, ["x"], ["y"], **window)], {}


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


def _feed(data: Data) -> np.ndarray:
    x = data["x"]
    return np.ascontiguousarray(x if x.ndim == 2 else x.transpose(0, 3, 1, 2))


def _result_shape(case: Case) -> tuple[int, ...]:
    shape = case.out_shape
    return shape if len(shape) == 2 else (shape[0], shape[3], shape[1], shape[2])


def _read(y: np.ndarray) -> np.ndarray:
    return y if y.ndim == 2 else y.transpose(0, 2, 3, 1)
