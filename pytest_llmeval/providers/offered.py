"""The tools that a request offers. A text that calls one of them by its name is no answer."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Any


def tool_names(body: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the names of the tools in the body of a request."""
    names = []
    for member in ("tools", "functions"):
        listed = body.get(member)
        for tool in listed if isinstance(listed, list) else ():
            function = tool.get("function", tool) if isinstance(tool, Mapping) else None
            name = function.get("name") if isinstance(function, Mapping) else None
            if isinstance(name, str) and name:
                names.append(name)
    return tuple(names)


def offered_call(text: str, tools: Collection[str]) -> str:
    """Return the offered tool that a text calls at its end; empty without one."""
    if not tools:
        return ""
    # Runs of white space become one, because the patterns try each of its characters.
    text = "\n".join(" ".join(line.split()) for line in text.splitlines() if line.strip())
    name = rf"(?P<name>{'|'.join(map(re.escape, tools))})"
    quoted = rf"[\"']{name}[\"']"
    formats = (
        rf"(?:\A|\n)\s*action:\s*`?{name}`?\s*(?:\n|\(|\Z)",
        rf"(?:\A|\n)\s*(?:```\w*\s*)?\[?\s*{name}\([^\n]*\)\s*\]?\s*(?:```\s*)?\Z",
        rf"(?:\A|\n|:)\s*(?:```\w*\s*)?\[?\s*\{{[^{{}}]{{0,200}}"
        rf"\"(?:name|tool|tool_name|function|action)\"\s*:\s*(?:\{{\s*\"name\"\s*:\s*)?{quoted}",
    )
    for pattern in formats:
        match = re.search(pattern, text, re.IGNORECASE)
        if match is not None:
            return match["name"]
    return ""
