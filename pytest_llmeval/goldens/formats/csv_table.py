"""The reader of CSV and TSV golden files, built on the csv module.

pandas loses the line of a record, and its import takes half a second in every process.
"""

from __future__ import annotations

import csv
import io
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from pytest_llmeval.errors import GoldenFileError, Problem
from pytest_llmeval.goldens.formats import COMMA, Delimiter
from pytest_llmeval.goldens.formats.tables import Row, Table, is_absent, refused
from pytest_llmeval.text import count

_QUOTING = (
    'a cell with a {delimiter}, quote or line break in double quotes, and every " inside it doubled'
)


@contextmanager
def _cells_of_any_size() -> Iterator[None]:
    """Lift the csv module's limit of 128 KiB for a cell, because long contexts exceed it."""
    before = csv.field_size_limit(min(sys.maxsize, 2**31 - 1))
    try:
        yield
    finally:
        csv.field_size_limit(before)


def read_csv(file: str, text: str, delimiter: Delimiter = COMMA) -> Table:
    """Read a CSV text, without the records whose cells are all empty.

    Raises:
        GoldenFileError: Records have too many or too few cells, quotes are broken, or there is no
            record.
    """
    quoting = _QUOTING.format(delimiter=delimiter.name)
    columns: tuple[str, ...] = ()
    rows: list[Row] = []
    problems: list[Problem] = []
    number = 0
    last_line = 0
    try:
        for start, end, cells in records(text, delimiter.character):
            last_line = end
            if not columns:
                columns = tuple(
                    name.strip() or f"Unnamed: {index}" for index, name in enumerate(cells)
                )
                continue
            number += 1
            if cells and len(cells) != len(columns):
                written = count(len(cells), "cell")
                allowed = f"{len(columns)}, as in the header; {quoting}"
                problems.append(Problem(file, start, number, "", written, allowed))
            elif not all(is_absent(cell) for cell in cells):
                rows.append(Row(number, start, dict(zip(columns, cells, strict=True))))
    except csv.Error as error:
        # The broken record starts after the last one that could be read.
        written = f"broken quotes ({error})"
        problems.append(Problem(file, last_line + 1, number + 1, "", written, quoting))
    if problems:
        raise GoldenFileError(problems)
    if not rows:
        raise refused(file, "only a header", "at least one row below it", line=1)
    if len(set(columns)) < len(columns):
        twice = next(name for name in columns if columns.count(name) > 1)
        raise refused(
            file, f"the column {twice!r} twice", "each column name once; rename one", line=1
        )
    return Table(file, columns, tuple(rows))


def records(text: str, delimiter: str = ",") -> Iterator[tuple[int, int, list[str]]]:
    """Yield the records of a CSV text, beginning with the header.

    Yields:
        First line of the record, from 1; its last line; its cells, none for a blank line.

    Raises:
        csv.Error: The quotes of the next record are broken.
    """
    with _cells_of_any_size():
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
        start = 1
        for cells in reader:
            yield start, reader.line_num, cells
            start = reader.line_num + 1
