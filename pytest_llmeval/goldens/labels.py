"""Files of labels: golden files with a column of people's judgements of answers."""

from __future__ import annotations

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


@dataclass(frozen=True)
class LabelColumns:
    """Names of columns.

    Attributes:
        label: People's judgement of the answer.
        score: The score of a judge; empty if the file has none.
        answer: The answer that was judged.
        cluster: The group of dependent rows; empty if all rows are independent.
    """

    label: str = "label"
    score: str = ""
    answer: str = "answer"
    cluster: str = ""


@dataclass(frozen=True)
class LabelRow:
    """One row.

    Attributes:
        id: The id; the row number for a row without an id and without a case.
        line: Line where the row starts, from 1.
        label: A number, or 1 for pass and 0 for fail; ``None`` for a row without a label.
        score: The score of a judge; ``None`` for an empty cell or a file without that column.
        answer: The answer that was judged; ``None`` if the file does not hold it.
        cluster: The group of dependent rows; empty for an independent row.
        file: The golden file of the case; empty without a column ``file``.
        suite: The suite of the case; empty without a column ``suite``.
        case: The case; ``None`` unless cases were read.
    """

    id: str
    line: int
    label: float | None
    score: float | None
    answer: str | None
    cluster: str = ""
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
    """

    file: str
    rows: tuple[LabelRow, ...]
    are_words: bool

    @property
    def are_binary(self) -> bool:
        """Whether all labels are pass or fail, or all are 1 or 0."""
        return self.are_words or {row.label for row in self.rows} <= {None, 0.0, 1.0}


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
        names: The columns of labels, scores, answers and clusters.
        columns: Field by column name, as for `read_cases`.
        with_cases: Whether to make a case of each row. ``None`` makes cases if the file has a
            prompt but no column ``id``, so that a row gets the id that it has in a run.

    Raises:
        GoldenFileError: The file cannot be used. The error lists every problem.
        SettingError: ``columns`` names an unknown field.
    """
    table = read_table(path)
    held = _Columns(table, names)
    rest = with_members(_without(table, {held.label, held.score, held.answer}), columns or {})
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
    are_words = any(isinstance(held.read(row, held.label), bool) for row in table.rows)
    return Labels(table.file, tuple(rows), are_words)


class _Columns:
    """The named columns under the names that they have in the file.

    Raises:
        GoldenFileError: A required column is missing.
    """

    def __init__(self, table: Table, names: LabelColumns) -> None:
        self.table = table
        self.label = self._require(names.label, "the labels", "--label COLUMN")
        self.score = ""
        if names.score:
            self.score = self._require(names.score, "the scores", "--score COLUMN")
        self.cluster = ""
        if names.cluster:
            self.cluster = self._require(names.cluster, "the clusters", "--cluster COLUMN")
        self.answer = self._find(names.answer)

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
        kinds = {type(self.read(row, self.label)) for row in self.table.rows} - {type(None)}
        if not kinds:
            yield Problem(
                self.table.file, None, None, self.label, "no label in any row", _ALLOWED_LABEL
            )
        for row in self.table.rows:
            label = self.read(row, self.label)
            is_mixed = kinds >= {bool, float} and isinstance(label, bool)
            if is_mixed or not isinstance(label, (bool, float, type(None))):
                yield self._problem(row, self.label, _ALLOWED_LABEL)
            if self.score and not isinstance(self.read(row, self.score), (float, type(None))):
                allowed = "a number, or an empty cell if the judge gave none"
                yield self._problem(row, self.score, allowed)

    def _problem(self, row: Row, column: str, allowed: str) -> Problem:
        return Problem(
            self.table.file, row.line, row.number, column, shown(row.cells.get(column)), allowed
        )


def _row(row: Row, held: _Columns, id_column: str, case: Case | None) -> LabelRow:
    cells = row.cells
    label = held.read(row, held.label)
    answer = cells.get(held.answer)
    case_id = case.id if case else without_apostrophe(_text(cells.get(id_column)))
    return LabelRow(
        id=case_id or str(row.number),
        line=row.line,
        label=None if label is None else float(label),
        score=held.read(row, held.score),
        answer=None if is_absent(answer) else without_apostrophe(_text(answer)),
        cluster=_text(cells.get(held.cluster)),
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
