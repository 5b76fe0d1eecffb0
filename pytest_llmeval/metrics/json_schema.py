"""The metric that checks an answer against a JSON Schema."""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Mapping
from functools import partial
from itertools import islice
from pathlib import Path
from textwrap import shorten
from typing import TYPE_CHECKING, Any, NoReturn

from pytest_llmeval.errors import InputError, SettingError
from pytest_llmeval.metrics.as_score import unscored
from pytest_llmeval.metrics.bounded import run_bounded
from pytest_llmeval.metrics.schema_drafts import exact, unread_keyword
from pytest_llmeval.metrics.schema_formats import format_checker
from pytest_llmeval.metrics.schema_keywords import keyword_problem, member_remedy
from pytest_llmeval.protocols import BaseScorer
from pytest_llmeval.records.call import Completion
from pytest_llmeval.records.case import Case
from pytest_llmeval.records.score import UNIT_SCALE, Score
from pytest_llmeval.records.wire import parse_json
from pytest_llmeval.settings.locations import check_inside, current_folder
from pytest_llmeval.settings.project import find_project

if TYPE_CHECKING:
    from jsonschema import FormatChecker
    from jsonschema.exceptions import ValidationError
    from jsonschema.protocols import Validator


_FENCE = "```"
_INFO = re.compile(r"[\w+-]*[ \t]*\r?")
"""The rest of the first line of a fenced block: the name of a language."""
_MAX_VIOLATIONS = 3
"""Violations in a reason."""
_MAX_SORTED = 1000
"""Violations that are looked at for the first ones."""
_WIDTH = 160
"""Characters of one violation, because jsonschema prints the whole value."""
_MAX_DIGITS = 4000
"""Digits of a whole number that Python reads; more take it the square of their number."""

_ENDLESS = ("pattern", "patternProperties", "$ref", "$dynamicRef", "$recursiveRef", "uniqueItems",
            "format")  # fmt: skip
"""Keywords whose check can take longer than in proportion to the answer."""
_QUICK = 10**8
"""Characters of the answer, times those of the schema, that are checked at once."""


