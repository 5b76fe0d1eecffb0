"""Columns with a further value of a field that is read: a second reference, other answers."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from pytest_llmeval.errors import Problem
from pytest_llmeval.goldens.answer_words import is_further_answer
from pytest_llmeval.goldens.cells import as_answer, read_object
from pytest_llmeval.goldens.columns import Columns
from pytest_llmeval.goldens.formats.tables import Row, Table, is_absent, shown
from pytest_llmeval.goldens.names import (
    LISTS,
    METADATA,
    WEAK,
    is_answer_like,
    known_names,
    mapping_remedy,
    normal,
)
from pytest_llmeval.goldens.rivals import has_value, is_url
from pytest_llmeval.goldens.unread import unread_columns
from pytest_llmeval.records.case import Case

_DUPLICATE = re.compile(r"(.+)\.\d+")
"""What pandas makes of the second column of a name: ``expected.1``."""

_NUMBERED = re.compile(r"(.*\D)0*\d{1,2}")
_LONGEST = 20_000
"""Characters of the longest cell that is read as a list of answers."""

_SINGLE = ("id", "prompt", "messages", "expected")
_FLAGS = frozenset(("true", "false", "yes", "no", "-", "n/a", "none"))
_ALL_ACCEPTED = "all accepted answers as a list in a column accepted_answers"


def further_values(table: Table, columns: Columns) -> Iterator[Problem]:
    """Yield a problem for each column with the name of one that is read, and a number.

    Args:
        table: The golden file.
        columns: What its columns hold.
    """
    fields = {normal(name): field for field, names in columns.fields.items() for name in names}
    for name in unread_columns(table, columns):
        field = _repeated(name, fields)
        if not field:
            continue
        first = columns.fields[field]
        row = next((row for row in table.rows if _differs(row, name, first)), None)
        if row is not None:
            held = next(column for column in first if has_value(row, column))
            written = (
                f"{shown(row.cells[name])} in a column that is not read, and "
                f"{shown(row.cells[held])} in column {held!r}"
            )
            allowed = f"{mapping_remedy(name, METADATA)} if it is something else"
            if field == "expected":
                allowed = f"{_ALL_ACCEPTED}; {allowed}"
            else:
                allowed = f"one value of {field}; {allowed}"
            yield Problem(table.file, row.line, row.number, name, written, allowed)


def notes_on_answers(table: Table, columns: Columns, cases: Sequence[Case]) -> Iterator[str]:
    """Yield a note on references that are not read, because their rows have another one.

    Args:
        table: The golden file.
        columns: What its columns hold.
        cases: The case of each row.
    """
    lines: dict[str, int] = {}
    for name in unread_columns(table, columns):
        # Next to a reference, `answers` is what models said, unless it has the reference in it.
        is_weak = normal(name) in WEAK
        if not is_weak and not _is_further(name, columns):
            continue
        for row, case in zip(table.rows, cases, strict=True):
            value = row.cells.get(name)
            if _adds_to(case, value) and not (is_weak and not _holds(case, value)):
                lines[name] = row.line
                break
    if lines:
        names = list(lines)
        verb = "is" if len(names) == 1 else "are"
        yield (
            f"{', '.join(names)} (line {min(lines.values())}) {verb} not read where a row has an "
            "expected answer, so an answer that only it accepts is wrong; write "
            f"{_ALL_ACCEPTED}, or {mapping_remedy(names[0], METADATA)} if it is something else"
        )


def _is_further(name: str, columns: Columns) -> bool:
    """Return whether a name is that of a reference beside the one that is read."""
    if is_answer_like(name) or is_further_answer(name):
        return True
    numbered = _NUMBERED.fullmatch(normal(name))
    read = {normal(column) for column in columns.fields.get("expected", ())}
    return numbered is not None and numbered[1] in read.union(known_names("expected")) - (
        WEAK - read
    )


def _repeated(name: str, fields: dict[str, str]) -> str:
    """Return the field whose column a name repeats with a number; empty for another name."""
    duplicate = _DUPLICATE.fullmatch(name.strip())
    field = fields.get(normal(duplicate[1])) if duplicate is not None else None
    if field in _SINGLE:
        return field
    numbered = _NUMBERED.fullmatch(normal(name))
    if numbered is None or numbered[1] in LISTS | WEAK:
        return ""
    # `question_2` may be the next turn, and `context_2` has a note.
    return "expected" if fields.get(numbered[1]) == "expected" else ""


def _differs(row: Row, name: str, columns: Sequence[str]) -> bool:
    """Return whether a row has another value in a column than in those that are read."""
    value = row.cells.get(name)
    held = [row.cells[column] for column in columns if has_value(row, column)]
    if not held or not _is_text(value):
        return False
    return all(_plain(value) != _plain(rival) for rival in held)


def _adds_to(case: Case, value: Any) -> bool:
    """Return whether a cell has an answer that the case does not accept."""
    if case.expected is None or not _is_text(value):
        return False
    ideal = case.metadata.get("ideal", ())
    more = ideal if isinstance(ideal, list | tuple) else (ideal,)
    accepted = {_plain(answer) for answer in (case.expected, *more)}
    return any(_plain(answer) not in accepted for answer in _answers(value))


def _holds(case: Case, value: Any) -> bool:
    """Return whether a cell has several answers, and the expected one among them."""
    answers = [_plain(answer) for answer in _answers(value)]
    return len(answers) > 1 and _plain(case.expected) in answers


def _answers(value: Any) -> list[Any]:
    is_long = isinstance(value, str) and len(value) > _LONGEST
    document = value if is_long else read_object(value)
    answers = document if isinstance(document, list) else [value]
    return [answer for answer in answers if not is_absent(answer)]


def _is_text(value: Any) -> bool:
    is_flag = isinstance(value, bool) or _plain(value).casefold() in _FLAGS
    return not (is_absent(value) or is_flag or is_url(value))


def _plain(value: Any) -> str:
    return str(as_answer(value)).strip()
