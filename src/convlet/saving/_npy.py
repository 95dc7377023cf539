"""Arrays as .npy files hold them, without any object: a header of one form only."""

from __future__ import annotations

import math
import re
from typing import Any

import numpy as np

from convlet._variable import Array

_MAGIC = b"\x93NUMPY\x01\x00"
_ALIGNMENT = 64
_DTYPES = ("<f4", "<f8", "<i8", "<u8")
_HEADER = re.compile(
    r"\{'descr': '(<[fiu][48])', 'fortran_order': False, 'shape': \(([\d, ]*)\), \} *\n"
)


def header(array: Array) -> bytes:
    """What stands before the elements, which are little-endian and in C order."""
    code = _code(array.dtype)
    text = f"{{'descr': '{code}', 'fortran_order': False, 'shape': {array.shape}, }}"
    room = -(len(_MAGIC) + 2 + len(text) + 1) % _ALIGNMENT
    line = text + " " * room + "\n"
    return _MAGIC + len(line).to_bytes(2, "little") + line.encode("ascii")


def elements(array: Array) -> memoryview:
    """The bytes after the header."""
    flat = np.ascontiguousarray(array, array.dtype.newbyteorder("<")).reshape(-1)
    return flat.view(np.uint8).data


def read(name: str, data: bytes, shape: tuple[int, ...]) -> Array:
    """The array in `data`, read-only, which must have this shape.

    Nothing is allocated for what the header says.
    """
    length = int.from_bytes(data[8:10], "little")
    found = _HEADER.fullmatch(data[10 : 10 + length].decode("latin-1"))
    if data[:8] != _MAGIC or not found or found[1] not in _DTYPES:
        raise ValueError(f"{name} is no array as convlet writes them")
    sizes = tuple(int(size) for size in re.findall(r"\d+", found[2]))
    if sizes != shape:
        raise ValueError(f"{name} must have shape {shape}, got {sizes}")
    dtype = np.dtype(found[1])
    expected = math.prod(sizes) * dtype.itemsize
    if len(data) - 10 - length != expected:
        raise ValueError(f"{name} must have {expected} bytes, got {len(data) - 10 - length}")
    return np.frombuffer(data, dtype, offset=10 + length).reshape(sizes)


def _code(dtype: Any) -> str:
    code = np.dtype(dtype).newbyteorder("<").str
    if code not in _DTYPES:
        raise TypeError(f"an array to save must be one of {', '.join(_DTYPES)}, got {code}")
    return code
