"""The body of a chat completion, read strictly."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from pytest_llmeval.errors import BadReply
from pytest_llmeval.records.call import Completion, TokenLogprob, Usage

EXCERPT = 200
"""Characters of an unreadable reply that an error shows."""


def read_completion(text: str, *, model: str, endpoint: str, latency_s: float) -> Completion:
    """The completion in a reply.

    Args:
        text: The reply's body.
        model: The model that was asked, where the reply does not name one.
        endpoint: Who answered.
        latency_s: Seconds it took.

    Raises:
        BadReply: The body is not a chat completion. The message holds its first characters.
    """
    try:
        reply = json.loads(text)
        choices = reply["choices"]
        first = choices[0]
        return Completion(
            text=_text(first["message"]),
            choices=tuple(_text(choice["message"]) for choice in choices)
            if len(choices) > 1
            else (),
            model=str(reply.get("model") or model),
            endpoint=endpoint,
            finish_reason=str(first.get("finish_reason") or ""),
            usage=_usage(reply.get("usage")),
            latency_s=latency_s,
            logprobs=_logprobs(first.get("logprobs")),
        )
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        raise BadReply(
            f"{type(error).__name__}: {error}; the reply begins {text[:EXCERPT]!r}"
        ) from None


def _text(message: Mapping[str, Any]) -> str:
    """Content, or the refusal that came in its place; a call of tools has neither."""
    content = message.get("content")
    if isinstance(content, list):
        content = "".join(part["text"] for part in content if part.get("type") == "text")
    if content is None:
        content = message.get("refusal") or ""
    if not isinstance(content, str):
        raise TypeError(f"content is {type(content).__name__}, not text")
    return content


def _usage(usage: Mapping[str, Any] | None) -> Usage | None:
    if not usage:
        return None
    return Usage(int(usage.get("prompt_tokens") or 0), int(usage.get("completion_tokens") or 0))


def _logprobs(logprobs: Mapping[str, Any] | None) -> tuple[TokenLogprob, ...]:
    tokens = (logprobs or {}).get("content") or ()
    return tuple(
        TokenLogprob(str(row["token"]), float(row["logprob"]), _top(row)) for row in tokens
    )


def _top(row: Mapping[str, Any]) -> dict[str, float]:
    return {str(rival["token"]): float(rival["logprob"]) for rival in row.get("top_logprobs") or ()}
