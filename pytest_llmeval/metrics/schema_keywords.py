"""The keywords of JSON Schema, and objects that only resemble a schema."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pytest_llmeval.errors import nearest_name

REQUIRING = frozenset((
    "type", "enum", "const", "properties", "patternProperties", "additionalProperties",
    "propertyNames", "minProperties", "maxProperties", "required", "dependencies",
    "dependentRequired", "dependentSchemas", "unevaluatedProperties", "items", "prefixItems",
    "additionalItems", "unevaluatedItems", "contains", "minItems", "maxItems", "uniqueItems",
    "minLength", "maxLength", "pattern", "format", "minimum", "maximum", "exclusiveMinimum",
    "exclusiveMaximum", "multipleOf", "divisibleBy", "allOf", "anyOf", "oneOf", "not", "if",
    "extends", "disallow", "$ref", "$dynamicRef", "$recursiveRef",
))  # fmt: skip
"""Keywords that can require something of a value."""

_FURTHER = frozenset((
    "$schema", "$id", "id", "$anchor", "$dynamicAnchor", "$recursiveAnchor", "$vocabulary",
    "$comment", "$defs", "definitions", "then", "else", "minContains", "maxContains", "title",
    "description", "default", "examples", "example", "deprecated", "readOnly", "writeOnly",
    "contentEncoding", "contentMediaType", "contentSchema", "nullable", "strict", "name",
))  # fmt: skip
"""Keywords that explain a schema or complete another one, with those of OpenAPI and OpenAI."""

_DEFINITIONS = frozenset(("$defs", "definitions"))
_WRAPPERS = (
    "schema", "json_schema", "jsonSchema", "parameters", "input_schema", "inputSchema",
    "response_schema", "responseSchema", "function", "response_format", "format", "text",
)  # fmt: skip
"""Members in which the requests of endpoints hold a schema."""

_SIMILARITY = 0.85
_FOLDED = {name.casefold(): name for name in (*REQUIRING, *_FURTHER)}


def keyword_problem(schema: Mapping[str, Any]) -> str:
    """Say what an object lacks that only resembles a schema; empty for a schema."""
    if schema and not REQUIRING & schema.keys():
        return _remedy(schema)
    for name in schema:
        if meant := _meant(name):
            return f"Its {name!r} is no keyword. Did you mean {meant!r}?"
    return ""


def member_remedy(schema: Mapping[str, Any]) -> str:
    """Name the member that holds the schema; empty if there is none."""
    path = _member(schema)
    return f"Did you mean its member {path!r}?" if path else ""


def _remedy(schema: Mapping[str, Any]) -> str:
    if remedy := member_remedy(schema):
        return f"It has no keyword that requires anything. {remedy}"
    for name in schema:
        if meant := _meant(name):
            return f"Its {name!r} is no keyword. Did you mean {meant!r}?"
    if _DEFINITIONS & schema.keys():
        return "It requires nothing of its definitions. Name the one that is meant with $ref."
    remedy = "Write {} or true if any JSON will do."
    if any(isinstance(value, Mapping) for value in schema.values()):
        remedy = f'The fields of an object stand under "properties". {remedy}'
    return f"It has no keyword that requires anything. {remedy}"


def _member(schema: Mapping[str, Any]) -> str:
    """Return the path of a member that is a schema."""
    for name in _WRAPPERS:
        member = schema.get(name)
        if not isinstance(member, Mapping):
            continue
        if inner := _member(member):
            return f"{name}.{inner}"
        if REQUIRING & member.keys():
            return name
    return ""


def _meant(name: str) -> str:
    """Return the keyword that a name was probably meant to be."""
    if name in REQUIRING or name in _FURTHER or name.startswith("x-"):
        return ""
    plain = name.replace("_", "").replace("-", "").replace(" ", "").casefold()
    return _FOLDED.get(nearest_name(plain, _FOLDED, _SIMILARITY), "")
