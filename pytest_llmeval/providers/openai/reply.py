"""A strict reader of chat completions: each reply is an answer, a refusal, or an error."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pytest_llmeval.errors import BadReply, CallError, NoAnswer
from pytest_llmeval.providers.finish import (
    LENGTH,
    REFUSAL,
    broken_off,
    called_tools,
    cut_off,
    empty,
    finish_name,
    is_broken_off,
    is_withheld,
    says_something,
    split_reasoning,
    withheld,
)
from pytest_llmeval.providers.openai.body import EXCERPT, read_document
from pytest_llmeval.providers.openai.service_error import ServiceError, read_service_error
from pytest_llmeval.records.call import Completion, TokenLogprob, Usage

_TEXT_PARTS = ("text", "output_text", "input_text", "")
"""Types of parts that hold text of the answer."""

_REASONING_PARTS = ("thinking", "reasoning", "redacted_thinking", "summary_text", "reasoning_text")
_REASONING_KEYS = ("reasoning_content", "reasoning", "thinking", "reasoning_details")
_ERROR_KEYS = ("error", "detail", "message", "msg", "errors", "error_msg", "error_message")
_BLOCK_KEYS = ("promptFeedback", "prompt_feedback", "prompt_filter_results")
"""Members in which Gemini and Azure say that a filter refused the prompt."""


class ErrorInReply(Exception):
    """An error that stands in a reply with status 200.

    Args:
        error: What the endpoint says.
    """

    def __init__(self, error: ServiceError) -> None:
        super().__init__(error.text)
        self.error = error


@dataclass(frozen=True)
class _Said:
    """What a message says.

    Attributes:
        text: The answer.
        raw: The whole content, if reasoning was taken off it.
        has_reasoning: Whether the message holds reasoning.
        refusal: The model's own refusal, where it stands apart.
        tools: Names of the tools that it calls.
        others: Types of the parts that hold no text.
    """

    text: str
    raw: str = ""
    has_reasoning: bool = False
    refusal: str = ""
    tools: tuple[str, ...] = ()
    others: tuple[str, ...] = ()


def read_completion(
    text: str,
    *,
    model: str,
    endpoint: str,
    latency_s: float,
    body: Mapping[str, Any] | None = None,
) -> Completion:
    """Read the completion in a reply.

    Args:
        text: The reply's body.
        model: The requested model, if the reply does not name one.
        endpoint: The endpoint that answered.
        latency_s: Duration of the call in seconds.
        body: The body of the request, for the remedies.

    Raises:
        ErrorInReply: The reply, or its first choice, holds an error.
        NoAnswer: The model ended without an answer.
        EndpointDown: The generation broke off.
        BadReply: The reply is not a chat completion. The message has its first characters.
    """
    sent = body or {}
    reply = read_document(text, bool(sent.get("stream")))
    limit = sent.get("max_tokens") or sent.get("max_completion_tokens")
    try:
        check_error(reply)
        choices = _choices(reply)
        first = choices[0]
        said = _answer(first, limit)
        texts = [said.text, *_further_texts(choices[1:], limit)]
        return Completion(
            text=said.text,
            raw_text=said.raw,
            choices=tuple(texts) if len(choices) > 1 else (),
            model=str(reply.get("model") or model),
            endpoint=endpoint,
            finish_reason=REFUSAL if said.refusal else finish_name(first.get("finish_reason")),
            usage=_usage(reply.get("usage")),
            latency_s=latency_s,
            logprobs=_logprobs(first.get("logprobs")),
        )
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        raise BadReply(
            f"{type(error).__name__}: {error}; the reply begins {text[:EXCERPT]!r}. "
            "Check the base URL"
        ) from None


def check_error(reply: Any) -> None:
    """Raise the error that a reply with status 200 holds, if any.

    Raises:
        ErrorInReply: It holds one.
    """
    error = _error_of(reply)
    if error is not None:
        raise ErrorInReply(error)


def _error_of(reply: Any) -> ServiceError | None:
    if isinstance(reply, list) and len(reply) == 1:
        reply = reply[0]  # Gemini wraps the object of an error in a list
    if not isinstance(reply, Mapping):
        return None
    if reply.get("error"):
        return read_service_error(reply)
    if reply.get("choices"):
        return None
    base = reply.get("base_resp")
    if isinstance(base, Mapping) and base.get("status_code"):
        return read_service_error(reply)
    if any(reply.get(name) for name in _ERROR_KEYS):
        return read_service_error(reply)
    return None


def _choices(reply: Any) -> Sequence[Any]:
    """Return the choices of a reply, at least one."""
    if not isinstance(reply, Mapping):
        raise TypeError(f"the reply is {type(reply).__name__}, not an object")
    choices = reply.get("choices")
    if choices is not None and not isinstance(choices, list):
        raise TypeError(f"choices is {type(choices).__name__}, not a list")
    if choices:
        return choices
    if any(reply.get(name) for name in _BLOCK_KEYS):
        raise withheld("no choice, and the prompt was filtered")
    raise LookupError("the reply has no choices")


def _answer(choice: Mapping[str, Any], limit: int | None) -> _Said:
    """Read one choice.

    Raises:
        ErrorInReply: It holds an error.
        CallError: It holds no answer.
    """
    problem = choice.get("error")
    error = read_service_error(problem) if problem else None
    if error is not None:
        raise ErrorInReply(error)
    reason = finish_name(choice.get("finish_reason"))
    if is_broken_off(reason):
        raise broken_off(reason)
    if is_withheld(reason):
        raise withheld(reason)
    message = choice.get("message")
    if not isinstance(message, Mapping):
        raise TypeError("a choice has no message")
    said = _said(message)
    if says_something(said.text):
        return said
    if said.refusal:
        return _Said(said.refusal, refusal=said.refusal)
    raise _no_answer(said, reason, limit)


def _no_answer(said: _Said, reason: str, limit: int | None) -> NoAnswer:
    if said.tools:
        return called_tools(list(said.tools))
    if reason == LENGTH:
        return cut_off(limit, said.has_reasoning)
    if said.others:
        return NoAnswer(f"the reply holds no text, but: {', '.join(said.others)}")
    return empty(reason, said.has_reasoning)


def _further_texts(choices: Sequence[Any], limit: int | None) -> list[str]:
    """Return the texts of the choices after the first; one that is no answer is left out."""
    texts = []
    for choice in choices:
        try:
            texts.append(_answer(choice, limit).text)
        except (CallError, ErrorInReply):
            continue
    return texts


def _said(message: Mapping[str, Any]) -> _Said:
    """Read a message by the meaning of its members."""
    tools = tuple(_tools(message))
    has_reasoning = any(message.get(name) for name in _REASONING_KEYS)
    refusal = message.get("refusal")
    refusal = refusal if isinstance(refusal, str) and says_something(refusal) else ""
    content = message.get("content")
    others: tuple[str, ...] = ()
    if isinstance(content, Mapping):
        content = [content]
    if isinstance(content, list):
        parts = [{"text": part} if isinstance(part, str) else part for part in content]
        kinds = [_kind(part) for part in parts]
        pairs = list(zip(kinds, parts, strict=True))
        content = "".join(_part_text(part) for kind, part in pairs if kind in _TEXT_PARTS)
        refusal = refusal or "".join(str(p.get("refusal")) for k, p in pairs if k == "refusal")
        has_reasoning = has_reasoning or any(kind in _REASONING_PARTS for kind in kinds)
        known = {*_TEXT_PARTS, *_REASONING_PARTS, "refusal"}
        others = tuple(sorted(set(kinds) - known))
    if content is None:
        content = ""
    if not isinstance(content, str):
        raise TypeError(f"content is {type(content).__name__}, not text")
    thought = split_reasoning(content)
    raw = content if thought.answer != content else ""
    return _Said(
        thought.answer, raw, has_reasoning or bool(thought.reasoning or raw), refusal, tools, others
    )


def _kind(part: Mapping[str, Any]) -> str:
    return str(part.get("type") or "")


def _part_text(part: Mapping[str, Any]) -> str:
    text = part["text"]
    if isinstance(text, Mapping):
        text = text["value"]  # as in messages of the Assistants API
    if not isinstance(text, str):
        raise TypeError(f"the text of a part is {type(text).__name__}")
    return text


def _tools(message: Mapping[str, Any]) -> list[str]:
    """Return the names of the tools that a message calls."""
    calls = message.get("tool_calls") or []
    functions = [call.get("function") or call for call in calls if isinstance(call, Mapping)]
    if message.get("function_call"):
        functions.append(message["function_call"])
    return [str(function.get("name") or "a tool") for function in functions]


def _usage(usage: Mapping[str, Any] | None) -> Usage | None:
    if not usage:
        return None
    return Usage(int(usage.get("prompt_tokens") or 0), int(usage.get("completion_tokens") or 0))


def _logprobs(logprobs: Any) -> tuple[TokenLogprob, ...]:
    tokens = logprobs.get("content") if isinstance(logprobs, Mapping) else None
    return tuple(
        TokenLogprob(str(row["token"]), float(row["logprob"]), _top(row)) for row in tokens or ()
    )


def _top(row: Mapping[str, Any]) -> dict[str, float]:
    return {str(rival["token"]): float(rival["logprob"]) for rival in row.get("top_logprobs") or ()}
