"""Foreign texts in Markdown and HTML: shown as they are, cut to a size, and inert."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pytest_llmeval.text import visible

_BREAK = "\u200b"  # zero width; separates characters with a common meaning
_MARKS = {sign: f"&#{ord(sign)};" for sign in "\\`*_[]<>&|~\"'^={}#"}
# GitHub reads mathematics between dollar signs unless they stand in a span.
_ENTITIES = {**_MARKS, "$": "<span>&#36;</span>", "\n": "<br>", "\t": " "}
_TRIGGERS = re.compile(r"(?i)[@#!%~&^{](?=[\w/\"'+-])|:(?=/|[\w+-]+(?::|$))|\b(?:www|gh)(?=[.-])")
"""Patterns that GitHub and GitLab find in rendered text in spite of escapes.

They are ``@name``, ``#1``, ``:tada:`` and addresses.
"""

_BLANK_LINES = re.compile(r"\n\s*\n\s*\n")
_FENCE = re.compile(r"`{3,}")
_TOO_LONG = 64  # maximum code points of one visible character


def inert(text: str, room: int) -> str:
    """Escape a text for a paragraph, a table cell or an HTML element in Markdown.

    Args:
        text: Anything.
        room: Maximum bytes of UTF-8 of the result. A longer text is cut and ends with its length.
    """
    window = text[: room + 1]
    end = f"… ({len(text):,} characters)"
    pieces = [_piece(cluster) for cluster in _characters(_prepared(window))]
    whole = "".join(pieces)
    if len(window) == len(text) and _bytes(whole) <= room:
        return whole
    amount = 0
    left = room - _bytes(end)
    for piece in pieces:
        left -= _bytes(piece)
        if left < 0:
            break
        amount += 1
    return "".join(pieces[:amount]) + end


def flat(text: str, room: int) -> str:
    """Escape a text on one line, with spaces for line breaks."""
    # As many words as bytes fill the room. The rest only counts for the length.
    return inert(" ".join(text.split(maxsplit=room)), room)


def fenced(text: str, language: str = "") -> str:
    """Write a text as a block of code, which can be copied."""
    shown = visible(_encodable(text))
    fence = "`" * max([3, *(len(run) + 1 for run in _FENCE.findall(shown))])
    return f"{fence}{language}\n{shown}\n{fence}"


def comment(text: str) -> str:
    """Reduce a text to letters, digits and signs that cannot end an HTML comment."""
    return " ".join(re.sub(r"[^\w. ]+", " ", text).split())[:80]


def _prepared(text: str) -> str:
    lines = text.replace("\r\n", "\n").replace("\r", "\n").strip("\n")
    shown = visible(_encodable(_BLANK_LINES.sub("\n\n", lines)))
    return _TRIGGERS.sub(rf"\g<0>{_BREAK}", shown)


def _encodable(text: str) -> str:
    """Escape lone surrogates, which UTF-8 cannot encode."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def _characters(text: str) -> Iterator[str]:
    """Split a text into visible characters: an emoji with a modifier is one."""
    import regex

    for match in regex.finditer(r"\X", text):
        cluster: str = match[0]
        yield from (cluster[at : at + _TOO_LONG] for at in range(0, len(cluster), _TOO_LONG))


def _piece(cluster: str) -> str:
    return "".join(_ENTITIES.get(sign, sign) for sign in cluster)


def _bytes(text: str) -> int:
    return len(text.encode())
