"""The conventions of Keras, PyTorch and ONNX, and how convlet says the same: CONVENTIONS.md.

Each row holds two expressions; test_conventions.py evaluates both and compares the results, so the
table says nothing that is not so. `python tests/peers/conventions.py` writes it anew.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import NamedTuple

os.environ.setdefault("KERAS_BACKEND", "torch")

import keras
import numpy as np
import torch
import torch.nn.functional as F

from convlet import layers, ops
from onnx_node import ort

TABLE = Path(__file__).parents[1] / "CONVENTIONS.md"


class Row(NamedTuple):
    """What `theirs` and `ours` compute is the same, or is not (`equal`)."""

    library: str
    theirs: str
    ours: str
    remark: str = ""
    equal: bool = True


def draw(*shape, seed=0):
    return np.random.default_rng([seed, *shape]).standard_normal(shape).astype("float32")


def weighted(layer, *weights):
    """A layer of Keras's or ours with these weights and no bias."""
    return lambda x: (layer.build(x.shape), layer.set_weights(list(weights)), layer(x))[-1]


X = draw(2, 9, 8, 6)  # N H W C
XC = np.ascontiguousarray(np.moveaxis(X, -1, 1))  # N C H W
S = X[:, :, 0]  # N W C
SC = np.ascontiguousarray(np.moveaxis(S, -1, 1))
K = draw(3, 4, 6, 10)  # KH KW CI CO
W = np.ascontiguousarray(np.moveaxis(K, (-1, -2), (0, 1)))  # CO CI KH KW
K1, W1 = K[0], np.ascontiguousarray(W[:, :, 0])
KG, WG = K[:, :, :2], np.ascontiguousarray(W[:9, :2])  # 3 groups
KG = np.moveaxis(WG, (0, 1), (-1, -2))
KD = draw(3, 4, 6, 2)  # KH KW C multiplier
WD = np.ascontiguousarray(np.moveaxis(KD.reshape(3, 4, 1, 12), (-1, -2), (0, 1)))
KT = draw(3, 4, 5, 6)  # KH KW CO CI
WT = np.ascontiguousarray(np.moveaxis(KT, (-1, -2), (0, 1)))  # CI CO KH KW
NAN = X.copy()
NAN[:, 2, 3] = np.nan
ARRAYS = {name: value for name, value in globals().items() if isinstance(value, np.ndarray)}
MODULES = {"keras": keras, "torch": torch, "F": F, "np": np, "ops": ops, "layers": layers}
SPACE = {**ARRAYS, **MODULES, "ort": ort, "weighted": weighted}
KERAS_CONV = "weighted(keras.layers.Conv2D(10, (3, 4){}, use_bias=False), K)(X)"
KERAS_TRANSPOSED = "weighted(keras.layers.Conv2DTranspose(5, (3, 4), {}, use_bias=False), KT)(X)"
TORCH_X = "torch.tensor(XC)"
FIRST = 'data_format="channels_first"'

