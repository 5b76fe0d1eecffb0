"""Writing made ids into golden files, so that a case keeps its history when its prompt changes.

Only ids are added. The rest of a text file stays byte for byte, except for the quoting of a CSV row
whose empty id cell is filled.
"""

from __future__ import annotations

import csv
import io
import json
import os
import re
import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path

from pytest_llmeval.goldens.formats import Delimiter, format_of
from pytest_llmeval.goldens.formats.csv_table import layout_of, records
from pytest_llmeval.goldens.formats.json_table import BETWEEN, members
from pytest_llmeval.goldens.formats.tables import Row, refused
from pytest_llmeval.goldens.reading import Reading, read_golden, read_text
from pytest_llmeval.records.case import Case

_LINE_BREAK = re.compile(r"\r\n|\r|\n")


def cases_without_id(
    path: Path, root: Path, columns: Mapping[str, str] | None = None
) -> list[Case]:
    """List the cases whose ids are made from their prompts because the file has none.

    Args:
        path: The golden file.
        root: Directory that `Source.file` is relative to.
        columns: Field by column name, as for `read_cases`.

    Raises:
        GoldenFileError: The file cannot be used.
    """
    return [case for _, case in _unfrozen(read_golden(path, root, columns, are_numbered=True))]


def write_ids(path: Path, columns: Mapping[str, str] | None = None) -> int:
    """Write the missing ids into a golden file, which is replaced in one step.

    A new column ``id`` becomes the first column.

    Args:
        path: The golden file.
        columns: Field by column name, as for `read_cases`.

    Returns:
        Number of ids written.

    Raises:
        GoldenFileError: The file cannot be used, or is JSON in columns.
    """
    reading = read_golden(path, path.parent, columns, are_numbered=True)
    missing = _unfrozen(reading)
    if not missing:
        return 0
    column = reading.columns.first("id") or "id"
    if column not in reading.columns.readable and column in reading.table.columns:
        raise refused(str(path), "a column 'id' that is mapped to another field", "a free name id")
    file_format = format_of(path)
    if file_format is not None and file_format.kind == "parquet":
        _replace(path, _parquet_with_ids(path, column, reading))
        return len(missing)
    text = read_text(path)
    if file_format is not None and file_format.kind == "delimited":
        content = _csv_with_ids(text.content, column, missing, file_format.delimiter)
    else:
        content = _json_with_ids(str(path), text.content, column, missing)
    _replace(path, text.encoded(content))
    return len(missing)


def _unfrozen(reading: Reading) -> list[tuple[Row, Case]]:
    pairs = zip(reading.table.rows, reading.cases, strict=True)
    return [(row, case) for row, case in pairs if "id" not in reading.columns.of_row(row.cells)]


def _csv_with_ids(
    text: str, column: str, missing: list[tuple[Row, Case]], delimiter: Delimiter
) -> str:
    ids = {row.line: case.id for row, case in missing}
    lines = io.StringIO(text, newline="").readlines()
    layout = layout_of(text, delimiter)
    mark = layout.delimiter.character
    pieces = [layout.directive]
    # Index of the id column; -1 stands for a new first column.
    index: int | None = None
    for start, end, cells in records(text, delimiter):
        written = "".join(lines[start - 1 : end])
        if not cells:
            pieces.append(written)
        elif index is None:
            names = [name.strip() for name in cells]
            index = names.index(column) if column in names else -1
            pieces.append(written if index >= 0 else f"{column}{mark}{written}")
        elif index < 0:
            pieces.append(f"{ids.get(start, '')}{mark}{written}")
        elif start in ids:
            filled = [*cells[:index], ids[start], *cells[index + 1 :]]
            pieces.append(_csv_row(filled, written, mark))
        else:
            pieces.append(written)
    return "".join(pieces)


def _csv_row(cells: list[str], written: str, delimiter: str) -> str:
    breaks = _LINE_BREAK.findall(written)
    ending = breaks[-1] if breaks and written.endswith(breaks[-1]) else ""
    row = io.StringIO(newline="")
    # The default line end makes older versions of csv quote both kinds of line break.
    csv.writer(row, delimiter=delimiter).writerow(cells)
    return row.getvalue().removesuffix("\r\n") + ending


def _json_with_ids(file: str, text: str, column: str, missing: list[tuple[Row, Case]]) -> str:
    pieces: list[str] = []
    copied = 0
    for row, case in missing:
        if row.offset < 0:
            raise refused(
                file, "JSON in columns", "an array of objects, which ids can be written into"
            )
        start, end, written = _json_edit(text, row.offset, column, case.id)
        pieces += [text[copied:start], written]
        copied = end
    return "".join([*pieces, text[copied:]])


def _json_edit(text: str, offset: int, column: str, name: str) -> tuple[int, int, str]:
    """Return the start and end of the text to replace, and the text to write there.

    An empty id is replaced. A missing id is inserted before the first member.
    """
    value = json.dumps(name, ensure_ascii=False)
    for key, start, end in members(text, offset):
        if key == column:
            return start, end, value
    blank = BETWEEN.match(text, offset + 1)
    indent = blank.group() if blank else ""
    member = f"{json.dumps(column, ensure_ascii=False)}: {value},"
    return offset + 1, offset + 1, f"{indent}{member}" if indent else f"{member} "


def _parquet_with_ids(path: Path, column: str, reading: Reading) -> bytes:
    import pyarrow as pa
    import pyarrow.parquet as pq

    table = pq.read_table(path)
    ids = pa.array([case.id for case in reading.cases], pa.string())
    names = [name.strip() for name in table.column_names]
    index = names.index(column) if column in names else None
    with_ids = (
        table.add_column(0, column, ids) if index is None else table.set_column(index, column, ids)
    )
    sink = io.BytesIO()
    pq.write_table(with_ids, sink)
    return sink.getvalue()


def _replace(path: Path, data: bytes) -> None:
    # Replacing the target of a link leaves the link itself in place.
    target = path.resolve()
    handle, temporary = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(data)
        shutil.copymode(target, temporary)
        Path(temporary).replace(target)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
