"""One ONNX operator, as ONNX Runtime computes it."""

from __future__ import annotations

import onnx
import onnxruntime

OPSET, IR_VERSION = 19, 9  # which onnxruntime 1.18 knows
KINDS = {
    "float32": onnx.TensorProto.FLOAT,
    "float64": onnx.TensorProto.DOUBLE,
    "int64": onnx.TensorProto.INT64,
}


def ort(operator, *arrays, outputs=1, **attributes):
    """The operator's last output."""
    names = [f"input{i}" for i in range(len(arrays))]
    made = [f"output{i}" for i in range(outputs)]
    node = onnx.helper.make_node(operator, names, made, **attributes)
    kinds = [KINDS[array.dtype.name] for array in arrays]
    graph = onnx.helper.make_graph(
        [node],
        "one",
        [
            onnx.helper.make_tensor_value_info(name, kind, array.shape)
            for name, kind, array in zip(names, kinds, arrays, strict=True)
        ],
        [  # a second one holds positions
            onnx.helper.make_tensor_value_info(name, kind, None)
            for name, kind in zip(made, (kinds[0], KINDS["int64"]), strict=False)
        ],
    )
    model = onnx.helper.make_model(
        graph, opset_imports=[onnx.helper.make_opsetid("", OPSET)], ir_version=IR_VERSION
    )
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )
    return session.run(None, dict(zip(names, arrays, strict=True)))[-1]