SECTIONS: dict[str, list[Row]] = {
    "Convolution: layouts": [
        Row("Keras", KERAS_CONV.format(""), "ops.conv(X, K)", "kernel (KH, KW, CI, CO)"),
        Row(
            "PyTorch",
            f"F.conv2d({TORCH_X}, torch.tensor(W))",
            f"ops.conv(XC, np.moveaxis(W, (0, 1), (-1, -2)), {FIRST})",
            "weights (CO, CI / groups, KH, KW), channels first",
        ),
        Row(
            "ONNX",
            'ort("Conv", XC, W)',
            f"ops.conv(XC, np.moveaxis(W, (0, 1), (-1, -2)), {FIRST})",
            "as PyTorch",
        ),
    ],
    "Convolution: padding": [
        Row(
            "Keras",
            KERAS_CONV.format(', padding="same"'),
            'ops.conv(X, K, padding="same")',
            "an odd element at the end",
        ),
        Row(
            "Keras",
            KERAS_CONV.format(', strides=2, padding="same"'),
            'ops.conv(X, K, strides=2, padding="same")',
            "of the size ceil(H / stride)",
        ),
        Row(
            "Keras",
            'weighted(keras.layers.Conv1D(10, 4, padding="causal", use_bias=False), K1)(S)',
            'ops.conv(S, K1, padding="causal")',
            "all of it at the start; 1-D",
        ),
        Row(
            "PyTorch",
            f'F.conv2d({TORCH_X}, torch.tensor(W), padding="same", dilation=2)',
            f'ops.conv(XC, K, padding="same", dilation_rate=2, {FIRST})',
            "refused with a stride",
        ),
        Row(
            "PyTorch",
            f"F.conv2d({TORCH_X}, torch.tensor(W), stride=2, padding=(1, 2))",
            f"ops.conv(XC, K, strides=2, padding=((1, 1), (2, 2)), {FIRST})",
            "an int for an axis: both sides",
        ),
        Row(
            "PyTorch",
            f"F.conv2d({TORCH_X}, torch.tensor(W[..., :3]), stride=2, padding=1)",
            f'ops.conv(XC, K[:, :3], strides=2, padding="same", {FIRST})',
            'not Keras\'s "same" where that would be odd',
            equal=False,
        ),
        Row(
            "ONNX",
            'ort("Conv", XC, W, strides=[2, 2], auto_pad="SAME_UPPER")',
            f'ops.conv(XC, K, strides=2, padding="same", {FIRST})',
        ),
        Row(
            "ONNX",
            'ort("Conv", XC, W, strides=[2, 2], auto_pad="SAME_LOWER")',
            f'ops.conv(XC, K, strides=2, padding="same_lower", {FIRST})',
            "an odd element at the start",
        ),
        Row(
            "ONNX",
            'ort("Conv", XC, W, pads=[1, 0, 2, 3])',
            f"ops.conv(XC, K, padding=((1, 2), (0, 3)), {FIRST})",
            "all starts, then all ends",
        ),
    ],
    "Convolution: strides, dilation, groups": [
        Row(
            "PyTorch",
            f"F.conv2d({TORCH_X}, torch.tensor(W), stride=2, dilation=2)",
            f"ops.conv(XC, K, strides=2, dilation_rate=2, {FIRST})",
            "Keras refuses both at once",
        ),
        Row(
            "ONNX",
            'ort("Conv", XC, W, strides=[2, 1], dilations=[1, 2])',
            f"ops.conv(XC, K, strides=(2, 1), dilation_rate=(1, 2), {FIRST})",
        ),
        Row(
            "Keras",
            "weighted(keras.layers.Conv2D(9, (3, 4), groups=3, use_bias=False), KG)(X)",
            "ops.conv(X, KG)",
            "groups follow from the shapes",
        ),
        Row(
            "PyTorch",
            f"F.conv2d({TORCH_X}, torch.tensor(WG), groups=3)",
            f"ops.conv(XC, KG, {FIRST})",
        ),
        Row("ONNX", 'ort("Conv", XC, WG, group=3)', f"ops.conv(XC, KG, {FIRST})"),
        Row(
            "Keras",
            "weighted(keras.layers.DepthwiseConv2D((3, 4), depth_multiplier=2, use_bias=False),"
            " KD)(X)",
            "ops.depthwise_conv(X, KD)",
            "kernel (KH, KW, C, multiplier)",
        ),
        Row(
            "PyTorch",
            f"F.conv2d({TORCH_X}, torch.tensor(WD), groups=6)",
            f"ops.depthwise_conv(XC, KD, {FIRST})",
            "output channels run over c, then the multiplier, in both",
        ),
    ],
    "Transposed convolution": [
        Row(
            "Keras",
            KERAS_TRANSPOSED.format("3"),
            "ops.conv_transpose(X, KT, strides=3)",
            '"valid": H * stride + max(KH - stride, 0); kernel (KH, KW, CO, CI)',
        ),
        Row(
            "Keras",
            KERAS_TRANSPOSED.format('3, padding="same"'),
            'ops.conv_transpose(X, KT, strides=3, padding="same")',
            '"same": H * stride',
        ),
        Row(
            "PyTorch",
            f"F.conv_transpose2d({TORCH_X}, torch.tensor(WT), stride=2, padding=1,"
            " output_padding=1)",
            "ops.conv_transpose(XC, np.moveaxis(WT, (0, 1), (-1, -2)), strides=2, padding=1,"
            f" output_padding=1, {FIRST})",
            "weights (CI, CO / groups, KH, KW)",
        ),
        Row(
            "PyTorch",
            f"F.conv_transpose2d({TORCH_X}, torch.tensor(WT), stride=2, padding=1)",
            f'ops.conv_transpose(XC, KT, strides=2, padding="same", {FIRST})',
            'one row and column less than Keras\'s "same"',
            equal=False,
        ),
        Row(
            "ONNX",
            'ort("ConvTranspose", XC, WT, strides=[2, 2], pads=[0, 1, 1, 2],'
            " output_padding=[1, 0])",
            "ops.conv_transpose(XC, KT, strides=2, padding=((0, 1), (1, 2)),"
            f" output_padding=(1, 0), {FIRST})",
        ),
        Row(
            "ONNX",
            'ort("ConvTranspose", XC, WT, strides=[3, 3], auto_pad="SAME_UPPER")',
            f'ops.conv_transpose(XC, KT, strides=3, padding="same", {FIRST})',
            "the crop's odd element at the end",
        ),
        Row(
            "ONNX",
            'ort("ConvTranspose", XC, WT, strides=[3, 3], auto_pad="SAME_LOWER")',
            f'ops.conv_transpose(XC, KT, strides=3, padding="same_lower", {FIRST})',
            "the crop's odd element at the start",
        ),
    ],
    "Maximum": [
        Row("Keras", "keras.layers.MaxPooling2D(2)(X)", "ops.max_pool(X, 2)"),
        Row(
            "Keras",
            'keras.layers.MaxPooling2D(3, 2, "same")(X)',
            'ops.max_pool(X, 3, strides=2, padding="same")',
        ),
        Row(
            "PyTorch",
            f"F.max_pool2d({TORCH_X}, 3, 2, 1, ceil_mode=True)",
            f"ops.max_pool(XC, 3, strides=2, padding=1, ceil_mode=True, {FIRST})",
            "padding is minus infinity",
        ),
        Row(
            "PyTorch",
            f"F.max_pool2d({TORCH_X}, 2, return_indices=True)[1]",
            f"ops.max_pool(XC, 2, return_indices=True, {FIRST})[1]",
            "flat over H and W, for each image and channel",
        ),
        Row(
            "PyTorch",
            "F.max_pool2d(torch.tensor(np.moveaxis(NAN, -1, 1).copy()), 2)",
            f"ops.max_pool(np.moveaxis(NAN, -1, 1), 2, {FIRST})",
            "NaN wins",
        ),
        Row(
            "ONNX",
            'ort("MaxPool", XC, kernel_shape=[3, 3], strides=[2, 2], dilations=[2, 1],'
            " pads=[1, 0, 1, 2], ceil_mode=1)",
            "ops.max_pool(XC, 3, strides=2, dilation_rate=(2, 1), padding=((1, 1), (0, 2)),"
            f" ceil_mode=True, {FIRST})",
        ),
        Row(
            "ONNX",
            'ort("MaxPool", XC, kernel_shape=[2, 2], strides=[2, 2], outputs=2)',
            f"ops.max_pool(XC, 2, return_indices=True, {FIRST})[1]"
            " + 72 * np.arange(12).reshape(2, 6, 1, 1)",
            "flat over images and channels too",
        ),
    ],
    "Average": [
        Row(
            "Keras",
            'keras.layers.AveragePooling2D(3, 1, "same")(X)',
            'ops.average_pool(X, 3, strides=1, padding="same")',
            "padding does not count",
        ),
        Row(
            "PyTorch",
            f"F.avg_pool2d({TORCH_X}, 3, 2, 1)",
            f"ops.average_pool(XC, 3, strides=2, padding=1, count_include_pad=True, {FIRST})",
            "padding counts",
        ),
        Row(
            "PyTorch",
            f"F.avg_pool2d({TORCH_X}, 3, 2, 1)",
            f"ops.average_pool(XC, 3, strides=2, padding=1, {FIRST})",
            "the default here is Keras's and ONNX's",
            equal=False,
        ),
        Row(
            "PyTorch",
            f"F.avg_pool2d({TORCH_X}, 3, 2, 1, ceil_mode=True)",
            "ops.average_pool(XC, 3, strides=2, padding=1, ceil_mode=True,"
            f" count_include_pad=True, {FIRST})",
            "what lies beyond the padding never counts",
        ),
        Row(
            "PyTorch",
            f"F.avg_pool2d({TORCH_X}, 3, 2, 1, count_include_pad=False)",
            f"ops.average_pool(XC, 3, strides=2, padding=1, {FIRST})",
        ),
        Row(
            "ONNX",
            'ort("AveragePool", XC, kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1])',
            f"ops.average_pool(XC, 3, strides=2, padding=1, {FIRST})",
            "padding does not count unless count_include_pad=1",
        ),
        Row(
            "ONNX",
            'ort("AveragePool", XC, kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1],'
            " count_include_pad=1, ceil_mode=1)",
            "ops.average_pool(XC, 3, strides=2, padding=1, ceil_mode=True,"
            f" count_include_pad=True, {FIRST})",
        ),
        Row(
            "ONNX",
            'ort("AveragePool", XC, kernel_shape=[3, 3], dilations=[2, 2])',
            f"ops.average_pool(XC, 3, strides=1, dilation_rate=2, {FIRST})",
            "the stride's default is 1, not the window",
        ),
        Row(
            "PyTorch",
            f"F.lp_pool2d({TORCH_X}.abs(), 2.0, 3)",
            "ops.depthwise_conv(XC**2, np.ones((3, 3, 6, 1), XC.dtype), strides=3,"
            f" {FIRST}) ** 0.5",
            "the p-norm of a window",
        ),
    ],
    "Pools of a fixed output": [
        Row(
            "Keras",
            "keras.layers.GlobalAveragePooling2D(keepdims=True)(X)",
            "layers.GlobalAveragePooling2D(keepdims=True)(X)",
        ),
        Row("Keras", "keras.layers.GlobalMaxPooling2D()(X)", "layers.GlobalMaxPooling2D()(X)"),
        Row(
            "ONNX",
            'ort("GlobalAveragePool", XC)',
            f"ops.adaptive_average_pool(XC, 1, {FIRST})",
        ),
        Row("ONNX", 'ort("GlobalMaxPool", XC)', f"ops.adaptive_max_pool(XC, 1, {FIRST})"),
        Row(
            "PyTorch",
            f"F.adaptive_avg_pool2d({TORCH_X}, (4, 5))",
            f"ops.adaptive_average_pool(XC, (4, 5), {FIRST})",
            "rows floor(i * H / OH) to ceil((i + 1) * H / OH)",
        ),
        Row(
            "Keras",
            "keras.layers.AdaptiveMaxPooling2D((4, 5))(X)",
            "ops.adaptive_max_pool(X, (4, 5))",
        ),
    ],
    "Softmax of a convolution": [
        Row(
            "Keras",
            "keras.layers.Conv2D(10, (3, 4), activation='softmax', use_bias=False,"
            " kernel_initializer='ones')(X)",
            "layers.Conv2D(10, (3, 4), activation='softmax', use_bias=False,"
            " kernel_initializer='ones')(X)",
            "over the last axis, in a layer",
        ),
        Row(
            "PyTorch",
            f"F.softmax(F.conv2d({TORCH_X}, torch.tensor(W)), dim=1)",
            f'ops.conv(XC, K, activation="softmax", {FIRST})',
            "over channels, in an operator",
        ),
    ],
}

