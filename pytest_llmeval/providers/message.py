"""The message of a model: what it says, by the meaning of its members."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pytest_llmeval.errors import NoAnswer
from pytest_llmeval.providers.finish import (
    broken_off,
    called_tools,
    calls_tools,
    cut_off,
    empty,
    is_broken_off,
    is_withheld,
    refused,
    withheld,
)
from pytest_llmeval.providers.reasoning import says_something, split_reasoning
from pytest_llmeval.providers.tool_calls import written_calls
from pytest_llmeval.records.call import LENGTH, REFUSAL

_TEXT_PARTS = ("text", "output_text", "input_text", "")
"""Types of parts that hold text of the answer."""

_REASONING_PARTS = ("thinking", "reasoning", "redacted_thinking", "summary_text", "reasoning_text")
_TOOL_PARTS = ("tool_use", "tool_call", "function_call")
_REASONING_KEYS = ("reasoning_content", "reasoning", "thinking", "reasoning_details")


@dataclass(frozen=True)
class Said:
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


def read_answer(message: Mapping[str, Any], reason: str, limit: int | None = None) -> Said:
    """Read the answer or the refusal in a message.

    Args:
        message: The message, with the members of a chat completion.
        reason: The finish reason.
        limit: The token limit of the request; ``None`` if it had none.

    Raises:
        NoAnswer: The model ended without an answer.
        EndpointDown: The generation broke off.
        TypeError: A member has another type.
    """
    if is_broken_off(reason):
        raise broken_off(reason)
    said = _read(message)
    if is_withheld(reason) and not (said.refusal and reason == REFUSAL):
        # A model that refuses says so in its own words, or in none.
        is_silent = reason == REFUSAL and not says_something(said.text)
        raise refused() if is_silent else withheld(reason)
    if says_something(said.text):
        written = written_calls(said.text)
        if written:
            raise called_tools(list(written))
        if said.tools and calls_tools(reason):
            raise called_tools(list(said.tools), said.text)
        return said
    if said.refusal:
        return Said(said.refusal, refusal=said.refusal)
    raise _no_answer(said, reason, limit)


def _no_answer(said: Said, reason: str, limit: int | None) -> NoAnswer:
    tools = said.tools or written_calls(said.raw)
    if tools:
        return called_tools(list(tools))
    if reason == LENGTH:
        return cut_off(limit, said.has_reasoning)
    if said.others:
        return NoAnswer(f"the reply holds no text, but: {', '.join(said.others)}")
    return empty(reason, said.has_reasoning)


def _read(message: Mapping[str, Any]) -> Said:
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
        called = [part for kind, part in pairs if kind in _TOOL_PARTS]
        tools = tools or tuple(_tools({"tool_calls": called}))
        known = {*_TEXT_PARTS, *_REASONING_PARTS, "refusal"}
        others = tuple(sorted(set(kinds) - known))
    if content is None:
        content = ""
    if not isinstance(content, str):
        raise TypeError(f"content is {type(content).__name__}, not text")
    thought = split_reasoning(content)
    raw = content if thought.answer != content else ""
    return Said(
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
