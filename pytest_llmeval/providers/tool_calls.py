"""Calls of tools that a model writes as text, where its server does not read them."""

from __future__ import annotations

import re

_NAMED = r"(?:[\w-]{1,20}:)?"
_CLOSED = re.compile(
    rf"<(?P<tag>{_NAMED}(?:tool_calls?|function_calls?|\w{{1,20}}_tool_call|invoke|tool_use|"
    r"function(?=[=\s])))\b[^<>]{0,200}>",
    re.IGNORECASE,
)
_OPENED = re.compile(
    r"\[TOOL_CALLS?\]|\[TOOL_REQUEST\]|<\|python_tag\|>|<\|tool_calls?(?:_\w{1,20})?\|>|"
    r"<\|START_ACTION\|>|<\uff5ctool[▁_]calls?[▁_]begin\uff5c>|<start_function_call>|<\|tool_call>|"
    r"<\|tool_calls_section_begin\|>|functools(?=\[\s*\{)",
    re.IGNORECASE,
)
"""Tokens after which nothing but calls comes."""

_CALL = re.compile(r"\s*(?:[\[{<]|[\w.:]{1,80}\s*[\[{(<:])")
_FENCED = re.compile(r"```tool_(?:code|calls?)\s[^`]*```", re.IGNORECASE)

_CHANNEL = re.compile(
    r"<\|(?:channel\|>commentary|start\|>assistant) to=(?:functions\.)?([\w.-]{1,80})"
)
_NAME = re.compile(
    r"\"name\"\s*:\s*\"([^\"]{1,80})\"|<function=([\w.-]{1,80})|name=\"([^\"]{1,80})\"|"
    r"\[TOOL_CALLS?\]\s*([\w.-]{1,80})|(?<![\w.])([A-Za-z_][\w.]{0,80})\("
)
_ANY = "a tool"


def written_calls(text: str) -> tuple[str, ...]:
    """Return the names of the tools that a text calls; empty if it is more than such a call."""
    channel = _CHANNEL.search(text)
    if channel is not None:
        return (channel[1],)
    call = text.strip()
    opened = _OPENED.match(call)
    is_opened = opened is not None and _CALL.match(call, opened.end()) is not None
    if not is_opened and not _FENCED.fullmatch(call) and not _is_closed(call):
        return ()
    names = [next(filter(None, match.groups())) for match in _NAME.finditer(call)]
    return tuple(dict.fromkeys(names)) or (_ANY,)


def _is_closed(call: str) -> bool:
    """Return whether a text begins with a call in tags, and ends with one."""
    start = _CLOSED.match(call)
    if start is None:
        return False
    if re.search(rf"</{re.escape(start['tag'])}\s*>\Z", call, re.IGNORECASE):
        return True
    # A server may take the closing tag for the end of the reply.
    inner = call[start.end() :].strip()
    return f"</{start['tag']}" not in call and inner[:1] in ("{", "[", "<")
