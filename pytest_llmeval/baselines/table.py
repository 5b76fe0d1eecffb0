"""Baselines from tables of any tool: CSV, TSV or JSONL with an id and scores in every row."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pytest_llmeval.errors import GoldenFileError, InputError, Problem, nearest
from pytest_llmeval.gating.content import text_hash
from pytest_llmeval.gating.scores import BaselineCase, CaseScores, MetricValues, RunScores
from pytest_llmeval.goldens.formats import format_of
from pytest_llmeval.records.answer_text import EXACT_MATCH, AnswerText
from pytest_llmeval.records.score import UNIT_SCALE, Scale, is_failed_judge
from pytest_llmeval.records.wire import parse_json
from pytest_llmeval.stats.answer_texts import is_label
from pytest_llmeval.stats.paired import ROUNDING

ANSWERS = ("answer", "completion", "output", "response")
"""Columns that may hold the answer, in order of preference."""

_PROMPTS = ("prompt", "question", "input", "query")
"""Columns that may hold the prompt, likewise."""

_REFERENCES = ("expected", "expected_output", "reference", "ground_truth", "target", "ideal")
"""Columns that may hold the expected answer, likewise."""


@dataclass(frozen=True)
class Columns:
    """The columns of a table.

    Attributes:
        id: Column with the id of the case.
        score: Columns of scores; empty for all columns of numbers.
        scale: Range of the scores.
        cluster: Column that groups dependent cases; empty for none.
        column: Prompt or provider whose results are read, where a file has several; empty for the
            only one.
    """

    id: str = "id"
    score: tuple[str, ...] = ()
    scale: Scale = UNIT_SCALE
    cluster: str = ""
    column: str = ""


def read_table(path: Path, columns: Columns, name: str = "") -> RunScores:
    """Return the scores of a table.

    If an id occurs several times, the last row counts. A score is unscored if it is missing, NaN,
    or -1 where that is below the scale.

    Raises:
        InputError: The file cannot be read, or lacks a column.
    """
    rows, scores = _checked(path, columns)
    cases = {case.key: case.scores for case in _cases(path, columns, rows, scores)}
    return RunScores(name or str(path), cases, dict.fromkeys(scores, columns.scale), is_plain=True)


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
    for number, row in enumerate(rows, start=1):
        answer = _answer(row)
        answers = () if answer is None else (answer,)
        case = _case_scores(path, number, row, columns, scores)
        prompt, expected = _first(row, _PROMPTS), _first(row, _REFERENCES)
        text = None
        # A label, of which nobody knows whether it is expected, may be right for many prompts.
        if answer is not None and not (expected is None and is_label(answer)):
            is_exact = EXACT_MATCH in case.by_metric
            sources = (prompt or "",)
            text = AnswerText("", prompt or case.key[2], answer, expected, sources, is_exact)
        yield BaselineCase(case, answers, {}, prompt or "", expected, text=text)


def _checked(path: Path, columns: Columns) -> tuple[list[Mapping[str, Any]], tuple[str, ...]]:
    """Return the rows and the columns of scores."""
    rows = list(_rows(path))
    if not rows:
        raise InputError(
            f"{path}: found no row; allowed: a CSV or JSONL file with columns for id and score"
        )
    present = list(dict.fromkeys(column for row in rows for column in row))
    scores = columns.score
    if not scores:
        scores = tuple(_numeric(rows, present, {columns.id, columns.cluster}))
    required = [("--id", columns.id), ("--cluster", columns.cluster)]
    required += [("--score", name) for name in scores]
    for option, column in required:
        if column and column not in present:
            raise _no_column(path, option, column, present)
    if not scores:
        raise InputError(
            f"{path}: found no column of numbers; "
            f"allowed: --score COLUMN, one of {', '.join(present)}"
        )
    return rows, scores


def _case_scores(
    path: Path, number: int, row: Mapping[str, Any], columns: Columns, scores: Iterable[str]
) -> CaseScores:
    case_id = row.get(columns.id)
    if case_id in (None, ""):
        problem = Problem(str(path), None, number, columns.id, "nothing", "an id in every row")
        raise GoldenFileError([problem])
    by_metric = {
        name: MetricValues(tuple(_score(path, number, name, row.get(name), columns.scale)))
        for name in scores
    }
    answer = _answer(row)
    cluster = row.get(columns.cluster) if columns.cluster else None
    tags = row.get("tags") or row.get("tag") or ()
    if isinstance(tags, str):
        tags = tags.split(",")
    return CaseScores(
        ("", "", str(case_id)),
        by_metric=by_metric,
        answer=b"" if answer is None else text_hash(answer),
        length=None if answer is None else len(answer),
        line=0,
        tags=tuple(str(tag).strip() for tag in tags),
        cluster=None if cluster in (None, "") else str(cluster),
    )


def _answer(row: Mapping[str, Any]) -> str | None:
    return _first(row, ANSWERS)


def _first(row: Mapping[str, Any], columns: Iterable[str]) -> str | None:
    """Return the text of the first column that has one."""
    for column in columns:
        if row.get(column) not in (None, ""):
            return str(row[column])
    return None


def _score(path: Path, number: int, column: str, value: object, scale: Scale) -> Iterator[float]:
    """Yield the score of a row, or nothing if it is unscored."""
    if value is None or (isinstance(value, str) and not value.strip()):
        return
    try:
        score = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError, OverflowError):
        allowed = "a number, or nothing for a case without a score"
        problem = Problem(str(path), None, number, column, repr(value), allowed)
        raise GoldenFileError([problem]) from None
    low = 0.0 if scale.low is None else scale.low
    high = 1.0 if scale.high is None else scale.high
    if math.isnan(score) or is_failed_judge(score, low):
        return
    if not low - ROUNDING <= score <= high + ROUNDING:
        allowed = f"{low:g} to {high:g}; another range: --scale LOW HIGH"
        raise GoldenFileError([Problem(str(path), None, number, column, f"{score:.15g}", allowed)])
    yield min(high, max(low, score))


def _rows(path: Path) -> Iterator[Mapping[str, Any]]:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: cannot be read: {error}") from None
    file_format = format_of(path)
    if file_format is not None and file_format.kind == "delimited":
        yield from _delimited(path, text, file_format.delimiter.character)
        return
    for number, line in enumerate(text.split("\n"), start=1):
        if line.strip():
            yield _object(path, number, line)


def _delimited(path: Path, text: str, delimiter: str) -> Iterator[Mapping[str, Any]]:
    reader = csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter)
    try:
        for number, row in enumerate(reader, start=1):
            # DictReader keeps the cells beyond the header under this key.
            if None in row:
                allowed = "a cell for each column of the first line"
                surplus = f"{len(row[None])} more"
                raise GoldenFileError([Problem(str(path), None, number, "", surplus, allowed)])
            yield row
    except csv.Error as error:
        raise InputError(f"{path}: cannot be read: {error}") from None


def _object(path: Path, number: int, line: str) -> Mapping[str, Any]:
    allowed = "one JSON object per line"
    try:
        row = parse_json(line)
    except ValueError as error:
        problem = Problem(str(path), number, None, "", str(error), allowed)
        raise GoldenFileError([problem]) from None
    if not isinstance(row, dict):
        kind = type(row).__name__
        raise GoldenFileError([Problem(str(path), number, None, "", kind, allowed)])
    return row


def _numeric(rows: list[Mapping[str, Any]], present: list[str], skipped: set[str]) -> Iterator[str]:
    """Yield the columns of numbers, except some."""
    for column in present:
        values = [row.get(column) for row in rows if row.get(column) not in (None, "")]
        if column not in skipped and values and all(_is_number(value) for value in values):
            yield column


def _is_number(value: object) -> bool:
    try:
        float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError, OverflowError):
        return False
    return True


def _no_column(path: Path, option: str, column: str, present: list[str]) -> InputError:
    allowed = ", ".join(present)
    hint = nearest(column, present)
    return InputError(
        f"{path}: found no column {column!r} ({option}); allowed: {allowed}. {hint}".rstrip()
    )
