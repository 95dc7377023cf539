"""Depthwise, separable and adaptive operators, and global pools, against PyTorch in float64."""

from random import Random

import numpy as np
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st

import oracles
from comparison import assert_close
from convlet import layers, ops
from strategies import SEEDS, conv_configs, often
from tally import agreed
from test_torch_ops import CONV, TOLERANCE, back, channels_first, padded

ADAPTIVE = {
    "max": {1: F.adaptive_max_pool1d, 2: F.adaptive_max_pool2d, 3: F.adaptive_max_pool3d},
    "average": {1: F.adaptive_avg_pool1d, 2: F.adaptive_avg_pool2d, 3: F.adaptive_avg_pool3d},
}


def leaf(kernel):
    """A kernel in PyTorch's order of axes."""
    return torch.from_numpy(np.moveaxis(kernel, (-1, -2), (0, 1)).copy()).requires_grad_()


def kernel_of(tensor):
    return np.moveaxis(tensor.numpy(), (0, 1), (-1, -2))


@often(2)
@given(conv_configs(), SEEDS, st.sampled_from([1, 2, 3]))
def test_depthwise_and_separable(isa, config, seed, multiplier):
    x, *_ = config.arrays(seed, "float64")
    rng = np.random.default_rng([seed, 2])
    rank, channels = len(config.lengths), config.channels
    depthwise = rng.standard_normal((*config.kernel_size, channels, multiplier))
    pointwise = rng.standard_normal((*[1] * rank, channels * multiplier, config.filters))
    bias = rng.standard_normal(config.filters)
    axes = oracles.axes_of(
        config.lengths, config.kernel_size, config.strides, config.padding, config.dilation_rate
    )
    tx = channels_first(x, config.data_format).requires_grad_()
    grouped = depthwise.reshape(*config.kernel_size, 1, -1)
    td, tp, tb = leaf(grouped), leaf(pointwise), torch.tensor(bias, requires_grad=True)
    middle = CONV[rank](
        padded(tx, axes),
        td,
        stride=[axis.stride for axis in axes],
        dilation=[axis.dilation for axis in axes],
        groups=channels,
    )
    context = f"{config} multiplier {multiplier} seed {seed}"
    y = ops.depthwise_conv(x, depthwise, **config.keywords)
    assert_close(y, back(middle, config.data_format), TOLERANCE, context, dtype="float64")
    grad = rng.standard_normal(y.shape)
    tdx, tdd = torch.autograd.grad(
        middle, (tx, td), channels_first(grad, config.data_format), retain_graph=True
    )
    dx, dkernel, _ = ops.depthwise_conv_grad(grad, x, depthwise, **config.keywords)
    assert_close(dx, back(tdx, config.data_format), TOLERANCE, context, dtype="float64")
    wide = dkernel.reshape(grouped.shape)
    assert_close(wide, kernel_of(tdd), TOLERANCE, context, dtype="float64")

    tz = CONV[rank](middle, tp, tb)
    z = ops.separable_conv(x, depthwise, pointwise, bias, **config.keywords)
    assert_close(z, back(tz, config.data_format), 10 * TOLERANCE, context, dtype="float64")
    grad = rng.standard_normal(z.shape)
    tz.backward(channels_first(grad, config.data_format))
    dx, ddepthwise, dpointwise, dbias = ops.separable_conv_grad(
        grad, x, depthwise, pointwise, **config.keywords
    )
    for actual, expected in (
        (dx, back(tx.grad, config.data_format)),
        (ddepthwise.reshape(grouped.shape), kernel_of(td.grad)),
        (dpointwise, kernel_of(tp.grad)),
        (dbias, tb.grad.numpy()),
    ):
        # Two sums, one inside the other, over pixels and channels.
        scale = max(1.0, np.abs(expected).max(initial=0))
        assert_close(actual, expected, 10 * TOLERANCE * scale, context, dtype="float64")
    agreed("PyTorch", "depthwise_conv, gradients", context)
    agreed("PyTorch", "separable_conv, gradients", context)


@often(4)
@given(SEEDS)
def test_adaptive_pools(isa, seed):
    rng, draw = Random(seed), np.random.default_rng(seed)
    rank = rng.choice([1, 2, 3])
    lengths = [rng.randint(1, {1: 60, 2: 17, 3: 8}[rank]) for _ in range(rank)]
    sizes = tuple(rng.randint(1, length + 2) for length in lengths)
    shape = (rng.randint(1, 3), *lengths, rng.choice([1, 3, 17]))
    ties = rng.random() < 0.5
    x = draw.integers(-1, 2, shape).astype(float) if ties else draw.standard_normal(shape)
    grad = draw.standard_normal((shape[0], *sizes, shape[-1]))
    context = f"{shape} to {sizes} seed {seed} ties {ties}"
    for kind, functions in ADAPTIVE.items():
        tx = channels_first(x, "channels_last").requires_grad_()
        if kind == "max":
            ty, where = functions[rank](tx, sizes, return_indices=True)
            y, indices = ops.adaptive_max_pool(x, sizes, return_indices=True)
            assert_close(indices, back(where, "channels_last"), 0.0, context, dtype="int64")
            dx = ops.adaptive_max_pool_grad(grad, x, sizes)
        else:
            ty = functions[rank](tx, sizes)
            y = ops.adaptive_average_pool(x, sizes)
            dx = ops.adaptive_average_pool_grad(grad, x, sizes)
        ty.backward(channels_first(grad, "channels_last"))
        assert_close(y, back(ty, "channels_last"), TOLERANCE, context, dtype="float64")
        assert_close(dx, back(tx.grad, "channels_last"), TOLERANCE, context, dtype="float64")
        agreed("PyTorch", f"adaptive_{kind}_pool, gradient", context)


def test_nan_in_adaptive_pools(isa):
    """NaN wins here and there."""
    x = np.arange(22.0).reshape(1, 1, 11, 2)
    x[0, 0, 5, 1] = np.nan
    for size in range(1, 12):
        theirs = F.adaptive_max_pool2d(channels_first(x, "channels_last"), (1, size))
        ours = ops.adaptive_max_pool(x, (1, size))
        assert_close(ours, back(theirs, "channels_last"), 0.0, str(size), dtype="float64")


def test_output_sizes_of_none(dtype, rng):
    """PyTorch's None: the input's size."""
    x = rng.standard_normal((2, 6, 7, 3)).astype(dtype)
    theirs = torch.nn.AdaptiveMaxPool2d((None, 3))(channels_first(x, "channels_last"))
    ours = layers.AdaptiveMaxPooling2D((None, 3), dtype=dtype)(x)
    assert_close(ours, back(theirs, "channels_last"), 0.0, dtype=dtype)
