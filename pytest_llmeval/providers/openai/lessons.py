"""What an endpoint refuses, learned from its own error message."""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any

from pytest_llmeval.providers.openai.adaptation import (
    CONSTRAINTS,
    FORMATS,
    NEW_LIMIT,
    Adaptation,
    joined_messages,
    schema_keywords,
)
from pytest_llmeval.providers.openai.refusals import (
    MOST,
    excludes_zero,
    lowest,
    refuses,
    refuses_named,
    refuses_system,
)
from pytest_llmeval.providers.openai.service_error import ServiceError

_NO_LESSON = (401, 402, 408, 409, 425, 429)
"""Statuses that say nothing about what the endpoint supports."""

_PARAMETERS = (
    "max_tokens", "temperature", "top_p", "seed", "stop", "frequency_penalty", "presence_penalty",
    "n", "logprobs", "top_logprobs",
)  # fmt: skip
"""Members of a request that can be left out, or renamed."""

_COMMON_WORDS = ("n", "stop", "seed")
"""Names that are words of English, which count only in quotes or after "parameter"."""

_EITHER = re.compile(r"cannot both|only one of|mutually exclusive|at the same time", re.IGNORECASE)
_TOO_MUCH = re.compile(
    r"too (?:large|long|many|big|high)|context|exceed|at most \d{2,}|greater than|less than",
    re.IGNORECASE,
)
_NEVER = re.compile(
    r"unsupported|not.(?:be.)?support|unrecogni|extra.?(?:inputs|_forb)", re.IGNORECASE
)
_MOST_RAISED = 4096
"""The highest token limit that an error may demand: a request costs that much more."""

_OF_PROMPT = re.compile(
    r"context|prompt|too (?:large|long|many|big|high)|input(?! should)", re.IGNORECASE
)
"""Words of an error about the length of a prompt."""

_UNNAMED = re.compile(r"no endpoints found.{0,60}requested parameters", re.IGNORECASE)
_FORMAT = re.compile(
    r"response.?format|json.?schema|json.?object|json.?mode|json.?output|structured.?output|"
    r"too many states|(?:specified|given|provided) schema|"
    r"output.?(?:config|format)|response.?schema|response.?mime|\bgrammar\b|guided|xgrammar|outlines",
    re.IGNORECASE,
)
_SCHEMA = re.compile(r"schema|grammar|output_config", re.IGNORECASE)
_OF_CONTENT = re.compile(r"\b(?:images?|audio|videos?|attachments?)\b", re.IGNORECASE)
_WITHHELD = re.compile(
    r"content[ _-]?(?:filter|policy|management)|responsible.?ai|safety system|inspection.?failed|"
    r"\b(?:prompt|response|input|content|request) (?:was|has been|is) (?:filtered|flagged|blocked)|"
    r"violat\w+ .{0,40}\b(?:policy|policies|guidelines|terms)\b|jailbreak",
    re.IGNORECASE,
)
"""Words of a filter, whose errors are about the case and not about the request."""

_ALTERNATE = re.compile(r"roles? must alternate|alternate between|alternating", re.IGNORECASE)


@dataclass(frozen=True)
class _Refusal:
    """An error of an endpoint, with the request that it refuses.

    Attributes:
        error: The error.
        body: The body that was sent.
        fixed: Members that the user has written.
    """

    error: ServiceError
    body: Mapping[str, Any]
    fixed: Collection[str]

    def names(self, name: str) -> bool:
        """Return whether the error is about a member of the request."""
        return is_named(name, self.error)

    @property
    def is_refusal(self) -> bool:
        """Whether its words say that something is not supported."""
        words = self.error.words
        sent = [name for name in _PARAMETERS if self.has(name)]
        return refuses(words) or any(refuses_named(name, words) for name in sent)

    def has(self, name: str) -> bool:
        """Return whether a member was sent, and may be changed."""
        return name in self.body and name not in self.fixed


def is_named(name: str, error: ServiceError) -> bool:
    """Return whether an error names a member of the request, also as ``presencePenalty``."""
    subjects = {re.split(r"[.\[]", field)[0] for field in error.fields}
    if subjects & {*_PARAMETERS, NEW_LIMIT}:
        return name in subjects
    spelling = re.escape(name).replace("_", "[_ ]?")
    if name in _COMMON_WORDS:
        pattern = rf"['\"`]{spelling}['\"`]|(?:parameter|argument|field)s? {spelling}\b"
        pattern += rf"|[#\w]/{spelling}\b|\[{spelling}\]|\bfield \w+\.{spelling}\b"
        pattern += rf"|(?:key|property|option|member)s? {spelling}\b"
        pattern += rf"|\bbody\.{spelling}\b|: {spelling}\b|\b{spelling} ?(?:=|>|must be)"
        pattern += r"|\bstop.?sequences?\b" if name == "stop" else ""
    else:
        pattern = rf"(?<![a-z_]){spelling}(?:_num)?(?![a-z_])"
    return re.search(pattern, error.text, re.IGNORECASE) is not None


def learn(
    known: Adaptation, error: ServiceError, body: Mapping[str, Any], fixed: Collection[str]
) -> Adaptation:
    """Learn from an error what the endpoint refuses.

    Args:
        known: What is known.
        error: The error.
        body: The body that was sent.
        fixed: Members that the user has written. They are not changed, so nothing is learned from
            an error about them.

    Returns:
        What is known now; equal to ``known`` if the error teaches nothing new.
    """
    if error.status in _NO_LESSON or error.written or _WITHHELD.search(error.words):
        return known
    refusal = _Refusal(error, body, fixed)
    lessons = (
        _learn_roles, _learn_format, _learn_top_logprobs, _learn_least_limit, _learn_parameters,
        _learn_zero, _learn_unnamed,
    )  # fmt: skip
    for lesson in lessons:
        learned = lesson(known, refusal)
        if learned != known:
            return learned
    return known


