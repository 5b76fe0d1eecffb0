"""Why a choice ended: its finish reason, and the further members in which services say it."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from pytest_llmeval.providers.finish import ending, finish_name

_REASON = "finishreason"
"""The usual member, in small letters without joints."""

_FURTHER = (
    _REASON, "stopreason", "donereason", "endreason", "completionreason",
    "terminationreason", "finishdetails", "incompletedetails", "guardrailaction",
)  # fmt: skip
"""Ends of the members of OpenRouter (`native_finish_reason`), of proxies before Anthropic, Gemini,
Ollama and Bedrock (`amazon-bedrock-guardrailAction`), of Azure and of OpenAI's responses."""

_FILTERS = ("content_filter_results", "content_filter_result", "safety_ratings", "safetyRatings")
_FILTERED = ("filtered", "blocked")
_GRAVE = ("withheld", "broken", "unfinished", "cut")
"""Endings that count wherever they stand, the first before the others."""

_FLAG = re.compile(
    r"(?:^|_|(?<=[a-z]))(?:sensitive|blocked|filtered|flagged|censored|withheld|truncated|failed|"
    r"incomplete|aborted|cancell?ed|interrupted|timed_?out)$",
    re.IGNORECASE,
)
"""Names such as ``output_sensitive`` of MiniMax and ``is_truncated`` of Baidu."""

_OF_PROMPT = re.compile(r"input|prompt|request|history|context|message", re.IGNORECASE)
"""Names of members that speak of the prompt, to which the model has answered all the same."""

_WORDS = re.compile(r"[A-Za-z][\w :.-]{1,60}")


def choice_reason(
    choice: Mapping[str, Any], stops: Collection[str] = (), reply: Mapping[str, Any] | None = None
) -> str:
    """Return the finish reason of a choice, as OpenAI names it.

    Args:
        choice: The choice.
        stops: The stop texts of the request: vLLM writes the one that it found as ``stop_reason``.
        reply: The whole reply, which may say it too.
    """
    reason = finish_name(choice.get("finish_reason"))
    holders = [*filter(_is_mapping, (choice, choice.get("message"), reply))]
    if not reason:
        reason = next(filter(None, map(finish_name, _members(choice, (_REASON,)))), "")
    names = [*_further(holders, stops), *_filtered(choice), *_flags(holders)]
    further = [reason, *names, *_statuses(choice)]
    for kind in _GRAVE:
        for name in further:
            if ending(name) == kind:
                return name
    return reason


def _statuses(choice: Mapping[str, Any]) -> Iterator[str]:
    """Yield the statuses of a choice and its message; that of the reply is read as an error."""
    for holder in (choice, choice.get("message")):
        status = holder.get("status") if isinstance(holder, Mapping) else None
        if isinstance(status, str) and _WORDS.fullmatch(status):
            yield finish_name(status)


def _is_mapping(value: Any) -> bool:
    return isinstance(value, Mapping)


def _flags(holders: list[Any]) -> Iterator[str]:
    """Yield the members that say with ``true`` that the answer was cut, withheld or broken off."""
    for holder in holders:
        for name, value in holder.items():
            if value is True and _FLAG.search(name) and not _OF_PROMPT.search(name):
                yield finish_name(name)


def _further(holders: list[Any], stops: Collection[str]) -> Iterator[str]:
    for holder in holders:
        for member in _members(holder, _FURTHER):
            name = finish_name(member)
            if name not in stops and _WORDS.fullmatch(name):
                yield name


def _members(holder: Mapping[str, Any], names: Collection[str]) -> Iterator[Any]:
    """Yield the members that end with one of the names, in any spelling."""
    for name, value in holder.items():
        plain = re.sub(r"[\W_]", "", name).lower()
        if plain.endswith(tuple(names)):
            yield value


def _filtered(choice: Mapping[str, Any]) -> Iterator[str]:
    """Yield the categories in which a filter says that it has acted."""
    for member in _FILTERS:
        results = choice.get(member)
        named = results.items() if isinstance(results, Mapping) else ()
        listed = enumerate(results) if isinstance(results, list) else ()
        for category, result in (*named, *listed):
            if isinstance(result, Mapping) and any(result.get(key) is True for key in _FILTERED):
                yield f"content_filter: {result.get('category', category)}"
