"""Defaults for the whole process: element type, epsilon, layout of images."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

_FLOATS = ("float32", "float64")
_FORMATS = ("channels_last", "channels_first")
_settings: dict[str, Any] = {
    "floatx": "float32",
    "epsilon": 1e-7,
    "image_data_format": "channels_last",
}


def check_float_name(name: str, value: Any) -> str:
    """The name float32 or float64, from itself or from a NumPy dtype."""
    try:
        dtype = None if value is None else np.dtype(value).name  # NumPy takes None for float64
    except (TypeError, ValueError):
        dtype = None
    if dtype not in _FLOATS:
        raise ValueError(f'{name} must be "float32" or "float64", got {value!r}')
    return dtype


def check_number(name: str, value: Any, *, above: float = -math.inf) -> float:
    """A finite number above a bound, as a float."""
    if isinstance(value, (str, bytes)) or not hasattr(value, "__float__"):
        raise TypeError(f"{name} must be a number, got {value!r}")
    if not above < float(value) < math.inf:
        bound = "" if above == -math.inf else f" and above {above:g}"
        raise ValueError(f"{name} must be finite{bound}, got {value!r}")
    return float(value)


def floatx() -> str:
    """The element type that layers have by default.

    Returns
    -------
    str
        "float32" or "float64".

    Examples
    --------
    >>> from convlet import config
    >>> config.floatx()
    'float32'
    """
    return str(_settings["floatx"])


def set_floatx(value: str) -> None:
    """Set the element type that layers made from now on have by default.

    Parameters
    ----------
    value : {"float32", "float64"}

    Raises
    ------
    ValueError
        For any other value.
    """
    _settings["floatx"] = check_float_name("value", value)


def epsilon() -> float:
    """A small number that keeps quotients and logarithms finite.

    Returns
    -------
    float
        1e-7 unless set otherwise.
    """
    return float(_settings["epsilon"])


def set_epsilon(value: float) -> None:
    """Set what `epsilon` returns.

    Parameters
    ----------
    value : float
        Finite and above 0.

    Raises
    ------
    ValueError, TypeError
        If it is no such number.
    """
    _settings["epsilon"] = check_number("value", value, above=0.0)


def image_data_format() -> str:
    """The layout of images that layers have by default.

    Returns
    -------
    str
        "channels_last" (N, H, W, C) or "channels_first" (N, C, H, W).

    Examples
    --------
    >>> from convlet import config
    >>> config.image_data_format()
    'channels_last'
    """
    return str(_settings["image_data_format"])


def set_image_data_format(data_format: str) -> None:
    """Set the layout of images that layers made from now on have by default.

    Parameters
    ----------
    data_format : {"channels_last", "channels_first"}

    Raises
    ------
    ValueError
        For any other value.
    """
    if data_format not in _FORMATS:
        raise ValueError(
            f'data_format must be "channels_last" or "channels_first", got {data_format!r}'
        )
    _settings["image_data_format"] = data_format