def _learn_roles(known: Adaptation, refusal: _Refusal) -> Adaptation:
    messages = list(refusal.body.get("messages") or ())
    has_system = any(message.get("role") in ("system", "developer") for message in messages)
    words = refusal.error.words
    is_role = any(field.endswith(".role") for field in refusal.error.fields)
    is_about_system = has_system and (
        refuses_system(words, refusal.error.status) or (is_role and "system" in words)
    )
    can_join = joined_messages([dict(message) for message in messages]) != messages
    if can_join and (is_about_system or _ALTERNATE.search(words)):
        return replace(known, joins_system=True)
    return known


def _learn_format(known: Adaptation, refusal: _Refusal) -> Adaptation:
    error = refusal.error
    is_about_format = _FORMAT.search(error.words) or refusal.names("response_format")
    if not refusal.has("response_format") or not is_about_format:
        return known
    if _OF_CONTENT.search(error.text) and not refusal.names("response_format"):
        return known
    given = refusal.body["response_format"]
    kind = str(given.get("type"))
    if kind == "json_schema":
        schema = given.get("json_schema") or {}
        present = schema_keywords(schema.get("schema"))
        is_required = re.search("required to be supplied|must be", error.text) is not None
        named = {name for name in present if re.search(rf"(?<!\w){name}(?!\w)", error.text)}
        if named and not is_required:
            return replace(known, refused_keywords=known.refused_keywords | named)
        if "strict" in schema and re.search(r"['\"`]strict['\"`]", error.text):
            return replace(known, has_strict=False)
        constraints = present & set(CONSTRAINTS)
        if constraints and _is_about_schema(error):
            return replace(known, refused_keywords=known.refused_keywords | constraints)
    if kind not in FORMATS:
        return known
    return replace(known, refused_formats=known.refused_formats | {kind})


def _is_about_schema(error: ServiceError) -> bool:
    """Return whether an error is about the content of a schema, not about the response format."""
    is_type = re.search(r"response.?format|json_schema.{0,3}['\"`]", error.text, re.IGNORECASE)
    return bool(_SCHEMA.search(error.text)) and not is_type


def _learn_top_logprobs(known: Adaptation, refusal: _Refusal) -> Adaptation:
    sent = refusal.body.get("top_logprobs")
    is_about = refusal.names("top_logprobs") or refusal.names("logprobs")
    most = MOST.search(refusal.error.text)
    if not is_about or most is None:
        return known
    highest = int(most["end"] or most["most"])
    if highest == 0 and refusal.has("logprobs"):
        return replace(known, left_out=known.left_out | {"logprobs", "top_logprobs"})
    if not refusal.has("top_logprobs") or not sent or not 1 <= highest < int(sent):
        return known
    return replace(known, top_logprobs=highest)


def _learn_least_limit(known: Adaptation, refusal: _Refusal) -> Adaptation:
    """Learn the lowest token limit that the endpoint takes."""
    if _OF_PROMPT.search(refusal.error.text):
        return known
    for name in ("max_tokens", NEW_LIMIT):
        least = lowest(refusal.error.text) if refusal.has(name) and refusal.names(name) else None
        if least is not None and int(refusal.body[name]) < least <= _MOST_RAISED:
            return replace(known, least_limit=math.ceil(least))
    return known


def _learn_parameters(known: Adaptation, refusal: _Refusal) -> Adaptation:
    if not refusal.is_refusal:
        return known
    if refusal.has(NEW_LIMIT) and refusal.names(NEW_LIMIT):
        return replace(known, left_out=known.left_out | {NEW_LIMIT})
    named = [name for name in _PARAMETERS if refusal.has(name) and refusal.names(name)]
    if len(named) > 1 and _EITHER.search(refusal.error.text):
        named = named[-1:]
    is_value = _TOO_MUCH.search(refusal.error.text) and not _NEVER.search(refusal.error.words)
    if is_value and not refusal.names(NEW_LIMIT):
        return known
    if "max_tokens" in named:
        named.remove("max_tokens")
        known = replace(known, has_new_limit=True)
    if "logprobs" in named:
        named.append("top_logprobs")
    return replace(known, left_out=known.left_out | set(named))


def _learn_zero(known: Adaptation, refusal: _Refusal) -> Adaptation:
    """Learn from a range without 0 to leave the temperature to the endpoint."""
    is_zero = refusal.has("temperature") and not refusal.body["temperature"]
    if not (is_zero and refusal.names("temperature") and excludes_zero(refusal.error.text)):
        return known
    return replace(known, left_out=known.left_out | {"temperature"})


def _learn_unnamed(known: Adaptation, refusal: _Refusal) -> Adaptation:
    """Learn from an error that does not say which parameter it is about: the rarest goes first."""
    if not _UNNAMED.search(refusal.error.text):
        return known
    if refusal.has("logprobs"):
        return replace(known, left_out=known.left_out | {"logprobs", "top_logprobs"})
    if refusal.has("response_format"):
        kind = str(refusal.body["response_format"].get("type"))
        return replace(known, refused_formats=known.refused_formats | {kind})
    return known
