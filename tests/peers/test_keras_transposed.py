"""`ops.conv_transpose` against Keras's layers: values and sizes of "valid" and "same"."""

import warnings

import keras
import numpy as np
import pytest

from convlet import ops

LAYERS = {
    1: keras.layers.Conv1DTranspose,
    2: keras.layers.Conv2DTranspose,
    3: keras.layers.Conv3DTranspose,
}


CASES = [
    (padding, size, stride, extra)
    for padding in ("valid", "same")
    for size in (1, 2, 3, 4, 5)
    for stride in (1, 2, 3)
    for extra in (None, 0, 1, 2)
    if extra is None or extra < stride  # else Keras refuses it
]


@pytest.mark.parametrize("rank", LAYERS)
@pytest.mark.parametrize("padding,size,stride,extra", CASES)
def test_layers(rank, padding, size, stride, extra):
    x = np.random.default_rng(0).standard_normal((2, *[4] * rank, 3)).astype("float32")
    layer = LAYERS[rank](5, size, strides=stride, padding=padding, output_padding=extra)
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        theirs = keras.ops.convert_to_numpy(layer(x))
    kernel, bias = layer.get_weights()
    keywords = {"strides": stride, "padding": padding, "output_padding": extra}
    ours = ops.conv_transpose(x, kernel, bias, **keywords)
    assert ours.shape == tuple(layer.compute_output_shape(x.shape))
    # On PyTorch Keras cannot express some of its own sizes and paddings, and says so.
    if not any("output_padding" in str(warning.message) for warning in warned):
        np.testing.assert_allclose(ours, theirs, atol=2e-5)
