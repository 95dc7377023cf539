"""The settings of `convlet.config` under the name that older Keras scripts use."""

from __future__ import annotations

from convlet import _names
from convlet.config import (
    epsilon,
    floatx,
    image_data_format,
    set_epsilon,
    set_floatx,
    set_image_data_format,
)

__all__ = [
    "clear_session",
    "epsilon",
    "floatx",
    "image_data_format",
    "set_epsilon",
    "set_floatx",
    "set_image_data_format",
]


def clear_session() -> None:
    """Number the names of new layers from the beginning again."""
    _names.reset()
