"""The readers of JSON and JSONL golden files, built on the json module.

pandas.read_json would turn ``1.50`` into 1.5 and a long id into a rounded float. A document may be
column-oriented, as ``DataFrame.to_json`` writes it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import count
from typing import Any, NoReturn

from pytest_llmeval.errors import GoldenFileError, Problem
from pytest_llmeval.goldens.formats.pages import one_page
from pytest_llmeval.goldens.formats.tables import (
    LINE_BREAK,
    NaN,
    Row,
    Table,
    line_breaks,
    refused,
    shown,
)

_LIST_KEYS = ("cases", "goldens", "examples", "data", "tests", "rows")
_SHAPES = (
    "an array of objects, an object with one array of objects under "
    f"{', '.join(_LIST_KEYS)}, or columns"
)
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


class _Ambiguous(dict[str, Any]):
    """An object that has a key twice."""

    twice: str


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) == len(pairs):
        return members
    names = [name for name, _ in pairs]
    ambiguous = _Ambiguous(members)
    ambiguous.twice = next(name for name in names if names.count(name) > 1)
    return ambiguous


def _nan(name: str) -> NaN:
    _constant(name)
    return NaN()


def _constant(name: str) -> None:
    # json.dumps writes an empty cell of a DataFrame as NaN, which is read as None.
    if name != "NaN":
        raise ValueError(f"{name} is not JSON")


DECODER = json.JSONDecoder(
    parse_int=_int, parse_float=_float, parse_constant=_constant, object_pairs_hook=_object
)


_ROWS = json.JSONDecoder(
    parse_int=_int, parse_float=_float, parse_constant=_nan, object_pairs_hook=_object
)


def read_json(file: str, text: str) -> Table:
    """Read one JSON document, in which a row's line is that of its opening brace.

    Raises:
        GoldenFileError: The text is not JSON, or does not hold rows.
    """
    try:
        document = _ROWS.decode(text)
    except (ValueError, RecursionError) as error:
        _refuse_json(file, text, error)
    if isinstance(document, _Ambiguous):
        raise refused(file, f"the key {document.twice!r} twice", "each key once")
    if isinstance(document, list):
        return _table(file, document, _element_starts(text, text.index("[")), text)
    keys = [key for key in _LIST_KEYS if isinstance(document, dict) and _is_rows(document.get(key))]
    if len(keys) == 1:
        start = _member(text, text.index("{"), keys[0])
        rest = tuple(key for key in document if key != keys[0])
        if document[keys[0]] and all(map(_is_article, document[keys[0]])):
            return _from_squad(file, document[keys[0]], text, start)
        table = _table(file, document[keys[0]], _element_starts(text, start), text)
        further = one_page(file, {key: document[key] for key in rest}, len(document[keys[0]]))
        return replace(table, document_keys=rest, problems=(*table.problems, *further))
    if len(keys) > 1:
        raise refused(file, f"arrays under {' and '.join(keys)}", _SHAPES)
    if isinstance(document, dict) and document:
        are_columns = all(isinstance(value, list | dict) for value in document.values())
        if are_columns:
            return _from_columns(file, document)
    raise refused(file, shown(document), _SHAPES)


def read_jsonl(file: str, text: str) -> Table:
    """Read one JSON object from each line that is not blank.

    Raises:
        GoldenFileError: Lines are not JSON, or rows are not objects.
    """
    documents: list[Any] = []
    starts: list[int] = []
    numbers: list[int] = []
    problems: list[Problem] = []
    number = 0
    for line, (offset, content) in enumerate(_lines(text), start=1):
        if not content.strip():
            continue
        number += 1
        try:
            documents.append(_ROWS.decode(content))
            starts.append(offset + len(content) - len(content.lstrip()))
            numbers.append(number)
        except (ValueError, RecursionError) as error:
            allowed = "one JSON object a line (a document over several lines is a .json file)"
            problems.append(Problem(file, line, number, "", _words(error), allowed))
    return _table(file, documents, iter(starts), text, numbers, problems)


def _lines(text: str) -> Iterator[tuple[int, str]]:
    """Yield the offset and the content of each line."""
    start = 0
    for line_break in LINE_BREAK.finditer(text):
        yield start, text[start : line_break.start()]
        start = line_break.end()
    yield start, text[start:]


def members(text: str, start: int) -> Iterator[tuple[str, int, int]]:
    """Yield key, start and end of each value in the object that opens at ``start``."""
    position = _after(text, start + 1)
    while text[position] != "}":
        key, end = DECODER.raw_decode(text, position)
        value = _after(text, end)
        _, end = DECODER.raw_decode(text, value)
        yield key, value, end
        position = _after(text, end)


def _element_starts(text: str, start: int) -> Iterator[int]:
    position = _after(text, start + 1)
    while text[position] != "]":
        yield position
        position = _after(text, DECODER.raw_decode(text, position)[1])


def _after(text: str, position: int) -> int:
    match = BETWEEN.match(text, position)
    return match.end() if match else position


def _member(text: str, start: int, name: str) -> int:
    """Return the offset of a member's value in the object that opens at ``start``."""
    return next(value for key, value, _ in members(text, start) if key == name)


