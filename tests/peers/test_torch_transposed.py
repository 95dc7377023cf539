"""`ops.conv_transpose` against PyTorch in float64."""

from random import Random

import numpy as np
import torch
import torch.nn.functional as F
from hypothesis import given

from comparison import assert_close
from convlet import ops
from strategies import SEEDS
from tally import agreed

TOLERANCE = 1e-11
TRANSPOSED = {1: F.conv_transpose1d, 2: F.conv_transpose2d, 3: F.conv_transpose3d}


def random_case(seed):
    """Arguments that PyTorch takes: padding on both sides alike, output_padding small."""
    rng = Random(seed)
    rank, groups = rng.choice([1, 2, 3]), rng.choice([1, 1, 2, 3])

    def each(values):
        return tuple(rng.choice(values) for _ in range(rank))

    size, strides, dilations = each((1, 2, 3, 4)), each((1, 2, 3)), each((1, 1, 2, 3))
    lengths, padding = each((3, 4, 5, 6)), each((0, 0, 1))
    extra = tuple(rng.randrange(max(pair)) for pair in zip(strides, dilations, strict=True))
    channels, filters = groups * rng.choice([1, 2, 9]), groups * rng.choice([1, 3, 17])
    return rank, groups, size, strides, dilations, lengths, padding, extra, channels, filters


def leaf(array):
    return torch.from_numpy(np.ascontiguousarray(array)).requires_grad_()


@given(SEEDS)
def test_values_and_gradients(isa, seed):
    rank, groups, size, strides, dilations, lengths, padding, extra, channels, filters = (
        random_case(seed)
    )
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((2, *lengths, channels))
    kernel = rng.standard_normal((*size, filters // groups, channels))
    bias = rng.standard_normal(filters)
    keywords = {
        "strides": strides,
        "padding": tuple((pad, pad) for pad in padding),
        "output_padding": extra,
        "dilation_rate": dilations,
        "groups": groups,
    }
    tx, tk, tb = (
        leaf(np.moveaxis(x, -1, 1)),
        leaf(np.moveaxis(kernel, (-1, -2), (0, 1))),
        leaf(bias),
    )
    ty = TRANSPOSED[rank](
        tx,
        tk,
        tb,
        stride=strides,
        padding=padding,
        output_padding=extra,
        groups=groups,
        dilation=dilations,
    )
    y = ops.conv_transpose(x, kernel, bias, **keywords)
    grad = rng.standard_normal(y.shape)
    ty.backward(torch.from_numpy(np.ascontiguousarray(np.moveaxis(grad, -1, 1))))
    dx, dkernel, dbias = ops.conv_transpose_grad(grad, x, kernel, **keywords)
    for actual, expected in (
        (y, np.moveaxis(ty.detach().numpy(), 1, -1)),
        (dx, np.moveaxis(tx.grad.numpy(), 1, -1)),
        (dkernel, np.moveaxis(tk.grad.numpy(), (0, 1), (-1, -2))),
        (dbias, tb.grad.numpy()),
    ):
        scale = max(1, np.abs(expected).max())
        assert_close(actual, expected, TOLERANCE * scale, f"{keywords} {seed}", dtype="float64")
    agreed("PyTorch", "conv_transpose, gradients", f"{x.shape} {kernel.shape} {keywords} {seed}")
