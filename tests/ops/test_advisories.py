"""What broke other libraries' convolutions and pools, as published, done to ours.

Each call runs in a process of its own, so that a crash is a failure of one test.
"""

import pytest

import children

SETUP = """
    import numpy as np
    from convlet import layers, ops

    def refused(call, *names):
        try:
            call()
        except (ValueError, TypeError) as error:
            assert any(name in str(error) for name in names), error
        else:
            raise AssertionError(f"{names}: not refused")

    x = np.ones((1, 4, 4, 2), {dtype!r})
    grad = np.ones((1, 2, 2, 2), x.dtype)
    indices = np.zeros(grad.shape, np.int64)
"""

CASES = {
    # Division by zero where an output or input is empty.
    "TensorFlow CVE-2021-29573, MaxPoolGradWithArgmax": """
        for shape in ((1, 0, 4, 2), (1, 4, 0, 2), (1, 4, 4, 0)):
            empty = np.ones(shape, x.dtype)
            refused(lambda: ops.max_pool_grad(grad, empty, 2, indices=indices), "x must have")
            refused(lambda: ops.max_pool_grad(grad, empty, 2), "x must have")
            refused(lambda: ops.max_pool_grad(empty, x, 2, indices=indices), "grad must have")
        none = np.ones((0, 4, 4, 2), x.dtype)
        assert ops.max_pool_grad(none[:, :2, :2], none, 2).shape == none.shape
    """,
    # Writes outside the heap where gradient, input and output do not fit each other.
    "TensorFlow CVE-2021-29579, MaxPoolGrad": """
        for shape in ((1, 2, 2, 1), (1, 1, 2, 2), (2, 2, 2, 2), (1, 3, 3, 2), (1, 8, 1, 1)):
            wrong = np.ones(shape, x.dtype)
            refused(lambda: ops.max_pool_grad(wrong, x, 2), "grad must have")
            refused(lambda: ops.average_pool_grad(wrong, x, 2), "grad must have")
            refused(lambda: ops.adaptive_max_pool_grad(wrong, x, 2), "grad must have")
        for index in (-1, 16, 2**31, 2**62, -2**63):
            far = indices.copy()
            far[0, 1, 1, 1] = index
            refused(lambda: ops.max_pool_grad(grad, x, 2, indices=far), "indices must be between")
        refused(lambda: ops.max_pool_grad(grad, x, 2, indices=indices[:, :1]), "indices must have")
    """,
    # Undefined behaviour where cells are given that the input does not have.
    "TensorFlow CVE-2021-29580, FractionalMaxPoolGrad": """
        for size in ((0, 2), (-1, 2), (2, 2**62)):
            refused(lambda: ops.adaptive_max_pool_grad(grad, x, size), "output_size")
        refused(lambda: ops.adaptive_max_pool_grad(grad[:0], x, 2), "grad must have")
    """,
    # Division by zero where the ratio makes an output of no rows.
    "TensorFlow CVE-2021-29550, FractionalAvgPool": """
        for pool in (ops.adaptive_average_pool, ops.adaptive_max_pool):
            for size in (0, (0, 1), (1, 0), (-(2**63), 1)):
                refused(lambda: pool(x, size), "output_size")
    """,
    # Division by a stride of zero.
    "TensorFlow Lite CVE-2021-37684, pooling": """
        for pool in (ops.max_pool, ops.average_pool):
            for strides in (0, (0, 1), (1, 0), (-1, 1), (2**63, 1)):
                refused(lambda: pool(x, 2, strides=strides), "strides")
            for size in (0, (0, 1), (1, -1)):
                refused(lambda: pool(x, size), "pool_size")
            refused(lambda: pool(x, 2, dilation_rate=0), "dilation_rate")
        for layer in (layers.MaxPooling2D, layers.AveragePooling2D):
            refused(lambda: layer(2, strides=0), "strides")
    """,
    # Reads outside the heap for a pooling sequence that leaves the input.
    "TensorFlow CVE-2022-41900, FractionalMaxPool": """
        refused(lambda: ops.max_pool(x, 5), "pool must fit")
        refused(lambda: ops.max_pool(x, 2, padding=((0, 9), (0, 0))), "must contain an input")
        refused(lambda: ops.max_pool(x, 2, padding=((9, 0), (0, 0))), "must contain an input")
        more = ops.adaptive_max_pool(np.arange(3.0).reshape(1, 3, 1), 7).ravel()
        assert more.tolist() == [0, 0, 1, 1, 2, 2, 2], more
    """,
    # A kernel or output with an axis of no elements.
    "TensorFlow CVE-2023-25661, Conv3DTranspose": """
        volume = np.ones((1, 2, 2, 2, 3), x.dtype)
        for axis in range(5):
            shape = [1, 1, 1, 2, 3]
            shape[axis] = 0
            kernel = np.ones(shape, x.dtype)
            refused(lambda: ops.conv_transpose(volume, kernel), "kernel must have")
        empty = np.ones((1, 2, 0, 2, 3), x.dtype)
        refused(lambda: ops.conv_transpose(empty, np.ones((1, 1, 1, 2, 3), x.dtype)), "x must have")
        refused(
            lambda: ops.conv_transpose(volume, np.ones((1, 1, 1, 2, 3), x.dtype), padding=1),
            "the output must have",
        )
        refused(lambda: layers.Conv3DTranspose(0, 1), "filters")
        refused(lambda: layers.Conv3DTranspose(1, (1, 0, 1)), "kernel_size")
    """,
    # A process that ends for windows, strides and dilations of strange sizes.
    "PyTorch CVE-2025-2953, mkldnn_max_pool2d": """
        strange = (0, -1, 2**31, 2**61, 2**63 - 1, 2**63, 10**30, 1.5, None, "2", (1,), (1, 2, 3))
        for value in strange:
            refused(lambda: ops.max_pool(x, value), "pool")
        for name in ("dilation_rate", "padding"):
            for value in strange:
                if (name, value) != ("padding", 0):
                    refused(
                        lambda: ops.max_pool(x, 2, **{name: value}),
                        name, "pool must fit", "must contain an input", "must be below 2**61",
                    )
        for value in strange:
            if value is not None and value not in (2**31,):
                refused(lambda: ops.max_pool(x, 2, strides=value), "strides")
        assert ops.max_pool(x, 2, strides=2**31).shape == (1, 1, 1, 2)
        refused(lambda: ops.max_pool(x[0, 0], 2), "x must have")
    """,
}


@pytest.mark.parametrize("advisory", CASES)
def test_advisory(dtype, advisory):
    program = children.textwrap.dedent(SETUP).replace("{dtype!r}", repr(dtype))
    children.run(program + children.textwrap.dedent(CASES[advisory]) + "\nprint('done')")
