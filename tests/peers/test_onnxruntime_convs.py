"""Convolutions against ONNX Runtime, which pads each side for itself, or by its own names."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

import oracles
from comparison import assert_close, conv_tolerance
from convlet import ops
from onnx_node import ort
from strategies import SEEDS, any_padding, conv_configs, often
from tally import agreed
from test_torch_transposed import random_case

AUTOMATIC = {"valid": "VALID", "same": "SAME_UPPER", "same_lower": "SAME_LOWER"}


def first(array, data_format):
    array = array if data_format == "channels_first" else np.moveaxis(array, -1, 1)
    return np.ascontiguousarray(array)


def attributes(config):
    rank = len(config.lengths)
    dilations = oracles.per_axis(config.dilation_rate, rank)
    found = {
        "strides": oracles.per_axis(config.strides, rank),
        "dilations": dilations,
        "group": config.groups,
    }
    # ONNX Runtime takes no dilation for its names of "same".
    if isinstance(config.padding, str) and (config.padding == "valid" or max(dilations) == 1):
        return {**found, "auto_pad": AUTOMATIC[config.padding]}
    axes = oracles.axes_of(
        config.lengths, config.kernel_size, config.strides, config.padding, config.dilation_rate
    )
    return {**found, "pads": [axis.before for axis in axes] + [axis.after for axis in axes]}


@often(4)
@given(conv_configs(padding=any_padding), SEEDS)
def test_convolution(config, seed):
    x, kernel, bias = config.arrays(seed, "float32")
    context = f"{config} seed {seed}"
    weights = np.ascontiguousarray(np.moveaxis(kernel, (-1, -2), (0, 1)))
    given_arrays = [first(x, config.data_format), weights, *([] if bias is None else [bias])]
    theirs = ort("Conv", *given_arrays, **attributes(config))
    y = ops.conv(x, kernel, bias, **config.keywords)
    tolerance = 2 * conv_tolerance(x, kernel, bias, dtype="float32", **config.keywords)
    tolerance = first(tolerance, config.data_format)
    assert_close(first(y, config.data_format), theirs, tolerance, context, dtype="float32")
    agreed("ORT", "conv", context)


@often(4)
@given(SEEDS, st.booleans())
def test_transposed(seed, uneven):
    _, groups, size, strides, dilations, lengths, padding, extra, channels, filters = random_case(
        seed
    )
    extra = tuple(min(more, stride - 1) for more, stride in zip(extra, strides, strict=True))
    rng = np.random.default_rng(seed)
    more = [int(uneven and width > 2) for width in size]
    pads = [(pad, pad + odd) for pad, odd in zip(padding, more, strict=True)]
    x = rng.standard_normal((2, channels, *lengths)).astype("float32")
    kernel = rng.standard_normal((*size, filters // groups, channels)).astype("float32")
    bias = rng.standard_normal(filters).astype("float32")
    keywords = {
        "strides": strides,
        "padding": tuple(pads),
        "output_padding": extra,
        "dilation_rate": dilations,
        "groups": groups,
    }
    theirs = ort(
        "ConvTranspose",
        x,
        np.ascontiguousarray(np.moveaxis(kernel, (-1, -2), (0, 1))),
        bias,
        strides=strides,
        pads=[before for before, _ in pads] + [after for _, after in pads],
        output_padding=extra,
        dilations=dilations,
        group=groups,
    )
    y = ops.conv_transpose(x, kernel, bias, data_format="channels_first", **keywords)
    context = f"{x.shape} {kernel.shape} {keywords} seed {seed}"
    tolerance = 1e-5 * max(1, np.abs(theirs).max())
    assert_close(y, theirs, tolerance, context, dtype="float32")
    agreed("ORT", "conv_transpose", context)
