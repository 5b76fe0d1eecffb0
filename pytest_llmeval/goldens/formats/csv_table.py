"""Golden files in CSV, read by pandas; the csv module says where a file is broken.

pandas' Python engine parses with the csv module, so both see the same records, and it alone tells a cell
that is missing (``None``) from one that is empty. Cells keep their line breaks, so counting those gives the
physical line of every record.
"""

from __future__ import annotations

import csv
import io
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from pytest_llmeval.errors import GoldenFileError, Problem
from pytest_llmeval.goldens.formats.tables import Row, Table, is_absent, refused

LINE_BREAK = re.compile(r"\r\n|\r|\n")
QUOTING = 'a cell with a comma, quote or line break in double quotes, and every " inside it doubled'


@contextmanager
def _cells_of_any_size() -> Iterator[None]:
    """Lift the csv module's limit of 128 KiB a cell, which a long context passes."""
    before = csv.field_size_limit(min(sys.maxsize, 2**31 - 1))
    try:
        yield
    finally:
        csv.field_size_limit(before)


def records(text: str) -> Iterator[tuple[int, int, list[str]]]:
    """The records of a CSV text, header included.

    Yields:
        Line where the record starts, from 1; line where it ends; its cells, none for a blank line.

    Raises:
        csv.Error: The quotes of a record are broken; it starts on the line after the last one yielded.
    """
    with _cells_of_any_size():
        reader = csv.reader(io.StringIO(text, newline=""), strict=True)
        start = 1
        for cells in reader:
            yield start, reader.line_num, cells
            start = reader.line_num + 1


def read_csv(file: str, text: str) -> Table:
    """Read a CSV text.

    Args:
        file: Path as the user wrote it.
        text: The decoded file.

    Raises:
        GoldenFileError: Broken quotes, a record with too many or too few cells, or no record at all.
    """
    body = text.lstrip("\r\n")
    line = 1 + len(LINE_BREAK.findall(text, 0, len(text) - len(body)))
    header, *found = _grid(file, text, body)
    columns = tuple((name or "").strip() or f"Unnamed: {place}" for place, name in enumerate(header))
    line += _height(header)
    rows = []
    for number, cells in enumerate(found, start=1):
        if not all(is_absent(cell) for cell in cells):
            if None in cells:
                raise GoldenFileError(_ragged(file, text))
            rows.append(Row(number, line, dict(zip(columns, cells, strict=True))))
        line += _height(cells)
    if not rows:
        raise refused(file, "only a header", "at least one row below it", line=1)
    if len(set(columns)) < len(columns):  # a dict of cells cannot hold both
        twice = next(name for name in columns if columns.count(name) > 1)
        raise refused(file, f"the column {twice!r} twice", "each column name once; rename one", line=1)
    return Table(file, columns, tuple(rows))


def _grid(file: str, text: str, body: str) -> list[list[Any]]:
    import pandas as pd

    try:
        with _cells_of_any_size():
            frame = pd.read_csv(
                io.StringIO(body, newline=""),
                engine="python",
                header=None,
                dtype=object,
                na_filter=False,
                skip_blank_lines=False,
            )
    except pd.errors.ParserError as error:
        problems = _ragged(file, text) or [Problem(file, None, None, "", str(error).strip(), QUOTING)]
        raise GoldenFileError(problems) from None
    grid: list[list[Any]] = frame.to_numpy().tolist()
    return grid


def _height(cells: list[Any]) -> int:
    return 1 + sum(len(LINE_BREAK.findall(cell)) for cell in cells if cell and ("\n" in cell or "\r" in cell))


def _ragged(file: str, text: str) -> list[Problem]:
    """Every record whose number of cells differs from the header's, and where the quotes break."""
    problems: list[Problem] = []
    width, number, last = 0, 0, 0
    try:
        for start, end, cells in records(text):
            last = end
            if not width:
                width = len(cells)
                continue
            number += 1
            if cells and len(cells) != width:
                allowed = f"{width}, as in the header; {QUOTING}"
                problems.append(
                    Problem(file, start, number, "", f"{len(cells)} cell{'' if len(cells) == 1 else 's'}", allowed)
                )
    except csv.Error as error:
        problems.append(Problem(file, last + 1, number + 1, "", f"broken quotes ({error})", QUOTING))
    return problems
