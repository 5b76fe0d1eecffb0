"""A strict reader of chat completions."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from pytest_llmeval.errors import BadReply
from pytest_llmeval.providers.openai.usage import read_usage
from pytest_llmeval.records.call import Completion, TokenLogprob

EXCERPT = 200
"""Number of characters of an unreadable reply in an error."""


def read_completion(text: str, *, model: str, endpoint: str, latency_s: float) -> Completion:
    """Read the completion in a reply.

    Args:
        text: The reply's body.
        model: The requested model, if the reply does not name one.
        endpoint: The endpoint that answered.
        latency_s: Duration of the call in seconds.

    Raises:
        BadReply: The body is not a chat completion. The message has its first characters.
    """
    try:
        reply = json.loads(text)
        choices = reply["choices"]
        first = choices[0]
        texts = tuple(_text(choice["message"]) for choice in choices)
        return Completion(
            text=texts[0],
            choices=texts if len(texts) > 1 else (),
            model=str(reply.get("model") or model),
            endpoint=endpoint,
            finish_reason=str(first.get("finish_reason") or ""),
            usage=read_usage(reply.get("usage")),
            latency_s=latency_s,
            logprobs=_logprobs(first.get("logprobs")),
        )
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        raise BadReply(
            f"{type(error).__name__}: {error}; the reply begins {text[:EXCERPT]!r}"
        ) from None


def _text(message: Mapping[str, Any]) -> str:
    """Read content or refusal. A tool call has neither."""
    content = message.get("content")
    if isinstance(content, list):
        content = "".join(part["text"] for part in content if part.get("type") == "text")
    if content is None:
        content = message.get("refusal") or ""
    if not isinstance(content, str):
        raise TypeError(f"content is {type(content).__name__}, not text")
    return content


def _logprobs(logprobs: Mapping[str, Any] | None) -> tuple[TokenLogprob, ...]:
    tokens = (logprobs or {}).get("content") or ()
    return tuple(
        TokenLogprob(str(row["token"]), float(row["logprob"]), _top(row)) for row in tokens
    )


def _top(row: Mapping[str, Any]) -> dict[str, float]:
    return {str(rival["token"]): float(rival["logprob"]) for rival in row.get("top_logprobs") or ()}