NOT_EXPRESSED = """
No argument of convlet's says these yet:

- PyTorch's `padding_mode` other than zeros ("reflect", "replicate", "circular"): pad with `np.pad`
  before, or use `ops.correlate2d` with a boundary for one filter on one image.
- PyTorch's `divisor_override`: multiply an average with `count_include_pad=True` by the window's
  size and divide by the divisor.
- `LpPool` with `ceil_mode`; `FractionalMaxPool`; unpooling.
- ONNX's `storage_order=1` (indices in column-major order) and ONNX's and TensorFlow's indices over
  the whole tensor: convert them as the row above does.
- Integer, half-precision and quantised arrays.
"""


def table():
    """CONVENTIONS.md."""
    lines = [
        "# Conventions",
        "",
        "How the conventions of Keras, PyTorch and ONNX are said in convlet. Each row is evaluated",
        "by `tests/peers/test_conventions.py`, which compares both sides; this page is written by",
        "`python tests/peers/conventions.py`.",
        "",
        "`X` is (N, H, W, C) = (2, 9, 8, 6), `XC` the same with channels first, `S` a 1-D signal,",
        "`K` a kernel in Keras's order of axes, `W` in PyTorch's and ONNX's, `KG`/`WG` in 3",
        "groups, `KD`/`WD` depthwise, `KT`/`WT` of a transposed convolution. `ort` runs one ONNX",
        "operator.",
    ]
    for title, rows in SECTIONS.items():
        lines += [
            "",
            f"## {title}",
            "",
            "| | theirs | | convlet | |",
            "| :-- | :-- | :-- | :-- | :-- |",
        ]
        for row in rows:
            relation = "=" if row.equal else "**differs from**"
            lines.append(
                f"| {row.library} | `{row.theirs}` | {relation} | `{row.ours}` | {row.remark} |"
            )
    return "\n".join([*lines, "", "## Not expressed", NOT_EXPRESSED.strip(), ""])


if __name__ == "__main__":
    TABLE.write_text(table())
