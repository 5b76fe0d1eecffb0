"""Labels that people have given to answers: a golden file with a column for them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pytest_llmeval.errors import GoldenFileError, Problem, nearest
from pytest_llmeval.goldens.cells import as_number, as_text, without_apostrophe
from pytest_llmeval.goldens.columns import resolve_columns
from pytest_llmeval.goldens.formats.tables import Row, Table, is_absent, shown
from pytest_llmeval.goldens.reading import read_table, reading_of
from pytest_llmeval.records.case import Case

WORDS: Mapping[str, bool] = {
    **dict.fromkeys(("pass", "passed", "right", "correct", "true", "yes", "good"), True),
    **dict.fromkeys(("fail", "failed", "wrong", "incorrect", "false", "no", "bad"), False),
}
ALLOWED_LABEL = f"a number, or one of {', '.join(WORDS)}; all numbers or all words"
ASKED = ("prompt", "messages")


@dataclass(frozen=True)
class LabelColumns:
    """Names of columns.

    Attributes:
        label: What people said.
        score: What a judge said, if that stands in the file; else empty.
        answer: What was judged.
        cluster: What rows belong together; empty: each row is on its own.
    """

    label: str = "label"
    score: str = ""
    answer: str = "answer"
    cluster: str = ""


@dataclass(frozen=True)
class LabelRow:
    """One row.

    Attributes:
        id: Its id; its row number where it has none and no case was made of it.
        line: Line where it starts, from 1.
        label: What people said: a number, or 1 for pass and 0 for fail; ``None``: no label.
        score: What a judge said; ``None``: nothing, or the file has no such column.
        answer: What was judged; ``None``: not in the file.
        cluster: What it belongs to; empty: it is on its own.
        file: The golden file of the case, where a column says so; else empty.
        suite: Its suite, where a column says so; else empty.
        case: The case, where it was asked for.
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
        file: Its path as the user wrote it.
        rows: Its rows, in their order.
        are_words: Whether the labels are words such as pass and fail.
    """

    file: str
    rows: tuple[LabelRow, ...]
    are_words: bool

    @property
    def are_binary(self) -> bool:
        """Whether the labels know only pass and fail, or 1 and 0."""
        return self.are_words or {row.label for row in self.rows} <= {None, 0.0, 1.0}


def read_labels(
    path: Path,
    root: Path,
    names: LabelColumns,
    columns: Mapping[str, str] | None = None,
    with_cases: bool | None = None,
) -> Labels:
    """Read a file of labels. The columns of a golden file keep their meaning, apart from those that are named.

    Args:
        path: The file.
        root: Directory that the cases' `Source.file` is relative to.
        names: Which columns hold what.
        columns: Field by column name, as for `read_cases`.
        with_cases: Whether each row is to be made a case; ``None``: where there is no column ``id``
            but a prompt, so that a row gets the id that it has in a run.

    Raises:
        GoldenFileError: The file cannot be used; it carries every problem found.
        SettingError: ``columns`` names an unknown field.
    """
    table = read_table(path)
    found = _Found(table, names)
    rest = _without(table, {found.label, found.score, found.answer})
    fields = resolve_columns(rest, columns or {})
    if with_cases is None:
        with_cases = "id" not in fields and any(name in fields for name in ASKED)
    cases: list[Case] | None = (
        list(reading_of(rest, path, root, columns).cases) if with_cases else None
    )
    problems = list(found.problems())
    if problems:
        raise GoldenFileError(problems)
    rows = tuple(
        _row(row, found, fields.get("id", ""), cases[place] if cases else None)
        for place, row in enumerate(table.rows)
    )
    are_words = any(isinstance(found.read(row, found.label), bool) for row in table.rows)
    return Labels(table.file, rows, are_words)


class _Found:
    """The named columns as they stand in the file.

    Raises:
        GoldenFileError: A column that must be there is not.
    """

    def __init__(self, table: Table, names: LabelColumns) -> None:
        self.table = table
        self.label = self._name(names.label, "the labels", "--label COLUMN")
        self.score = self._name(names.score, "the scores", "--score COLUMN") if names.score else ""
        self.cluster = (
            self._name(names.cluster, "what belongs together", "--cluster COLUMN")
            if names.cluster
            else ""
        )
        self.answer = self._find(names.answer)

    def _find(self, wanted: str) -> str:
        return next(
            (
                name
                for name in self.table.columns
                if name.strip().casefold() == wanted.strip().casefold()
            ),
            "",
        )

    def _name(self, wanted: str, what: str, option: str) -> str:
        if name := self._find(wanted):
            return name
        hint = nearest(wanted, self.table.columns)
        allowed = f"a column with {what}, named with {option}: {', '.join(self.table.columns)}. {hint}".rstrip(
            ". "
        )
        raise GoldenFileError(
            [Problem(self.table.file, None, None, "", f"no column {wanted!r}", allowed)]
        )

    def read(self, row: Row, column: str) -> Any:
        """A cell: ``None``, a bool for a word, a float for a number; anything else as it is."""
        value = row.cells.get(column)
        if isinstance(value, bool) or is_absent(value):
            return value if isinstance(value, bool) else None
        number = as_number(value)
        if isinstance(number, (int, float)) and not isinstance(number, bool):
            return float(number)
        word = WORDS.get(value.strip().casefold()) if isinstance(value, str) else None
        return value if word is None else word

    def problems(self) -> Iterator[Problem]:
        kinds = {type(self.read(row, self.label)) for row in self.table.rows} - {type(None)}
        if not kinds:
            yield Problem(
                self.table.file, None, None, self.label, "no label in any row", ALLOWED_LABEL
            )
        for row in self.table.rows:
            label = self.read(row, self.label)
            is_mixed = kinds >= {bool, float} and isinstance(label, bool)
            if is_mixed or not isinstance(label, (bool, float, type(None))):
                yield self._problem(row, self.label, ALLOWED_LABEL)
            if self.score and not isinstance(self.read(row, self.score), (float, type(None))):
                yield self._problem(
                    row, self.score, "a number, or nothing where the judge gave none"
                )

    def _problem(self, row: Row, column: str, allowed: str) -> Problem:
        return Problem(
            self.table.file, row.line, row.number, column, shown(row.cells.get(column)), allowed
        )


def _row(row: Row, found: _Found, id_column: str, case: Case | None) -> LabelRow:
    cells = row.cells
    label, score = (
        found.read(row, found.label),
        found.read(row, found.score) if found.score else None,
    )
    answer = cells.get(found.answer) if found.answer else None
    return LabelRow(
        id=case.id if case else without_apostrophe(_text(cells.get(id_column))) or str(row.number),
        line=row.line,
        label=None if label is None else float(label),
        score=score,
        answer=None if is_absent(answer) else without_apostrophe(_text(answer)),
        cluster=_text(cells.get(found.cluster)),
        file=_text(cells.get("file")),
        suite=_text(cells.get("suite")),
        case=case,
    )


def _text(value: Any) -> str:
    return "" if is_absent(value) else str(as_text(value))


def _without(table: Table, names: set[str]) -> Table:
    """The table without columns whose names might be taken for fields of a golden file."""
    columns = tuple(name for name in table.columns if name not in names)
    rows = (
        replace(row, cells={name: row.cells[name] for name in row.cells if name not in names})
        for row in table.rows
    )
    return replace(table, columns=columns, rows=tuple(rows))
