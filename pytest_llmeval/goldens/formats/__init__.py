"""The formats of golden files, each with a reader that makes a Table of rows with their lines."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, NamedTuple


class Delimiter(NamedTuple):
    """The character between two cells, and its name in an error."""

    character: str
    name: str


COMMA = Delimiter(",", "comma")
TAB = Delimiter("\t", "tab")
DELIMITERS = (COMMA, TAB, Delimiter(";", "semicolon"), Delimiter("|", "vertical bar"))
"""Every delimiter of tables in practice."""


class Format(NamedTuple):
    """The format of files with a suffix.

    Attributes:
        suffix: The suffix in lower case, with its dot.
        kind: The kind of reader; ``rows`` are JSON objects, one a line.
        delimiter: The delimiter of a delimited file.
    """

    suffix: str
    kind: Literal["delimited", "json", "rows", "parquet"]
    delimiter: Delimiter = COMMA


FORMATS = (
    Format(".csv", "delimited"),
    Format(".tsv", "delimited", TAB),
    Format(".json", "json"),
    Format(".jsonl", "rows"),
    Format(".ndjson", "rows"),
    Format(".parquet", "parquet"),
)
"""Every format of golden files."""

SUFFIXES = tuple(known.suffix for known in FORMATS)


def format_of(path: Path) -> Format | None:
    """Return the format of a file by its suffix; ``None`` if it is no golden file."""
    suffix = path.suffix.lower()
    return next((known for known in FORMATS if known.suffix == suffix), None)
