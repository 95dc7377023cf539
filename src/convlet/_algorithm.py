"""Which algorithms layers may use for a convolution."""

from __future__ import annotations

import os

_CHOICES = ("auto", "direct")


def _checked(name: str, value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{name} must be a str, got {type(value).__name__}")
    if value not in _CHOICES:
        raise ValueError(f'{name} must be "auto" or "direct", got {value!r}')
    return value


_current = _checked("CONVLET_ALGORITHM", os.environ.get("CONVLET_ALGORITHM", "auto"))


def get_algorithm() -> str:
    """The setting of `set_algorithm`: "auto" or "direct".

    Examples
    --------
    >>> import convlet
    >>> convlet.get_algorithm()
    'auto'
    """
    return _current


def set_algorithm(name: str) -> None:
    """Say by which algorithms convolution layers may compute, from the next call on.

    Parameters
    ----------
    name : {"auto", "direct"}
        "direct": as `convlet.ops` does, bit for bit. "auto": also by Winograd's algorithm, where
        the layer's shape makes it faster and as exact; and a model that infers multiplies a
        batch normalization into the kernel before it. The last bits may differ then.

    Raises
    ------
    ValueError, TypeError
        If the name is another one, or no str.

    Notes
    -----
    At start it is the environment variable CONVLET_ALGORITHM, or else "auto". Which algorithm runs
    depends on the layer's shape alone, never on the batch, on threads, strides, or values (but
    outputs that are not finite are always computed directly). A. Lavin, S. Gray, "Fast Algorithms
    for Convolutional Neural Networks", CVPR 2016.

    Examples
    --------
    >>> import convlet
    >>> convlet.set_algorithm("direct")
    >>> convlet.set_algorithm("auto")
    """
    global _current
    _current = _checked("name", name)
