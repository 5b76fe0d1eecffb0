"""What became of the columns of a golden file, for the person who wrote it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from pytest_llmeval.goldens.cells import read_object
from pytest_llmeval.goldens.ids import alike
from pytest_llmeval.goldens.names import READ_AS_METADATA, normal
from pytest_llmeval.records.case import Case
from pytest_llmeval.text import count, first_of, is_blank

_SETTINGS = frozenset(map(normal, READ_AS_METADATA))
"""Columns that judges and metrics read."""

_MOST_COLUMNS = 8
_MOST_NAMES = 3
_LIST = re.compile(r"""\s*\[\s*(?:"[^"]*"|'[^']*')\s*[,\]]""")
"""The start of a list of texts."""

_FORMULA = re.compile(r"""=\s*(?:"[^"]*"|[A-Z]{1,3}\d+|[A-Z]+\(.*\))""", re.DOTALL)
_PANDAS = re.compile(
    r"""(?:np\.|numpy\.)?array\(\[|\{\s*["']text["']\s*:\s*\[|.*\bdtype[:=]""", re.DOTALL
)

_WORDS_FOR_NOTHING = frozenset((
    "nan", "none", "null", "n/a", "na", "#n/a", "<na>", "nil", "nat", "#ref!", "#div/0!", "#name?",
    "#value!", "#num!", "#null!", "#spill!", "#calc!", "#field!", "#error!", "undefined",
))  # fmt: skip


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
        return f"{self.file}: {self.summary}; {first_of(self.columns, _MOST_COLUMNS)}"


def describe(
    file: str,
    chosen: Mapping[tuple[str, str], int],
    metadata: tuple[str, ...],
    cases: Sequence[Case],
) -> Description:
    """Describe a golden file.

    Args:
        file: Path as the user wrote it.
        chosen: Number of rows by field and a column that it comes from.
        metadata: Names of the columns that are only metadata.
        cases: The cases.
    """
    unanswered = sum(is_blank(case.expected or "") for case in cases)
    columns = tuple(_columns(chosen))
    notes = (*_notes(cases), *_note_on_ideal(chosen, cases))
    return Description(file, len(cases), unanswered, columns, metadata, notes)


def _is_list(text: str) -> bool:
    return bool(_LIST.match(text) or _PANDAS.match(text.strip()))


def _note_on_ideal(chosen: Mapping[tuple[str, str], int], cases: Sequence[Case]) -> Iterator[str]:
    """Say that semicolons in a column ``ideal`` separate nothing."""
    if not any(field == "expected" and normal(name) == "ideal" for field, name in chosen):
        return
    joined = [case for case in cases if ";" in (case.expected or "")]
    if joined:
        where = first_of([str(case.source.line) for case in joined], _MOST_NAMES)
        yield (
            f"the text in ideal has semicolons (line {where}), and is one answer; "
            "a column correct_answers has semicolons between answers"
        )


def _columns(chosen: Mapping[tuple[str, str], int]) -> Iterator[str]:
    several = [field for field, _ in chosen]
    for (field, column), rows in chosen.items():
        text = column if column == field else f"{column} = {field}"
        yield f"{text} ({count(rows, 'row')})" if several.count(field) > 1 else text


def _notes(cases: Sequence[Case]) -> Iterator[str]:
    words = [
        case for case in cases if (case.expected or "").strip().casefold() in _WORDS_FOR_NOTHING
    ]
    if words:
        where = first_of([str(case.source.line) for case in words], _MOST_NAMES)
        yield (
            f"the expected answer is the word {words[0].expected!r} (line {where}); "
            "an empty cell is an absent value"
        )
    objects = [case for case in cases if isinstance(read_object(case.prompt), dict)]
    if objects:
        where = first_of([str(case.source.line) for case in objects], _MOST_NAMES)
        yield (
            f"the prompt is the text of an object (line {where}), and sent as it is; "
            "a mapping such as 'input.question = prompt' takes a member of it"
        )
    formulas = [case for case in cases if _FORMULA.fullmatch((case.expected or "").strip())]
    if formulas:
        where = first_of([str(case.source.line) for case in formulas], _MOST_NAMES)
        yield (
            f"the expected answer is the formula of a spreadsheet (line {where}), which is taken "
            "as it is written"
        )
    lists = [case for case in cases if _is_list(case.expected or "")]
    if lists:
        where = first_of([str(case.source.line) for case in lists], _MOST_NAMES)
        yield (
            f"the expected answer is the text of a list (line {where}), which is one answer; "
            "several accepted answers stand in a column ideal, or in JSON"
        )
    pairs = [f"{first.id!r} and {second.id!r}" for first, second in alike(cases)]
    if pairs:
        yield f"ids differ only in case or blanks: {first_of(pairs, _MOST_NAMES)}"
