"""One row with its fields recognised, before it is validated."""

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

READERS: dict[str, Callable[[Any], Any]] = {
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
        metadata: What is no field.
        thresholds: Bounds that could be read.
        problems: What could not be read, apart from what the schema finds.
    """

    row: Row
    fields: dict[str, Any]
    columns: dict[str, str]
    metadata: dict[str, Any]
    thresholds: tuple[Threshold, ...]
    problems: tuple[Problem, ...]


def draft_row(file: str, row: Row, columns: Mapping[str, str]) -> Draft:
    """Recognise the fields of a row.

    Args:
        file: Path as the user wrote it.
        row: The row.
        columns: Column name by field, from `resolve_columns`.
    """
    present = {field: name for field, name in columns.items() if not is_absent(row.cells.get(name))}
    fields = {field: READERS[field](row.cells[name]) for field, name in present.items()}
    taken = set(present.values())
    rest = {
        name: plain(value)
        for name, value in row.cells.items()
        if name not in taken and not is_absent(value)
    }
    metadata = {name: value for name, value in rest.items() if not name.startswith("__")}
    named = dict(columns)
    _settle_chat(fields, named, metadata)
    _settle_answers(fields, metadata)
    _unfold_metadata(metadata)
    special = {name: str(value) for name, value in rest.items() if name.startswith("__")}
    extra = promptfoo.read_row(file, row, special, fields) if special else promptfoo.Extra()
    bounds, problems = _bounds(file, row, fields, named)
    return Draft(
        row,
        fields,
        named,
        {**extra.metadata, **metadata},
        (*bounds, *extra.thresholds),
        (*problems, *extra.problems),
    )


def _settle_chat(fields: dict[str, Any], named: dict[str, str], metadata: dict[str, Any]) -> None:
    """A list as prompt is a chat (openai/evals, inspect); beside messages, a prompt is only metadata."""
    if isinstance(fields.get("prompt"), list) and "messages" not in fields:
        fields["messages"] = plain(fields.pop("prompt"))
        named["messages"] = named["prompt"]
    elif "messages" in fields and "prompt" in fields:
        metadata[named["prompt"]] = plain(fields.pop("prompt"))


def _settle_answers(fields: dict[str, Any], metadata: dict[str, Any]) -> None:
    """Of several accepted answers the first is the expected one; all are metadata ``ideal``, where metrics look."""
    answers = fields.get("expected")
    if isinstance(answers, list) and all(isinstance(as_answer(answer), str) for answer in answers):
        texts = [as_answer(answer) for answer in answers]
        del fields["expected"]
        if texts:
            fields["expected"] = texts[0]
        if len(texts) > 1:
            metadata["ideal"] = texts


def _unfold_metadata(metadata: dict[str, Any]) -> None:
    """An object in a column ``metadata`` (inspect) becomes metadata itself, unless a column has one of its names."""
    nested = metadata.get("metadata")
    if isinstance(nested, dict) and not metadata.keys() & nested.keys():
        del metadata["metadata"]
        metadata.update({name: value for name, value in nested.items() if not is_absent(value)})


def _bounds(
    file: str, row: Row, fields: Mapping[str, Any], named: Mapping[str, str]
) -> tuple[list[Threshold], list[Problem]]:
    bounds, problems = [], []
    score = fields.get("min_score")
    if isinstance(score, int | float):
        bounds.append(Threshold("rubric", ">=", float(score), origin="row"))
    for field in ("threshold", "thresholds"):
        texts = fields.get(field)
        for text in texts if isinstance(texts, list) else ():
            try:
                if isinstance(text, str):
                    bounds.append(Threshold.parse(text, "row"))
            except SettingError as error:
                problems.append(
                    Problem(file, row.line, row.number, named[field], shown(text), error.allowed)
                )
    return bounds, problems
