"""Golden files in CSV, read by the csv module.

pandas reads CSV by the same module or by a parser of its own, loses on which line a record stands,
and takes half a second to import, in every process.
"""

from __future__ import annotations

import csv
import io
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from pytest_llmeval.errors import GoldenFileError, Problem
from pytest_llmeval.goldens.formats.tables import Row, Table, is_absent, refused
from pytest_llmeval.text import count

QUOTING = 'a cell with a comma, quote or line break in double quotes, and every " inside it doubled'


@contextmanager
def _cells_of_any_size() -> Iterator[None]:
    """Lift the csv module's limit of 128 KiB a cell, which a long context passes."""
    before = csv.field_size_limit(min(sys.maxsize, 2**31 - 1))
    try:
        yield
    finally:
        csv.field_size_limit(before)


def read_csv(file: str, text: str) -> Table:
    """Read a CSV text. A record stands on the line where it starts; those without a text in any cell are left out.

    Args:
        file: Path as the user wrote it.
        text: The decoded file.

    Raises:
        GoldenFileError: Records with too many or too few cells, all of them; broken quotes; or no
            record at all.
    """
    columns: tuple[str, ...] = ()
    rows: list[Row] = []
    problems: list[Problem] = []
    number, end = 0, 0
    try:
        for start, end, cells in records(text):  # noqa: B007 - where the last one ended, if the next is broken
            if not columns:
                columns = tuple(
                    name.strip() or f"Unnamed: {place}" for place, name in enumerate(cells)
                )
                continue
            number += 1
            if cells and len(cells) != len(columns):
                found = count(len(cells), "cell")
                problems.append(
                    Problem(
                        file,
                        start,
                        number,
                        "",
                        found,
                        f"{len(columns)}, as in the header; {QUOTING}",
                    )
                )
            elif not all(is_absent(cell) for cell in cells):
                rows.append(Row(number, start, dict(zip(columns, cells, strict=True))))
    except csv.Error as error:
        problems.append(Problem(file, end + 1, number + 1, "", f"broken quotes ({error})", QUOTING))
    if problems:
        raise GoldenFileError(problems)
    if not rows:
        raise refused(file, "only a header", "at least one row below it", line=1)
    if len(set(columns)) < len(columns):  # a dict of cells cannot hold both
        twice = next(name for name in columns if columns.count(name) > 1)
        raise refused(
            file, f"the column {twice!r} twice", "each column name once; rename one", line=1
        )
    return Table(file, columns, tuple(rows))


def records(text: str) -> Iterator[tuple[int, int, list[str]]]:
    """The records of a CSV text, the header first.

    Yields:
        Line where the record starts, from 1; line where it ends; its cells, none for a blank line.

    Raises:
        csv.Error: The quotes of a record are broken; it starts on the line after the last one
        yielded.
    """
    with _cells_of_any_size():
        reader = csv.reader(io.StringIO(text, newline=""), strict=True)
        start = 1
        for cells in reader:
            yield start, reader.line_num, cells
            start = reader.line_num + 1
