"""Why a choice ended: its finish reason, and the further members in which services say it."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from pytest_llmeval.providers.finish import ending, finish_name

_FURTHER = ("native_finish_reason", "stop_reason", "finish_details", "incomplete_details")
"""Members of OpenRouter, of proxies before Anthropic, of Azure and of OpenAI's responses."""

_FILTERS = ("content_filter_results", "content_filter_result", "safety_ratings", "safetyRatings")
_FILTERED = ("filtered", "blocked")
_GRAVE = ("withheld", "broken", "cut")
"""Endings that count wherever they stand, the first before the others."""

_WORDS = re.compile(r"[A-Za-z][\w :.-]{1,60}")


def choice_reason(choice: Mapping[str, Any], stops: Collection[str] = ()) -> str:
    """Return the finish reason of a choice, as OpenAI names it.

    Args:
        choice: The choice.
        stops: The stop texts of the request: vLLM writes the one that it found as ``stop_reason``.
    """
    reason = finish_name(choice.get("finish_reason"))
    further = [reason, *_further(choice, stops), *_filtered(choice)]
    for kind in _GRAVE:
        for name in further:
            if ending(name) == kind:
                return name
    return reason


def _further(choice: Mapping[str, Any], stops: Collection[str]) -> Iterator[str]:
    message = choice.get("message")
    for holder in (choice, message):
        if not isinstance(holder, Mapping):
            continue
        for member in _FURTHER:
            name = finish_name(holder.get(member))
            if name not in stops and _WORDS.fullmatch(name):
                yield name


def _filtered(choice: Mapping[str, Any]) -> Iterator[str]:
    """Yield the categories in which a filter says that it has acted."""
    for member in _FILTERS:
        results = choice.get(member)
        named = results.items() if isinstance(results, Mapping) else ()
        listed = enumerate(results) if isinstance(results, list) else ()
        for category, result in (*named, *listed):
            if isinstance(result, Mapping) and any(result.get(key) is True for key in _FILTERED):
                yield f"content_filter: {result.get('category', category)}"
