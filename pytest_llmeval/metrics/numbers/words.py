"""Words and signs behind a number: its power of ten and its unit."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from importlib import resources
from typing import Any

_SYMBOLS: Mapping[str, int] = {"k": 3, "K": 3, "M": 6, "B": 9, "T": 12}
"""Powers of ten that are written as one letter directly behind a number, without a unit."""
_MONEY: Mapping[str, int] = {"m": 6, "b": 9, "t": 12, "bil": 9, "mil": 6, "mio": 6}
"""Powers of ten of an amount of money, in small letters: ``$5m``."""
_SIGNS = ("$", "€", "£", "¥", "₹", "₽", "₩")
_LONGEST = 8
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


@dataclass(frozen=True)
class Unit:
    """A unit.

    Attributes:
        end: Position after it.
        kind: What it measures; empty for no unit.
        factor: Factor that converts a number into the base unit of its kind.
        offset: Number that is added after that.
    """

    end: int
    kind: str = ""
    factor: Fraction = Fraction(1)
    offset: Fraction = Fraction(0)


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
    is_money = is_money or text.startswith(_SIGNS, match.end())
    if not gap or (is_money and gap.isspace()):
        exponent = _SYMBOLS.get(word) or (is_money and _MONEY.get(word))
        if exponent:
            factor = Fraction(10**exponent)
            return Power(match.end("word"), factor, factor)
    for length in _lengths(text, match.start("word"), len(word)):
        factors = _powers().get(word[:length].casefold())
        if factors is not None:
            end = match.start("word") + length
            return Power(end + text.startswith(".", end) * _is_abbreviation(text, end), *factors)
    return None


def unit_at(text: str, position: int) -> Unit:
    """Read the unit behind a number; one without a kind if there is none."""
    match = _unit().match(text, position)
    if match is None:
        return Unit(position)
    written = match["unit"]
    for candidate in _candidates(text, match.start("unit"), written):
        for name in _spellings(candidate):
            if name in _units() and (len(name) > 2 or candidate == name):
                return _units_at(match.start("unit") + len(candidate), name)
    return Unit(position)


def is_unit(name: str) -> bool:
    """Return whether a text is the name of a unit and nothing else."""
    unit = unit_at(name, 0)
    return bool(unit.kind) and unit.end == len(name)


def unit_named(symbol: str) -> Unit:
    """Return the unit of a sign before a number, for example of a currency."""
    return _units_at(0, symbol)


def has_long_scale(text: str) -> bool:
    """Return whether a text has a word of languages where a billion is a million millions."""
    return _long_scale().search(text) is not None


def _units_at(end: int, name: str) -> Unit:
    kind, factor, offset = _units()[name]
    return Unit(end, kind, factor, offset)


def _lengths(text: str, start: int, length: int) -> Iterable[int]:
    """Yield how many letters of a word may be the power: all, or any of a script without spaces."""
    if _spaceless().match(text, start):
        return range(min(length, _LONGEST), 0, -1)
    return (length,)


def _candidates(text: str, start: int, written: str) -> Iterator[str]:
    """Yield what the unit may be: two words, one word, or the start of a spaceless one."""
    yield written
    first = written.partition(" ")[0]
    if first != written:
        yield first
    if _spaceless().match(text, start):
        for length in range(min(len(first), _LONGEST), 0, -1):
            yield first[:length]


def _spellings(name: str) -> Iterator[str]:
    for written in dict.fromkeys((name, name.lower())):
        yield written
        yield written.removesuffix("s")


def _is_abbreviation(text: str, end: int) -> bool:
    """Return whether a full stop belongs to an abbreviation: ``5 Mio. Euro``."""
    following = text[end + 1 : end + 3].strip()
    return following[:1].isalpha()


@cache
def _word() -> Any:
    import regex

    return regex.compile(r"(?P<gap>[ \t\u00a0\u202f]{0,3}+-?)(?P<word>[\p{L}\p{M}]++)")


@cache
def _long_scale() -> Any:
    import regex

    words = r"milliarden?|milliards?|mrd|miljard|miljarden|mds|billionen|milliardo|miliard\p{L}*"
    return regex.compile(rf"(?i)\b(?:{words})\b")


@cache
def _unit() -> Any:
    import regex

    return regex.compile(
        r"\s{0,3}+-?(?P<unit>°[CF]?|[%$€£¥₹₽₩]|[\p{L}\p{M}]++(?:/[\p{L}]++|[²³]|\^?[23](?!\d))?+"
        r"(?: [\p{L}\p{M}]++)?+)"
    )


@cache
def _spaceless() -> Any:
    import regex

    return regex.compile(f"[{SPACELESS}]")


@cache
def _powers() -> Mapping[str, tuple[Fraction, Fraction]]:
    """Load the factors of each word, where a billion is a thousand or a million millions."""
    powers: dict[str, tuple[Fraction, Fraction]] = {}
    for words in _data("powers.json").values():
        for word, value in words.items():
            short, long = value if isinstance(value, list) else (value, value)
            powers[word.casefold()] = (short, long)
    return powers


@cache
def _units() -> Mapping[str, tuple[str, Fraction, Fraction]]:
    """Load kind, factor and offset of each unit."""
    units: dict[str, tuple[str, Fraction, Fraction]] = {}
    for kind, names in _data("units.json").items():
        for name, value in names.items():
            factor, offset = value if isinstance(value, list) else (value, 0)
            units[name] = (kind, Fraction(factor), Fraction(offset))
    return units


def _data(name: str) -> Any:
    text = resources.files(__package__).joinpath(name).read_text("utf-8")
    return json.loads(text, parse_float=Fraction, parse_int=Fraction)
