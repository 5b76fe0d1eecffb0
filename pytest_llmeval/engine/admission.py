"""Completions as they enter the package: numbers that can be true, texts without secrets."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

from pytest_llmeval.errors import CallRefused
from pytest_llmeval.records.call import Completion, TokenLogprob, Usage
from pytest_llmeval.redaction import Secrets

_MOST_TOKENS = 2**31 - 1
"""Tokens of a call, beyond which the number is not one of tokens; databases hold no more."""

_MOST_USD = 1e9
_LONGEST_S = 1e9
_LONGEST_NAME = 500
"""Characters of the name of a model or of a reason to finish."""


_NAMES = ("model", "endpoint", "finish_reason")
_TEXTS = ("raw_text", "call", "made_at")


def admitted(completion: Completion, secrets: Secrets) -> Completion:
    """Return a completion without what an endpoint, a file or an application may get wrong.

    A number that cannot be true is unknown: no count of tokens is below zero or a fraction, no
    price and no duration is below zero or infinite. So none ends a report or the run log.

    Raises:
        CallRefused: The answer is no text.
    """
    if not isinstance(completion.text, str):
        raise CallRefused(
            f"{completion.endpoint or 'the provider'} returned a Completion whose text is "
            f"{type(completion.text).__name__}; allowed: str."
        )
    changes: dict[str, Any] = {
        name: text
        for name, value in vars(completion).items()
        if name in _NAMES + _TEXTS and (text := _text(name, value)) != value
    }
    if completion.usage is not None and not _is_usage(completion.usage):
        changes["usage"] = None
    if not _is_within(completion.cost_usd, _MOST_USD):
        changes["cost_usd"] = None
    if completion.latency_s is None or not _is_within(completion.latency_s, _LONGEST_S):
        changes["latency_s"] = 0.0
    if not all(map(_is_token, completion.logprobs)):
        changes["logprobs"] = ()
    checked = replace(completion, **changes) if changes else completion
    return secrets.hide_in(checked)


def _text(name: str, value: Any) -> str:
    text = value if isinstance(value, str) else str(value or "")
    if name in _NAMES and len(text) > _LONGEST_NAME:
        return f"{text[:_LONGEST_NAME]}…"
    return text


def _is_usage(usage: Usage) -> bool:
    return all(map(_is_count, vars(usage).values()))


def _is_count(value: Any) -> bool:
    is_whole = isinstance(value, int) and not isinstance(value, bool)
    return is_whole and 0 <= value <= _MOST_TOKENS


def _is_within(value: Any, most: float) -> bool:
    """Return whether a number is none at all, or one from zero to the most that it can be."""
    if value is None:
        return True
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return is_number and 0 <= value <= most  # false of NaN


def _is_token(token: TokenLogprob) -> bool:
    return not math.isnan(token.logprob) and not any(map(math.isnan, token.top.values()))
