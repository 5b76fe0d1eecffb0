"""Calls of tools that a model writes as text, where its server does not read them."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from typing import NamedTuple

from pytest_llmeval.providers.offered import offered_call
from pytest_llmeval.providers.reasoning import without_last_controls

_NAMED = r"(?:[\w-]{1,20}:|\uff5cDSML\uff5c)?"
_MANY = (
    r"tool_?calls?|function_?calls?|\w{1,20}_tool_call|tool_(?:use|code|invocation|request)|"
    r"(?:use|call|run|execute|invoke)_(?:\w{1,20}_)?tool|access_mcp_resource"
)
_TAG = re.compile(
    rf"<{_NAMED}(?P<kind>{_MANY}|invoke|function)(?P<rest>[=\s][^<>]{{0,200}})?>",
    re.IGNORECASE,
)
_ONE_CALL = ("invoke", "function")
"""Tags whose attribute names the tool, and which an answer in XML may have as well."""

_FAMILY = rf"(?:{_MANY}|invoke|function)"
_ENDS_CLOSED = re.compile(rf"</{_NAMED}{_FAMILY}\s*>\Z", re.IGNORECASE)
_JSON = r"\s*[\[{]"
_PARAMETERS = rf"\s*<{_NAMED}(?:parameters?|params?|arguments?|args?)\b"
_BODY_OF_ONE = re.compile(rf"{_JSON}|{_PARAMETERS}", re.IGNORECASE)
_BODY = re.compile(
    rf"{_JSON}|\s*<{_NAMED}(?:invoke|function|tool_call)\b|"
    r"\s*<(?:tool_)?name>[^<>]{1,80}</(?:tool_)?name>\s*<(?:arguments?|parameters?|input)\b|"
    r"\s*[\w.-]{1,80}\s*(?:\(|\{|<arg_key|<tool_sep)",
    re.IGNORECASE,
)
_BODY_OF_USE = re.compile(
    rf"{_JSON}|\s*<(?:(?:server|tool|function)_)?name>[^<>]{{1,80}}</", re.IGNORECASE
)
_CODE = re.compile(r"\w\(|=|\bimport\b")
_OPENED = re.compile(
    r"\[TOOL_CALLS?\]|\[TOOL_REQUEST\]|<\|python_tag\|>|<\|tool_calls?(?:_\w{1,20})?\|>|"
    r"<\|START_ACTION\|>|<\uff5ctool[▁_]calls?[▁_]begin\uff5c>|<start_function_call>|<\|tool_call>|"
    r"<\|tool_calls_section_begin\|>|<\|tools_prefix\|>|functools(?=\[\s*\{)|"
    r"<\|action_start\|>\s*<\|(?:plugin|interpreter)\|>",
    re.IGNORECASE,
)
"""Tokens after which nothing but calls comes."""

_CALL = re.compile(r"\s*(?:[\[{<`]|[\w.:]{1,80}\s*[\[{(<:])")
_CALL_ENDS = ("}", "]", ")", ">", "```")
_FENCED = re.compile(
    r"```tool_(?:code|calls?)\s[^`]*```\Z|"
    r"Action:\s*```json\s*\[(?=[^`]{0,2000}\"tool_name\")[^`]*```\Z",
    re.IGNORECASE,
)

_CHANNEL = re.compile(
    r"<\|(?:channel\|>commentary|start\|>assistant) to=(?:functions\.)?([\w.-]{1,80})"
)
_BARE_CHANNEL = re.compile(
    r"(?:\A|commentary |assistant ?|\n)to=(?:functions\.)?([\w.-]{1,80}?)"
    r"(?:\s|json|code|commentary|<\|\w{1,20}\|>){1,10}[\[{]"
)
"""A call of gpt-oss without the control tokens that a server has taken out."""

_MESSAGE = re.compile(r"[^{}]{0,80}<\|message\|>\s*[\[{]")
_ENDED = re.compile(r"(?:\s|json|code|commentary|<\|\w{1,20}\|>)*")
"""What stands behind the name of a tool where the reply was cut before the arguments."""

_NAME = re.compile(
    r"\"(?:tool_)?name\"\s*:\s*\"([^\"]{1,80})\"|<function=([\w.-]{1,80})|"
    r"(?:invoke|function|call|tool)\s+name=\"([^\"]{1,80})\"|<(?:tool_)?name>([^<>]{1,80})<|"
    r"\[TOOL_CALLS?\]\s*([\w.-]{1,80})|functions\.([\w.-]{1,80}):\d|sep\uff5c>([\w.-]{1,80})|"
    r"<tool_call>\s*([\w.-]{1,80})\s*<|(?<![\w.])([A-Za-z_][\w.]{0,80})\("
)
_NAME_OF_CALL = re.compile(r"\bname=")
_ANY = "a tool"
_MOST_STARTS = 50
_SENTENCE_END = (".", "!", "?", "…", ":", "。", "\uff01", "\uff1f", "\uff1a", "\n")
"""What a preamble ends with before a tag."""


class WrittenCalls(NamedTuple):
    """Calls of tools in a text.

    Attributes:
        names: Names of the tools; empty if the text is an answer.
        preamble: What the model says before it calls them.
    """

    names: tuple[str, ...]
    preamble: str


def written_calls(text: str, tools: Collection[str] = ()) -> WrittenCalls:
    """Return the tools that a text calls.

    It is a call if it ends with one, in a known format and with arguments. A text about such tags,
    and an answer in XML, are none.

    Args:
        text: The text.
        tools: Names of the tools that the request offers. With their names, formats count that an
            answer may have as well: ReAct, a list in Python, an object in JSON.
    """
    channel = _called_channel(text) or offered_call(text, tools)
    if channel:
        return WrittenCalls((channel,), "")
    call = text.strip()
    begins = without_last_controls(call)
    for start in _starts(begins):
        if not (_may_end(begins[:start], begins[start:]) and _is_call(begins[start:], start == 0)):
            continue
        matches = (next(filter(None, match.groups())) for match in _NAME.finditer(call, start))
        names = tuple(dict.fromkeys(matches)) or (_ANY,)
        return WrittenCalls(names, begins[:start].strip())
    opened = _OPENED.match(call)
    if opened is not None and _CALL.match(call, opened.end()) is not None:
        return WrittenCalls((_ANY,), "")
    return WrittenCalls((), "")


def _called_channel(text: str) -> str | None:
    """Return the tool that a text in the harmony format of gpt-oss calls at its end."""
    is_whole = without_last_controls(text).endswith(("}", "]"))
    for channel in _CHANNEL.finditer(text):
        message = _MESSAGE.match(text, channel.end())
        if message and (is_whole or not text[: channel.start()].strip()):
            return channel[1]
        if _ENDED.fullmatch(text, channel.end()):
            return channel[1]
    bare = _BARE_CHANNEL.search(text)
    return bare[1] if bare and is_whole and not text[: bare.start()].count("`") % 2 else None


def _starts(text: str) -> Iterator[int]:
    """Yield where a call may begin."""
    starts = {match.start() for match in _TAG.finditer(text)}
    starts |= {match.start() for match in _OPENED.finditer(text)}
    starts |= {match.start() for match in _FENCED.finditer(text)}
    yield from sorted(starts)[:_MOST_STARTS]


def _may_end(before: str, call: str) -> bool:
    """Return whether a preamble ends before a call: the call is no part of code or a sentence."""
    if before.endswith("`") or before.count("```") % 2:
        return False
    return not before or not _TAG.match(call) or before.rstrip(" \t").endswith(_SENTENCE_END)


def _is_call(text: str, is_whole: bool) -> bool:
    """Return whether a text is calls from its first character to its last one."""
    if _FENCED.match(text):
        return True
    opened = _OPENED.match(text)
    if opened is not None:
        has_body = _CALL.match(text, opened.end()) is not None
        return has_body and (is_whole or text.endswith(_CALL_ENDS))
    return _is_closed(text, is_whole)


def _is_closed(text: str, is_whole: bool) -> bool:
    """Return whether a text is a call in tags, the last of which may be missing."""
    start = _TAG.match(text)
    if start is None or not _has_arguments(text, start):
        return False
    if _ENDS_CLOSED.search(text):
        return True
    # A server may take the closing tag for the end of the reply.
    is_open = re.search(rf"</{_NAMED}{re.escape(start['kind'])}\s*>", text, re.IGNORECASE) is None
    return is_open and (is_whole or text.endswith(_CALL_ENDS))


def _has_arguments(text: str, start: re.Match[str]) -> bool:
    """Return whether a call stands behind a tag."""
    rest = start["rest"] or ""
    kind = start["kind"].lower()
    if kind == "tool_code":
        return _CODE.search(text, start.end()) is not None
    if kind.endswith("_tool"):
        return _BODY_OF_USE.match(text, start.end()) is not None
    if kind not in _ONE_CALL:
        named = _BODY_OF_ONE.match(text, start.end()) if _NAME_OF_CALL.search(rest) else None
        return (named or _BODY.match(text, start.end())) is not None
    if rest.startswith("=") and re.match(r"\s*(?:</function>|\Z)", text[start.end() :]):
        return True  # without arguments, in a spelling that no XML has
    is_named = rest.startswith("=") or _NAME_OF_CALL.search(rest) is not None
    return is_named and _BODY_OF_ONE.match(text, start.end()) is not None