class JsonSchema(BaseScorer):
    """1 if the answer is JSON and conforms to the schema, else 0 with the violations as the reason.

    The whole answer must be JSON. ``format`` is checked. A format that is not known leaves an
    answer unscored that conforms otherwise. A ``$ref`` to another document is never fetched. A
    check that takes longer than four seconds, for example of a pattern, leaves the answer unscored,
    and so does a schema that refers to itself without end.

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
        if content is not None:
            _check_schema(content, "json_schema schema")
        self._schema = content
        self._has_schema = content is not None
        text = json.dumps([content, allow_fence], sort_keys=True, default=str)
        self.version = f"4/{hashlib.sha256(text.encode()).hexdigest()[:8]}"

    def score(self, case: Case, completion: Completion) -> Score:
        """Parse and check the answer.

        Args:
            case: May have a schema in its metadata, as an object or as JSON text.
            completion: The answer.

        Raises:
            OutOfTime: The check took too long.
        """
        try:
            schema = self._schema if self._has_schema else _schema_of(case)
        except SettingError as error:
            return unscored(self, error)
        violations, problem = self._check(self._unfenced(completion.text), schema)
        if problem:
            return unscored(self, problem)
        return Score(
            self.name, float(not violations), self.scale, "; ".join(violations), self.version
        )

    def _check(self, text: str, schema: Any) -> tuple[list[str], str]:
        """List the violations, or say why the answer cannot be checked."""
        written = json.dumps(schema, default=str)
        is_bounded = not any(f'"{word}"' in written for word in _ENDLESS)
        if is_bounded and len(written) * len(text) <= _QUICK:
            return _checked(text, schema)
        texts = f"a schema and an answer of {len(text):,} characters"
        violations, problem = run_bounded(self.name, __name__, "_checked", [text, schema], texts)
        return violations, problem

    def _unfenced(self, text: str) -> str:
        text = text.strip().lstrip("\ufeff")
        if not (self._allow_fence and text.startswith(_FENCE) and text.endswith(_FENCE)):
            return text
        first, _, rest = text.removeprefix(_FENCE).partition("\n")
        return rest.removesuffix(_FENCE) if rest and _INFO.fullmatch(first) else text


def _schema_of(case: Case) -> Any:
    """Return the schema of a case's column; ``None`` without one.

    Raises:
        SettingError: It is no JSON Schema.
    """
    schema = case.metadata.get("json_schema")
    origin = f"{case.source} column 'json_schema'"
    if isinstance(schema, str):
        try:
            schema = parse_json(schema)
        except ValueError as error:
            shown = shorten(schema[: _WIDTH * 10], _WIDTH)
            raise SettingError(origin, shown, "a JSON Schema", f"({error})") from error
    if schema is not None:
        _check_schema(schema, origin)
    return schema


def _checked(text: str, schema: Any) -> tuple[list[str], str]:
    """List the first violations, or say why the answer cannot be checked."""
    from referencing.exceptions import Unresolvable

    try:
        value = json.loads(
            text, parse_constant=_refuse, parse_int=_whole_number, parse_float=_fraction
        )
    except ValueError as error:
        return [f"is not valid JSON: {error}"], ""
    except InputError as error:
        return [], str(error)
    except RecursionError:
        return [], "the answer is nested too deeply to be read as JSON"
    if schema is None:
        return [], ""
    try:
        unknown: list[str] = []
        formats = format_checker(_draft(schema).FORMAT_CHECKER, unknown)
        errors = list(islice(_validator(schema, formats).iter_errors(value), _MAX_SORTED))
    except Unresolvable as error:
        return [], f"the schema's $ref {error.ref!r} is not part of it; files are never fetched"
    except RecursionError:
        return [], (
            "the schema refers to itself without end, or the answer is nested too deeply for it"
        )
    if unknown and not errors:
        names = ", ".join(map(repr, unknown))
        return [], (
            f"the format {names} of the schema is not known, so the answer cannot be checked for "
            "it: write a pattern, or leave the format out"
        )
    return [_shown(error) for error in sorted(errors, key=_path)[:_MAX_VIOLATIONS]], ""


def _path(error: ValidationError) -> str:
    return str(error.json_path)


def _shown(error: ValidationError) -> str:
    return shorten(f"{error.json_path}: {error.message}"[: _WIDTH * 10], _WIDTH, placeholder=" …")


def _read_file(path: str | Path) -> Any:
    root = find_project(current_folder()).root
    check_inside(Path(path), root, partial(_leads_outside, str(path)))
    try:
        return parse_json(Path(path).read_text("utf-8"))
    except (OSError, ValueError) as error:
        allowed = "a JSON Schema, or the path of a JSON file with one"
        raise SettingError("json_schema schema", str(path), allowed, f"({error})") from error


def _leads_outside(path: str, link: str) -> SettingError:
    remedy = f"Remove the {link}, or name that path itself."
    return SettingError("json_schema schema", path, "a file of the project", remedy)


def _check_schema(schema: Any, origin: str) -> None:
    """Check that a value is a JSON Schema.

    Raises:
        SettingError: It is none.
    """
    from jsonschema.exceptions import SchemaError

    excerpt = shorten(json.dumps(schema, default=str)[: _WIDTH * 10], _WIDTH, placeholder=" …")
    try:
        _draft(schema).check_schema(schema)
    except SchemaError as error:
        member = f" {member_remedy(schema)}" if isinstance(schema, Mapping) else ""
        remedy = f"({error.json_path}: {error.message[: _WIDTH * 10]}){member.rstrip()}"
        raise SettingError(origin, excerpt, "a JSON Schema", remedy) from error
    except RecursionError as error:
        raise SettingError(origin, excerpt, "a JSON Schema", "(nested too deeply)") from error
    if isinstance(schema, Mapping) and (remedy := keyword_problem(schema)):
        raise SettingError(origin, excerpt, "a JSON Schema", remedy)
    if remedy := unread_keyword(schema, _draft(schema)):
        raise SettingError(origin, excerpt, "a JSON Schema", remedy)


def _draft(schema: Any) -> type[Validator]:
    """Return the validator of the draft that a schema names."""
    from jsonschema import Draft202012Validator
    from jsonschema.validators import validator_for

    if not isinstance(schema, Mapping):
        return Draft202012Validator
    return validator_for(schema, Draft202012Validator)


def _validator(schema: Any, formats: FormatChecker) -> Validator:
    """Make the validator for a schema, which fetches nothing."""
    from referencing.jsonschema import EMPTY_REGISTRY

    return exact(_draft(schema))(schema, registry=EMPTY_REGISTRY, format_checker=formats)


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not JSON")


def _fraction(digits: str) -> float:
    number = float(digits)
    if math.isinf(number):
        raise InputError(
            f"the answer has the number {digits[:_WIDTH]}, which is too large to be read"
        )
    return number


def _whole_number(digits: str) -> int:
    if len(digits) > _MAX_DIGITS:
        raise InputError(
            f"the answer has a number of {len(digits):,} digits; at most {_MAX_DIGITS:,} are read"
        )
    return int(digits)
