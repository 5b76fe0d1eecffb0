"""One row of a golden file with its fields recognised, before validation."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pytest_llmeval.errors import Problem, SettingError
from pytest_llmeval.goldens import promptfoo
from pytest_llmeval.goldens.answers import accepted_answers, unreadable_list
from pytest_llmeval.goldens.cells import (
    as_flag,
    as_list,
    as_number,
    as_tags,
    as_text,
    as_texts,
    plain,
    read_object,
)
from pytest_llmeval.goldens.columns import Columns
from pytest_llmeval.goldens.formats.tables import NaN, Row, is_absent, shown
from pytest_llmeval.records.scorer import RUBRIC
from pytest_llmeval.records.threshold import Threshold

_READERS: dict[str, Callable[[Any], Any]] = {
    "id": as_text,
    "prompt": as_text,
    "system_prompt": as_text,
    "messages": lambda value: plain(as_list(value)),
    "tags": as_tags,
    "min_score": as_number,
    "threshold": lambda value: as_texts(value, ";"),
    "thresholds": lambda value: as_texts(value, ";"),
    "must_pass": as_flag,
}

_REQUIREMENTS = ("min_score", "threshold", "thresholds", "must_pass")
_SPECIAL_REQUIREMENTS = ("__expected", "__threshold")
_TEXT_LISTS = ("contains_all", "contains_any", "contains_none")
_OBJECTS = ("anchors", "json_schema")
_LIST_OF_ANSWERS = (
    'one answer, or a list, which is best written as JSON: ["a", "b"]; '
    'an answer in brackets as a list of one: ["[a, b]"]'
)


@dataclass(frozen=True)
class Draft:
    """A row on its way to a Case.

    Attributes:
        row: The row as read.
        fields: Values by field, as `schema/golden.schema.json` describes them.
        columns: Column name in the file by field.
        metadata: Values of the columns that hold no field.
        thresholds: The thresholds of the row.
        problems: Values that cannot be read. The schema finds further problems.
    """

    row: Row
    fields: dict[str, Any]
    columns: dict[str, str]
    metadata: dict[str, Any]
    thresholds: tuple[Threshold, ...]
    problems: tuple[Problem, ...]


def draft_row(file: str, row: Row, columns: Columns) -> Draft:
    """Recognise the fields of a row, with the columns that `resolve_columns` found."""
    chosen = columns.of_row(row.cells)
    fields = {
        field: _READERS[field](row.cells[name])
        for field, name in chosen.items()
        if field in _READERS
    }
    if "contexts" in chosen:
        fields["contexts"] = as_texts(row.cells[chosen["contexts"]], columns.separator)
    column_of = {**{field: names[0] for field, names in columns.fields.items()}, **chosen}
    metadata, special = _rest(row, columns, chosen)
    problems = _read_known_metadata(file, row, metadata)
    _add_input(row, columns, fields)
    _settle_chat(fields, column_of, metadata)
    unread = _settle_answers(file, row, columns, chosen, fields, metadata)
    _unfold_metadata(metadata)
    extra = promptfoo.read_row(file, row, special, fields)
    bounds, unreadable = _bounds(file, row, fields, column_of)
    unreadable.extend(_lost_bounds(file, row, columns))
    unreadable.extend(_add_system_prompt(file, row, fields, column_of))
    return Draft(
        row,
        fields,
        column_of,
        {**extra.metadata, **metadata},
        (*bounds, *extra.thresholds),
        (*problems, *unread, *unreadable, *extra.problems),
    )


def _rest(
    row: Row, columns: Columns, chosen: Mapping[str, str]
) -> tuple[dict[str, Any], dict[str, str]]:
    """Return the metadata of a row, and the cells of promptfoo's special columns."""
    held = {*chosen.values(), columns.addition}
    metadata: dict[str, Any] = {}
    special: dict[str, str] = {}
    for name, value in row.cells.items():
        if name in held or name in columns.members or is_absent(value):
            continue
        if name.startswith("__"):
            special[name] = str(plain(value))
        else:
            metadata[columns.renamed.get(name, name)] = plain(value)
    return metadata, special


def _read_known_metadata(file: str, row: Row, metadata: dict[str, Any]) -> list[Problem]:
    """Read the lists and objects that metrics and judges expect in metadata."""
    problems = []
    for name in _TEXT_LISTS:
        value = metadata.get(name)
        if not isinstance(value, str) or value.lstrip()[:1] not in ("[", "(", "{"):
            continue
        texts = as_texts(value)
        if isinstance(texts, list) and not isinstance(read_object(value), dict):
            metadata[name] = texts
            continue
        allowed = 'a JSON list such as ["a", "b"], or texts separated by semicolons or commas'
        problems.append(Problem(file, row.line, row.number, name, shown(value), allowed))
    for name in _OBJECTS:
        if name in metadata:
            metadata[name] = plain(read_object(metadata[name]))
    return problems


def _add_input(row: Row, columns: Columns, fields: dict[str, Any]) -> None:
    """Add the input of an instruction to the prompt (Alpaca)."""
    if not columns.addition:
        return
    addition = as_text(row.cells.get(columns.addition))
    if isinstance(fields.get("prompt"), str) and isinstance(addition, str) and addition.strip():
        fields["prompt"] += f"\n\n{addition}"


