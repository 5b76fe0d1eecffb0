"""A golden file as rows of cells, before anybody knows what its columns mean."""

from __future__ import annotations

import codecs
from dataclasses import dataclass
from typing import Any

from pytest_llmeval.errors import GoldenFileError, Problem

SHOWN = 60
"""Characters of a value that an error text shows: enough to recognise it, short enough for a CI annotation."""

BOMS = {
    codecs.BOM_UTF8: "utf-8",
    codecs.BOM_UTF16_LE: "utf-16-le",
    codecs.BOM_UTF16_BE: "utf-16-be",
}


@dataclass(frozen=True)
class Row:
    """One record of a golden file.

    Attributes:
        number: Record number, from 1.
        line: Line where the record starts, from 1 (in Parquet: the record number).
        cells: Values by column name; text in CSV, any JSON value elsewhere.
        offset: Where the object starts in the decoded text of a JSON or JSONL file; -1 if it is no
            object there.
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
        rows: Records in file order; records without any value are left out.
    """

    file: str
    columns: tuple[str, ...]
    rows: tuple[Row, ...]


@dataclass(frozen=True)
class Text:
    """The decoded content of a text file, and how to encode it again.

    Attributes:
        content: The text without its byte order mark; line ends as written.
        codec: Name of the codec.
        bom: Byte order mark of the file; empty if it has none.
    """

    content: str
    codec: str
    bom: bytes

    def encoded(self, content: str) -> bytes:
        """Other content in the encoding of this file."""
        return self.bom + content.encode(self.codec)


def is_absent(value: object) -> bool:
    """Whether a cell is empty: nothing, JSON ``null`` or the empty text."""
    return value is None or (isinstance(value, str) and not value)


def shown(value: object) -> str:
    """A value for an error text, shortened."""
    text = repr(value)
    return text if len(text) <= SHOWN else f"{text[: SHOWN - 3]}..."


def refused(file: str, found: str, allowed: str, line: int | None = None) -> GoldenFileError:
    """The error for a file that cannot be read any further."""
    return GoldenFileError([Problem(file, line, None, "", found, allowed)])


def decoded(file: str, data: bytes) -> Text:
    """The text of a file in UTF-8, with or without byte order mark, or in UTF-16 with one.

    Raises:
        GoldenFileError: The bytes are something else, or there is no text in them.
    """
    bom = next((mark for mark in BOMS if data.startswith(mark)), b"")
    codec = BOMS.get(bom, "utf-8")
    body = data[len(bom) :]
    try:
        content = body.decode(codec)
    except UnicodeDecodeError as error:
        offset = len(bom) + error.start
        found = f"byte 0x{data[offset]:02x} at offset {offset}, which is not {codec.upper()}"
        line = body[: error.start].decode(codec, "replace").count("\n") + 1
        raise refused(
            file, found, "text in UTF-8, or UTF-16 with a byte order mark; save as UTF-8", line
        ) from None
    if "\0" in content:
        line = content.count("\n", 0, content.index("\0")) + 1
        raise refused(
            file, "a NUL character", "text in UTF-8 without NUL characters; save as UTF-8", line
        )
    if not content.strip():
        raise refused(file, "an empty file", "at least one case")
    return Text(content, codec, bom)
