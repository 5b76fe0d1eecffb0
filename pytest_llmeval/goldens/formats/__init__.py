"""The formats of golden files. One reader per format makes a Table of rows that know their line."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, NamedTuple


class Format(NamedTuple):
    """How a file with some suffix is read.

    Attributes:
        suffix: Lower case, with its dot.
        kind: Which reader reads it; ``rows`` are JSON objects, one a line.
        delimiter: What separates the cells of a delimited file.
    """

    suffix: str
    kind: Literal["delimited", "json", "rows", "parquet"]
    delimiter: str = ""


FORMATS = (
    Format(".csv", "delimited", ","),
    Format(".tsv", "delimited", "\t"),
    Format(".json", "json"),
    Format(".jsonl", "rows"),
    Format(".ndjson", "rows"),
    Format(".parquet", "parquet"),
)
"""Every format of golden files."""

SUFFIXES = tuple(each.suffix for each in FORMATS)


def format_of(path: Path) -> Format | None:
    """The format of a file, by its suffix; ``None`` if it is no golden file."""
    suffix = path.suffix.lower()
    return next((each for each in FORMATS if each.suffix == suffix), None)