def _add_system_prompt(
    file: str, row: Row, fields: dict[str, Any], column_of: dict[str, str]
) -> list[Problem]:
    """Put the system prompt of a row before its prompt or its chat."""
    text = fields.get("system_prompt")
    if not isinstance(text, str):
        return []  # the schema refuses another value
    prompt, chat = fields.get("prompt"), fields.get("messages")
    message = {"role": "system", "content": text}
    if isinstance(prompt, str) and prompt.strip():
        del fields["prompt"]
        fields["messages"] = [message, {"role": "user", "content": prompt}]
        column_of["messages"] = column_of["prompt"]
    elif isinstance(chat, list):
        first = next((item for item in chat if _has_system_role(item)), None)
        if first is not None:
            column = column_of["system_prompt"]
            written = f"{shown(text)} in a row whose chat has a message {shown(first)}"
            allowed = "one of them; empty the cell, or take the message out of the chat"
            return [Problem(file, row.line, row.number, column, written, allowed)]
        fields["messages"] = [message, *chat]
    return []


def _has_system_role(message: Any) -> bool:
    return isinstance(message, dict) and message.get("role") in ("system", "developer")


def _settle_chat(
    fields: dict[str, Any], column_of: dict[str, str], metadata: dict[str, Any]
) -> None:
    """Read a list as prompt as a chat (openai/evals), and a prompt next to messages as metadata."""
    if "messages" in fields and "prompt" in fields:
        metadata[column_of["prompt"]] = plain(fields.pop("prompt"))
        return
    prompt = fields.get("prompt")
    chat = as_list(prompt) if isinstance(prompt, str) else prompt
    is_chat = isinstance(chat, list) and (
        chat is prompt or all(isinstance(item, dict) and "role" in item for item in chat)
    )
    if is_chat and chat:
        del fields["prompt"]
        fields["messages"] = plain(chat)
        column_of["messages"] = column_of["prompt"]


def _settle_answers(
    file: str,
    row: Row,
    columns: Columns,
    chosen: Mapping[str, str],
    fields: dict[str, Any],
    metadata: dict[str, Any],
) -> list[Problem]:
    """Take the first of several accepted answers as expected; metadata ``ideal`` holds all."""
    if "expected" not in chosen:
        return []
    name = chosen["expected"]
    answers = accepted_answers(name, row.cells[name])
    if answers is None:
        fields["expected"] = plain(row.cells[name])  # the schema refuses it
        return []
    if columns.accepted and name != columns.accepted:
        more = accepted_answers(columns.accepted, row.cells.get(columns.accepted))
        answers = list(dict.fromkeys([*answers, *(more or ())]))
    if answers:
        fields["expected"] = answers[0]
    if len(answers) > 1:
        metadata.setdefault("ideal", answers)
    names = [column for column in (name, columns.accepted) if column]
    unread = [column for column in names if unreadable_list(column, row.cells.get(column))]
    return [
        Problem(file, row.line, row.number, column, shown(row.cells[column]), _LIST_OF_ANSWERS)
        for column in dict.fromkeys(unread)
    ]


def _unfold_metadata(metadata: dict[str, Any]) -> None:
    """Unfold an object in a column ``metadata`` (inspect), unless one of its names is a column."""
    nested = read_object(metadata.get("metadata"))
    if isinstance(nested, dict) and not metadata.keys() & nested.keys():
        del metadata["metadata"]
        metadata.update(
            {name: plain(value) for name, value in nested.items() if not is_absent(value)}
        )


def _lost_bounds(file: str, row: Row, columns: Columns) -> Iterator[Problem]:
    """Yield a problem for each NaN where a bound stands: it is lost, and no empty cell."""
    names = [name for field in _REQUIREMENTS for name in columns.fields.get(field, ())]
    names += [name for name in row.cells if name.startswith(_SPECIAL_REQUIREMENTS)]
    for name in names:
        value = row.cells.get(name)
        items = value if isinstance(value, list) else [value]
        if any(isinstance(item, NaN) for item in items):
            allowed = "a value; without one, leave the name out or write null"
            yield Problem(file, row.line, row.number, name, shown(NaN()), allowed)


def _bounds(
    file: str, row: Row, fields: Mapping[str, Any], column_of: Mapping[str, str]
) -> tuple[list[Threshold], list[Problem]]:
    bounds: list[Threshold] = []
    problems: list[Problem] = []
    score = fields.get("min_score")
    if isinstance(score, int | float):
        bounds.append(Threshold(RUBRIC, ">=", float(score), origin="row"))
    for field in ("threshold", "thresholds"):
        texts = fields.get(field)
        if not isinstance(texts, list):
            continue
        for text in texts:
            # The schema refuses an item that is no text.
            if not isinstance(text, str):
                continue
            try:
                bounds.append(Threshold.parse(text, "row"))
            except SettingError as error:
                column = column_of[field]
                problems.append(
                    Problem(file, row.line, row.number, column, shown(text), error.allowed)
                )
    return bounds, problems
