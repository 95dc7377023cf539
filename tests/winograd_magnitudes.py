"""How large the numbers are that meet in Winograd's sums: his transforms of magnitudes, in NumPy.

Every coefficient is taken by its magnitude, so nothing cancels: rounding errors of the real sums
are a small multiple of eps times these. Written from the formulas with interpolation points, not
from the library's factored ones.
"""

from __future__ import annotations

import numpy as np

POINTS = {2: (0, 1, -1), 4: (0, 23 / 32, -23 / 32, 23 / 16, -23 / 16)}


def matrices(size, taps, outs):
    """|B^T|, |G|, |A^T|: transforms of a patch, of `taps` weights, and to `outs` results."""
    points = POINTS[size]
    rows = [np.poly([q for q in points if q != p])[::-1] for p in points]
    patch = np.zeros((size + 2, size + 2))
    for row, coefficients in zip(patch, [*rows, np.poly(points)[::-1]], strict=True):
        row[: len(coefficients)] = coefficients
    weights = np.zeros((size + 2, taps))
    results = np.zeros((outs, size + 2))
    for i, p in enumerate(points):
        scale = np.prod([p - q for q in points if q != p])
        weights[i] = [p**k / scale for k in range(taps)]
        results[:, i] = [p**j for j in range(outs)]
    weights[-1, -1] = results[-1, -1] = 1
    return np.abs(patch), np.abs(weights), np.abs(results)


def patches(x, sides, padding, high, wide):
    """(N, high, wide, *patch, C): what each tile of these sides sees, zero outside the image.

    Padding below zero cuts the image.
    """
    (above, _), (left, _) = padding
    x = x[:, max(-above, 0) :, max(-left, 0) :]
    above, left = max(above, 0), max(left, 0)
    room = np.zeros((len(x), high * sides[0] + 2, wide * sides[1] + 2, x.shape[-1]))
    inside = x[:, : room.shape[1] - above, : room.shape[2] - left]
    room[:, above : above + inside.shape[1], left : left + inside.shape[2]] = inside
    window = (sides[0] + 2, sides[1] + 2)
    views = np.lib.stride_tricks.sliding_window_view(room, window, (1, 2))
    return np.moveaxis(views[:, :: sides[0], :: sides[1]], 3, -1)


def transformed(columns, rows, array):
    """Along columns and along rows, which are the last axes but one."""
    return np.einsum("pi,qj,...ijc->...pqc", columns, rows, array)


def conv(x, kernel, size, padding):
    """Of x (N, H, W, CI) and kernel (3, 3, CI, CO): (N, OH, OW, CO)."""
    outs = [n + sum(pair) - 2 for n, pair in zip(x.shape[1:3], padding, strict=True)]
    high, wide = (-(-out // size) for out in outs)
    patch, weights, results = matrices(size, 3, size)
    seen = transformed(patch, patch, patches(x, (size, size), padding, high, wide))
    turned = np.einsum("pi,qj,ijcf->pqcf", weights, weights, kernel)
    tiles = transformed(results, results, np.einsum("nhwpqc,pqcf->nhwpqf", seen, turned))
    y = np.moveaxis(tiles, 3, 2).reshape(len(x), high * size, wide * size, -1)
    return y[:, : outs[0], : outs[1]]


def kernel_gradient(x, grad, padding):
    """Of x and grad (N, OH, OW, CO): (3, 3, CI, CO), and the number of tiles."""
    batch, height, width, filters = grad.shape
    high, wide = -(-height // 2), -(-width // 4)
    patch, weights, results = zip(matrices(2, 2, 3), matrices(4, 4, 3), strict=True)
    seen = transformed(*patch, patches(x, (2, 4), padding, high, wide))
    whole = np.zeros((batch, 2 * high, 4 * wide, filters))
    whole[:, :height, :width] = grad
    tiles = np.moveaxis(whole.reshape(batch, high, 2, wide, 4, filters), 2, 3)
    products = np.einsum("nhwpqc,nhwpqf->pqcf", seen, transformed(*weights, tiles))
    return np.einsum("ip,jq,pqcf->ijcf", *results, products), batch * high * wide
