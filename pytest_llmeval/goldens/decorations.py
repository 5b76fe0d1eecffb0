"""Names of columns without what people write around them, and without letters of another script."""

from __future__ import annotations

import re
from functools import cache

_BRACKETS = re.compile(
    r"\(([^()]*)\)|\[([^\[\]]*)\]|\{([^{}]*)\}|<([^<>]*)>|\uff08([^\uff08\uff09]*)\uff09|\u3010([^\u3010\u3011]*)\u3011"
)
_ABOUT = frozenset((
    "url", "urls", "link", "links", "source", "id", "ids", "lang", "language", "locale", "type",
    "date", "time", "seconds", "sec", "s", "ms", "score", "scores", "rating", "count", "number",
    "tokens", "length", "chars", "model", "author", "version", "hash", "wrong", "bad",
    "incorrect", "rejected", "old", "actual", "predicted", "generated", "usd", "eur", "cost", "min",
    "max", "mean", "avg", "std", "index", "idx", "notes", "note", "comment", "explanation",
    "reason",
))  # fmt: skip
"""Words in brackets that say that a column holds something about what it names."""

_WORD = re.compile(r"[^\W\d_]+")
_CYRILLIC = "АВЕЅІЈКМНОРСТУХаеѕіјкорсухԁһԛԝ"
_GREEK = "ΑΒΕΖΗΙΚΜΝΟΡΤΥΧαινορτυϲϳ"
_LIKE_LATIN = str.maketrans(
    f"{_CYRILLIC}{_GREEK}\u0131\u0251\u0261",
    "ABESIJKMHOPCTYXaesijkopcyxdhqwABEZHIKMNOPTYXaivoptucjiag",
)
"""Letters of other scripts that look like Latin ones."""

_LATIN = re.compile(r"[A-Za-z]")


@cache
def undecorated(name: str) -> str:
    """Return a name without brackets and with Latin letters for those that only look like them.

    `expected (required)` is `expected`, and `reference (url)` stays what it is.
    """
    text = _BRACKETS.sub(_without, name).strip()
    return " ".join(map(_latin, text.split())) or name


def _without(match: re.Match[str]) -> str:
    """Return what stands for brackets: nothing, but all where the name is in them or changes."""
    inside = next(text for text in match.groups() if text is not None)
    if match.start() == 0 and match.end() == len(match.string.strip()):
        return inside
    words = {word.casefold() for word in _WORD.findall(inside)}
    return match[0] if words & _ABOUT else " "


def _latin(word: str) -> str:
    """Return a word in Latin letters if all its other letters look like Latin ones."""
    plain = word.translate(_LIKE_LATIN)
    if plain == word or not _LATIN.search(word) or not plain.isascii():
        return word
    return plain
