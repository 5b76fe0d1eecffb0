"""A strict reader of chat completions: each reply is an answer, a refusal, or an error."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from typing import Any

from pytest_llmeval.errors import BadReply, CallError
from pytest_llmeval.providers.finish import withheld
from pytest_llmeval.providers.message import OddMessage, Said, read_answer
from pytest_llmeval.providers.offered import tool_names
from pytest_llmeval.providers.openai.body import EXCERPT, read_document
from pytest_llmeval.providers.openai.choice_reason import choice_reason
from pytest_llmeval.providers.openai.logprobs import read_logprobs
from pytest_llmeval.providers.openai.service_error import (
    ServiceError,
    is_error,
    is_failure,
    read_service_error,
    unfinished_words,
)
from pytest_llmeval.providers.usage import read_usage, usage_of
from pytest_llmeval.records.call import REFUSAL, Completion

_ERROR_KEYS = ("error", "detail", "message", "msg", "errors", "error_msg", "error_message")
_BLOCK_KEYS = ("promptFeedback", "prompt_feedback", "prompt_filter_results")
"""Members in which Gemini and Azure say that a filter refused the prompt."""


class _WrongShape(ValueError):
    """A reply is no chat completion."""


class ErrorInReply(Exception):
    """An error that stands in a reply with status 200.

    Args:
        error: What the endpoint says.
    """

    def __init__(self, error: ServiceError) -> None:
        super().__init__(error.text)
        self.error = error


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
    stops = sent.get("stop") or ()
    try:
        check_error(reply)
        choices = _choices(reply)
        first = choices[0]
        reason = choice_reason(first, stops, reply) if isinstance(first, Mapping) else ""
        said = _answer(first, reason, limit, tool_names(sent))
        texts = [said.text, *_further_texts(choices[1:], sent)]
        return Completion(
            text=said.text,
            raw_text=said.raw,
            choices=tuple(texts) if len(choices) > 1 else (),
            model=str(reply.get("model") or model),
            endpoint=endpoint,
            finish_reason=REFUSAL if said.refusal else reason,
            usage=read_usage(usage_of(reply)),
            latency_s=latency_s,
            logprobs=read_logprobs(first.get("logprobs")),
            system_fingerprint=str(reply.get("system_fingerprint") or ""),
        )
    except CallError as error:
        with suppress(ValueError, TypeError, AttributeError):
            error.usage = read_usage(usage_of(reply))
        raise
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        raise _bad(reply, text, error) from None


def _bad(reply: Any, text: str, error: Exception) -> BadReply:
    """Make the error of a reply that has another shape."""
    kind = "" if isinstance(error, (_WrongShape, OddMessage)) else f"{type(error).__name__}: "
    message = f"{kind}{error}; the reply begins {text[:EXCERPT]!r}"
    is_chat = isinstance(reply, Mapping) and "choices" in reply
    return BadReply(message if is_chat else f"{message}. Check the base URL")


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
    if is_error(reply.get("error")):
        return read_service_error(reply)
    if is_failure(reply):
        # The text of the choices is no text of the error.
        return read_service_error({name: reply[name] for name in reply if name != "choices"})
    if unfinished := unfinished_words(reply):
        return read_service_error({"message": unfinished})
    if reply.get("choices"):
        return None
    if any(reply.get(name) for name in _ERROR_KEYS):
        return read_service_error(reply)
    return None


def _choices(reply: Any) -> Sequence[Any]:
    """Return the choices of a reply, at least one, in the order of their indices."""
    if not isinstance(reply, Mapping):
        raise _WrongShape(f"the reply is {type(reply).__name__}, not an object")
    choices = reply.get("choices")
    if choices is not None and not isinstance(choices, list):
        raise _WrongShape(f"choices is {type(choices).__name__}, not a list")
    if choices:
        return sorted(choices, key=_index) if all(map(_has_index, choices)) else choices
    if any(reply.get(name) for name in _BLOCK_KEYS):
        raise withheld("no choice, and the prompt was filtered")
    raise _WrongShape("the reply has no choices")


def _has_index(choice: Any) -> bool:
    return isinstance(choice, Mapping) and type(choice.get("index")) is int


def _index(choice: Mapping[str, Any]) -> int:
    return int(choice["index"])


def _answer(
    choice: Mapping[str, Any], reason: str, limit: int | None, tools: Collection[str]
) -> Said:
    """Read one choice.

    Raises:
        ErrorInReply: It holds an error.
        CallError: It holds no answer.
    """
    if not isinstance(choice, Mapping):
        raise _WrongShape(f"a choice is {type(choice).__name__}, not an object")
    message = choice.get("message")
    inner = _inner_error(message) if isinstance(message, Mapping) else None
    problem = choice.get("error") or inner
    error = read_service_error(problem) if is_error(problem) else None
    if error is not None:
        raise ErrorInReply(error)
    if not isinstance(message, Mapping):
        raise _WrongShape("a choice has no message")
    return read_answer(message, reason, limit, tools)


def _inner_error(message: Mapping[str, Any]) -> Any:
    """Return the error that a message holds, also as a part of its content."""
    content = message.get("content")
    parts = content if isinstance(content, list) else [content]
    for part in parts:
        if isinstance(part, Mapping) and part.get("type") == "error":
            return part.get("error") or part
    return message.get("error")


def _further_texts(choices: Sequence[Any], sent: Mapping[str, Any]) -> list[str]:
    """Return the texts of the choices after the first; one that is no answer is left out."""
    texts = []
    for choice in choices:
        try:
            reason = choice_reason(choice, sent.get("stop") or ())
            texts.append(_answer(choice, reason, None, tool_names(sent)).text)
        except (CallError, ErrorInReply, ValueError, LookupError, TypeError, AttributeError):
            continue
    return texts
