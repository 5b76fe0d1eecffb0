"""A baseline from a plain table of any tool: CSV, TSV or JSONL with an id and a score in each row."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pytest_llmeval.errors import GoldenFileError, InputError, Problem, nearest
from pytest_llmeval.gating.scores import (
    BaselineCase,
    CaseScores,
    MetricValues,
    RunScores,
    text_hash,
)
from pytest_llmeval.goldens.formats import format_of
from pytest_llmeval.records.score import UNIT_SCALE, Scale

_ANSWERS = ("answer", "completion", "output", "response")
"""Columns that may hold the answer, for the change in length."""

_FAILED_JUDGE = -1.0


@dataclass(frozen=True)
class Columns:
    """How a table is read.

    Attributes:
        id: The column that names the case.
        score: The columns of scores; empty: all columns with nothing but numbers.
        scale: Range of the scores.
        cluster: The column of what hangs together; empty: none.
    """

    id: str = "id"
    score: tuple[str, ...] = ()
    scale: Scale = UNIT_SCALE
    cluster: str = ""


def read_table(path: Path, columns: Columns, name: str = "") -> RunScores:
    """Return the scores of a table.

    Of an id that stands there several times the last row counts. A score that is missing, NaN, or
    -1 below the scale is unscored.

    Raises:
        InputError: The file cannot be read, or lacks a column.
    """
    rows, scores = _checked(path, columns)
    entries = {case.key: case.scores for case in _cases(path, columns, rows, scores)}
    return RunScores(
        name or str(path), entries, dict.fromkeys(scores, columns.scale), is_plain=True
    )


def table_cases(path: Path, columns: Columns) -> Iterator[BaselineCase]:
    """Yield the cases of a table.

    Raises:
        InputError: The file cannot be read, or lacks a column.
    """
    rows, scores = _checked(path, columns)
    return _cases(path, columns, rows, scores)


def _cases(
    path: Path, columns: Columns, rows: Iterable[Mapping[str, Any]], scores: Iterable[str]
) -> Iterator[BaselineCase]:
    for place, row in enumerate(rows, start=1):
        answer = _answer(row)
        answers = () if answer is None else (answer,)
        yield BaselineCase(_entry(path, place, row, columns, scores), answers, {})


def _checked(path: Path, columns: Columns) -> tuple[list[Mapping[str, Any]], tuple[str, ...]]:
    """The rows, and the columns of scores."""
    rows = list(_rows(path))
    if not rows:
        raise InputError(
            f"{path}: found no row; allowed: a CSV or JSONL file with a column for the id and one for the score"
        )
    present = list(dict.fromkeys(column for row in rows for column in row))
    scores: tuple[str, ...] = columns.score or tuple(
        _numeric(rows, present, {columns.id, columns.cluster})
    )
    for option, wanted in (
        ("--id", columns.id),
        *(("--score", each) for each in scores),
        ("--cluster", columns.cluster),
    ):
        if wanted and wanted not in present:
            raise _no_column(path, option, wanted, present)
    if not scores:
        raise InputError(
            f"{path}: found no column of numbers; allowed: --score COLUMN, one of {', '.join(present)}"
        )
    return rows, scores


def _entry(
    path: Path, place: int, row: Mapping[str, Any], columns: Columns, scores: Iterable[str]
) -> CaseScores:
    given = row.get(columns.id)
    if given in (None, ""):
        problem = Problem(str(path), None, place, columns.id, "nothing", "an id in every row")
        raise GoldenFileError([problem])
    marks = {
        name: MetricValues(tuple(_number(path, place, name, row.get(name), columns.scale)))
        for name in scores
    }
    answer = _answer(row)
    cluster = row.get(columns.cluster) if columns.cluster else None
    tags = row.get("tags") or row.get("tag") or ()
    return CaseScores(
        ("", "", str(given)),
        marks=marks,
        answer=b"" if answer is None else text_hash(answer),
        length=None if answer is None else len(answer),
        line=0,
        tags=tuple(
            str(tag).strip() for tag in (tags.split(",") if isinstance(tags, str) else tags)
        ),
        cluster=None if cluster in (None, "") else str(cluster),
    )


def _answer(row: Mapping[str, Any]) -> str | None:
    return next(
        (str(row[column]) for column in _ANSWERS if row.get(column) not in (None, "")), None
    )


def _number(path: Path, place: int, column: str, value: object, scale: Scale) -> Iterator[float]:
    """The score; nothing, if it is missing, or -1 where that is no score: so tools write that a judge failed."""
    if value is None or (isinstance(value, str) and not value.strip()):
        return
    try:
        number = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        problem = Problem(
            str(path),
            None,
            place,
            column,
            repr(value),
            "a number, or nothing for a case without a score",
        )
        raise GoldenFileError([problem]) from None
    low, high = (
        (0.0 if scale.low is None else scale.low),
        (1.0 if scale.high is None else scale.high),
    )
    if math.isnan(number) or number == _FAILED_JUDGE < low:
        return
    if not low <= number <= high:
        allowed = f"{low:g} to {high:g}; another range: --scale LOW HIGH"
        raise GoldenFileError([Problem(str(path), None, place, column, f"{number:g}", allowed)])
    yield number


def _rows(path: Path) -> Iterator[Mapping[str, Any]]:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: cannot be read: {error}") from None
    file_format = format_of(path)
    if file_format is not None and file_format.kind == "delimited":
        source = io.StringIO(text, newline="")
        yield from csv.DictReader(source, delimiter=file_format.delimiter)
        return
    for number, line in enumerate(text.split("\n"), start=1):
        if line.strip():
            yield _object(path, number, line)


def _object(path: Path, number: int, line: str) -> Mapping[str, Any]:
    try:
        found = json.loads(line)
    except ValueError as error:
        raise GoldenFileError(
            [Problem(str(path), number, None, "", str(error), "one JSON object a line")]
        ) from None
    if not isinstance(found, dict):
        raise GoldenFileError(
            [Problem(str(path), number, None, "", type(found).__name__, "one JSON object a line")]
        )
    return found


def _numeric(rows: list[Mapping[str, Any]], present: list[str], others: set[str]) -> Iterator[str]:
    for column in present:
        values = [row.get(column) for row in rows if row.get(column) not in (None, "")]
        if column not in others and values and all(_is_number(value) for value in values):
            yield column


def _is_number(value: object) -> bool:
    try:
        float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return False
    return True


def _no_column(path: Path, option: str, wanted: str, present: list[str]) -> InputError:
    hint = nearest(wanted, present)
    return InputError(
        f"{path}: found no column {wanted!r} ({option}); allowed: {', '.join(present)}. {hint}".rstrip()
    )
