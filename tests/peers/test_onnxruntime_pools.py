"""Pools against ONNX Runtime: with PyTorch, the oracle where conventions are in doubt."""

import numpy as np
from hypothesis import assume, given
from hypothesis import strategies as st

from comparison import assert_close
from convlet import ops
from onnx_node import ort
from strategies import SEEDS, often, pool_configs, smaller_padding
from tally import agreed


def attributes(config):
    """What ONNX calls it."""
    axes = config.axes
    assume(all(max(axis.before, axis.after) < axis.size for axis in axes))  # but for "same"
    return {
        "kernel_shape": [axis.size for axis in axes],
        "strides": [axis.stride for axis in axes],
        "dilations": [axis.dilation for axis in axes],
        "pads": [axis.before for axis in axes] + [axis.after for axis in axes],
        "ceil_mode": int(config.ceil_mode),
    }


def first(array, data_format):
    array = array if data_format == "channels_first" else np.moveaxis(array, -1, 1)
    return np.ascontiguousarray(array)


@often(4)
@given(pool_configs(padding=smaller_padding), SEEDS, st.booleans())
def test_maximum(dtype, config, seed, ties):
    x = config.x(seed, dtype, ties=ties)
    given_x = first(x, config.data_format)
    context = f"{config} {dtype} seed {seed} ties {ties}"
    found = attributes(config)
    y, indices = ops.max_pool(x, config.pool_size, return_indices=True, **config.keywords)
    theirs = ort("MaxPool", given_x, **found)
    assert_close(first(y, config.data_format), theirs, 0.0, context, dtype=dtype)
    where = ort("MaxPool", given_x, outputs=2, **found)
    planes = np.arange(given_x.shape[0] * given_x.shape[1]).reshape(
        *given_x.shape[:2], *[1] * len(config.lengths)
    )
    flat = first(indices, config.data_format) + planes * np.prod(config.lengths)
    assert_close(flat, where, 0.0, context, dtype="int64")
    agreed("ORT", "max_pool, indices", context)


@often(4)
@given(pool_configs(padding=smaller_padding), SEEDS, st.booleans())
def test_average(config, seed, count_include_pad):
    x = config.x(seed, "float32")
    context = f"{config} seed {seed} count_include_pad {count_include_pad}"
    theirs = ort(
        "AveragePool",
        first(x, config.data_format),
        count_include_pad=int(count_include_pad),
        **attributes(config),
    )
    y = ops.average_pool(
        x, config.pool_size, count_include_pad=count_include_pad, **config.keywords
    )
    assert_close(first(y, config.data_format), theirs, 2e-6, context, dtype="float32")
    agreed("ORT", "average_pool", context)
