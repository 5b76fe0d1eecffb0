"""Words and signs behind a number for its power of ten."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from importlib import resources
from typing import Any

_SYMBOLS: Mapping[str, int] = {"k": 3, "K": 3, "M": 6, "B": 9, "T": 12}
"""Powers of ten that are written as one letter directly behind a number, without a unit."""
_MONEY: Mapping[str, int] = {"m": 6, "b": 9, "t": 12, "bil": 9, "mil": 6, "mio": 6}
"""Powers of ten of an amount of money, in small letters: ``$5m``."""
SIGNS = ("$", "€", "£", "¥", "₹", "₽", "₩")
LONGEST = 8
"""Letters of a power in a script without spaces between words."""
_SCRIPTS_WITHOUT_SPACES = (
    "Han",
    "Hangul",
    "Hiragana",
    "Katakana",
    "Thai",
    "Lao",
    "Khmer",
    "Myanmar",
)
SPACELESS = "".join(rf"\p{{{name}}}" for name in _SCRIPTS_WITHOUT_SPACES)
"""A class of letters, for patterns of `regex`, before which a word needs no space."""

_READ_SCRIPTS = (
    "Latin", "Cyrillic", "Greek", "Devanagari", "Bengali", "Arabic", "Hebrew", "Thai", "Tamil",
    "Telugu", "Kannada", "Malayalam", "Gujarati", "Gurmukhi", "Common", "Inherited",
)  # fmt: skip
"""Scripts with spaces between words in which words for powers are known, and Thai."""
_AMBIGUOUS = frozenset(("M", "MM", "grand", "mill", "mia"))
"""Words that are a power of ten in some languages, and something else in others."""
_COUNTS = frozenset(("score", "gross", "gros"))
"""Words for a number that have another meaning, too."""
_LOOKED_AT = 24
_COUNTED = re.compile(r"(?:^|[^\d.,/$€£¥₹₽₩])\s?\d{1,6}$")
"""A whole number that such a word can multiply."""
_MARK = re.compile(r"\b(?:an?|the|of|perfect|final|average|top|high)\s\d{1,6}$", re.IGNORECASE)
"""A number with an article, behind which a score is a mark."""
_NOT_COUNTED = re.compile(
    r"\s(?:income|salary|profit|margin|pay|weight|domestic|revenue|wages?|earnings|sales|tons?"
    r"|points?|per|a (?:week|month|year))\b",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Power:
    """A word for a power of ten.

    Attributes:
        end: Position after it.
        factor: What it multiplies by.
        long_factor: What it multiplies by where a billion is a million millions, as in German.
    """

    end: int
    factor: Fraction
    long_factor: Fraction


def power_at(text: str, position: int, is_money: bool) -> Power | None:
    """Read a word for a power of ten behind a number.

    Args:
        text: The text.
        position: Position after the number.
        is_money: Whether a sign of a currency stands before the number.
    """
    match = _word().match(text, position)
    if match is None:
        return None
    word, gap = match["word"], match["gap"]
    is_money = is_money or text.startswith(SIGNS, match.end())
    if not gap or (is_money and gap.isspace()):
        exponent = _SYMBOLS.get(word) or (is_money and _MONEY.get(word))
        if exponent:
            factor = Fraction(10**exponent)
            return Power(match.end("word"), factor, factor)
    if word.casefold() in _COUNTS and not _is_count(text, match, is_money):
        return None
    for length in _lengths(text, match.start("word"), len(word)):
        factors = _powers().get(word[:length].casefold())
        if factors is not None:
            end = match.start("word") + length
            return Power(end + text.startswith(".", end) * _is_abbreviation(text, end), *factors)
    return None


def _is_count(text: str, match: Any, is_money: bool) -> bool:
    """Return whether *score* or *gross* counts by twenty or by twelve dozen.

    A ``4.5 score`` and ``a 5 score`` are marks, and ``$500 gross`` or ``500 gross income`` are no
    counts either.
    """
    head = text[max(match.start() - _LOOKED_AT, 0) : match.start()]
    is_counted = _COUNTED.search(head) is not None and _MARK.search(head) is None
    is_whole = match.start() == 0 or is_counted
    return is_whole and not is_money and _NOT_COUNTED.match(text, match.end()) is None


def long_scale(text: str) -> str:
    """Name the languages of a text's words by which a billion is a million millions."""
    if _long_scale().search(text):
        return "other languages"
    return "German" if _german().search(text) else ""


