"""The reader of CSV and TSV golden files, built on the csv module.

pandas loses the line of a record, and its import takes half a second in every process.
"""

from __future__ import annotations

import csv
import io
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

from pytest_llmeval.errors import Problem
from pytest_llmeval.goldens.formats import COMMA, DELIMITERS, TAB, Delimiter
from pytest_llmeval.goldens.formats.tables import Row, Table, is_absent, refused
from pytest_llmeval.text import count

_QUOTING = (
    'a cell with a {delimiter}, quote or line break in double quotes, and every " inside it doubled'
)
_DIRECTIVE = re.compile(r'"?sep=(\\t|[^\r\n"])"?[,;\t]*(?:\r\n|\r|\n)', re.IGNORECASE)
"""Excel's first line, which names the delimiter and is not part of the table."""


class Layout(NamedTuple):
    """The delimiter of a text, and the line before its header.

    Attributes:
        delimiter: The delimiter.
        directive: Excel's line ``sep=;`` with its line end; empty without one.
    """

    delimiter: Delimiter
    directive: str


def layout_of(text: str, delimiter: Delimiter) -> Layout:
    """Return the layout of a text, whose delimiter a first line ``sep=;`` overrides."""
    match = _DIRECTIVE.match(text)
    if match is None:
        return Layout(delimiter, "")
    mark = "\t" if match[1] == "\\t" else match[1]
    known = {delimiter.character: delimiter for delimiter in DELIMITERS}
    return Layout(known.get(mark, Delimiter(mark, repr(mark))), match[0])


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

    Records with too many or too few cells, and broken quotes, are problems of the table.

    Raises:
        GoldenFileError: There is no record, the cells have another delimiter, or a column stands
            twice.
    """
    layout = layout_of(text, delimiter)
    quoting = _QUOTING.format(delimiter=layout.delimiter.name)
    columns: tuple[str, ...] = ()
    rows: list[Row] = []
    problems: list[Problem] = []
    number = 0
    last_line = 0
    try:
        for start, end, cells in records(text, delimiter):
            last_line = end
            if not columns:
                columns = _header(file, start, cells, layout.delimiter)
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
    if not rows and not problems:
        raise refused(file, "only a header", "at least one row below it", line=1)
    return Table(file, columns, tuple(rows), tuple(problems))


def _header(file: str, line: int, cells: list[str], delimiter: Delimiter) -> tuple[str, ...]:
    """Return the names of the columns.

    Raises:
        GoldenFileError: They have another delimiter than the file, or one stands twice.
    """
    if len(cells) == 1:
        _check_delimiter(file, line, cells[0], delimiter)
    columns = tuple(name.strip() or f"Unnamed: {index}" for index, name in enumerate(cells))
    twice = next((name for name in columns if columns.count(name) > 1), None)
    if twice is not None:
        allowed = "each column name once; rename one"
        raise refused(file, f"the column {twice!r} twice", allowed, line)
    return columns


def _check_delimiter(file: str, line: int, cell: str, delimiter: Delimiter) -> None:
    """Refuse a header of one cell that another delimiter would make a table of.

    Raises:
        GoldenFileError: The file has another delimiter.
    """
    likely = max(DELIMITERS, key=lambda known: cell.count(known.character))
    if likely == delimiter or likely.character not in cell:
        return
    remedy = f"save it with {delimiter.name}s, or write sep={likely.character} as its first line"
    if likely == TAB:
        remedy = "rename it to .tsv, or write sep=\\t as its first line"
    allowed = f"cells separated by {delimiter.name}s. This file has {likely.name}s: {remedy}"
    raise refused(file, f"one column {cell!r}", allowed, line)


def records(text: str, delimiter: Delimiter = COMMA) -> Iterator[tuple[int, int, list[str]]]:
    """Yield the records of a CSV text, beginning with the header.

    Yields:
        First line of the record, from 1; its last line; its cells, none for a blank line.

    Raises:
        csv.Error: The quotes of the next record are broken.
    """
    layout = layout_of(text, delimiter)
    before = 1 if layout.directive else 0
    lines = io.StringIO(text[len(layout.directive) :], newline="")
    with _cells_of_any_size():
        reader = csv.reader(lines, delimiter=layout.delimiter.character, strict=True)
        start = before + 1
        for cells in reader:
            yield start, before + reader.line_num, cells
            start = before + reader.line_num + 1
