"""What became of the columns of a golden file, for the person who wrote it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from pytest_llmeval.goldens.names import READ_AS_METADATA, normal
from pytest_llmeval.records.case import Case
from pytest_llmeval.text import count, first_of, is_blank

_SETTINGS = frozenset(map(normal, READ_AS_METADATA))
"""Columns that judges and metrics read."""

_MOST_COLUMNS = 8


@dataclass(frozen=True)
class Description:
    """What a golden file holds.

    Attributes:
        file: Path as the user wrote it.
        cases: Number of cases.
        unanswered: Number of cases without an expected answer.
        columns: What each column that is read became, in the notation of ``llm_columns``.
        metadata: Names of the columns that hold no field: settings of judges and metrics, and
            what is only metadata.
        notes: What is allowed, and may be a mistake.
    """

    file: str
    cases: int
    unanswered: int
    columns: tuple[str, ...]
    metadata: tuple[str, ...]
    notes: tuple[str, ...]

    @property
    def summary(self) -> str:
        """The number of cases, and of those without an expected answer."""
        return f"{count(self.cases, 'case')}, {self._answered()}"

    def _answered(self) -> str:
        if not self.unanswered:
            return "with an expected answer" if self.cases == 1 else "each with an expected answer"
        if self.unanswered == self.cases:
            return (
                "without an expected answer" if self.cases == 1 else "none with an expected answer"
            )
        return f"{self.unanswered:,} without an expected answer"

    def lines(self) -> Iterator[str]:
        """Yield the lines of ``llmeval validate``."""
        yield f"{self.file}: {self.summary}"
        yield f"  columns: {', '.join(self.columns)}"
        settings = [name for name in self.metadata if normal(name) in _SETTINGS]
        if settings:
            yield f"  settings of the row: {', '.join(settings)}"
        metadata = [name for name in self.metadata if name not in settings]
        if metadata:
            yield f"  metadata: {first_of(metadata, _MOST_COLUMNS)}"
        yield from (f"  note: {note}" for note in self.notes)

    def header(self) -> str:
        """Return one line for the header of a run."""
        line = f"{self.file}: {self.summary}; {first_of(self.columns, _MOST_COLUMNS)}"
        if not self.notes:
            return line
        return f"{line}; {count(len(self.notes), 'note')} (llmeval validate {self.file})"


def describe(
    file: str,
    chosen: Mapping[tuple[str, str], int],
    metadata: tuple[str, ...],
    cases: Sequence[Case],
    notes: tuple[str, ...],
) -> Description:
    """Describe a golden file.

    Args:
        file: Path as the user wrote it.
        chosen: Number of rows by field and a column that it comes from.
        metadata: Names of the columns that are only metadata.
        cases: The cases.
        notes: What is allowed, and may be a mistake.
    """
    unanswered = sum(is_blank(case.expected or "") for case in cases)
    columns = tuple(_columns(chosen))
    return Description(file, len(cases), unanswered, columns, metadata, notes)


def _columns(chosen: Mapping[tuple[str, str], int]) -> Iterator[str]:
    several = [field for field, _ in chosen]
    for (field, column), rows in chosen.items():
        text = column if column == field else f"{column} = {field}"
        yield f"{text} ({count(rows, 'row')})" if several.count(field) > 1 else text
