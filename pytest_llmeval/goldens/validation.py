"""Validation of rows with the JSON Schema that ships in the package."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

from pytest_llmeval.errors import Problem
from pytest_llmeval.goldens.drafts import Draft
from pytest_llmeval.goldens.formats.tables import shown
from pytest_llmeval.goldens.names import mapping_remedy
from pytest_llmeval.text import is_blank

if TYPE_CHECKING:
    from jsonschema import Draft202012Validator, ValidationError

_HELD_BY_OBJECTS = ("id", "prompt", "expected", "contexts", "tags")
"""Fields that exports of tools often hold in an object."""


@cache
def _validator() -> Draft202012Validator:
    from jsonschema import Draft202012Validator, FormatChecker

    formats = FormatChecker(formats=())
    formats.checks("visible")(_is_visible)
    text = files("pytest_llmeval.goldens").joinpath("schema/golden.schema.json").read_text("utf-8")
    return Draft202012Validator(json.loads(text), format_checker=formats)


def _is_visible(value: object) -> bool:
    return not isinstance(value, str) or not is_blank(value)


def row_problems(file: str, draft: Draft) -> Iterator[Problem]:
    """Yield the problems of one row, at most one for each column or JSON path."""
    yield from draft.problems
    reported = {problem.column for problem in draft.problems}
    errors = list(_validator().iter_errors(draft.fields))
    with_inner_errors = {error.absolute_path[0] for error in errors if len(error.absolute_path) > 1}
    for error in errors:
        column = _column(draft, error)
        # A chat with an unreadable message lacks a user message too, for the same cause.
        is_consequence = (
            error.validator == "contains" and error.absolute_path[0] in with_inner_errors
        )
        if column in reported or is_consequence:
            continue
        reported.add(column)
        written = "nothing" if error.validator == "anyOf" else shown(error.instance)
        allowed = error.message
        if isinstance(error.schema, dict):
            allowed = str(error.schema["description"])
        value: object = error.instance
        field = str(error.absolute_path[0]) if len(error.absolute_path) == 1 else ""
        if isinstance(value, Mapping) and field in _HELD_BY_OBJECTS:
            allowed += _member_remedy(column, field, value)
        yield Problem(file, draft.row.line, draft.row.number, column, written, allowed)


def _member_remedy(column: str, field: str, value: Mapping[str, object]) -> str:
    """Say how a member of an object becomes the field."""
    member = next((f"{column}.{name}" for name in value), f"{column}.NAME")
    return f"; a member of the object with {mapping_remedy(member, field)}"


def _column(draft: Draft, error: ValidationError) -> str:
    if not error.absolute_path:
        return draft.columns.get("prompt") or draft.columns.get("messages", "")
    field, *path = error.absolute_path
    inner = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path)
    return f"{draft.columns[str(field)]}{inner}"
