"""Texts without Markdown's emphasis and bullets, with ASCII digits."""

from __future__ import annotations

import re
from collections.abc import Mapping
from unicodedata import decimal

TEXT_COMMANDS = (
    "text|textbf|textit|textrm|textnormal|textsf|mathrm|mathbf|mathit|mathsf|mbox|operatorname"
)
"""Commands of LaTeX for a text, or for letters of another look, as a part of a pattern."""

_STRUCK = "~~"
_MARKERS = re.compile(rf"\*+|_+|`+|{_STRUCK}")
_BULLET = re.compile(r"^[ \t]*[-*+•][ \t]+", re.MULTILINE)
_CLOSING = ")]}%"
_OPENING = "([{"
_PUNCTUATION: Mapping[str, str | int | None] = {
    "\N{ARABIC PERCENT SIGN}": "%",
    "\N{FULLWIDTH PERCENT SIGN}": "%",
    "\N{FULLWIDTH FULL STOP}": ".",
    "\N{FULLWIDTH COMMA}": ",",
    "\N{FULLWIDTH PLUS SIGN}": "+",
    "\N{FULLWIDTH HYPHEN-MINUS}": "-",
    "\N{FULLWIDTH SOLIDUS}": "/",
    "\N{FULLWIDTH DOLLAR SIGN}": "$",
    "\N{FULLWIDTH EQUALS SIGN}": "=",
    "\N{FULLWIDTH LEFT PARENTHESIS}": "(",
    "\N{FULLWIDTH RIGHT PARENTHESIS}": ")",
    "\N{FULLWIDTH YEN SIGN}": "\N{YEN SIGN}",
    "\N{SMALL PERCENT SIGN}": "%",
    "\N{HYPHEN}": "-",
    "\N{NON-BREAKING HYPHEN}": "-",
    "\N{FIGURE DASH}": "-",
    "\N{SMALL HYPHEN-MINUS}": "-",
}
"""Signs of numbers that have an ASCII form."""


def plain_digits(text: str) -> str:
    """Return a text with ASCII digits, percent signs and the like, whatever its script."""
    if text.isascii():
        return text
    digits: dict[str, str | int | None] = {
        character: str(decimal(character))
        for character in set(text)
        if character.isdecimal() and not character.isascii()
    }
    return text.translate(str.maketrans({**_PUNCTUATION, **digits}))


def without_markdown(text: str) -> str:
    """Return a text without the marks of emphasis, code and bullets.

    A mark of multiplication, a power or an index (``2*3``, ``2**3``, ``x_1``) stands between two
    characters that are no space, and is not taken for emphasis.
    """
    if len(_BULLET.findall(text)) > 1:
        text = _BULLET.sub("", text)
    open_marks: dict[str, int] = {}
    spans: list[tuple[int, int]] = []
    for match in _MARKERS.finditer(text):
        before = text[match.start() - 1 : match.start()]
        after = text[match.end() : match.end() + 1]
        if _is_joined(before, after):
            continue
        start = open_marks.pop(match[0], None)
        if start is not None and _closes(text, start, match.start()):
            spans += _dropped(match, start)
        elif after and not after.isspace():
            open_marks[match[0]] = match.start()
    return _without(text, spans)


def _dropped(match: re.Match[str], start: int) -> list[tuple[int, int]]:
    """Return what goes with a pair of marks: the marks, or all of a text that is struck out."""
    if match[0] == _STRUCK:
        return [(start, match.end())]
    return [(start, start + len(match[0])), match.span()]


def _is_joined(before: str, after: str) -> bool:
    """Return whether a mark stands between two operands."""
    is_operand = before.isalnum() or (before != "" and before in _CLOSING)
    return is_operand and (after.isalnum() or (after != "" and after in _OPENING))


def _closes(text: str, start: int, end: int) -> bool:
    """Return whether a mark ends the emphasis that begins at ``start``, in the same paragraph."""
    return not text[end - 1].isspace() and text.find("\n\n", start, end) < 0


def _without(text: str, spans: list[tuple[int, int]]) -> str:
    parts: list[str] = []
    end = 0
    for start, stop in sorted(spans):
        parts.append(text[end:start])
        end = max(end, stop)
    return "".join([*parts, text[end:]])
