"""Several columns for one field: which hold something else, and which contradict each other."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from pytest_llmeval.errors import Problem
from pytest_llmeval.goldens.cells import as_text
from pytest_llmeval.goldens.formats.tables import Row, Table, is_absent, shown
from pytest_llmeval.goldens.names import INSTRUCTION, LISTS, WEAK, mapping_remedy, normal

_URL = re.compile(r"(?:https?://|www\.)\S+\Z", re.IGNORECASE)
_CHOICES = frozenset(("choices", "options", "endings"))
_NUMBER_OF_CHOICE = "gold"
_SINGLE = ("id", "prompt", "system_prompt", "expected", "min_score", "must_pass")
"""Fields that only one column of a row may hold."""


def preferred(table: Table, field: str, names: tuple[str, ...]) -> tuple[str, ...]:
    """Leave out the columns that have a known name of a field and hold something else.

    Args:
        table: The golden file.
        field: The field.
        names: The columns that may hold it, in order of preference.
    """
    if field == "prompt":
        return _without(table, names, lambda name: normal(name) == INSTRUCTION)
    if field == "expected":
        # `reference` is the name of a source, too, and `gold` that of a choice by its number.
        names = _without(table, names, lambda name: _holds_only(table, name, is_url))
        if _CHOICES & set(map(normal, table.columns)):
            names = _without(table, names, lambda name: _is_number_of_choice(table, name))
        strong = [name for name in names if normal(name) not in WEAK]
        # Next to a reference, `answer` is what a model said.
        return tuple(name for name in names if name in strong or _stands_alone(table, name, strong))
    return names


def conflicts(table: Table, fields: Mapping[str, Sequence[str]]) -> Iterator[Problem]:
    """Yield a problem for each value of a field beside another value of it in the same row.

    Args:
        table: The golden file.
        fields: By field, the columns that may hold it.
    """
    chats = fields.get("messages", ())
    for field in _SINGLE:
        rivals = [name for name in fields.get(field, ()) if normal(name) not in LISTS | WEAK]
        if len(rivals) < 2:
            continue
        for row in table.rows:
            # Beside a chat, a prompt is only metadata.
            if field != "prompt" or not any(has_value(row, name) for name in chats):
                yield from _conflicts_of_row(table, row, field, rivals)


def has_value(row: Row, name: str) -> bool:
    """Return whether a row has a value in a column."""
    return not is_absent(row.cells.get(name))


def filled(table: Table) -> set[str]:
    """Return the columns with a value in some row."""
    return {name for row in table.rows for name in row.cells if has_value(row, name)}


def is_url(value: Any) -> bool:
    """Return whether a value is an address, or a list of addresses."""
    if isinstance(value, list):
        return bool(value) and all(map(is_url, value))
    return isinstance(value, str) and _URL.match(value.strip()) is not None


def _without(
    table: Table, names: tuple[str, ...], is_left_out: Callable[[str], bool]
) -> tuple[str, ...]:
    """Leave out some names, unless no name with a value would remain."""
    rest = tuple(name for name in names if not is_left_out(name))
    return rest if filled(table).intersection(rest) else names


def _holds_only(table: Table, name: str, is_such: Callable[[Any], bool]) -> bool:
    values = [row.cells[name] for row in table.rows if has_value(row, name)]
    return bool(values) and all(map(is_such, values))


def _is_number_of_choice(table: Table, name: str) -> bool:
    def is_number(value: Any) -> bool:
        return str(as_text(value)).strip().isdecimal()

    return normal(name) == _NUMBER_OF_CHOICE and _holds_only(table, name, is_number)


def _stands_alone(table: Table, name: str, others: Sequence[str]) -> bool:
    """Return whether a column never has a value where one of the others has one."""
    for row in table.rows:
        if has_value(row, name) and any(has_value(row, rival) for rival in others):
            return False
    return True


def _conflicts_of_row(
    table: Table, row: Row, field: str, rivals: Sequence[str]
) -> Iterator[Problem]:
    # A chat is no rival of a text.
    names = [
        name for name in rivals if has_value(row, name) and not isinstance(row.cells[name], list)
    ]
    for name in names[1:]:
        value = row.cells[name]
        first = row.cells[names[0]]
        if _is_equal(first, value):
            continue
        written = (
            f"{shown(value)}, and {shown(first)} in column {names[0]!r}: two values of {field}"
        )
        allowed = (
            f"one: say which it is with {mapping_remedy(name, field)}, "
            f"or '{name} = metadata' for the first"
        )
        yield Problem(table.file, row.line, row.number, name, written, allowed)


def _is_equal(first: Any, second: Any) -> bool:
    return str(as_text(first)).strip() == str(as_text(second)).strip()
