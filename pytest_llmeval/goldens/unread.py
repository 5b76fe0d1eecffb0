"""Columns that look like a setting or an expected answer, and are not read as one."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Any

from pytest_llmeval.errors import Problem
from pytest_llmeval.goldens.answer_words import may_be_answer
from pytest_llmeval.goldens.cells import read_object
from pytest_llmeval.goldens.columns import Columns
from pytest_llmeval.goldens.decorations import undecorated
from pytest_llmeval.goldens.drafts import Draft
from pytest_llmeval.goldens.formats.tables import Row, Table, is_absent, shown
from pytest_llmeval.goldens.names import (
    ALIASES,
    METADATA,
    READ_AS_METADATA,
    WEAK,
    is_answer_like,
    known_names,
    mapping_remedy,
    normal,
    setting_like,
    special_like,
)
from pytest_llmeval.goldens.required_columns import (
    depends_on_value,
    is_history,
    is_meant,
    requirement_remedy,
)
from pytest_llmeval.goldens.rivals import has_value, is_url
from pytest_llmeval.text import count

_SETTINGS = {
    normal(name): name
    for name in ("min_score", "threshold", "thresholds", "must_pass", "system_prompt")
}

_OBJECTS = frozenset((
    "metadata", "meta", "vars", "config", "options", "row", "case", "item", "inputs", "test",
    "expectations", "attributes",
))  # fmt: skip
"""Objects whose members an export writes as columns such as ``metadata.min_score``."""

_FLAGS = frozenset(("true", "false", ""))
_REQUIRED_BY = ("contains_all", "contains_any", "contains_none", "json_schema")
"""Metadata that a threshold of the same name requires."""

_BOUNDS = ("threshold", "thresholds")


def unread_settings(table: Table, columns: Columns) -> Iterator[Problem]:
    """Yield a problem for each column, and each name of a document, that looks like a setting."""
    for name in table.document_keys:
        setting = "" if depends_on_value(name) else _setting(name)
        if setting and normal(name) not in columns.declared:
            allowed = f"{setting} in each row, or an option for the run; {_unless(name)}"
            written = "a setting outside the rows, which is not read"
            yield Problem(table.file, None, None, name, written, allowed)
    for name in unread_columns(table, columns):
        setting = setting_like(name) or _setting_in_path(name) or _decorated_setting(name)
        for row in filter(lambda row: has_value(row, name), table.rows):
            value = row.cells[name]
            if setting:
                if is_meant(name, value):
                    yield _problem(table, row, name, value, setting)
                    break
            elif remedy := _remedy(columns, name, value):
                written = f"{shown(value)} in a column that is not read"
                allowed = f"{remedy}; {_unless(name)}"
                yield Problem(table.file, row.line, row.number, name, written, allowed)
                break


def _remedy(columns: Columns, name: str, value: Any) -> str:
    """Say how the value of a column is written that changes the question or the requirements."""
    if not columns.first("messages") and is_history(name, value):
        return "the earlier messages and the question as one chat in a column messages"
    return requirement_remedy(name, value)


def unread_specials(table: Table, columns: Columns) -> Iterator[Problem]:
    """Yield a problem for each column that looks like a special column of promptfoo."""
    for name in table.columns:
        special = special_like(name)
        if not special or normal(name) in columns.declared:
            continue
        row = next((row for row in table.rows if has_value(row, name)), None)
        if row is not None:
            written = f"{shown(row.cells[name])} in a column that is not read"
            allowed = f"{special}, in this spelling; {_unless(name)}"
            yield Problem(table.file, row.line, row.number, name, written, allowed)


def unread_in_metadata(table: Table, columns: Columns, draft: Draft) -> Iterator[Problem]:
    """Yield a problem for each setting of a row inside its object ``metadata``."""
    members = {*columns.declared, *map(normal, table.members)}
    for name, value in draft.metadata.items():
        path = f"{METADATA}.{name}"
        if name in table.columns or normal(path) in members:
            continue
        if (setting := _setting(name)) and is_meant(name, value):
            yield _problem(table, draft.row, path, value, setting)


def unread_answers(
    table: Table, columns: Columns, rows: Iterable[Row], bare_rows: Iterable[Row] = ()
) -> Iterator[Problem]:
    """Yield a problem for each column that looks like the expected answer of rows without one.

    Args:
        table: The golden file.
        columns: What its columns hold.
        rows: The rows without an expected answer.
        bare_rows: Those in which nothing else is required either. If no row of the file has an
            expected answer, it may be in a column whose name usually says something else.
    """
    unanswered, bare = list(rows), list(bare_rows)
    if not unanswered:
        return
    for name in unread_columns(table, columns):
        candidates: list[Row] = []
        plain = undecorated(name)
        has_contexts = "contexts" in columns.fields
        if is_answer_like(name) or _is_answer_in_path(name) or _is_decorated_answer(name):
            candidates = unanswered
        elif may_be_answer(plain, has_contexts=has_contexts) or _is_decorated(name, WEAK):
            candidates = bare
        held = [row for row in candidates if _is_answer(row.cells.get(name))]
        if held:
            yield _reference(table, held, name, held[0].cells[name])
        else:
            yield from _inner_answers(table, columns, unanswered, name)


def _inner_answers(
    table: Table, columns: Columns, rows: Sequence[Row], name: str
) -> Iterator[Problem]:
    """Yield a problem for a member of an object that looks like the expected answer of its row."""
    held: dict[str, list[Row]] = {}
    for row in rows:
        document = read_object(row.cells.get(name))
        members = document.items() if isinstance(document, dict) else ()
        for member, value in members:
            path = f"{name}.{member}"
            is_read = normal(path) in columns.declared or path in columns.members
            if _names_answer(str(member)) and _is_answer(value) and not is_read:
                held.setdefault(path, []).append(row)
    for path, holders in held.items():
        value = read_object(holders[0].cells[name])[path.partition(f"{name}.")[2]]
        yield _reference(table, holders, path, value)


def _is_decorated(name: str, known: Collection[str]) -> bool:
    """Return whether a name is a known one with something around it."""
    plain = undecorated(name)
    return normal(plain) != normal(name) and normal(plain) in known


def _is_decorated_answer(name: str) -> bool:
    plain = undecorated(name)
    return normal(plain) != normal(name) and _names_answer(plain)


def _names_answer(name: str) -> bool:
    """Return whether a member of an object has the name of a reference."""
    is_known = normal(name) in known_names("expected") and normal(name) not in WEAK
    return is_known or is_answer_like(name)


def _reference(table: Table, held: Sequence[Row], name: str, value: Any) -> Problem:
    cases = count(len(held), "case")
    written = f"{shown(value)} in a column that is not read, and no expected answer ({cases})"
    path = name
    document = read_object(value)
    if isinstance(document, dict) and document and "text" not in document:
        member = next((key for key in document if _names_answer(str(key))), next(iter(document)))
        member = next((key for key in document if normal(str(key)) in WEAK), member)
        path = f"{name}.{member}"
    allowed = f"{mapping_remedy(path, 'expected')}; {_unless(name)}"
    return Problem(table.file, held[0].line, held[0].number, name, written, allowed)


def unread_columns(table: Table, columns: Columns) -> Iterator[str]:
    """Yield the columns that hold no field and are not declared to be metadata."""
    read = {*columns.readable, *columns.members, *columns.renamed}
    known = {*columns.declared, *map(normal, READ_AS_METADATA)}
    for name in table.columns:
        if name not in read and normal(name) not in known and not name.startswith("_"):
            yield name


def _setting(name: str) -> str:
    return _SETTINGS.get(normal(name)) or setting_like(name)


def _decorated_setting(name: str) -> str:
    """Return the setting that a name is with something around it: ``min_score (1-5)``."""
    plain = undecorated(name)
    known = {**_SETTINGS, **{normal(setting): setting for setting in READ_AS_METADATA}}
    return "" if normal(plain) == normal(name) else known.get(normal(plain)) or setting_like(plain)


def _setting_in_path(name: str) -> str:
    """Return the setting that a flattened object holds: ``metadata.system_prompt``."""
    head, _, last = re.sub(r"[/:]|__", ".", name.strip()).rpartition(".")
    if normal(head) not in _OBJECTS:
        return ""
    known = {normal(setting): setting for setting in READ_AS_METADATA}
    return _setting(last) or known.get(normal(last), "")


def _is_answer_in_path(name: str) -> bool:
    """Return whether a flattened object holds a reference: ``metadata.expected_answer``."""
    head, _, last = re.sub(r"[/:]|__", ".", name.strip()).rpartition(".")
    return normal(head) in _OBJECTS and _names_answer(last)


def _is_answer(value: Any) -> bool:
    is_flag = isinstance(value, bool) or str(value).strip().casefold() in _FLAGS
    return not (is_absent(value) or is_flag or is_url(value))


def _problem(table: Table, row: Row, name: str, value: Any, setting: str) -> Problem:
    written = f"{shown(value)} in a column that is not read"
    remedy = f"rename it to {setting}"
    if setting in ALIASES:
        remedy = f"{remedy}, or {mapping_remedy(name, setting)}"
    held = f"{setting} with bounds like 'toxicity<=0.2'" if setting in _BOUNDS else setting
    allowed = f"{held}: {remedy}; {_unless(name)}"
    if setting in _REQUIRED_BY:
        allowed += f"; the threshold '{setting}>=1' requires it"
    return Problem(table.file, row.line, row.number, name, written, allowed)


def _unless(name: str) -> str:
    return f"--llm-columns '{name} = {METADATA}' if it is something else"