def has_short_billion(text: str) -> bool:
    """Return whether a text has *billion* in small letters, which is English rather than German."""
    return re.search(r"(?:b|tr|quadr)illion\b", text) is not None


def is_like_power(word: str) -> bool:
    """Return whether a word without a known meaning may be one for a power of ten.

    That is one that resembles *million* or *thousand*, or one in a script whose words for powers
    are not known.
    """
    if word in _AMBIGUOUS:
        return True
    return _like_power().match(word) is not None or _unknown_script().search(word) is not None


def _lengths(text: str, start: int, length: int) -> Iterable[int]:
    """Yield how many letters of a word may be the power: all, or any of a script without spaces."""
    if _spaceless().match(text, start):
        return range(min(length, LONGEST), 0, -1)
    return (length,)


def _is_abbreviation(text: str, end: int) -> bool:
    """Return whether a full stop belongs to an abbreviation: ``5 Mio. Euro``."""
    following = text[end + 1 : end + 3].strip()
    return following[:1].isalpha()


@cache
def _word() -> Any:
    import regex

    return regex.compile(r"(?P<gap>[ \t\u00a0\u202f]{0,3}+-?)(?P<word>[\p{L}\p{M}]++)")


@cache
def _german() -> Any:
    import regex

    return regex.compile(r"(?i)\b(?:milliarden?|mrd|billionen|billiarden?)\b")


@cache
def _long_scale() -> Any:
    import regex

    words = r"milliards?|miljard|miljarden|mds|milliardo|miliard\p{L}*"
    return regex.compile(rf"(?i)\b(?:{words})\b")


@cache
def _like_power() -> Any:
    """Compile the pattern of words that resemble those for a thousand, a million and so on."""
    import regex

    stems = "[mb]il|[tj]ril|[kcq]u?[ua]?[ad]?dril|kwadryl|kvadril|[kq]v?u?intil|se[xks]+til|septil"
    stems += "|o[kc]til|nonil|decil|centil|(?:ga|ba|ka|ja|s[kq]ui|je)?[zj]il|bajil|kajil"
    latin = rf"(?:{stems})l?[ijyí]{{1,2}}(?!eu)[oóãõeêuaåæëáâ]\p{{L}}*"
    latin += r"|\p{L}*illi(?:on|ard)(?:en|s|th|ths)?"
    thousands = r"(?:thousand|tausend|duizend|tusen|tusind|þúsund|tys[ií]|tis[ií]?[cć]|tisuć|tisoč"
    thousands += r"|tuhan|tuhat|tūkst|hiljad|hilyad|ezer|dozen|douzain|dužin|tucet|hundre|hundert)"
    cyrillic = r"(?:[кмбт]р?[иі]лл?ь?[ийяоа][оая]|тыс|тис|хиляд|хиљад|сотн|стот|лакх|крор)"
    spaced = rf"(?:{latin}|{thousands}\p{{L}}*|{cyrillic}\p{{L}}*)"
    return regex.compile(rf"(?i){spaced}(?![\p{{L}}\p{{M}}])")


@cache
def _unknown_script() -> Any:
    """Compile the pattern of a letter of a script whose words for powers are not known."""
    import regex

    classes = "".join(rf"\p{{{name}}}" for name in _READ_SCRIPTS)
    others = r"[\p{Khmer}\p{Lao}\p{Myanmar}]"
    return regex.compile(rf"(?V1)[\p{{L}}--[{classes}{SPACELESS}]]|{others}")


@cache
def _spaceless() -> Any:
    import regex

    return regex.compile(f"[{SPACELESS}]")


@cache
def _powers() -> Mapping[str, tuple[Fraction, Fraction]]:
    """Load the factors of each word, where a billion is a thousand or a million millions."""
    powers: dict[str, tuple[Fraction, Fraction]] = {}
    for words in read_data("powers.json").values():
        for word, value in words.items():
            short, long = value if isinstance(value, list) else (value, value)
            powers[word.casefold()] = (Fraction(short), Fraction(long))
    return powers


def read_data(name: str) -> Any:
    """Read a data file of this package, with exact numbers."""
    text = resources.files(__package__).joinpath(name).read_text("utf-8")
    return json.loads(text, parse_float=Fraction, parse_int=Fraction)
