"""`convlet.ops` against PyTorch in float64."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import assume, given
from hypothesis import strategies as st

import oracles
from comparison import assert_close
from convlet import ops
from strategies import SEEDS, conv_configs, often, pool_configs, symmetric_padding
from tally import agreed

TOLERANCE = 1e-11  # of values of order 1, summed over a few thousand at most
CONV = {1: F.conv1d, 2: F.conv2d, 3: F.conv3d}
MAX_POOL = {1: F.max_pool1d, 2: F.max_pool2d, 3: F.max_pool3d}
AVERAGE_POOL = {1: F.avg_pool1d, 2: F.avg_pool2d, 3: F.avg_pool3d}


def channels_first(array, data_format):
    array = np.moveaxis(array, -1, 1) if data_format == "channels_last" else array
    return torch.from_numpy(np.array(array))


def back(tensor, data_format):
    array = tensor.detach().numpy()
    return np.moveaxis(array, 1, -1) if data_format == "channels_last" else array


def padded(tensor, axes):
    """PyTorch's own padding is symmetric: pad before."""
    return F.pad(tensor, [n for axis in reversed(axes) for n in (axis.before, axis.after)])


@often(2)
@given(conv_configs(), SEEDS)
def test_conv_and_its_gradients(isa, config, seed):
    x, kernel, bias = config.arrays(seed, "float64")
    grad = config.grad(seed, "float64")
    rank = len(config.lengths)
    axes = oracles.axes_of(
        config.lengths, config.kernel_size, config.strides, config.padding, config.dilation_rate
    )
    tx = channels_first(x, config.data_format).requires_grad_()
    tk = torch.from_numpy(np.moveaxis(kernel, (-1, -2), (0, 1)).copy()).requires_grad_()
    tb = torch.zeros(config.filters, dtype=torch.float64) if bias is None else torch.tensor(bias)
    tb.requires_grad_()
    ty = CONV[rank](
        padded(tx, axes),
        tk,
        tb,
        stride=[axis.stride for axis in axes],
        dilation=[axis.dilation for axis in axes],
        groups=config.groups,
    )
    ty.backward(channels_first(grad, config.data_format))
    y = ops.conv(x, kernel, bias, **config.keywords)
    dx, dkernel, dbias = ops.conv_grad(grad, x, kernel, **config.keywords)
    tdkernel = np.moveaxis(tk.grad.numpy(), (0, 1), (-1, -2))
    for actual, expected in (
        (y, back(ty, config.data_format)),
        (dx, back(tx.grad, config.data_format)),
        (dkernel, tdkernel),
        (dbias, tb.grad.numpy()),
    ):
        assert_close(actual, expected, TOLERANCE, f"{config} seed {seed}", dtype="float64")
    agreed("PyTorch", "conv, gradients", f"{config} seed {seed}")


def torch_pool_arguments(config):
    """Sizes, and keyword arguments."""
    axes = config.axes
    assume(all(axis.before == axis.after <= axis.size // 2 for axis in axes))  # but for "same"
    keywords = {
        "stride": [axis.stride for axis in axes],
        "padding": [axis.before for axis in axes],
        "ceil_mode": config.ceil_mode,
    }
    return axes, [axis.size for axis in axes], keywords


@often(2)
@given(pool_configs(padding=symmetric_padding), SEEDS, st.booleans())
def test_max_pool_and_its_gradient(isa, config, seed, ties):
    axes, sizes, keywords = torch_pool_arguments(config)
    x, grad = config.x(seed, "float64", ties=ties), config.grad(seed, "float64")
    tx = channels_first(x, config.data_format).requires_grad_()
    ty, indices = MAX_POOL[len(axes)](
        tx,
        sizes,
        dilation=[axis.dilation for axis in axes],
        return_indices=True,
        **keywords,
    )
    ty.backward(channels_first(grad, config.data_format))
    context = f"{config} seed {seed} ties {ties}"
    y, where = ops.max_pool(x, config.pool_size, return_indices=True, **config.keywords)
    assert_close(y, back(ty, config.data_format), 0.0, context, dtype="float64")
    assert_close(where, back(indices, config.data_format), 0.0, context, dtype="int64")
    dx = ops.max_pool_grad(grad, x, config.pool_size, **config.keywords)
    assert_close(dx, back(tx.grad, config.data_format), TOLERANCE, context, dtype="float64")
    agreed("PyTorch", "max_pool, gradient", context)


@often(2)
@given(pool_configs(dilation=False, padding=symmetric_padding), SEEDS, st.booleans())
def test_average_pool_and_its_gradient(isa, config, seed, count_include_pad):
    axes, sizes, keywords = torch_pool_arguments(config)
    # Which avg_pool3d insists on.
    assume(len(axes) < 3 or all(axis.length >= axis.size for axis in axes))
    x, grad = config.x(seed, "float64"), config.grad(seed, "float64")
    tx = channels_first(x, config.data_format).requires_grad_()
    ty = AVERAGE_POOL[len(axes)](tx, sizes, count_include_pad=count_include_pad, **keywords)
    ty.backward(channels_first(grad, config.data_format))
    ours = {**config.keywords, "count_include_pad": count_include_pad}
    y = ops.average_pool(x, config.pool_size, **ours)
    dx = ops.average_pool_grad(grad, x, config.pool_size, **ours)
    context = f"{config} count_include_pad {count_include_pad} seed {seed}"
    assert_close(y, back(ty, config.data_format), TOLERANCE, context, dtype="float64")
    assert_close(dx, back(tx.grad, config.data_format), TOLERANCE, context, dtype="float64")
    agreed("PyTorch", "average_pool, gradient", context)


def test_maximum_of_nan(isa):
    """NaN wins here and there; of several, PyTorch gives the last's index, convlet the first's."""
    x = np.array([1, np.nan, np.inf, np.nan, 2, 5], "float64").reshape(1, 1, 6)
    for size in (1, 2, 3, 6):
        tensor, theirs = F.max_pool1d(torch.from_numpy(x), size, stride=1, return_indices=True)
        y, ours = ops.max_pool(
            x, size, strides=1, data_format="channels_first", return_indices=True
        )
        assert_close(y, tensor.numpy(), 0.0, size, dtype="float64")
        both = (ours == 1) & (theirs.numpy() == 3)
        assert np.array_equal(ours[~both], theirs.numpy()[~both])


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_string_padding(dtype):
    """PyTorch's "same" is Keras's where both exist: at stride 1."""
    rng = np.random.default_rng(0)
    for size in (1, 2, 3, 4, 5):
        for dilation in (1, 2):
            x = rng.standard_normal((1, 3, 9, 8)).astype(dtype)
            kernel = rng.standard_normal((size, size, 3, 4)).astype(dtype)
            tk = torch.from_numpy(np.moveaxis(kernel, (-1, -2), (0, 1)).copy())
            expected = F.conv2d(torch.from_numpy(x), tk, padding="same", dilation=dilation)
            y = ops.conv(
                x, kernel, padding="same", dilation_rate=dilation, data_format="channels_first"
            )
            assert_close(y, expected.numpy(), 1e-4, (size, dilation), dtype=dtype)