def _is_rows(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(item, dict) for item in value)


def _table(
    file: str,
    documents: list[Any],
    starts: Iterator[int],
    text: str,
    numbers: Iterable[int] | None = None,
    problems: Iterable[Problem] = (),
) -> Table:
    """Make a table of JSON objects.

    Args:
        file: Path as the user wrote it.
        documents: The objects.
        starts: The offset of each.
        text: The file.
        numbers: The record number of each (default: counted from 1).
        problems: Records that are not JSON.
    """
    rows: list[Row] = []
    unreadable = list(problems)
    line = 1
    before = 0
    for number, document, offset in zip(numbers or count(1), documents, starts, strict=False):
        line += line_breaks(text[before:offset])
        before = offset
        if not isinstance(document, dict):
            unreadable.append(
                Problem(file, line, number, "", shown(document), "an object, one key a column")
            )
        elif isinstance(document, _Ambiguous):
            twice = f"the column {document.twice!r} twice"
            unreadable.append(
                Problem(file, line, number, "", twice, "each column name once; rename one")
            )
        elif not document:
            allowed = "a case in each row; delete this row"
            unreadable.append(Problem(file, line, number, "", "an object without a key", allowed))
        else:
            rows.append(Row(number, line, document, offset))
    if not rows and not unreadable:
        raise refused(file, "no rows", "at least one case")
    columns = dict.fromkeys(name for row in rows for name in row.cells)
    return Table(file, tuple(columns), tuple(rows), tuple(unreadable))


def _from_squad(file: str, articles: list[Any], text: str, start: int) -> Table:
    """Read the questions of SQuAD's own files, which stand in the paragraphs of articles."""
    documents: list[Any] = []
    starts: list[int] = []
    for article, begin in zip(articles, _element_starts(text, start), strict=True):
        paragraphs = _element_starts(text, _member(text, begin, "paragraphs"))
        for paragraph, offset in zip(article["paragraphs"], paragraphs, strict=True):
            shared = {"title": article.get("title"), "context": paragraph.get("context")}
            documents += [{**shared, **question} for question in paragraph["qas"]]
            starts += _element_starts(text, _member(text, offset, "qas"))
    return _table(file, documents, iter(starts), text)


def _is_article(row: dict[str, Any]) -> bool:
    """Return whether a row is an article of SQuAD, with questions in its paragraphs."""
    paragraphs = row.get("paragraphs")
    return _is_rows(paragraphs) and all(_is_rows(item.get("qas")) for item in paragraphs or ())


def _from_columns(file: str, document: dict[str, Any]) -> Table:
    """Read the rows of a column-oriented document, which all count as written in line 1."""
    is_list = {isinstance(column, list) for column in document.values()}
    if len(is_list) > 1:
        raise _unlike_columns(file, "some are arrays, others objects")
    if len({len(column) for column in document.values()}) > 1 and True in is_list:
        raise _unlike_columns(file, "the arrays differ in length")
    columns: dict[str, dict[object, Any]] = {
        name: dict(enumerate(column)) if isinstance(column, list) else column
        for name, column in document.items()
    }
    labels = dict.fromkeys(label for column in columns.values() for label in column)
    rows = [
        Row(number, 1, {name: column.get(label) for name, column in columns.items()})
        for number, label in enumerate(labels, start=1)
    ]
    if not rows:
        raise refused(file, "no rows", "at least one case")
    return Table(file, tuple(columns), tuple(rows))


def _unlike_columns(file: str, difference: str) -> GoldenFileError:
    return refused(file, f"columns that do not fit together ({difference})", _SHAPES)


def _refuse_json(file: str, text: str, error: Exception) -> NoReturn:
    line = getattr(error, "lineno", None)
    column = f" at column {error.colno}" if isinstance(error, json.JSONDecodeError) else ""
    allowed = "one JSON document (one object a line is a .jsonl file)"
    raise refused(file, f"{_words(error)}{column}", allowed, line) from None


def _words(error: Exception) -> str:
    if isinstance(error, RecursionError):
        return "JSON nested too deeply"
    words = str(getattr(error, "msg", error))
    if "escape" in words:
        words += "; a backslash in a text is written twice"
    return f"broken JSON ({words})"
