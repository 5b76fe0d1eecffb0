"""Files of labels: golden files with a column of people's judgements of answers."""

from __future__ import annotations

import re
import statistics
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pytest_llmeval.errors import GoldenFileError, Problem, nearest
from pytest_llmeval.goldens.cells import as_number, as_text, without_apostrophe
from pytest_llmeval.goldens.columns import resolve_columns
from pytest_llmeval.goldens.formats.tables import Row, Table, is_absent, shown
from pytest_llmeval.goldens.members import with_members
from pytest_llmeval.goldens.reading import read_table, reading_of
from pytest_llmeval.records.case import Case

_WORDS: Mapping[str, bool] = {
    **dict.fromkeys(("pass", "passed", "right", "correct", "true", "yes", "good"), True),
    **dict.fromkeys(("fail", "failed", "wrong", "incorrect", "false", "no", "bad"), False),
}
_ALLOWED_LABEL = f"a number, or one of {', '.join(_WORDS)}; all numbers or all words"
_PROMPT_FIELDS = ("prompt", "messages")
_LABEL = "label"
_OF_ONE_RATER = re.compile(r"(?:label|human|rater|annotator)[ _-]?\d+", re.IGNORECASE)
"""Columns of several people, where no column is named and none is ``label``."""


@dataclass(frozen=True)
class LabelColumns:
    """Names of columns.

    Attributes:
        labels: People's judgements of the answer, a column for each rater. Without any, the column
            ``label``, or all columns such as ``human_1``, ``human_2``.
        score: The score of a judge; empty if the file has none.
        answer: The answer that was judged.
        cluster: The group of dependent rows; empty if all rows are independent.
        system: The system that answered; empty if the file does not hold it.
    """

    labels: tuple[str, ...] = ()
    score: str = ""
    answer: str = "answer"
    cluster: str = ""
    system: str = ""


@dataclass(frozen=True)
class LabelRow:
    """One row.

    Attributes:
        id: The id; the row number for a row without an id and without a case.
        line: Line where the row starts, from 1.
        label: A number, or 1 for pass and 0 for fail; the mean of several raters; ``None`` for a
            row without a label.
        score: The score of a judge; ``None`` for an empty cell or a file without that column.
        answer: The answer that was judged; ``None`` if the file does not hold it.
        ratings: The label of each rater, ``None`` where one gave none.
        cluster: The group of dependent rows; empty for an independent row.
        system: The system that answered; empty if unknown.
        file: The golden file of the case; empty without a column ``file``.
        suite: The suite of the case; empty without a column ``suite``.
        case: The case; ``None`` unless cases were read.
    """

    id: str
    line: int
    label: float | None
    score: float | None
    answer: str | None
    ratings: tuple[float | None, ...] = ()
    cluster: str = ""
    system: str = ""
    file: str = ""
    suite: str = ""
    case: Case | None = None


@dataclass(frozen=True)
class Labels:
    """A file of labels.

    Attributes:
        file: Path as the user wrote it.
        rows: The rows in file order.
        are_words: Whether the labels are words such as pass and fail.
        raters: The column of each rater.
    """

    file: str
    rows: tuple[LabelRow, ...]
    are_words: bool
    raters: tuple[str, ...] = (_LABEL,)

    @property
    def are_binary(self) -> bool:
        """Whether all labels are pass or fail, or all are 1 or 0."""
        ratings = {rating for row in self.rows for rating in row.ratings}
        return self.are_words or ratings <= {None, 0.0, 1.0}


def read_labels(
    path: Path,
    root: Path,
    names: LabelColumns,
    columns: Mapping[str, str] | None = None,
    with_cases: bool | None = None,
) -> Labels:
    """Read a file of labels, whose remaining columns have the meaning they have in a golden file.

    Args:
        path: The file.
        root: Directory that the cases' `Source.file` is relative to.
        names: The columns of labels, scores, answers, clusters and systems.
        columns: Field by column name, as for `read_cases`.
        with_cases: Whether to make a case of each row. ``None`` makes cases if the file has a
            prompt but no column ``id``, so that a row gets the id that it has in a run.

    Raises:
        GoldenFileError: The file cannot be used. The error lists every problem.
        SettingError: ``columns`` names an unknown field.
    """
    table = read_table(path)
    held = _Columns(table, names)
    rest = with_members(
        _without(table, {*held.labels, held.score, held.answer, held.system}), columns or {}
    )
    fields = resolve_columns(rest, columns or {})
    if with_cases is None:
        with_cases = not fields.first("id") and any(map(fields.first, _PROMPT_FIELDS))
    cases: list[Case | None] = [None] * len(table.rows)
    if with_cases:
        cases = list(reading_of(rest, path, root, columns).cases)
    problems = [*table.problems, *held.problems()]
    if problems:
        raise GoldenFileError(problems)
    id_column = fields.first("id")
    rows = [_row(row, held, id_column, case) for row, case in zip(table.rows, cases, strict=True)]
    are_words = any(isinstance(label, bool) for row in table.rows for label in held.ratings(row))
    return Labels(table.file, tuple(rows), are_words, held.labels)


