"""Validation of rows with the JSON Schema that ships in the package."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

from pytest_llmeval.errors import Problem
from pytest_llmeval.goldens.drafts import Draft
from pytest_llmeval.goldens.formats.tables import shown

if TYPE_CHECKING:
    from jsonschema import Draft202012Validator, ValidationError


@cache
def _validator() -> Draft202012Validator:
    from jsonschema import Draft202012Validator

    text = files("pytest_llmeval.goldens").joinpath("schema/golden.schema.json").read_text("utf-8")
    return Draft202012Validator(json.loads(text))


def row_problems(file: str, draft: Draft) -> Iterator[Problem]:
    """What is wrong in one row: at most one problem a place, in words.

    Args:
        file: Path as the user wrote it.
        draft: The row with its fields.
    """
    yield from draft.problems
    places = {problem.column for problem in draft.problems}
    errors = list(_validator().iter_errors(draft.fields))
    inner = {error.absolute_path[0] for error in errors if len(error.absolute_path) > 1}
    for error in errors:
        column = _place(draft, error)
        # without a readable message there is no message of the user either: one cause, one problem
        if column not in places and not (
            error.validator == "contains" and error.absolute_path[0] in inner
        ):
            places.add(column)
            found = "nothing" if error.validator == "anyOf" else shown(error.instance)
            allowed = (
                str(error.schema["description"])
                if isinstance(error.schema, dict)
                else error.message
            )
            yield Problem(file, draft.row.line, draft.row.number, column, found, allowed)


def _place(draft: Draft, error: ValidationError) -> str:
    if not error.absolute_path:
        return draft.columns.get("prompt") or draft.columns.get("messages", "")
    field, *path = error.absolute_path
    inner = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path)
    return f"{draft.columns[str(field)]}{inner}"
