"""Texts of others in Markdown and HTML: shown as they are, within a size, and doing nothing."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pytest_llmeval.text import visible

BREAK = "\u200b"  # of no width; parts what would be read together
MARKS = {sign: f"&#{ord(sign)};" for sign in "\\`*_[]<>&|~\"'^={}#"}
ENTITIES = {
    **MARKS,
    "$": "<span>&#36;</span>",
    "\n": "<br>",
    "\t": " ",
}  # the span is how GitHub ends mathematics
TRIGGERS = re.compile(r"(?i)[@#!%~&^{](?=[\w/\"'+-])|:(?=/|[\w+-]+(?::|$))|\b(?:www|gh)(?=[.-])")
"""What GitHub and GitLab look for in finished text, where no escape helps: ``@name``, ``#1``, ``:tada:``, addresses."""

BLANK_LINES = re.compile(r"\n\s*\n\s*\n")
FENCE = re.compile(r"`{3,}")
TOO_LONG = 64  # code points that one character on the screen may have


def inert(text: str, room: int) -> str:
    """A text for a paragraph, a table cell or an HTML element, in Markdown that is read as HTML too.

    Args:
        text: Anything.
        room: Most bytes of UTF-8 that the result may have; a text that is longer ends with its
            length.
    """
    window, end = text[: room + 1], f"… ({len(text):,} characters)"
    pieces = [_piece(cluster) for cluster in _characters(_prepared(window))]
    whole = "".join(pieces)
    if len(window) == len(text) and _bytes(whole) <= room:
        return whole
    kept, left = 0, room - _bytes(end)
    for piece in pieces:
        left -= _bytes(piece)
        if left < 0:
            break
        kept += 1
    return "".join(pieces[:kept]) + end


def flat(text: str, room: int) -> str:
    """The same on one line: line breaks are spaces."""
    return inert(
        " ".join(text.split(maxsplit=room)), room
    )  # so many words fill it; the rest only counts


def fenced(text: str, language: str = "") -> str:
    """A text as a block of code, which can be copied."""
    shown = visible(_encodable(text))
    fence = "`" * max([3, *(len(run) + 1 for run in FENCE.findall(shown))])
    return f"{fence}{language}\n{shown}\n{fence}"


def comment(text: str) -> str:
    """A text for an HTML comment: letters and digits of any script, and single signs that cannot end it."""
    return " ".join(re.sub(r"[^\w. ]+", " ", text).split())[:80]


def _prepared(text: str) -> str:
    lines = text.replace("\r\n", "\n").replace("\r", "\n").strip("\n")
    shown = visible(_encodable(BLANK_LINES.sub("\n\n", lines)))
    return TRIGGERS.sub(rf"\g<0>{BREAK}", shown)


def _encodable(text: str) -> str:
    """The text without lone surrogates, which UTF-8 cannot hold."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def _characters(text: str) -> Iterator[str]:
    """What a person takes for one character: an emoji with its skin is never cut in two."""
    import regex

    for match in regex.finditer(r"\X", text):
        cluster: str = match[0]
        yield from (cluster[at : at + TOO_LONG] for at in range(0, len(cluster), TOO_LONG))


def _piece(cluster: str) -> str:
    return "".join(ENTITIES.get(sign, sign) for sign in cluster)


def _bytes(text: str) -> int:
    return len(text.encode())
