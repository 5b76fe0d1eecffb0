"""The tokens of a reply, in the words of each service.

All services agree on what a call costs: tokens of the prompt, less for those that came from a
cache, and tokens that the model wrote, its reasoning among them. They differ in the names, and in
whether one number includes another.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from pytest_llmeval.records.call import Usage

_MOST = 2**31 - 1
"""Tokens beyond which a number is not one of tokens."""

_PROMPT = ("prompt_tokens", "input_tokens", "prompt_token_count", "input_token_count",
           "prompt_eval_count", "tokens_evaluated", "prompt_n")  # fmt: skip
_WRITTEN = ("completion_tokens", "output_tokens", "candidates_token_count",
            "completion_token_count", "output_token_count", "generated_tokens",
            "generated_token_count", "response_tokens", "response_token_count", "eval_count",
            "tokens_predicted", "predicted_n")  # fmt: skip
_DETAILS = ("prompt_tokens_details", "input_tokens_details", "input_token_details")
_WRITTEN_DETAILS = (
    "completion_tokens_details", "output_tokens_details", "output_token_details",
)  # fmt: skip
_CACHED = ("cached_tokens", "cache_read", "cache_read_tokens")
_CACHED_APART = (
    "cache_read_input_tokens", "prompt_cache_hit_tokens", "cached_content_token_count",
    "cached_tokens", "cached_input_tokens",
)  # fmt: skip
_CACHE_WRITES = ("cache_write_tokens", "cache_creation_tokens", "cache_creation")
_CACHE_WRITES_APART = ("cache_creation_input_tokens", "cache_write_input_tokens")
_ANTHROPIC = ("cache_read_input_tokens", *_CACHE_WRITES_APART)
_TOTAL = ("total_tokens", "total_token_count")
_REASONING = ("reasoning_tokens", "reasoning")
_REASONING_APART = ("reasoning_tokens", "thoughts_token_count")
_GROUPS = ("billed_units", "tokens")
"""Members in which Cohere puts the counts: those that it bills, and all."""

_USAGES = ("usage", "usage_metadata", "usageMetadata", "token_usage")


def usage_of(reply: Mapping[str, Any]) -> object:
    """Return what a reply says of its tokens, wherever that stands."""
    usage = next(filter(None, map(reply.get, _USAGES)), None)
    return reply if usage is None and "prompt_eval_count" in reply else usage


def read_usage(usage: object, *, writes_text: bool = True) -> Usage | None:
    """Read the usage of a reply.

    Args:
        usage: The member ``usage`` of the reply.
        writes_text: Whether the model writes something; an embedding does not.

    Returns:
        The tokens; ``None`` if the name of a count is not known, or one cannot be true.
    """
    if not isinstance(usage, Mapping) or not usage:
        return None
    usage = _in_snake_case(usage)
    if not _has(usage, (*_PROMPT, *_WRITTEN)):
        groups = [usage[name] for name in _GROUPS if isinstance(usage.get(name), Mapping)]
        read = (_read_counts(group, writes_text) for group in groups)
        return next(filter(None, read), None)
    return _read_counts(usage, writes_text)


def _read_counts(usage: Mapping[str, Any], writes_text: bool) -> Usage | None:
    prompt = _count(usage, _PROMPT)
    written = _count(usage, _WRITTEN)
    if prompt is None or written is None:
        return None
    cached, writes = _cache(usage)
    if writes_text and not _has(usage, (*_WRITTEN, *_TOTAL)):
        # What the model wrote has a name that nobody knows, and costs the most.
        return None
    if not _has(usage, _PROMPT):
        # Every call has a prompt: without the total, nobody knows what it cost.
        if not _has(usage, _WRITTEN) or not _has(usage, _TOTAL):
            return None
        prompt = max((_count(usage, _TOTAL) or 0) - written, 0)
    total = _count(usage, _TOTAL) or prompt + written
    if _is_apart(usage, cached + writes, prompt, total - prompt - written):
        prompt += cached + writes
    if not prompt + written:
        return None
    reasoning = _inner(usage, _WRITTEN_DETAILS, _REASONING)
    reasoning = reasoning or _count(usage, _REASONING_APART) or 0
    written, reasoning = _with_reasoning(written, reasoning, total - prompt - written)
    counts = (prompt, written, cached, writes, reasoning)
    return Usage(*counts) if max(counts) <= _MOST else None


def _in_snake_case(counts: Mapping[str, Any]) -> dict[str, Any]:
    """Write names such as ``promptTokens`` as ``prompt_tokens``, also those of the details."""
    named = {}
    for name, value in counts.items():
        spelling = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", str(name)).replace("-", "_").lower()
        named[spelling] = _in_snake_case(value) if isinstance(value, Mapping) else value
    return named


def _has(counts: Mapping[str, Any], names: tuple[str, ...]) -> bool:
    return any(counts.get(name) is not None for name in names)


def _cache(usage: Mapping[str, Any]) -> tuple[int, int]:
    """Return the tokens read from the cache, and those written into it."""
    cached = _inner(usage, _DETAILS, _CACHED) or _count(usage, _CACHED_APART) or 0
    writes = _inner(usage, _DETAILS, _CACHE_WRITES) or _count(usage, _CACHE_WRITES_APART) or 0
    return cached, writes


def _is_apart(usage: Mapping[str, Any], cached: int, prompt: int, more: int) -> bool:
    """Return whether the tokens of the cache are no part of those of the prompt.

    Anthropic counts them apart. Of a proxy in front of it, only the numbers say so.
    """
    is_anthropic = "prompt_tokens" not in usage and bool(_count(usage, _ANTHROPIC))
    return bool(cached) and (is_anthropic or cached > prompt or more == cached)


def _with_reasoning(written: int, reasoning: int, more: int) -> tuple[int, int]:
    """Add the reasoning where the count of written tokens does not include it.

    Gemini and Grok leave it out, as the total shows.

    Args:
        written: Tokens that the model wrote.
        reasoning: Tokens of its reasoning; 0 if unknown.
        more: Tokens of the total that are neither of the prompt nor written.
    """
    if reasoning and (more == reasoning or reasoning > written):
        return written + reasoning, reasoning
    if not reasoning and more > 0:
        return written + more, more if written else 0
    return written, min(reasoning, written)


def _inner(usage: Mapping[str, Any], groups: tuple[str, ...], names: tuple[str, ...]) -> int | None:
    """Return a count of the first group that has it."""
    for group in groups:
        details = usage.get(group)
        if isinstance(details, Mapping) and (count := _count(details, names)):
            return count
    return None


def _count(counts: Mapping[str, Any], names: tuple[str, ...]) -> int | None:
    """Return the first count that is there; 0 if none is, ``None`` if it cannot be true."""
    for name in names:
        value = counts.get(name)
        if value is None:
            continue
        if isinstance(value, str):
            value = int(value) if value.isascii() and value.isdigit() and len(value) < 20 else -1
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        is_count = isinstance(value, int) and not isinstance(value, bool)
        return value if is_count and 0 <= value <= _MOST else None
    return 0
