"""Zip files of models, read without trust: convlet's own and Keras's."""

from __future__ import annotations

import json
import os
import stat
from typing import IO, Any

LARGEST_DOCUMENT = 1 << 24


class UnreadableError(ValueError):
    """A file is damaged, or says what cannot be."""


def unreadable(path: Any, problem: str) -> UnreadableError:
    """What to raise."""
    return UnreadableError(f"cannot read {os.fspath(path)}: {problem}")


def open_regular(path: Any) -> IO[bytes]:
    """The file to read; pipes and devices, which may have no end, are refused."""
    if not stat.S_ISREG(os.stat(path).st_mode):
        raise unreadable(path, "it is no regular file")
    return open(path, "rb")


class StoredZip:
    """A zip whose entries lie there as they are, under different names.

    Nothing is decompressed, so what is read is never larger than the file.
    """

    def __init__(self, file: IO[bytes], path: Any) -> None:
        import zipfile

        self.path = path
        length = file.seek(0, os.SEEK_END)
        try:
            self._zip = zipfile.ZipFile(file)
        except _damages() as error:
            raise unreadable(path, f"it is no zip file, or damaged: {error}") from error
        entries = self._zip.infolist()
        self.names = {entry.filename for entry in entries}
        self.size = sum(entry.file_size for entry in entries)
        if len(self.names) != len(entries):
            raise unreadable(path, "two of its entries have the same name")
        if any(e.compress_type != zipfile.ZIP_STORED or e.flag_bits & 1 for e in entries):
            raise unreadable(path, "its entries must not be compressed or encrypted")
        if self.size > length or any(e.file_size != e.compress_size for e in entries):
            raise unreadable(path, "its entries claim more bytes than it has")

    def read(self, name: str) -> bytes:
        """An entry's bytes, whose checksum is right."""
        if name not in self.names:
            raise unreadable(self.path, f"{name} is missing")
        try:
            return self._zip.read(name)
        except _damages() as error:
            raise unreadable(self.path, f"{name} is damaged: {error}") from error

    def document(self, name: str) -> Any:
        """The plain values of a JSON entry."""
        text = self.read(name)
        if len(text) > LARGEST_DOCUMENT:
            rule = f"at most {LARGEST_DOCUMENT:,} bytes"
            raise unreadable(self.path, f"{name} must have {rule}, got {len(text):,}")
        try:
            return json.loads(text)
        except (ValueError, RecursionError) as error:
            raise unreadable(self.path, f"{name} is no JSON: {error}") from error


def _damages() -> tuple[type[Exception], ...]:
    """What zipfile raises at files that are none."""
    import struct
    import zipfile

    zips = (zipfile.BadZipFile, zipfile.LargeZipFile, struct.error)
    return (*zips, EOFError, NotImplementedError, OSError, OverflowError, RuntimeError, ValueError)
