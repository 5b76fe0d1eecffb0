"""Whether the answer is JSON of the wanted shape."""

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
_SHOWN = 3  # violations in a reason
_WIDTH = 160  # characters of one violation; jsonschema prints the whole value


class JsonSchema(BaseScorer):
    """1 if the answer is JSON and conforms to the schema, else 0 with the first violations as the reason.

    The answer as a whole must be JSON. ``format`` is checked where jsonschema can do so by itself.
    A ``$ref`` to another document is never fetched.

    Args:
        schema: A JSON Schema (an object, true or false), or the path of a file with one. By default
            the case's own, in its column ``json_schema``; without any, every JSON text conforms.
        allow_fence: Whether the answer may stand in one Markdown code fence.

    Raises:
        SettingError: The file cannot be read, or it is no JSON Schema.
    """

    name = "json_schema"
    scale = UNIT_SCALE
    about = "1 if the answer is JSON and conforms to the schema (default: the case's json_schema), else 0"
    source = "JSON Schema, https://json-schema.org; default draft 2020-12"

    def __init__(
        self, schema: Mapping[str, Any] | bool | str | Path | None = None, allow_fence: bool = True
    ) -> None:
        self._allow_fence = allow_fence
        own = _read_file(schema) if isinstance(schema, (str, Path)) else schema
        self._validator = None if own is None else _validator(own, "json_schema schema")
        text = json.dumps([own, allow_fence], sort_keys=True, default=str)
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
            return unscored(
                self,
                f"the schema's $ref {error.ref!r} leads to no part of it; other files are not fetched",
            )
        return Score(
            self.name, float(not violations), self.scale, "; ".join(violations), self.version
        )

    def _violations(self, text: str, validator: Validator | None) -> list[str]:
        try:
            value = json.loads(self._unfenced(text), parse_constant=_refuse)
            errors = (
                []
                if validator is None
                else sorted(validator.iter_errors(value), key=lambda error: error.json_path)
            )
        except ValueError as error:
            return [f"is not valid JSON: {error}"]
        except RecursionError:
            return ["is not valid JSON: nested too deeply"]
        return [
            shorten(f"{error.json_path}: {error.message}", _WIDTH, placeholder=" …")
            for error in errors[:_SHOWN]
        ]

    def _unfenced(self, text: str) -> str:
        text = text.strip().lstrip("\ufeff")
        fence = _FENCE.match(text) if self._allow_fence else None
        return fence[1] if fence else text

    @staticmethod
    def _validator_of(case: Case) -> Validator | None:
        schema = case.metadata.get("json_schema")
        place = f"{case.source} column 'json_schema'"
        if isinstance(schema, str):
            try:
                schema = json.loads(schema)
            except ValueError as error:
                raise SettingError(
                    place, shorten(str(schema), _WIDTH), "a JSON Schema", f"({error})"
                ) from error
        return None if schema is None else _validator(schema, place)


def _read_file(path: str | Path) -> Any:
    try:
        return json.loads(Path(path).read_text("utf-8"))
    except (OSError, ValueError) as error:
        allowed = "a JSON Schema, or the path of a JSON file with one"
        raise SettingError("json_schema schema", str(path), allowed, f"({error})") from error


def _validator(schema: Any, place: str) -> Validator:
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
        found = shorten(json.dumps(schema, default=str), _WIDTH, placeholder=" …")
        raise SettingError(
            place, found, "a JSON Schema", f"({error.json_path}: {error.message})"
        ) from error
    return kind(schema, registry=EMPTY_REGISTRY, format_checker=kind.FORMAT_CHECKER)


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not JSON")
