"""The drafts of JSON Schema: what one of them leaves unread, and exact multiples."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from pytest_llmeval.metrics.schema_keywords import REQUIRING

if TYPE_CHECKING:
    from jsonschema.exceptions import ValidationError
    from jsonschema.protocols import Validator

_OF_SCHEMAS = ("properties", "patternProperties", "$defs", "definitions", "dependentSchemas")
_LISTS = ("allOf", "anyOf", "oneOf", "prefixItems", "items", "extends")
_SINGLE = (
    "items", "additionalItems", "additionalProperties", "unevaluatedItems", "unevaluatedProperties",
    "not", "if", "then", "else", "contains", "propertyNames", "contentSchema",
)  # fmt: skip
_CONDITIONS = frozenset(("then", "else", "minContains", "maxContains"))
_READ_ELSEWHERE = frozenset(("additionalItems",))
"""Keywords without an effect in any draft, unless another one has a form that is refused."""

_DRAFT = re.compile(r"draft[-/]0?(\d{4}-\d{2}|\d)")
_REF_ALONE = ("3", "4", "6", "7")
"""Drafts in which nothing counts that stands next to a ``$ref``."""

_DEEPEST = 200


def _draft_name(validator: type[Validator]) -> str:
    """Return the name of the draft that a validator checks by: ``2020-12``, ``7``."""
    schema = validator.META_SCHEMA
    match = _DRAFT.search(str(schema.get("$schema") if isinstance(schema, Mapping) else ""))
    return match[1] if match is not None else "?"


def unread_keyword(schema: Any, validator: type[Validator]) -> str:
    """Say which keyword of a schema its draft does not read; empty if it reads all of them."""
    draft = _draft_name(validator)
    known = {*validator.VALIDATORS, *_READ_ELSEWHERE}
    if draft in _REF_ALONE:  # the vocabularies of later drafts name what they have given up
        known |= dict(validator.META_SCHEMA).get("properties", {}).keys()
    if "if" in known:
        known |= {"then", "else"}
    if "minContains" in known or "unevaluatedItems" in known:
        known |= {"minContains", "maxContains"}
    for part in _parts(schema, _DEEPEST):
        for name in part:
            if name in REQUIRING | _CONDITIONS and name not in known:
                return (
                    f"Its {name!r} is no keyword of draft {draft}, so it would require nothing. "
                    'Name the draft that the schema is written in as its "$schema".'
                )
        others = sorted((REQUIRING & part.keys()) - {"$ref"})
        if "$ref" in part and others and draft in _REF_ALONE:
            return (
                f"Its {others[0]!r} stands next to a '$ref', where draft {draft} ignores it. "
                'Write both into an "allOf".'
            )
    return ""


def _parts(schema: Any, depth: int) -> Iterator[Mapping[str, Any]]:
    """Yield a schema and the schemas within it."""
    if not isinstance(schema, Mapping) or not depth:
        return
    yield schema
    inner = [schema[name] for name in _SINGLE if name in schema]
    for name in _LISTS:
        member = schema.get(name)
        inner += member if isinstance(member, list) else []
    for name in _OF_SCHEMAS:
        member = schema.get(name)
        inner += member.values() if isinstance(member, Mapping) else []
    for part in inner:
        yield from _parts(part, depth - 1)


def exact(validator: type[Validator]) -> type[Validator]:
    """Return a validator with multiples by decimal arithmetic: 19.99 is one of 0.01."""
    from jsonschema.validators import extend

    names = {"multipleOf", "divisibleBy"} & validator.VALIDATORS.keys()
    changed = dict.fromkeys(names, _multiple_of)
    extended: type[Validator] = extend(validator, changed)  # type: ignore[no-untyped-call]
    return extended


def _multiple_of(
    validator: Validator, factor: Any, value: Any, schema: Any
) -> Iterator[ValidationError]:
    from jsonschema.exceptions import ValidationError

    if not validator.is_type(value, "number"):
        return
    if Fraction(repr(value)) % Fraction(repr(factor)):
        yield ValidationError(f"{value!r} is not a multiple of {factor!r}")
