"""The message of a model: what it says, by the meaning of its members."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any

from pytest_llmeval.errors import NoAnswer
from pytest_llmeval.providers.finish import (
    broken_off,
    called_tools,
    calls_tools,
    cut_off,
    empty,
    is_broken_off,
    is_unfinished,
    is_withheld,
    refused,
    unfinished,
    withheld,
)
from pytest_llmeval.providers.reading import answer_in
from pytest_llmeval.providers.reasoning import says_something
from pytest_llmeval.providers.tool_calls import written_calls
from pytest_llmeval.records.call import LENGTH, REFUSAL

_TEXT_PARTS = ("text", "output_text", "input_text", "")
"""Types of parts that hold text of the answer."""

_REASONING_PARTS = ("thinking", "reasoning", "redacted_thinking", "summary_text", "reasoning_text")
_TOOL_PARTS = ("tool_use", "tool_call", "function_call")
_REFUSAL_TEXTS = ("refusal", "message", "text", "reason", "explanation", "content")
_SHOWN = 100
_REASONING_KEYS = ("reasoning_content", "reasoning", "thinking", "reasoning_details")


_ROLES = ("", "assistant", "model", "ai", "bot", "chatbot", "gpt", "agent")
"""Roles of a model. A message with any other one is an echo of the prompt, or of a tool."""

_TRUE, _FALSE = ("true", "1"), ("false", "0", "none", "null")
"""Words of a refusal that only says whether there is one."""


class OddMessage(TypeError):
    """A message has another shape than that of a chat completion."""


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
        is_refusal: Whether the message says that the model refuses, be it without words.
    """

    text: str
    raw: str = ""
    has_reasoning: bool = False
    refusal: str = ""
    tools: tuple[str, ...] = ()
    calls: tuple[str, ...] = ()
    others: tuple[str, ...] = ()
    is_refusal: bool = False


def read_answer(
    message: Mapping[str, Any],
    reason: str,
    limit: int | None = None,
    tools: Collection[str] = (),
) -> Said:
    """Read the answer or the refusal in a message.

    Args:
        message: The message, with the members of a chat completion.
        reason: The finish reason.
        limit: The token limit of the request; ``None`` if it had none.
        tools: Names of the tools that the request offers.

    Raises:
        NoAnswer: The model ended without an answer.
        EndpointDown: The generation broke off.
        OddMessage: A member has another type.
    """
    role = str(message.get("role") or "")
    if role.strip().lower() not in _ROLES:
        raise NoAnswer(
            f"the message has the role {role!r}: it is no answer of the model, whose role is "
            "'assistant'"
        )
    if is_broken_off(reason):
        raise broken_off(reason)
    if is_unfinished(reason):
        raise unfinished(reason)
    said = _read(message)
    if is_withheld(reason) and not (said.refusal and reason == REFUSAL):
        # A model that refuses says so in its own words, or in none.
        is_silent = reason == REFUSAL and not says_something(said.text)
        raise refused() if is_silent else withheld(reason)
    if says_something(said.text):
        written = written_calls(said.text, tools)
        if written.names:
            raise called_tools(list(written.names), written.preamble)
        if said.calls or (said.tools and calls_tools(reason)):
            # Many servers say `stop` where the model calls a tool.
            raise called_tools(list(said.calls or said.tools), said.text)
        return replace(said, refusal=said.text) if said.is_refusal else said
    if said.refusal:
        return Said(said.refusal, refusal=said.refusal)
    if said.is_refusal:
        raise refused()
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
    refusal = _refusal(message.get("refusal"))
    is_refusal = _is_true(message.get("refusal"))
    content = message.get("content")
    others: tuple[str, ...] = ()
    if isinstance(content, Mapping):
        content = [content]
    if isinstance(content, list):
        parts = [*map(_part, filter(_is_there, content))]
        kinds = [_kind(part) for part in parts]
        pairs = list(zip(kinds, parts, strict=True))
        content = "".join(_part_text(part) for kind, part in pairs if kind in _TEXT_PARTS)
        refusals = [part for kind, part in pairs if kind == "refusal"]
        is_refusal = is_refusal or bool(refusals)
        refusal = refusal or "".join(map(_refusal, refusals))
        has_reasoning = has_reasoning or any(kind in _REASONING_PARTS for kind in kinds)
        calls = calls or [part for kind, part in pairs if kind in _TOOL_PARTS]
        known = {*_TEXT_PARTS, *_REASONING_PARTS, "refusal"}
        others = tuple(sorted(set(kinds) - known))
    if content is None:
        content = ""
    if not isinstance(content, str):
        raise OddMessage(f"content is {type(content).__name__}, not text")
    reading = answer_in(content)
    return Said(
        reading.answer,
        content if reading.answer != content else "",
        has_reasoning or reading.has_reasoning,
        refusal,
        tuple(_tool(call) or "a tool" for call in calls),
        tuple(_tool(call) for call in calls if _tool(call) and not _has_run(call)),
        others,
        is_refusal,
    )


def _refusal(member: Any) -> str:
    """Return the words of a refusal; empty if it has none."""
    if isinstance(member, Mapping):
        member = next(filter(None, map(member.get, _REFUSAL_TEXTS)), "")
    is_text = isinstance(member, str) and says_something(member)
    return member if is_text and member.strip().lower() not in (*_TRUE, *_FALSE) else ""


def _is_true(member: Any) -> bool:
    """Return whether a member says that there is a refusal."""
    if isinstance(member, str):
        return says_something(member) and member.strip().lower() not in _FALSE
    return bool(member)


def _is_there(part: Any) -> bool:
    """Return whether a part holds anything: some servers send null for one."""
    is_text = isinstance(part, Mapping) and _kind(part) in _TEXT_PARTS and "text" in part
    return part is not None and not (is_text and part["text"] is None)


def _part(part: Any) -> Mapping[str, Any]:
    """Return a part as an object."""
    if isinstance(part, str):
        return {"text": part}
    if not isinstance(part, Mapping):
        raise OddMessage(f"a part of the content is {type(part).__name__}, neither text nor object")
    return part


def _kind(part: Mapping[str, Any]) -> str:
    """Return the type of a part. Gemini marks reasoning with a flag."""
    if any(_is_true(part.get(name)) for name in ("thought", "is_thought", "isThought")):
        return "thinking"
    return str(part.get("type") or "")


def _part_text(part: Mapping[str, Any]) -> str:
    text = part.get("text")
    if isinstance(text, Mapping):
        text = text.get("value")  # as in messages of the Assistants API
    if text is None:
        names = ", ".join(map(repr, part)) or "nothing"
        raise OddMessage(f"the content is an object without a text: it has {names[:_SHOWN]}")
    if not isinstance(text, str):
        raise OddMessage(f"the text of a part is {type(text).__name__}, not text")
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
