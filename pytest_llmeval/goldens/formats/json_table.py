"""Golden files in JSON and JSONL.

Read by the json module, since pandas.read_json loses what was written: ``1.50`` would become 1.5
and a long id a rounded float. Column-oriented documents, as ``DataFrame.to_json`` writes them, go
through pandas.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, NoReturn

from pytest_llmeval.errors import GoldenFileError, Problem
from pytest_llmeval.goldens.formats.tables import Row, Table, refused, shown

LIST_KEYS = ("cases", "goldens", "examples", "data", "tests", "rows")
SHAPES = f"an array of objects, an object with one array of objects under {', '.join(LIST_KEYS)}, or columns"
BETWEEN = re.compile(r"[\s,:]*")


class WrittenInt(int):
    """An integer that remembers its text."""

    written: str


class WrittenFloat(float):
    """A number that remembers its text."""

    written: str


def _int(text: str) -> WrittenInt:
    number = WrittenInt(text)
    number.written = text
    return number


def _float(text: str) -> WrittenFloat:
    number = WrittenFloat(text)
    number.written = text
    return number


class Ambiguous(dict[str, Any]):
    """An object that has a key twice."""

    twice: str


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) == len(pairs):
        return members
    names = [name for name, _ in pairs]
    ambiguous = Ambiguous(members)
    ambiguous.twice = next(name for name in names if names.count(name) > 1)
    return ambiguous


def _constant(name: str) -> None:
    if name != "NaN":  # what json.dumps makes of an empty cell of a DataFrame
        raise ValueError(f"{name} is not JSON")


DECODER = json.JSONDecoder(
    parse_int=_int, parse_float=_float, parse_constant=_constant, object_pairs_hook=_object
)


def read_json(file: str, text: str) -> Table:
    """Read one JSON document. A row stands where its object opens, also in an indented array.

    Args:
        file: Path as the user wrote it.
        text: The decoded file.

    Raises:
        GoldenFileError: The text is not JSON, or not rows.
    """
    try:
        document = DECODER.decode(text)
    except (ValueError, RecursionError) as error:
        _refuse_json(file, text, error)
    if isinstance(document, Ambiguous):
        raise refused(file, f"the key {document.twice!r} twice", "each key once")
    if isinstance(document, list):
        return _table(file, document, _element_starts(text, text.index("[")), text)
    keys = [key for key in LIST_KEYS if isinstance(document, dict) and _is_rows(document.get(key))]
    if len(keys) == 1:
        start = next(value for key, value, _ in members(text, text.index("{")) if key == keys[0])
        return _table(file, document[keys[0]], _element_starts(text, start), text)
    if len(keys) > 1:
        raise refused(file, f"arrays under {' and '.join(keys)}", SHAPES)
    if (
        isinstance(document, dict)
        and document
        and all(isinstance(value, list | dict) for value in document.values())
    ):
        return _from_columns(file, document)
    raise refused(file, shown(document), SHAPES)


def read_jsonl(file: str, text: str) -> Table:
    """Read one JSON object a line; blank lines are skipped.

    Args:
        file: Path as the user wrote it.
        text: The decoded file.

    Raises:
        GoldenFileError: Lines that are not JSON, all of them; or rows that are not objects.
    """
    documents: list[Any] = []
    starts: list[int] = []
    problems: list[Problem] = []
    offset = 0
    for line, content in enumerate(text.split("\n"), start=1):
        if content.strip():
            try:
                documents.append(DECODER.decode(content))
                starts.append(offset + len(content) - len(content.lstrip()))
            except (ValueError, RecursionError) as error:
                allowed = "one JSON object a line (a document over several lines is a .json file)"
                problems.append(
                    Problem(
                        file, line, len(documents) + len(problems) + 1, "", _words(error), allowed
                    )
                )
        offset += len(content) + 1
    if problems:
        raise GoldenFileError(problems)
    return _table(file, documents, iter(starts), text)


def members(text: str, start: int) -> Iterator[tuple[str, int, int]]:
    """The members of the object that opens at ``start`` in a valid JSON text.

    Yields:
        Key, and where its value starts and ends.
    """
    place = _after(text, start + 1)
    while text[place] != "}":
        key, end = DECODER.raw_decode(text, place)
        value = _after(text, end)
        _, end = DECODER.raw_decode(text, value)
        yield key, value, end
        place = _after(text, end)


def _element_starts(text: str, start: int) -> Iterator[int]:
    place = _after(text, start + 1)
    while text[place] != "]":
        yield place
        place = _after(text, DECODER.raw_decode(text, place)[1])


def _after(text: str, place: int) -> int:
    match = BETWEEN.match(text, place)
    return match.end() if match else place


def _is_rows(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(item, dict) for item in value)


def _table(file: str, documents: list[Any], starts: Iterator[int], text: str) -> Table:
    rows, problems = [], []
    line, before = 1, 0
    for number, (document, offset) in enumerate(zip(documents, starts, strict=True), start=1):
        line, before = line + text.count("\n", before, offset), offset
        if not isinstance(document, dict):
            problems.append(
                Problem(file, line, number, "", shown(document), "an object, one key a column")
            )
        elif isinstance(document, Ambiguous):
            twice = f"the column {document.twice!r} twice"
            problems.append(
                Problem(file, line, number, "", twice, "each column name once; rename one")
            )
        else:
            rows.append(Row(number, line, document, offset))
    if problems:
        raise GoldenFileError(problems)
    if not rows:
        raise refused(file, "no rows", "at least one case")
    return Table(
        file, tuple(dict.fromkeys(name for row in rows for name in row.cells)), tuple(rows)
    )


def _from_columns(file: str, document: dict[str, Any]) -> Table:
    """Rows of a column-oriented document; a row has no line of its own there, so all stand at the first."""
    import pandas as pd

    try:
        frame = pd.DataFrame(document, dtype=object)
    except ValueError as error:
        raise refused(file, f"columns that do not fit together ({error})", SHAPES) from None
    if frame.empty:
        raise refused(file, "no rows", "at least one case")
    frame = frame.astype(object).where(frame.notna(), None)
    rows = (Row(number, 1, cells) for number, cells in enumerate(frame.to_dict("records"), start=1))
    return Table(file, tuple(str(name) for name in frame.columns), tuple(rows))


def _refuse_json(file: str, text: str, error: Exception) -> NoReturn:
    line = getattr(error, "lineno", None)
    column = f" at column {error.colno}" if isinstance(error, json.JSONDecodeError) else ""
    allowed = "one JSON document (one object a line is a .jsonl file)"
    raise refused(file, f"{_words(error)}{column}", allowed, line) from None


def _words(error: Exception) -> str:
    if isinstance(error, RecursionError):
        return "JSON nested too deeply"
    return f"broken JSON ({getattr(error, 'msg', error)})"
