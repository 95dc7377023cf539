"""Inputs stay as they were, nothing leaks, and nothing is copied behind one's back."""

import gc
import subprocess
import sys
import textwrap

import numpy as np
import pytest
from hypothesis import given

from convlet import ops
from strategies import SEEDS, ConvConfig, PoolConfig, conv_configs, in_layouts, often, pool_configs

CONV = ConvConfig(2, (20, 20), (3, 3), 8, 1, 16)
POOL = PoolConfig(2, (20, 20), 2, 16)


def run_conv(config, x, kernel, bias, grad, out=None):
    ops.conv(x, kernel, bias, activation="relu", out=out, **config.keywords)
    ops.conv_grad(grad, x, kernel, **config.keywords)


def run_pools(config, x, grad, out=None):
    size, keywords = config.pool_size, config.keywords
    _, indices = ops.max_pool(x, size, return_indices=True, **keywords)
    ops.average_pool(x, size, out=out, **keywords)
    ops.max_pool(x, size, out=out, **keywords)
    ops.max_pool_grad(grad, x, size, **keywords)
    before = indices.copy()
    ops.max_pool_grad(grad, x, size, indices=indices, **keywords)
    assert np.array_equal(indices, before)
    ops.average_pool_grad(grad, x, size, **keywords)


def conv_case(config, seed, dtype="float32"):
    return [
        *config.arrays(seed, dtype)[:2],
        np.ones(config.filters, dtype),
        config.grad(seed, dtype),
    ]


@often(3)
@given(conv_configs(), SEEDS)
def test_inputs_of_conv_stay(config, seed):
    arrays = conv_case(config, seed)
    strided, _ = in_layouts(arrays, seed)
    run_conv(config, *strided)
    for array, original in zip(strided, arrays, strict=True):
        assert np.array_equal(array, original), config


@often(3)
@given(pool_configs(), SEEDS)
def test_inputs_of_pools_stay(config, seed):
    arrays = config.x(seed, "float32"), config.grad(seed, "float32")
    strided, _ = in_layouts(arrays, seed)
    run_pools(config, *strided)
    for array, original in zip(strided, arrays, strict=True):
        assert np.array_equal(array, original), config


@pytest.mark.parametrize("case", ["conv", "pool", "error"])
def test_no_reference_is_kept(case):
    if case == "pool":
        arrays = [POOL.x(0, "float32"), POOL.grad(0, "float32")]
        arrays.append(np.empty(POOL.y_shape, "float32"))
    else:
        arrays = [*conv_case(CONV, 0), np.empty(CONV.y_shape, "float32")]
    before = [sys.getrefcount(array) for array in arrays]
    for _ in range(20):
        if case == "conv":
            run_conv(CONV, *arrays)
        elif case == "pool":
            run_pools(POOL, *arrays)
        else:
            with pytest.raises(ValueError, match="strides"):
                ops.conv(*arrays[:3], strides=0, out=arrays[-1])
            with pytest.raises(ValueError, match="grad"):
                ops.conv_grad(arrays[0], *arrays[:2])
    gc.collect()
    assert [sys.getrefcount(array) for array in arrays] == before


def child_peak(setup, work):
    """How much `work` raises the peak of resident memory, in MB, in a process of its own.

    `setup` prepares arrays and touches every page of them.
    """
    program = """
        import resource, sys
        import numpy as np
        from convlet import ops

        unit = 1e6 if sys.platform == "darwin" else 1e3
        peak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit
    """
    script = "\n".join(
        [
            textwrap.dedent(program),
            textwrap.dedent(setup),
            "before = peak()",
            textwrap.dedent(work),
            "print(peak() - before)",
        ]
    )
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    return float(result.stdout)


if sys.platform != "win32":  # which has no `resource`
    BIG = """
        ops.conv(np.ones((1, 99, 99, 3)), np.ones((3, 3, 3, 8)))
        x = np.asfortranarray(np.ones((2, 700, 700, 16), "float32"))  # 63 MB
        kernel = np.ones((3, 3, 16, 16), "float32")
        out = np.zeros((2, 700, 700, 16), "float32")
        small = np.zeros((2, 350, 350, 16), "float32")
    """

    @pytest.mark.parametrize(
        ("work", "result"),
        [
            ("ops.conv(x, kernel, padding='same', out=out)", 0),
            ("ops.conv(x[::-1, ::-1], kernel, padding='same', activation='relu', out=out)", 0),
            ("ops.conv(x, kernel, strides=2, padding='same', out=small)", 0),
            ("ops.max_pool(x, 2, out=small)", 0),
            ("ops.average_pool(x, 3, strides=2, padding='same', out=small)", 0),
            ("ops.conv_grad(out, x, kernel, padding='same', needs=('kernel', 'bias'))", 0),
            ("ops.conv_grad(out, x, kernel, padding='same', needs=('x',))", 63),
            ("ops.max_pool_grad(small, x, 2)", 63),
            ("ops.average_pool_grad(small, x, 2)", 63),
        ],
    )
    def test_memory_is_the_result_and_little_more(work, result):
        """At most 1 MiB of scratch a thread, whatever the shape: no padded, packed or cast copy."""
        assert child_peak(BIG, work) < result + 8

    def test_memory_stays_flat_over_many_calls():
        setup = """
            x, kernel = np.ones((4, 60, 60, 16)), np.ones((3, 3, 16, 16))  # 1.8 MB
            def work():
                y = ops.conv(x, kernel, padding="same", activation="softplus")
                dx, _, _ = ops.conv_grad(y, x, kernel, padding="same")
                small, indices = ops.max_pool(dx, 2, return_indices=True)
                ops.max_pool_grad(small, x, 2, indices=indices)
                ops.average_pool_grad(ops.average_pool(x, 2), x, 2)
                try:
                    ops.conv(x, kernel, out=y)
                except ValueError:
                    pass
            for _ in range(5):
                work()
        """
        assert child_peak(setup, "for _ in range(50): work()") < 8
