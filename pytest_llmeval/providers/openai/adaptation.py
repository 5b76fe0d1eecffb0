"""A request as one model of one endpoint takes it: without what the endpoint has refused."""

from __future__ import annotations

import copy
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

NEW_LIMIT = "max_completion_tokens"
"""The name of ``max_tokens`` for models that reason."""

CONSTRAINTS = ("minimum", "maximum", "minItems", "maxItems")
"""Keywords of a schema that only narrow what a reader of the reply checks anyway."""

KEYWORDS = (*CONSTRAINTS, "enum", "additionalProperties")
"""Keywords of a schema that can be left out."""

FORMATS = ("json_schema", "json_object")
"""Response formats in order of preference; the last resort is none."""

_SYSTEM_ROLES = ("system", "developer")


@dataclass(frozen=True)
class Adaptation:
    """What is sent differently.

    Attributes:
        left_out: Members of the request that are not sent.
        has_new_limit: Whether ``max_tokens`` is sent as ``max_completion_tokens``.
        top_logprobs: The highest number that the endpoint allows; ``None`` for any.
        refused_formats: Response formats that it refuses.
        refused_keywords: Keywords of a schema that it refuses.
        has_strict: Whether it takes the member ``strict`` of a schema.
        joins_system: Whether the system message stands in the first user message.
        least_limit: The lowest token limit that it takes.
        reasons: Whether the model reasons before it answers, and needs room for that.
    """

    left_out: frozenset[str] = frozenset()
    has_new_limit: bool = False
    top_logprobs: int | None = None
    refused_formats: frozenset[str] = frozenset()
    refused_keywords: frozenset[str] = frozenset()
    has_strict: bool = True
    joins_system: bool = False
    least_limit: int = 0
    reasons: bool = False

    def adapt(
        self, body: Mapping[str, Any], fixed: Collection[str] = (), room: int | None = None
    ) -> tuple[dict[str, Any], tuple[str, ...]]:
        """Return the body to send, and what is different in it, in words.

        Args:
            body: The body of the request.
            fixed: Members that the user has written, which are sent as they are.
            room: Tokens to add for a model that reasons; ``None`` to add none.
        """
        if self == _UNCHANGED:
            return dict(body), ()
        adapted = dict(body)
        notes: list[str] = []
        self._adapt_limit(adapted, fixed, room, notes)
        for name in sorted(self.left_out - set(fixed)):
            is_sent = adapted.pop(name, None) is not None
            # Without log probabilities, their number has no meaning.
            if is_sent and not (name == "top_logprobs" and "logprobs" in self.left_out):
                notes.append(f"{name} left out")
        if "top_logprobs" in adapted and "top_logprobs" not in fixed and self.top_logprobs:
            allowed = min(adapted["top_logprobs"], self.top_logprobs)
            if allowed != adapted["top_logprobs"]:
                adapted["top_logprobs"] = allowed
                notes.append(f"top_logprobs lowered to {allowed}")
        if "response_format" in adapted and "response_format" not in fixed:
            self._adapt_format(adapted, notes)
        if self.joins_system:
            messages = joined_messages(adapted["messages"])
            if messages != adapted["messages"]:
                adapted["messages"] = messages
                notes.append("system message joined to the user message")
        return adapted, tuple(notes)

    def _adapt_limit(
        self, body: dict[str, Any], fixed: Collection[str], room: int | None, notes: list[str]
    ) -> None:
        if "max_tokens" not in body or "max_tokens" in fixed:
            return
        if self.reasons and room:
            body["max_tokens"] += room
            notes.append(f"{room:,} tokens added for reasoning")
        if body["max_tokens"] < self.least_limit:
            body["max_tokens"] = self.least_limit
            notes.append(f"max_tokens raised to {self.least_limit:,}")
        if not self.has_new_limit:
            return
        limit = body.pop("max_tokens")
        if NEW_LIMIT in self.left_out:
            notes.append("max_tokens left out")
        elif NEW_LIMIT not in body:
            body[NEW_LIMIT] = limit
            notes.append(f"max_tokens sent as {NEW_LIMIT}")

    def _adapt_format(self, body: dict[str, Any], notes: list[str]) -> None:
        given = body["response_format"]
        kind = given.get("type")
        if kind in self.refused_formats:
            others = FORMATS[FORMATS.index(kind) + 1 :] if kind in FORMATS else ()
            left = [name for name in others if name not in self.refused_formats]
            if not left:
                del body["response_format"]
                notes.append("response_format left out")
                return
            body["response_format"] = {"type": left[0]}
            notes.append(f"{left[0]} instead of {kind}")
            return
        if kind == "json_schema" and (self.refused_keywords or not self.has_strict):
            changed = copy.deepcopy(dict(given))
            schema = changed["json_schema"]
            present = self.refused_keywords & schema_keywords(schema.get("schema"))
            if present:
                schema["schema"] = _without_keywords(schema["schema"], present)
                notes.append(f"schema without {', '.join(sorted(present))}")
            if not self.has_strict and schema.pop("strict", None) is not None:
                notes.append("schema without strict")
            body["response_format"] = changed


_UNCHANGED = Adaptation()


def schema_keywords(schema: Any) -> set[str]:
    """Return which `KEYWORDS` a schema uses. Names of properties are no keywords."""
    if isinstance(schema, list):
        return set().union(*map(schema_keywords, schema))
    if not isinstance(schema, Mapping):
        return set()
    used = {name for name in schema if name in KEYWORDS}
    for name, value in schema.items():
        inner = list(value.values()) if name == "properties" else value
        used |= schema_keywords(inner)
    return used


def _without_keywords(schema: Any, keywords: Collection[str]) -> Any:
    """Return a schema without some of its keywords."""
    if isinstance(schema, list):
        return [_without_keywords(item, keywords) for item in schema]
    if not isinstance(schema, Mapping):
        return schema
    smaller = {}
    for name, value in schema.items():
        if name == "properties":
            properties = {key: _without_keywords(rule, keywords) for key, rule in value.items()}
            smaller[name] = properties
        elif name not in keywords:
            smaller[name] = _without_keywords(value, keywords)
    return smaller


def joined_messages(messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return a chat whose roles alternate, with the system message in the first user message.

    A message with members besides role and content, such as a tool call, stays as it is.
    """
    joined: list[dict[str, Any]] = []
    for message in messages:
        role = "user" if message.get("role") in _SYSTEM_ROLES else message.get("role")
        before = joined[-1] if joined else None
        is_same = before is not None and before["role"] == role
        if before is not None and is_same and _is_plain(before) and _is_plain(message):
            before["content"] = _joined_content(before["content"], message["content"])
        else:
            joined.append({**message, "role": role})
    return joined


def _is_plain(message: Mapping[str, Any]) -> bool:
    return message.keys() == {"role", "content"} and isinstance(message["content"], (str, list))


def _joined_content(first: Any, second: Any) -> Any:
    if isinstance(first, str) and isinstance(second, str):
        return f"{first}\n\n{second}"
    parts: list[Any] = []
    for content in (first, second):
        parts += [{"type": "text", "text": content}] if isinstance(content, str) else content
    return parts
