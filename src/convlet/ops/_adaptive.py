"""Pooling to a given output size, and its gradients."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Literal, overload

from convlet._integers import is_integer
from convlet.ops import _arguments as arguments
from convlet.ops._arguments import Array
from convlet.ops._geometry import LARGEST, NO_AXIS, Window, normalize_tuple
from convlet.ops._windows import Geometry, averages, averages_grad, maxima, maxima_grad

OutputSize = int | None | tuple[int | None, ...]


@overload
def adaptive_max_pool(
    x: Any,
    output_size: OutputSize,
    *,
    data_format: str = ...,
    return_indices: Literal[False] = ...,
    out: Array | None = ...,
) -> Array: ...


@overload
def adaptive_max_pool(
    x: Any,
    output_size: OutputSize,
    *,
    data_format: str = ...,
    return_indices: Literal[True],
    out: Array | None = ...,
) -> tuple[Array, Array]: ...


def adaptive_max_pool(
    x: Any,
    output_size: OutputSize,
    *,
    data_format: str = "channels_last",
    return_indices: bool = False,
    out: Array | None = None,
) -> Array | tuple[Array, Array]:
    """Take the maximum over each of `output_size` nearly equal parts of every spatial axis.

    Output i of OH looks at rows floor(i * H / OH) to ceil((i + 1) * H / OH), the last excluded:
    neighbouring windows share a row where H is no multiple of OH.

    Parameters
    ----------
    x : array (N, *spatial, C)
        One, two or three spatial axes; (N, C, *spatial) with ``data_format="channels_first"``.
        float32 or float64, any strides.
    output_size : int, or one int or None for each spatial axis
        Sizes of the output; None for the input's. May be above the input's.
    data_format : {"channels_last", "channels_first"}
        Layout of `x` and of the results.
    return_indices, out
        As for `max_pool`.

    Returns
    -------
    y : ndarray (N, *output_size, C)
        C-contiguous in `data_format`, or `out`.
    indices : ndarray of int64, shaped as y
        Only with `return_indices`: as `max_pool` returns them.

    Raises
    ------
    TypeError
        If `x` is not float32 or float64, or an option is of a wrong kind.
    ValueError
        If an option has a value that it cannot have.

    Notes
    -----
    Values, ties and NaN are treated as by `max_pool`. The parts are PyTorch's; after K. He et al.,
    "Spatial pyramid pooling in deep convolutional networks" (2014), section 2.

    Examples
    --------
    >>> import numpy as np
    >>> from convlet import ops
    >>> ops.adaptive_max_pool(np.arange(5.0).reshape(1, 5, 1), 2).ravel()
    array([2., 4.])
    """
    x, geometry = _check(x, output_size, data_format)
    y, indices = maxima(x, geometry, return_indices, out)
    return y if indices is None else (y, indices)


def adaptive_max_pool_grad(
    grad: Any,
    x: Any,
    output_size: OutputSize,
    *,
    data_format: str = "channels_last",
    indices: Array | None = None,
) -> Array:
    """Gradient of `adaptive_max_pool` with respect to its input.

    Parameters
    ----------
    grad : array (N, *output_size, C)
        Gradient of a scalar with respect to the result; of x's dtype.
    x, output_size, data_format
        As given to `adaptive_max_pool`.
    indices : ndarray of int64, optional
        As `adaptive_max_pool` returned them. Without, the maxima are found again.

    Returns
    -------
    ndarray (N, *spatial, C)
        Shaped as `x`, C-contiguous.

    Raises
    ------
    TypeError, ValueError
        As `adaptive_max_pool`; also if `grad` or `indices` does not have the shape of its result,
        or an index is out of range.

    Notes
    -----
    As those of `max_pool_grad`.

    Examples
    --------
    >>> import numpy as np
    >>> from convlet import ops
    >>> ops.adaptive_max_pool_grad(np.ones((1, 2, 1)), np.arange(5.0).reshape(1, 5, 1), 2).ravel()
    array([0., 0., 1., 0., 1.])
    """
    x, geometry = _check(x, output_size, data_format)
    return maxima_grad(grad, x, geometry, indices)


def adaptive_average_pool(
    x: Any,
    output_size: OutputSize,
    *,
    data_format: str = "channels_last",
    out: Array | None = None,
) -> Array:
    """Average over each of `output_size` nearly equal parts of every spatial axis.

    Parameters
    ----------
    x, output_size, data_format, out
        As `adaptive_max_pool` takes them.

    Returns
    -------
    ndarray (N, *output_size, C)
        C-contiguous in `data_format`, or `out`.

    Raises
    ------
    TypeError, ValueError
        As `adaptive_max_pool`.

    Notes
    -----
    The sum has x's dtype and runs over the window in row-major order; it is divided once.

    Examples
    --------
    >>> import numpy as np
    >>> from convlet import ops
    >>> ops.adaptive_average_pool(np.arange(5.0).reshape(1, 5, 1), 2).ravel()
    array([1., 3.])
    """
    x, geometry = _check(x, output_size, data_format)
    return averages(x, geometry, False, out)


def adaptive_average_pool_grad(
    grad: Any, x: Any, output_size: OutputSize, *, data_format: str = "channels_last"
) -> Array:
    """Gradient of `adaptive_average_pool` with respect to its input.

    Parameters
    ----------
    grad : array (N, *output_size, C)
        Gradient of a scalar with respect to the result; of x's dtype.
    x, output_size, data_format
        As given to `adaptive_average_pool`. Of `x`, only shape and dtype matter.

    Returns
    -------
    ndarray (N, *spatial, C)
        Shaped as `x`, C-contiguous.

    Raises
    ------
    TypeError, ValueError
        As `adaptive_average_pool`; also if `grad` does not have the shape of its result.

    Notes
    -----
    As those of `average_pool_grad`.

    Examples
    --------
    >>> import numpy as np
    >>> from convlet import ops
    >>> grad = np.array([3., 6.]).reshape(1, 2, 1)
    >>> ops.adaptive_average_pool_grad(grad, np.zeros((1, 5, 1)), 2).ravel()
    array([1., 1., 3., 2., 2.])
    """
    x, geometry = _check(x, output_size, data_format)
    return averages_grad(grad, x, geometry, False)


def _check(x: Any, output_size: Any, data_format: Any) -> tuple[Array, Geometry]:
    x = arguments.as_array(x, "x")
    rank = arguments.spatial_rank("x", x.shape)
    data_format = arguments.check_choice("data_format", data_format, arguments.DATA_FORMATS)
    arguments.check_not_empty("x", x.shape, first=1)
    shape = arguments.channels_last_shape(x.shape, data_format)
    sizes = normalize_output_size(output_size, rank)
    axes, out = _fit(shape[1:-1], sizes)
    return x, Geometry(axes, (shape[0], *out, shape[-1]), data_format)


def normalize_output_size(value: Any, rank: int) -> tuple[int | None, ...]:
    """One int or None for each spatial axis."""
    values = value if isinstance(value, (tuple, list)) else (value,) * rank
    rule = f"output_size must be an int, or {rank} ints or None, got {value!r}"
    if not all(size is None or is_integer(size) for size in values):
        raise TypeError(rule)
    if len(values) != rank:
        raise ValueError(rule)
    return tuple(
        None if size is None else normalize_tuple(size, 1, "output_size")[0] for size in values
    )


@lru_cache(maxsize=256)
def _fit(
    lengths: tuple[int, ...], sizes: tuple[int | None, ...]
) -> tuple[tuple[Window, ...], tuple[int, ...]]:
    """Windows of three axes and the output's sizes."""
    out = tuple(size or length for length, size in zip(lengths, sizes, strict=True))
    missing = (NO_AXIS,) * (3 - len(lengths))
    return missing + tuple(map(_bins, lengths, out)), out


def _bins(length: int, out: int) -> Window:
    """Equal parts are ordinary windows; a stride of 0 says that others are computed one by one."""
    if length * out >= LARGEST:
        raise ValueError(
            f"output_size times the input's size must be below 2**61, got {out} and {length}"
        )
    if length % out == 0:
        size = length // out
        return Window(length, size, size, 1, 0, 0, out)
    return Window(length, min(length, -(-length // out) + 1), 0, 1, 0, 0, out)
