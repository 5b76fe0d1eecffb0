"""A golden file as a table of cells, whose columns are not yet mapped to fields."""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass
from typing import Any

from pytest_llmeval.errors import GoldenFileError, Problem

_SHOWN_LENGTH = 60
"""Characters of a value in an error text, short enough for a CI annotation."""

LINE_BREAK = re.compile(r"\r\n|\r|\n")
"""Every line end that text files have: of Windows, of the old Macintosh, and of Unix."""

_BOMS = {
    codecs.BOM_UTF8: "utf-8",
    codecs.BOM_UTF16_LE: "utf-16-le",
    codecs.BOM_UTF16_BE: "utf-16-be",
}


@dataclass(frozen=True)
class Row:
    """One record of a golden file.

    Attributes:
        number: Record number, from 1.
        line: Line where the record starts, from 1. In Parquet it is the record number.
        cells: Values by column name: text in CSV, any JSON value in the remaining formats.
        offset: Index of the object in the decoded text of a JSON or JSONL file, or -1.
    """

    number: int
    line: int
    cells: dict[str, Any]
    offset: int = -1


@dataclass(frozen=True)
class Table:
    """A golden file.

    Attributes:
        file: Path as the user wrote it.
        columns: Column names in file order, without surrounding blanks.
        rows: Records in file order, without the empty ones and those that cannot be read.
        problems: Records that cannot be read.
        document_keys: Names that a JSON document has next to its rows.
        members: Columns that are members of objects in other columns.
    """

    file: str
    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    problems: tuple[Problem, ...] = ()
    document_keys: tuple[str, ...] = ()
    members: tuple[str, ...] = ()

    @property
    def can_hold_ids(self) -> bool:
        """Whether ids can be written into the file, which JSON in columns does not allow."""
        return not self.file.lower().endswith(".json") or all(row.offset >= 0 for row in self.rows)


@dataclass(frozen=True)
class Text:
    """The decoded content of a text file, with its encoding.

    Attributes:
        content: The text without byte order mark, and with the line ends of the file.
        codec: Name of the codec.
        bom: Byte order mark, or nothing.
    """

    content: str
    codec: str
    bom: bytes

    def encoded(self, content: str) -> bytes:
        """Encode new content as this file is encoded."""
        return self.bom + content.encode(self.codec)


class NaN(str):
    """The NaN of a JSON file: an empty cell, except in a column of requirements."""

    __slots__ = ()

    def __new__(cls) -> NaN:
        """Make the value that is shown as it was written."""
        return super().__new__(cls, "NaN")


def is_absent(value: object) -> bool:
    """Return whether a cell is missing, JSON ``null``, NaN or the empty text."""
    return value is None or isinstance(value, NaN) or (isinstance(value, str) and not value)


def line_breaks(text: str) -> int:
    """Count the line breaks of a text."""
    return len(LINE_BREAK.findall(text))


def shown(value: object) -> str:
    """Write a value for an error text, shortened if it is long."""
    text = repr(value)
    return text if len(text) <= _SHOWN_LENGTH else f"{text[: _SHOWN_LENGTH - 3]}..."


def refused(file: str, written: str, allowed: str, line: int | None = None) -> GoldenFileError:
    """Make the error for a file that cannot be read any further."""
    return GoldenFileError([Problem(file, line, None, "", written, allowed)])


def decoded(file: str, data: bytes) -> Text:
    """Decode a file in UTF-8, with or without byte order mark, or in UTF-16 with one.

    Raises:
        GoldenFileError: The bytes have another encoding, or the file is empty.
    """
    bom = next((mark for mark in _BOMS if data.startswith(mark)), b"")
    codec = _BOMS.get(bom, "utf-8")
    body = data[len(bom) :]
    try:
        content = body.decode(codec)
    except UnicodeDecodeError as error:
        offset = len(bom) + error.start
        written = f"byte 0x{data[offset]:02x} at offset {offset}, which is not {codec.upper()}"
        line = line_breaks(body[: error.start].decode(codec, "replace")) + 1
        allowed = "text in UTF-8, or UTF-16 with a byte order mark; save as UTF-8"
        raise refused(file, written, allowed, line) from None
    if "\0" in content:
        line = line_breaks(content[: content.index("\0")]) + 1
        allowed = "text in UTF-8 without NUL characters; save as UTF-8"
        raise refused(file, "a NUL character", allowed, line)
    if not content.strip():
        raise refused(file, "an empty file", "at least one case")
    return Text(content, codec, bom)
