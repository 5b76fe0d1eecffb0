"""Zip archives of a stranger: entries read one by one into memory, none larger than a bound.

Nothing is written to disk, so a name of an entry leads nowhere. The size that an archive states is
never believed.
"""

from __future__ import annotations

import zlib
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, ZipFile, ZipInfo

from pytest_llmeval.errors import InputError
from pytest_llmeval.extras import Extra
from pytest_llmeval.text import one_line

_ZSTANDARD = 93
"""The method of Zstandard, with which inspect_ai packs its logs, and which `zipfile` lacks."""

_EXTRA = Extra("inspect", ("pyarrow",))
_LARGEST = 256 * 2**20
_LARGEST_SUM = 16 * 2**30
_LOCAL_HEADER = 30
_CHUNK = 2**16


@dataclass
class Archive:
    """An open archive.

    Attributes:
        path: Its path.
        zipped: The archive, as the standard library reads it.
        raw: The file itself.
        size: Bytes that were read so far.
    """

    path: Path
    zipped: ZipFile
    raw: IO[bytes]
    size: int = 0

    @property
    def names(self) -> Collection[str]:
        """The names of the entries, each once: the last entry of a name counts."""
        return self.zipped.NameToInfo.keys()

    def read(self, name: str) -> bytes:
        """Return the content of an entry.

        Raises:
            InputError: It is damaged, too large, or packed in a way that cannot be read.
            MissingExtraError: It needs a package that is not installed.
        """
        entry = self.zipped.NameToInfo[name]
        shown = f"{self.path}!{one_line(name, 100)}"
        # Bit 0 stands for a password.
        if entry.flag_bits & 1 or entry.compress_type not in (ZIP_STORED, ZIP_DEFLATED, _ZSTANDARD):
            raise InputError(
                f"{shown}: found method {entry.compress_type}, flags {entry.flag_bits}; "
                "allowed: stored, Deflate or Zstandard, without a password"
            )
        if entry.compress_type == _ZSTANDARD:
            _EXTRA.require(f"{self.path}: a log that is packed with Zstandard")
        try:
            data = self._content(entry)
        except (OSError, ValueError, EOFError, BadZipFile, NotImplementedError, zlib.error) as why:
            raise InputError(f"{shown}: cannot be unpacked: {why}. Get the file again") from None
        if data is None:
            raise InputError(
                f"{shown}: found more than {_LARGEST >> 20} MiB, or more than "
                f"{_LARGEST_SUM >> 30} GiB in all entries; allowed: no more than that"
            )
        return data

    def _content(self, entry: ZipInfo) -> bytes | None:
        """Return what an entry holds, or ``None`` if that is too much."""
        most = min(_LARGEST, _LARGEST_SUM - self.size)
        if entry.compress_type == _ZSTANDARD:
            data = _unpacked(self._packed(entry), most + 1)
        else:
            with self.zipped.open(entry) as file:
                data = file.read(most + 1)
        self.size += len(data)
        if len(data) > most:
            return None
        if zlib.crc32(data) != entry.CRC:
            raise BadZipFile("its checksum is wrong")
        return data

    def _packed(self, entry: ZipInfo) -> bytes:
        """Return the packed bytes of an entry, which follow its header and the name in it."""
        self.raw.seek(entry.header_offset)
        header = self.raw.read(_LOCAL_HEADER)
        if not header.startswith(b"PK\3\4") or len(header) < _LOCAL_HEADER:
            raise BadZipFile("it has no header")
        lengths = int.from_bytes(header[26:28], "little") + int.from_bytes(header[28:30], "little")
        self.raw.seek(lengths, 1)
        return self.raw.read(min(entry.compress_size, _LARGEST))


@contextmanager
def opened_archive(path: Path) -> Iterator[Archive]:
    """Open an archive.

    Raises:
        InputError: It cannot be read, or is no archive.
    """
    try:
        raw = path.open("rb")
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error}") from None
    with raw:
        try:
            zipped = ZipFile(raw)
        except (OSError, ValueError, BadZipFile, NotImplementedError) as error:
            raise InputError(
                f"{path}: cannot be read as a zip archive: {error}. "
                "Get the file again, or make it again"
            ) from None
        with zipped:
            yield Archive(path, zipped, raw)


def _unpacked(packed: bytes, most: int) -> bytes:
    """Return what Zstandard packed, at most so many bytes."""
    import pyarrow as pa

    content = bytearray()
    with pa.CompressedInputStream(pa.BufferReader(packed), "zstd") as stream:
        while len(content) < most and (chunk := stream.read(min(_CHUNK, most - len(content)))):
            content += chunk
    return bytes(content)
