"""The container of convlet's files: a zip of JSON and arrays, sealed by a checksum.

Entries are stored as they are, not compressed, so a small file cannot become a large one. The zip's
comment ends in the SHA-256 of all bytes before it: one changed, missing or added byte is found
before anything else is looked at. The seal tells damage, not origin: whatever an entry says is
checked, too. `np.load` opens such a file and finds the arrays.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable
from typing import IO, Any

from convlet._variable import Array
from convlet.saving import _npy
from convlet.saving._atomic import replacing
from convlet.saving._zip import LARGEST_DOCUMENT, StoredZip, open_regular, unreadable

_MARK = b"convlet file, sha256 "
_DIGITS = 64
_VERSION = 1
_CHUNK = 1 << 20


def write(path: Any, documents: dict[str, Any], arrays: Iterable[tuple[str, Array]]) -> None:
    """Write plain values as JSON documents, and arrays, into a new file in the place of `path`."""
    import zipfile

    about = {"format": "convlet", "version": _VERSION}
    texts = {name: _text(value) for name, value in {"metadata": about, **documents}.items()}
    with replacing(path) as file:
        with zipfile.ZipFile(file, "w") as archive:
            archive.comment = _MARK + b"0" * _DIGITS
            for name, text in texts.items():
                archive.writestr(_info(f"{name}.json"), text)
            for name, array in arrays:
                with archive.open(_info(f"{name}.npy"), "w", force_zip64=True) as entry:
                    entry.write(_npy.header(array))
                    entry.write(_npy.elements(array))
        digest = _digest(file)
        file.seek(-_DIGITS, os.SEEK_END)
        file.write(digest)


def _info(name: str) -> Any:
    """An entry of the same bytes whenever it is written."""
    import zipfile

    return zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))


def _text(value: Any) -> bytes:
    text = json.dumps(value, indent=1, default=_plain).encode()
    if len(text) > LARGEST_DOCUMENT:
        rule = f"at most {LARGEST_DOCUMENT:,} bytes"
        raise ValueError(f"a configuration to save must have {rule}, got {len(text):,}")
    return text


def _plain(value: Any) -> Any:
    """NumPy's numbers as Python's."""
    if getattr(value, "ndim", None) == 0 and hasattr(value, "item"):
        return value.item()
    kinds = "numbers, strings, lists and dicts"
    raise TypeError(f"a configuration to save must consist of {kinds}, got {value!r}")


def _digest(file: IO[bytes]) -> bytes:
    """Of all but the digits at the end."""
    size = file.seek(0, os.SEEK_END) - _DIGITS
    file.seek(0)
    digest = hashlib.sha256()
    while size > 0 and (chunk := file.read(min(size, _CHUNK))):
        digest.update(chunk)
        size -= len(chunk)
    return digest.hexdigest().encode("ascii")


def is_sealed(file: IO[bytes]) -> bool:
    """Whether the file ends as convlet's do."""
    length = len(_MARK) + _DIGITS
    if file.seek(0, os.SEEK_END) < length:
        return False
    file.seek(-length, os.SEEK_END)
    return file.read(len(_MARK)) == _MARK


class Archive:
    """A file that `write` made, to read from in a `with` statement.

    All errors but those of a file that cannot be opened are ValueErrors.
    """

    def __init__(self, path: Any) -> None:
        self.path = os.fspath(path)
        self._file = open_regular(path)
        try:
            self._zip = self._checked()
        except BaseException:
            self._file.close()
            raise
        self.size = self._zip.size

    def _checked(self) -> StoredZip:
        if not is_sealed(self._file):
            raise unreadable(self.path, "its end is not that of a file of convlet's, or damaged")
        written = self._file.read(_DIGITS)
        if written != _digest(self._file):
            raise unreadable(self.path, "it is damaged: its checksum is another one")
        found = StoredZip(self._file, self.path)
        about = found.document("metadata.json")
        if not isinstance(about, dict) or about.get("version") != _VERSION:
            problem = f"this convlet reads version {_VERSION}, got {about!r:.200}"
            raise unreadable(self.path, problem)
        return found

    def document(self, name: str) -> Any:
        """The plain values of a JSON document."""
        return self._zip.document(f"{name}.json")

    def array(self, name: str, shape: tuple[int, ...]) -> Array:
        """An array of this shape, read-only."""
        try:
            return _npy.read(f"{name}.npy", self._zip.read(f"{name}.npy"), shape)
        except ValueError as error:
            raise unreadable(self.path, str(error)) from error

    def expect(self, names: Iterable[str]) -> None:
        """An error if an array is missing or too many."""
        arrays = {f"{name}.npy" for name in names}
        found = {name for name in self._zip.names if not name.endswith(".json")}
        if arrays != found:
            raise unreadable(
                self.path,
                f"it must have {len(arrays)} arrays, got {len(found)}, of which "
                f"{len(found - arrays)} have other names",
            )

    def __enter__(self) -> Archive:
        return self

    def __exit__(self, *error: object) -> None:
        self._file.close()
