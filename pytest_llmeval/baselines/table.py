"""Baselines from tables of any tool: CSV, TSV or JSONL with an id and scores in every row."""

from __future__ import annotations

import csv
import io
import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pytest_llmeval.baselines.columns import (
    ANSWERS,
    PROMPTS,
    REFERENCES,
    TAGS,
    Columns,
    are_numbers,
    is_case_text,
    is_empty,
    is_no_score,
    is_number,
    is_text,
    known_columns,
    left_out_note,
    texts_note,
)
from pytest_llmeval.baselines.repeats import joined_rows, mean_methods
from pytest_llmeval.errors import GoldenFileError, InputError, Problem, nearest
from pytest_llmeval.gating.content import text_hash
from pytest_llmeval.gating.file_facts import FileFacts
from pytest_llmeval.gating.scores import BaselineCase, CaseScores, RunScores
from pytest_llmeval.gating.values import MetricValues
from pytest_llmeval.goldens.cells import tag_texts
from pytest_llmeval.goldens.formats import format_of
from pytest_llmeval.records.answer_text import EXACT_MATCH, AnswerText
from pytest_llmeval.records.score import Scale, is_failed_judge
from pytest_llmeval.records.wire import parse_json
from pytest_llmeval.stats.paired import ROUNDING
from pytest_llmeval.text import one_line


def read_table(path: Path, columns: Columns, name: str = "") -> RunScores:
    """Return the scores of a table.

    The rows with one id are samples of a case, which has their mean. A score is unscored if it is
    missing, NaN, or -1 where that is below the scale.

    Raises:
        InputError: The file cannot be read, or lacks a column.
    """
    table = _checked(path, columns)
    cases = {case.key: case.scores for case in joined_rows(_cases(path, columns, table))}
    scales = dict.fromkeys(table.scores, columns.scale)
    repeats = Counter(table.names(columns))
    facts = FileFacts(
        mean_methods(repeats, scales),
        table.texts(columns),
        tuple(table.notes(path)),
        repeats,
        table.left_out,
    )
    return RunScores(name or str(path), cases, scales, is_plain=True, file=facts)


def table_cases(path: Path, columns: Columns) -> Iterator[BaselineCase]:
    """Yield the cases of a table.

    Raises:
        InputError: The file cannot be read, or lacks a column.
    """
    return joined_rows(_cases(path, columns, _checked(path, columns)))


@dataclass(frozen=True)
class _Table:
    """The rows of a table, with what is known of its columns.

    Attributes:
        rows: The rows.
        scores: Columns of scores.
        others: All other columns.
        open: Columns of scores in which a text is a missing score.
        left_out: Columns of numbers that are no scores by their names.
    """

    rows: Sequence[Mapping[str, Any]]
    scores: tuple[str, ...]
    others: tuple[str, ...]
    open: frozenset[str]
    left_out: tuple[str, ...] = ()

    def names(self, columns: Columns) -> list[str]:
        """Return what each row is known by: its id.

        Where the same ids are in several files of ours, the name of the file is a part.
        """
        ids = [str(row.get(columns.id)) for row in self.rows]
        if not known_columns(self.rows[0]) or len(set(ids)) == len(ids):
            return ids
        return [f"{row.get('suite')}::{name}" for row, name in zip(self.rows, ids, strict=True)]

    def texts(self, columns: Columns) -> dict[str, int]:
        """Return the columns that are no scores because of their texts, with their numbers."""
        return {
            name: sum(map(is_number, _cells(self.rows, name)))
            for name in self.others
            if name not in (columns.id, columns.cluster)
            and name not in self.left_out
            and not is_case_text(name)
            and _cells(self.rows, name)
        }

    def notes(self, path: Path) -> Iterator[str]:
        """Yield the texts among the scores, in words."""
        for name in self.scores:
            texts = [cell for cell in _cells(self.rows, name) if is_text(cell)]
            if name in self.open and texts:
                yield texts_note(str(path), one_line(repr(texts[0]), 40), name, len(texts))


def _cases(path: Path, columns: Columns, table: _Table) -> Iterator[BaselineCase]:
    names = table.names(columns)
    for number, (row, name) in enumerate(zip(table.rows, names, strict=True), start=1):
        answer = _answer(row)
        answers = () if answer is None else (answer,)
        case = _case_scores(path, number, row, columns, table, name)
        prompt, expected = _first(row, PROMPTS), _first(row, REFERENCES)
        text = AnswerText.of(
            "",
            prompt or case.key[2],
            answer,
            expected,
            (prompt or "",),
            is_exact=EXACT_MATCH in case.by_metric,
            is_of_tool=True,
        )
        yield BaselineCase(case, answers, {}, prompt or "", expected, text=text)


