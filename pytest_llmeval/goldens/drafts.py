"""One row of a golden file with its fields recognised, before validation."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from pytest_llmeval.errors import Problem, SettingError
from pytest_llmeval.goldens import promptfoo
from pytest_llmeval.goldens.cells import (
    as_answer,
    as_flag,
    as_list,
    as_number,
    as_text,
    as_texts,
    plain,
)
from pytest_llmeval.goldens.formats.tables import Row, is_absent, shown
from pytest_llmeval.records.threshold import Threshold

_READERS: dict[str, Callable[[Any], Any]] = {
    "id": as_text,
    "prompt": as_text,
    "messages": lambda value: plain(as_list(value)),
    "expected": as_answer,
    "contexts": as_texts,
    "tags": lambda value: as_texts(value, ";,"),
    "min_score": as_number,
    "threshold": lambda value: as_texts(value, ";"),
    "thresholds": lambda value: as_texts(value, ";"),
    "must_pass": as_flag,
}


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


def draft_row(file: str, row: Row, columns: Mapping[str, str]) -> Draft:
    """Recognise the fields of a row, with the column names that `resolve_columns` found."""
    present = {field: name for field, name in columns.items() if not is_absent(row.cells.get(name))}
    fields = {field: _READERS[field](row.cells[name]) for field, name in present.items()}
    field_columns = set(present.values())
    metadata: dict[str, Any] = {}
    special: dict[str, str] = {}
    for name, value in row.cells.items():
        if name in field_columns or is_absent(value):
            continue
        if name.startswith("__"):
            special[name] = str(plain(value))
        else:
            metadata[name] = plain(value)
    column_of = dict(columns)
    _settle_chat(fields, column_of, metadata)
    _settle_answers(fields, metadata)
    _unfold_metadata(metadata)
    extra = promptfoo.read_row(file, row, special, fields)
    bounds, problems = _bounds(file, row, fields, column_of)
    return Draft(
        row,
        fields,
        column_of,
        {**extra.metadata, **metadata},
        (*bounds, *extra.thresholds),
        (*problems, *extra.problems),
    )


def _settle_chat(
    fields: dict[str, Any], column_of: dict[str, str], metadata: dict[str, Any]
) -> None:
    """Read a list as prompt as a chat (openai/evals), and a prompt next to messages as metadata."""
    if isinstance(fields.get("prompt"), list) and "messages" not in fields:
        fields["messages"] = plain(fields.pop("prompt"))
        column_of["messages"] = column_of["prompt"]
    elif "messages" in fields and "prompt" in fields:
        metadata[column_of["prompt"]] = plain(fields.pop("prompt"))


def _settle_answers(fields: dict[str, Any], metadata: dict[str, Any]) -> None:
    """Take the first of several accepted answers as expected; metadata ``ideal`` holds all."""
    answers = fields.get("expected")
    if isinstance(answers, list) and all(isinstance(as_answer(answer), str) for answer in answers):
        texts = [as_answer(answer) for answer in answers]
        del fields["expected"]
        if texts:
            fields["expected"] = texts[0]
        if len(texts) > 1:
            metadata["ideal"] = texts


def _unfold_metadata(metadata: dict[str, Any]) -> None:
    """Unfold an object in a column ``metadata`` (inspect), unless one of its names is a column."""
    nested = metadata.get("metadata")
    if isinstance(nested, dict) and not metadata.keys() & nested.keys():
        del metadata["metadata"]
        metadata.update({name: value for name, value in nested.items() if not is_absent(value)})


def _bounds(
    file: str, row: Row, fields: Mapping[str, Any], column_of: Mapping[str, str]
) -> tuple[list[Threshold], list[Problem]]:
    bounds: list[Threshold] = []
    problems: list[Problem] = []
    score = fields.get("min_score")
    if isinstance(score, int | float):
        bounds.append(Threshold("rubric", ">=", float(score), origin="row"))
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
