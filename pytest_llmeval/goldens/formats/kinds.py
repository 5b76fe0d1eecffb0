"""Other kinds of files that carry the suffix of a golden file, known by their first bytes."""

from __future__ import annotations

import codecs
import re
from pathlib import Path
from typing import NamedTuple

from pytest_llmeval.goldens.formats import format_of
from pytest_llmeval.goldens.formats.tables import refused

_CSV = "text; save the table as CSV in UTF-8"
_UNPACKED = "text; unpack the golden file"
_FETCHED = "text; git lfs pull fetches the file"
_EXPORTED = "text; export the rows as CSV or JSONL"


class _Kind(NamedTuple):
    """A kind of file.

    Attributes:
        name: What it is.
        allowed: What a golden file is instead, with the remedy.
    """

    name: str
    allowed: str


_BY_START = {
    b"\x1f\x8b": _Kind("a file compressed by gzip", _UNPACKED),
    b"BZh9": _Kind("a file compressed by bzip2", _UNPACKED),
    b"\xfd7zXZ\0": _Kind("a file compressed by xz", _UNPACKED),
    b"\x28\xb5\x2f\xfd": _Kind("a file compressed by Zstandard", _UNPACKED),
    b"7z\xbc\xaf\x27\x1c": _Kind("a 7z archive", _UNPACKED),
    b"Rar!\x1a\x07": _Kind("a RAR archive", _UNPACKED),
    b"%PDF-": _Kind("a PDF", _EXPORTED),
    b"SQLite format 3\0": _Kind("an SQLite database", _EXPORTED),
    b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1": _Kind("a document of an old Microsoft Office", _CSV),
    b"PAR1\x15": _Kind("a Parquet file", "text; name it .parquet"),
    b"ARROW1": _Kind("an Arrow or Feather file", _EXPORTED),
    b"Obj\x01": _Kind("an Avro file", _EXPORTED),
    b"\x89HDF\r\n\x1a\n": _Kind("an HDF5 file", _EXPORTED),
    b"\x93NUMPY": _Kind("a NumPy array", _EXPORTED),
    b"\x80\x02": _Kind("a pickle", _EXPORTED),
    b"\x80\x03": _Kind("a pickle", _EXPORTED),
    b"\x80\x04": _Kind("a pickle", _EXPORTED),
    b"\x80\x05": _Kind("a pickle", _EXPORTED),
    b"\x89PNG\r\n": _Kind("an image", _EXPORTED),
    b"\xff\xd8\xff": _Kind("an image", _EXPORTED),
    b"GIF89a": _Kind("an image", _EXPORTED),
    b"{\\rtf": _Kind("an RTF document", _CSV),
    b"version https://git-lfs": _Kind("a pointer of Git LFS", _FETCHED),
}
_ZIP = (b"PK\x03\x04", b"PK\x05\x06")
_IN_ZIP = {
    b"xl/": _Kind("an Excel workbook (.xlsx)", _CSV),
    b"opendocument.spreadsheet": _Kind("an OpenDocument spreadsheet (.ods)", _CSV),
    b"word/": _Kind("a Word document (.docx)", _CSV),
    b"Index/": _Kind("a Numbers document", _CSV),
}
"""What a ZIP archive is, by a part of the names and texts in it."""

_TAR = slice(257, 262)
_PAGE = re.compile(rb"\s*(?:<!--.*?-->\s*)?<(?:!doctype\s+html|html|head|body)\b", re.I | re.S)
_XML = re.compile(rb"\s*<\?xml\b|\s*<(?:rss|feed|svg|table)\b", re.I)
_JSON = re.compile(rb"\s*(?:\[\s*\{|\{\s*\")")
_HEAD_BYTES = 4096


def refuse_kind(path: Path, data: bytes) -> None:
    """Refuse the content of a file that is no text with rows.

    Raises:
        GoldenFileError: It is that of another kind of file.
    """
    kind = _kind_of(path, data)
    if kind is not None:
        raise refused(str(path), kind.name, kind.allowed)


def _kind_of(path: Path, data: bytes) -> _Kind | None:
    head = data[:_HEAD_BYTES].removeprefix(codecs.BOM_UTF8)
    for start, kind in _BY_START.items():
        if head.startswith(start):
            return kind
    if head.startswith(_ZIP):
        zipped = _Kind("a ZIP archive", _UNPACKED)
        return next((kind for part, kind in _IN_ZIP.items() if part in data), zipped)
    if head[_TAR] == b"ustar":
        return _Kind("a tar archive", _UNPACKED)
    known = format_of(path)
    return _written(head, is_delimited=known is not None and known.kind == "delimited")


def _written(head: bytes, *, is_delimited: bool) -> _Kind | None:
    """Return the kind of a text that holds something else than the suffix says."""
    if _PAGE.match(head):
        return _Kind("a page in HTML", "a table in a text; download the file itself")
    if _XML.match(head):
        return _Kind("a document in XML or HTML", _EXPORTED)
    if is_delimited and _JSON.match(head):
        return _Kind("JSON", "cells; name the file .json, or .jsonl with an object in each line")
    return None
