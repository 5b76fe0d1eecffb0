"""The metric that checks an answer against a JSON Schema."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from pathlib import Path
from textwrap import shorten
from typing import TYPE_CHECKING, Any, NoReturn

from pytest_llmeval.errors import SettingError
from pytest_llmeval.metrics.as_score import unscored
from pytest_llmeval.protocols import BaseScorer
from pytest_llmeval.records.call import Completion
from pytest_llmeval.records.case import Case
from pytest_llmeval.records.score import UNIT_SCALE, Score

if TYPE_CHECKING:
    from jsonschema.protocols import Validator


_FENCE = re.compile(r"\A```[\w+-]*[ \t]*\r?\n(.*?)\r?\n?[ \t]*```\Z", re.DOTALL)
_MAX_VIOLATIONS = 3
"""Violations in a reason."""
_WIDTH = 160
"""Characters of one violation, because jsonschema prints the whole value."""


class JsonSchema(BaseScorer):
    """1 if the answer is JSON and conforms to the schema, else 0 with the violations as the reason.

    The whole answer must be JSON. ``format`` is checked as far as jsonschema can do so without
    further packages. A ``$ref`` to another document is never fetched.

    Args:
        schema: A JSON Schema (an object, true or false), or the path of a file with one. The
            default is the case's column ``json_schema``. Without any, every JSON text conforms.
        allow_fence: Whether the answer may stand in one Markdown code fence.

    Raises:
        SettingError: The file cannot be read, or it is no JSON Schema.
    """

    name = "json_schema"
    scale = UNIT_SCALE
    about = (
        "1 if the answer is JSON and conforms to the schema (default: the case's json_schema), "
        "else 0"
    )
    source = "JSON Schema, https://json-schema.org; default draft 2020-12"

    def __init__(
        self, schema: Mapping[str, Any] | bool | str | Path | None = None, allow_fence: bool = True
    ) -> None:
        self._allow_fence = allow_fence
        content = _read_file(schema) if isinstance(schema, (str, Path)) else schema
        self._validator = None if content is None else _validator(content, "json_schema schema")
        text = json.dumps([content, allow_fence], sort_keys=True, default=str)
        self.version = f"1/{hashlib.sha256(text.encode()).hexdigest()[:8]}"

    def score(self, case: Case, completion: Completion) -> Score:
        """Parse and check the answer.

        Args:
            case: May have a schema in its metadata, as an object or as JSON text.
            completion: The answer.
        """
        from referencing.exceptions import Unresolvable

        try:
            validator = self._validator or self._validator_of(case)
            violations = self._violations(completion.text, validator)
        except SettingError as error:
            return unscored(self, error)
        except Unresolvable as error:
            reason = f"the schema's $ref {error.ref!r} is not part of it; files are never fetched"
            return unscored(self, reason)
        return Score(
            self.name, float(not violations), self.scale, "; ".join(violations), self.version
        )

    def _violations(self, text: str, validator: Validator | None) -> list[str]:
        try:
            value = json.loads(self._unfenced(text), parse_constant=_refuse)
            errors = [] if validator is None else list(validator.iter_errors(value))
        except ValueError as error:
            return [f"is not valid JSON: {error}"]
        except RecursionError:
            return ["is not valid JSON: nested too deeply"]
        return [
            shorten(f"{error.json_path}: {error.message}", _WIDTH, placeholder=" …")
            for error in sorted(errors, key=lambda error: error.json_path)[:_MAX_VIOLATIONS]
        ]

    def _unfenced(self, text: str) -> str:
        text = text.strip().lstrip("\ufeff")
        fence = _FENCE.match(text) if self._allow_fence else None
        return fence[1] if fence else text

    @staticmethod
    def _validator_of(case: Case) -> Validator | None:
        schema = case.metadata.get("json_schema")
        origin = f"{case.source} column 'json_schema'"
        if isinstance(schema, str):
            try:
                schema = json.loads(schema)
            except ValueError as error:
                raise SettingError(
                    origin, shorten(str(schema), _WIDTH), "a JSON Schema", f"({error})"
                ) from error
        return None if schema is None else _validator(schema, origin)


def _read_file(path: str | Path) -> Any:
    try:
        return json.loads(Path(path).read_text("utf-8"))
    except (OSError, ValueError) as error:
        allowed = "a JSON Schema, or the path of a JSON file with one"
        raise SettingError("json_schema schema", str(path), allowed, f"({error})") from error


def _validator(schema: Any, origin: str) -> Validator:
    from jsonschema import Draft202012Validator
    from jsonschema.exceptions import SchemaError
    from jsonschema.validators import validator_for
    from referencing.jsonschema import EMPTY_REGISTRY

    kind = (
        validator_for(schema, Draft202012Validator)
        if isinstance(schema, Mapping)
        else Draft202012Validator
    )
    try:
        kind.check_schema(schema)
    except SchemaError as error:
        excerpt = shorten(json.dumps(schema, default=str), _WIDTH, placeholder=" …")
        raise SettingError(
            origin, excerpt, "a JSON Schema", f"({error.json_path}: {error.message})"
        ) from error
    return kind(schema, registry=EMPTY_REGISTRY, format_checker=kind.FORMAT_CHECKER)


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not JSON")