class _Columns:
    """The named columns under the names that they have in the file.

    Raises:
        GoldenFileError: A required column is missing.
    """

    def __init__(self, table: Table, names: LabelColumns) -> None:
        self.table = table
        self.labels = self._raters(names.labels)
        self.score = ""
        if names.score:
            self.score = self._require(names.score, "the scores", "--score COLUMN")
        self.cluster = ""
        if names.cluster:
            self.cluster = self._require(names.cluster, "the clusters", "--cluster COLUMN")
        self.system = ""
        if names.system:
            self.system = self._require(names.system, "the systems", "--system COLUMN")
        self.answer = self._find(names.answer)

    def _raters(self, wanted: tuple[str, ...]) -> tuple[str, ...]:
        if not wanted and not self._find(_LABEL):
            numbered = tuple(
                name for name in self.table.columns if _OF_ONE_RATER.fullmatch(name.strip())
            )
            if numbered:
                return numbered
        names = [
            self._require(name, "the labels", "--label COLUMN") for name in wanted or (_LABEL,)
        ]
        return tuple(dict.fromkeys(names))

    def ratings(self, row: Row) -> list[Any]:
        """Read the label of each rater."""
        return [self.read(row, column) for column in self.labels]

    def _find(self, wanted: str) -> str:
        for name in self.table.columns:
            if name.strip().casefold() == wanted.strip().casefold():
                return name
        return ""

    def _require(self, wanted: str, content: str, option: str) -> str:
        if name := self._find(wanted):
            return name
        hint = nearest(wanted, self.table.columns)
        names = ", ".join(self.table.columns)
        allowed = f"a column with {content}, named with {option}: {names}. {hint}".rstrip(". ")
        raise GoldenFileError(
            [Problem(self.table.file, None, None, "", f"no column {wanted!r}", allowed)]
        )

    def read(self, row: Row, column: str) -> Any:
        """Read a cell as ``None``, a bool for a word, or a float; return other values unchanged."""
        value = row.cells.get(column)
        if isinstance(value, bool):
            return value
        if is_absent(value):
            return None
        number = as_number(value)
        if isinstance(number, (int, float)) and not isinstance(number, bool):
            return float(number)
        word = _WORDS.get(value.strip().casefold()) if isinstance(value, str) else None
        return value if word is None else word

    def problems(self) -> Iterator[Problem]:
        """Yield a problem for each label or score that cannot be used."""
        labels = [label for row in self.table.rows for label in self.ratings(row)]
        kinds = {type(label) for label in labels} - {type(None)}
        if not kinds:
            named = ", ".join(self.labels)
            yield Problem(self.table.file, None, None, named, "no label in any row", _ALLOWED_LABEL)
        for row in self.table.rows:
            for column, label in zip(self.labels, self.ratings(row), strict=True):
                is_mixed = kinds >= {bool, float} and isinstance(label, bool)
                if is_mixed or not isinstance(label, (bool, float, type(None))):
                    yield self._problem(row, column, _ALLOWED_LABEL)
            if self.score and not isinstance(self.read(row, self.score), (float, type(None))):
                allowed = "a number, or an empty cell if the judge gave none"
                yield self._problem(row, self.score, allowed)

    def _problem(self, row: Row, column: str, allowed: str) -> Problem:
        return Problem(
            self.table.file, row.line, row.number, column, shown(row.cells.get(column)), allowed
        )


def _row(row: Row, held: _Columns, id_column: str, case: Case | None) -> LabelRow:
    cells = row.cells
    ratings = tuple(None if label is None else float(label) for label in held.ratings(row))
    given = [rating for rating in ratings if rating is not None]
    answer = cells.get(held.answer)
    case_id = case.id if case else without_apostrophe(_text(cells.get(id_column)))
    return LabelRow(
        id=case_id or str(row.number),
        line=row.line,
        label=statistics.fmean(given) if given else None,
        score=held.read(row, held.score),
        answer=None if is_absent(answer) else without_apostrophe(_text(answer)),
        ratings=ratings,
        cluster=_text(cells.get(held.cluster)),
        system=_text(cells.get(held.system)),
        file=_text(cells.get("file")),
        suite=_text(cells.get("suite")),
        case=case,
    )


def _text(value: Any) -> str:
    return "" if is_absent(value) else str(as_text(value))


def _without(table: Table, names: set[str]) -> Table:
    """Drop columns whose names could be mistaken for fields of a golden file."""
    columns = tuple(name for name in table.columns if name not in names)
    rows = (
        replace(row, cells={name: row.cells[name] for name in row.cells if name not in names})
        for row in table.rows
    )
    return replace(table, columns=columns, rows=tuple(rows))
