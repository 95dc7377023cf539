"""ONNX's own test cases for convolutions and pools, run through `convlet.ops`."""

import os
import warnings

import numpy as np
import onnx
import pytest
from onnx.backend.test.case.node import collect_testcases
from onnx.backend.test.loader import load_model_tests

from comparison import assert_close
from convlet import ops
from tally import agreed

GLOBAL = {"GlobalMaxPool": ops.adaptive_max_pool, "GlobalAveragePool": ops.adaptive_average_pool}
OPERATORS = ("Conv", "ConvTranspose", "MaxPool", "AveragePool", "LpPool", *GLOBAL)
OUTSIDE = {"test_maxpool_2d_uint8": "ops take float32 and float64 only"}
TOLERANCE = 1e-5  # of the largest value
# Its expected values are typed in with four digits: ONNX's own tolerance.
ROUNDED = {"test_averagepool_2d_ceil_last_window_starts_on_pad": 1e-3}


def node_cases():
    """name: (nodes, arrays by name, expected outputs)."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # NumPy's, from cases of other operators
        cases = [c for c in collect_testcases() if c.model.graph.node[0].op_type in OPERATORS]
    for case in cases:
        inputs, outputs = case.data_sets[0]
        names = [i.name for i in case.model.graph.input]
        yield case.name, (case.model.graph.node, dict(zip(names, inputs, strict=True)), outputs)


def model_cases():
    """Those that PyTorch's tests were converted to, read from the files that onnx carries."""
    kinds = ("pytorch-converted", "pytorch-operator")
    for case in (case for kind in kinds for case in load_model_tests(kind=kind)):
        graph = onnx.load(os.path.join(case.model_dir, "model.onnx")).graph
        if not {node.op_type for node in graph.node} & set(OPERATORS):
            continue
        if {node.op_type for node in graph.node} - {*OPERATORS, "Unsqueeze", "Squeeze"}:
            continue  # whole networks
        arrays = {i.name: onnx.numpy_helper.to_array(i) for i in graph.initializer}
        data = os.path.join(case.model_dir, "test_data_set_0")
        missing = [i.name for i in graph.input if i.name not in arrays]
        for number, name in enumerate(missing):
            arrays[name] = tensor(os.path.join(data, f"input_{number}.pb"))
        yield case.name, (graph.node, arrays, [tensor(os.path.join(data, "output_0.pb"))])


def tensor(path):
    with open(path, "rb") as file:
        return onnx.numpy_helper.to_array(onnx.TensorProto.FromString(file.read()))


NODE, MODEL = dict(node_cases()), dict(model_cases())
CASES = NODE | MODEL


def attributes(node):
    return {a.name: onnx.helper.get_attribute_value(a) for a in node.attribute}


def padding(found, rank):
    automatic = found.get("auto_pad", b"NOTSET").decode()
    if automatic == "NOTSET":
        pads = found.get("pads", [0] * 2 * rank)
        return tuple(zip(pads[:rank], pads[rank:], strict=True))
    return {"SAME_UPPER": "same", "SAME_LOWER": "same_lower", "VALID": "valid"}[automatic]