def _checked(path: Path, columns: Columns) -> _Table:
    """Return the rows and the columns of scores."""
    rows = list(_rows(path))
    if not rows:
        raise InputError(
            f"{path}: found no row; allowed: a CSV or JSONL file with columns for id and score"
        )
    present = list(dict.fromkeys(column for row in rows for column in row))
    scores = columns.score
    left_out: tuple[str, ...] = ()
    if not scores:
        scores, left_out = _numeric(rows, present, columns)
    required = [("--id", columns.id), ("--cluster", columns.cluster)]
    required += [("--score", name) for name in scores]
    for option, column in required:
        if column and column not in present:
            raise _no_column(path, option, column, present)
    if not scores:
        note = f" ({left_out_note(left_out)})" if left_out else ""
        raise InputError(
            f"{path}: found no column of scores{note}; "
            f"allowed: --score COLUMN, one of {', '.join(present)}"
        )
    others = tuple(name for name in present if name not in scores)
    known = (name for name in scores if name in columns.known or are_numbers(_cells(rows, name)))
    return _Table(rows, tuple(scores), others, frozenset(known), left_out)


def _case_scores(
    path: Path, number: int, row: Mapping[str, Any], columns: Columns, table: _Table, case_id: str
) -> CaseScores:
    if row.get(columns.id) in (None, ""):
        problem = Problem(str(path), None, number, columns.id, "nothing", "an id in every row")
        raise GoldenFileError([problem])
    by_metric = {}
    for name in table.scores:
        cell = row.get(name)
        # A text among numbers is a score that could not be made.
        if name in table.open and is_text(cell):
            cell = None
        score = _score(path, number, name, cell, columns.scale, table)
        by_metric[name] = MetricValues(tuple(score))
    answer = _answer(row)
    cluster = row.get(columns.cluster) if columns.cluster else None
    return CaseScores(
        ("", "", case_id),
        by_metric=by_metric,
        answer=b"" if answer is None else text_hash(answer),
        length=None if answer is None else len(answer),
        line=0,
        tags=_tags(row, table),
        cluster=None if cluster in (None, "") else str(cluster),
    )


def _tags(row: Mapping[str, Any], table: _Table) -> tuple[str, ...]:
    """Return the tags of the first column that has some; numbers are no tags."""
    cells = (row.get(name) for name in TAGS if name not in (*table.scores, *table.left_out))
    return next(filter(None, map(tag_texts, cells)), ())


def _answer(row: Mapping[str, Any]) -> str | None:
    return _first(row, ANSWERS)


def _first(row: Mapping[str, Any], columns: Iterable[str]) -> str | None:
    """Return the text of the first column that has one."""
    for column in columns:
        if row.get(column) not in (None, ""):
            return str(row[column])
    return None


def _score(
    path: Path, number: int, column: str, value: object, scale: Scale, table: _Table
) -> Iterator[float]:
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
        if others := [name for name in table.scores if name != column]:
            allowed += f"; without this column: --score {others[0]}"
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


def _numeric(
    rows: Sequence[Mapping[str, Any]], present: Iterable[str], columns: Columns
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the columns of scores, and those of numbers that are none by their names.

    A score is a number, or a text where another file has a score.
    """
    scores, left_out = [], []
    never = {columns.id, columns.cluster, *known_columns(present)}
    for column in present:
        values = _cells(rows, column)
        if column in never or not values:
            continue
        if not are_numbers(values) and column not in columns.known:
            continue
        if is_no_score(column, values):
            left_out.append(column)
        else:
            scores.append(column)
    return tuple(scores), tuple(left_out)


def _cells(rows: Iterable[Mapping[str, Any]], column: str) -> list[Any]:
    return [row[column] for row in rows if not is_empty(row.get(column))]


def _no_column(path: Path, option: str, column: str, present: list[str]) -> InputError:
    allowed = ", ".join(present)
    hint = nearest(column, present)
    return InputError(
        f"{path}: found no column {column!r} ({option}); allowed: {allowed}. {hint}".rstrip()
    )
