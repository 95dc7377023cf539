"""MNIST's handwritten digits, from files of yours."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np

from convlet._variable import Array

__all__ = ["load_data"]

Split = tuple[Array, Array]

_PARTS = ("x_train", "y_train", "x_test", "y_test")
_IDX_NAMES = {
    "x_train": "train-images-idx3-ubyte",
    "y_train": "train-labels-idx1-ubyte",
    "x_test": "t10k-images-idx3-ubyte",
    "y_test": "t10k-labels-idx1-ubyte",
}
_WHERE = (
    "convlet downloads nothing. Give load_data the path of an mnist.npz (with arrays x_train, "
    "y_train, x_test, y_test, as Keras has it) or of a directory with MNIST's four files "
    "train-images-idx3-ubyte, train-labels-idx1-ubyte, t10k-images-idx3-ubyte and "
    "t10k-labels-idx1-ubyte, with or without .gz"
)


def load_data(path: str | os.PathLike[str] = "mnist.npz") -> tuple[Split, Split]:
    """Read MNIST, or anything in its format, from local files.

    Parameters
    ----------
    path : path-like, default "mnist.npz"
        A .npz file with the arrays x_train, y_train, x_test, y_test, or a directory with MNIST's
        four IDX files, compressed by gzip or not.

    Returns
    -------
    (x_train, y_train), (x_test, y_test)
        Images (N, 28, 28) and labels (N,), uint8.

    Raises
    ------
    FileNotFoundError
        If there is no such file; the message says where to put which.
    ValueError
        If a file is truncated, or is not what its name says.

    Notes
    -----
    Nothing is downloaded and nothing is unpickled. The format of IDX files is described with the
    data: Y. LeCun, C. Cortes, C. Burges, "The MNIST database of handwritten digits" (1998).
    """
    place = Path(path)
    if place.is_dir():
        arrays = {part: _read_idx(_find(place, name)) for part, name in _IDX_NAMES.items()}
    elif place.exists():
        arrays = _read_npz(place)
    else:
        raise FileNotFoundError(f"there is no file {place}. {_WHERE}")
    for kind in ("train", "test"):
        _check(place, f"x_{kind}", arrays[f"x_{kind}"], f"y_{kind}", arrays[f"y_{kind}"])
    x_train, y_train, x_test, y_test = (arrays[part] for part in _PARTS)
    return (x_train, y_train), (x_test, y_test)


def _check(place: Path, x_name: str, x: Array, y_name: str, y: Array) -> None:
    for name, array, shape in ((x_name, x, "(N, 28, 28)"), (y_name, y, "(N,)")):
        sizes = (28, 28) if array is x else ()
        if array.dtype != np.uint8 or array.ndim == 0 or array.shape[1:] != sizes:
            raise ValueError(
                f"{place}: {name} must be uint8 of shape {shape}, got {array.dtype} of shape "
                f"{array.shape}"
            )
    if len(x) != len(y):
        raise ValueError(
            f"{place}: {x_name} and {y_name} must have as many samples, got {len(x)} and {len(y)}"
        )


def _read_npz(path: Path) -> dict[str, Array]:
    from tokenize import TokenError
    from zipfile import BadZipFile
    from zlib import error as ZlibError

    # What NumPy and zipfile raise for damaged files; MemoryError for a head that claims too much.
    damage = (ValueError, EOFError, OSError, KeyError, RuntimeError, MemoryError, BadZipFile)
    try:
        # NumPy leaves a file open that it opened itself and that is no archive.
        with open(path, "rb") as file, np.load(file, allow_pickle=False) as archive:
            if not hasattr(archive, "files"):
                raise ValueError("it holds a single array")
            missing = [part for part in _PARTS if part not in archive.files]
            if missing:
                raise ValueError(f"it has no array {', '.join(missing)}")
            return {part: archive[part] for part in _PARTS}
    except PermissionError:
        raise
    except (*damage, TokenError, ZlibError, SyntaxError) as error:
        names = ", ".join(_PARTS)
        raise ValueError(f"{path} must be a .npz file with arrays {names}, but {error}") from error


def _find(directory: Path, name: str) -> Path:
    for candidate in (name, name.replace("-idx", ".idx")):
        for ending in ("", ".gz"):
            if (found := directory / (candidate + ending)).is_file():
                return found
    raise FileNotFoundError(f"there is no file {name} in {directory}. {_WHERE}")


def _read_idx(path: Path) -> Array:
    """A file of unsigned bytes: 0, 0, 8, the number of axes, their sizes, the elements."""
    content = _content(path)
    if len(content) < 4 or content[:3] != b"\0\0\x08" or content[3] not in (1, 3):
        raise ValueError(
            f"{path} must be an IDX file of bytes, which begins with 00 00 08 and the number of "
            f"axes, 1 or 3; got {content[:4].hex(' ') or 'nothing'}"
        )
    axes = content[3]
    head = 4 + 4 * axes
    shape = tuple(np.frombuffer(content[4:head], ">u4").tolist()) if len(content) >= head else ()
    expected = head + int(np.prod(shape, dtype=object)) if shape else head
    if len(content) != expected:
        raise ValueError(
            f"{path} must have {expected:,} bytes, as its head says, got {len(content):,}"
        )
    # A copy, for the bytes that were read cannot be written to.
    return np.frombuffer(content, np.uint8, offset=head).reshape(shape).copy()


def _content(path: Path) -> bytes:
    if path.suffix != ".gz":
        return path.read_bytes()
    import gzip
    import zlib

    try:
        with gzip.open(path) as file:
            return bytes(file.read())
    except (EOFError, OSError, zlib.error) as error:
        raise ValueError(f"{path} must be a whole gzip file, but {error}") from error
