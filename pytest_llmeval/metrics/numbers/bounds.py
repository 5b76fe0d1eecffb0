"""Words and signs that make a number a bound: ``at least 5``, ``> 5``, ``5 or more``, ``5+``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import Enum
from functools import cache
from typing import Any

from pytest_llmeval.metrics.numbers.words import read_data

_LOOKED_AT = 40
"""Characters before and behind a number in which such words are looked for."""


class Bound(Enum):
    """What a number is a bound of."""

    NONE = ""
    OVER = ">"
    AT_LEAST = ">="
    UNDER = "<"
    AT_MOST = "<="


def bound_at(text: str, start: int, end: int) -> Bound:
    """Return what a number is a bound of by the words and signs around it.

    Args:
        text: The text.
        start: Position of the number, or of its currency.
        end: Position after its unit.
    """
    head = text[max(start - _LOOKED_AT, 0) : start]
    match = _before().search(head)
    if match is not None and not _tag().search(head):
        return Bound[match.lastgroup]
    match = _behind().match(text[end : end + _LOOKED_AT])
    return Bound[match.lastgroup] if match is not None else Bound.NONE


@cache
def _before() -> Any:
    """Compile the pattern of words and signs right before a number."""
    import regex

    rows = []
    for name, spaced in _words("before").items():
        joined = _words("before, without blanks")[name]
        words = rf"(?:(?<![\p{{L}}\p{{M}}])(?:{'|'.join(spaced)})|{'|'.join(joined)})"
        rows.append(rf"(?P<{name}>{words})")
    return regex.compile(rf"(?i)(?:{'|'.join(rows)})\s{{0,2}}$")


@cache
def _behind() -> Any:
    """Compile the pattern of words and signs behind a number and its unit."""
    import regex

    rows = []
    for name, joined in _words("behind, without blanks").items():
        alternatives = [rf"\s{{0,2}}\p{{Lo}}{{0,2}}?(?:{'|'.join(joined)})"]
        spaced = _words("behind").get(name)
        if spaced:
            words = rf"(?:[ -]\p{{L}}+)?,?\s(?:{'|'.join(spaced)})(?![\p{{L}}\p{{M}}])"
            alternatives.append(words)
        rows.append(rf"(?P<{name}>{'|'.join(alternatives)})")
    return regex.compile(rf"(?i)(?:{'|'.join(rows)})")


@cache
def _words(position: str) -> Mapping[str, Sequence[str]]:
    words: Mapping[str, Mapping[str, Sequence[str]]] = read_data("bounds.json")
    return words[position]


@cache
def _tag() -> Any:
    """Compile the pattern of a tag of HTML, whose bracket is no sign."""
    import regex

    return regex.compile(r"<[/\p{L}][^<>]{0,30}>\s{0,2}$")