def run(node, inputs):
    """The outputs of one node."""
    found = attributes(node)
    if node.op_type in ("Unsqueeze", "Squeeze"):
        change = np.expand_dims if node.op_type == "Unsqueeze" else np.squeeze
        return [change(inputs[0], tuple(found["axes"]))]
    x = inputs[0]
    if node.op_type in GLOBAL:
        return [GLOBAL[node.op_type](x, 1, data_format="channels_first")]
    rank = x.ndim - 2
    keywords = {
        "strides": tuple(found.get("strides", [1] * rank)),
        "padding": padding(found, rank),
        "dilation_rate": tuple(found.get("dilations", [1] * rank)),
        "data_format": "channels_first",
    }
    if node.op_type == "Conv":
        kernel = np.moveaxis(inputs[1], (0, 1), (-1, -2))
        return [ops.conv(x, kernel, *inputs[2:], **keywords)]
    if node.op_type == "ConvTranspose":
        bias = inputs[2] if len(inputs) > 2 else None
        return [conv_transpose(x, inputs[1], bias, found, keywords)]
    if node.op_type == "LpPool":
        return [lp_pool(x, found, keywords)]
    keywords["ceil_mode"] = bool(found.get("ceil_mode", 0))
    size = tuple(found["kernel_shape"])
    if node.op_type == "AveragePool":
        include = bool(found.get("count_include_pad", 0))
        return [ops.average_pool(x, size, count_include_pad=include, **keywords)]
    y, indices = ops.max_pool(x, size, return_indices=True, **keywords)
    if found.get("storage_order", 0):  # column-major
        height, width = x.shape[2:]
        indices = indices % width * height + indices // width
    # Theirs are flat over images and channels too.
    planes = np.arange(x.shape[0] * x.shape[1]).reshape(*x.shape[:2], *[1] * rank)
    return [y, indices + planes * int(np.prod(x.shape[2:]))][: len(node.output)]


def lp_pool(x, found, keywords):
    """The p-norm of each window, as the p-th root of a depthwise convolution with ones."""
    assert not found.get("ceil_mode", 0)
    power, kernel = found["p"], np.ones((*found["kernel_shape"], x.shape[1], 1), x.dtype)
    return ops.depthwise_conv(np.abs(x) ** power, kernel, **keywords) ** (1 / power)


def conv_transpose(x, weights, bias, found, keywords):
    kernel = np.moveaxis(weights, (0, 1), (-1, -2))
    keywords = {**keywords, "groups": found.get("group", 1)}
    keywords["output_padding"] = tuple(found.get("output_padding", [0] * (x.ndim - 2)))
    if "output_shape" in found:
        keywords.update(cropped_to(found["output_shape"], x, kernel, keywords))
    elif keywords["padding"] in ("same", "same_lower"):
        keywords["output_padding"] = None  # sizes are multiples of the strides then
    return ops.conv_transpose(x, kernel, bias, **keywords)


def cropped_to(lengths, x, kernel, keywords):
    """The padding and output_padding with which the output has these lengths."""
    whole = ops.conv_transpose(x, kernel, **{**keywords, "padding": 0}).shape[2:]
    pads, extras = [], []
    for big, small, extra in zip(whole, lengths, keywords["output_padding"], strict=True):
        less, more = max(big - small, 0) // 2, -(-max(big - small, 0) // 2)
        pads.append((less, more) if keywords["padding"] == "same" else (more, less))
        extras.append(extra + max(small - big, 0))
    return {"padding": tuple(pads), "output_padding": tuple(extras)}


@pytest.mark.parametrize("name", [name for name in CASES if name not in OUTSIDE])
def test_case(name):
    nodes, arrays, expected = CASES[name]
    values = dict(arrays)
    for node in nodes:
        outputs = run(node, [values[i] for i in node.input])
        values.update(zip(node.output, outputs, strict=True))
    assert len(outputs) == len(expected)
    for output, wanted in zip(outputs, expected, strict=True):
        tolerance = ROUNDED.get(name, TOLERANCE) * np.max(np.abs(wanted))
        assert_close(output, wanted, tolerance, name, dtype=wanted.dtype)
    agreed("ONNX", next(n.op_type for n in nodes if n.op_type in OPERATORS), name)


def test_integers_are_outside():
    nodes, arrays, _ = CASES["test_maxpool_2d_uint8"]
    with pytest.raises(TypeError, match="uint8"):
        run(nodes[0], list(arrays.values()))


def test_nothing_was_lost():
    """Newer versions of onnx may bring more cases; these are those of 1.17 and 1.23 at least."""
    assert set(OUTSIDE) <= set(CASES)
    assert len(NODE) >= 50
    assert len(MODEL) >= 40
    assert {node.op_type for nodes, _, _ in CASES.values() for node in nodes} >= set(OPERATORS)
