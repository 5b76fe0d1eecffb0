"""Words behind a number that are no known unit, and whether two of them can be one."""

from __future__ import annotations

from functools import cache
from typing import Any

_ALIKE = 0.6
"""Share of the shorter word that two forms of one word have in common at least."""
_PRIMES = (
    "'",
    '"',
    "\N{PRIME}",
    "\N{DOUBLE PRIME}",
    "\N{RIGHT SINGLE QUOTATION MARK}",
    "\N{RIGHT DOUBLE QUOTATION MARK}",
)
"""Signs of feet, inches and minutes."""
_TIMES = frozenset((
    "times", "time", "mal", "fois", "veces", "volte", "vezes", "keer", "razy", "раз", "раза", "次",
    "回", "번", "बार", "مرات", "פעמים", "φορές", "ครั้ง", "lần", "kez", "kali", "gånger", "ganger",
))  # fmt: skip
"""Words behind a number that say how often, and perhaps how many times as much."""
_FEWEST = 3
"""Letters that two forms of one word have in common at least."""
_NO_UNITS = frozenset((
    "a", "about", "after", "all", "also", "altogether", "and", "are", "as", "at", "because",
    "before", "but", "by", "can", "correct", "each", "exactly", "for", "from", "has", "have", "if",
    "in", "is", "it", "left", "more", "now", "of", "on", "only", "or", "overall", "remaining",
    "since", "so", "than", "that", "the", "then", "there", "they", "this", "to", "together",
    "total", "was", "we", "were", "when", "where", "which", "while", "who", "will", "with", "you",
    "als", "am", "an", "auf", "bei", "das", "der", "die", "für", "im", "insgesamt", "ist", "mit",
    "oder", "sind", "und", "von", "weil", "zu", "zusammen", "à", "au", "ce", "de", "des", "du",
    "en", "est", "et", "la", "le", "les", "ou", "pour", "que", "qui", "sont", "con", "del", "el",
    "es", "los", "para", "por", "son", "una", "y", "che", "di", "il", "per", "sono", "da", "do",
    "e", "o", "para", "são", "het", "is", "op", "van", "i", "jest", "na", "to", "w", "z", "в",
    "и", "на", "не", "с", "это",
)) - frozenset(("am",))  # fmt: skip
"""Words behind a number that are none of a unit."""


def word_behind(text: str, start: int, end: int) -> tuple[str, bool]:
    """Return an unknown word behind a number, and whether the phrase ends with it."""
    match = _word().match(text, end)
    if text[end : end + 1] in _PRIMES and text[start - 1 : start] != text[end : end + 1]:
        return text[end : end + 1], True
    if match is None or match["word"].casefold() in _NO_UNITS:
        return "", False
    return match["word"], _end().match(text, match.end()) is not None


def is_factor(text: str, end: int) -> bool:
    """Return whether a number says how many times as much: ``5 times as many``, ``5-fold``."""
    return _factor().match(text, end) is not None


def is_times(word: str) -> bool:
    """Return whether a word behind a number counts how often something is."""
    return word.casefold() in _TIMES


def are_alike(first: str, second: str) -> bool:
    """Return whether two words may be forms of one: ``apple`` and ``apples``, 个 and 个苹果."""
    one, two = sorted((first.casefold(), second.casefold()), key=len)
    if two.startswith(one):
        return len(one) > 1 or not one.isascii()
    length = 0
    while length < len(one) and one[length] == two[length]:
        length += 1
    return length >= _FEWEST and length >= _ALIKE * len(one)


@cache
def _factor() -> Any:
    import regex

    more = "as|more|less|fewer|the|\\p{L}+er"
    spaced = (
        rf"times (?:{more})|mal (?:so|mehr|weniger|\p{{L}}+er)|fois (?:plus|moins|aussi|le|la)"
        r"|veces (?:más|menos|mayor|el|la)|volte (?:più|meno|il|la)|vezes (?:mais|menos|maior|o|a)"
        r"|keer (?:zo|meer|minder)|razy (?:więcej|mniej|tyle|większ\p{L}+)"
        r"|раза? (?:больше|меньше|выше|ниже|\p{L}+ее)|рази? (?:більше|менше)"
        r"|φορές (?:περισσότερ\p{L}*)"
        r"|lần (?:nhiều )?hơn|kat|kali lipat|gånger (?:så|fler|mer|större)"
        r"|gange (?:så|flere|mere|større)"
        r"|गुना|গুণ|أضعاف|برابر"
    )
    return regex.compile(
        rf"(?i)(?:\s(?:{spaced})|[- ]?(?:fold|fach\p{{L}}{{0,2}}|krát|kat))(?![\p{{L}}\p{{M}}])"
        r"|\s?(?:倍|배|เท่า)"
    )


@cache
def _word() -> Any:
    import regex

    return regex.compile(r"[ \t\u00a0\u202f]{0,2}-?(?P<word>(?:\p{L}\.){2,}+|[\p{L}\p{M}]++)")


@cache
def _end() -> Any:
    import regex

    return regex.compile(r"(?:[ -][\p{L}\p{M}]++){0,2}+\.?\s*(?:$|[.,;:!?)\]\n。，])")
