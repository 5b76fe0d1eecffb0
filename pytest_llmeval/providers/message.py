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
        calls: Those of them that have a name, and that the endpoint has not run itself.
        others: Types of the parts that hold no text.
    """

    text: str
    raw: str = ""
    has_reasoning: bool = False
    refusal: str = ""
    tools: tuple[str, ...] = ()
    calls: tuple[str, ...] = ()
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
        if written.names:
            raise called_tools(list(written.names), written.preamble)
        if said.calls or (said.tools and calls_tools(reason)):
            # Many servers say `stop` where the model calls a tool.
            raise called_tools(list(said.calls or said.tools), said.text)
        return said
    if said.refusal:
        return Said(said.refusal, refusal=said.refusal)
    raise _no_answer(said, reason, limit)


def _no_answer(said: Said, reason: str, limit: int | None) -> NoAnswer:
    tools = said.tools or written_calls(said.raw).names
    if tools:
        return called_tools(list(tools))
    if reason == LENGTH:
        return cut_off(limit, said.has_reasoning)
    if said.others:
        return NoAnswer(f"the reply holds no text, but: {', '.join(said.others)}")
    return empty(reason, said.has_reasoning)


def _read(message: Mapping[str, Any]) -> Said:
    """Read a message by the meaning of its members."""
    calls = _calls(message)
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
        calls = calls or [part for kind, part in pairs if kind in _TOOL_PARTS]
        known = {*_TEXT_PARTS, *_REASONING_PARTS, "refusal"}
        others = tuple(sorted(set(kinds) - known))
    if content is None:
        content = ""
    if not isinstance(content, str):
        raise TypeError(f"content is {type(content).__name__}, not text")
    thought = split_reasoning(content)
    raw = content if thought.answer != content else ""
    return Said(
        thought.answer,
        raw,
        has_reasoning or bool(thought.reasoning or raw),
        refusal,
        tuple(_tool(call) or "a tool" for call in calls),
        tuple(_tool(call) for call in calls if _tool(call) and not _has_run(call)),
        others,
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


def _calls(message: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the calls of tools in a message."""
    listed = message.get("tool_calls")
    calls = []
    if isinstance(listed, list | tuple):
        calls = [call for call in listed if isinstance(call, Mapping)]
    single = message.get("function_call")
    return [*calls, single] if single and isinstance(single, Mapping) else calls


def _tool(call: Mapping[str, Any]) -> str:
    """Return the name of the tool that is called; empty without one."""
    function = call.get("function") or call
    return str(function.get("name") or "") if isinstance(function, Mapping) else str(function)


def _has_run(call: Mapping[str, Any]) -> bool:
    """Return whether the endpoint has run the tool, so that the text is the answer."""
    is_of_server = str(call.get("id") or "").startswith("srvtoolu_")
    is_done = str(call.get("status") or "").lower() in ("completed", "success", "succeeded")
    return is_of_server or is_done or bool(call.get("output") or call.get("result"))
