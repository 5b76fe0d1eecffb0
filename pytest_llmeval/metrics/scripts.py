"""Texts of every script: normal forms, ends of characters, and the script of a text."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import Any
from unicodedata import category, normalize

_MARKS = 30
"""Combining marks on one character, after which a joiner is inserted (Unicode's UAX #15, section
13: Stream-Safe Text Format). Ordering them takes the square of their number."""
_JOINER = "\N{COMBINING GRAPHEME JOINER}"
_TONES = "".join(map(chr, range(0x1F3FB, 0x1F400)))
_FLAGS = "".join(map(chr, range(0x1F1E6, 0x1F200)))
"""Letters of which two make a flag."""

_TAGS = "".join(map(chr, range(0xE0020, 0xE0080)))
_JOINED = "\N{ZERO WIDTH JOINER}"
_LONGEST_SIGN = 4
_LONGEST_FLAGS = 32
"""Letters of flags that are counted before a position, so that the time stays linear."""

_SAMPLE = 20_000
"""Characters by whose letters the script of a text is determined."""
_MAJORITY = 0.5
_FEW_LETTERS = 20


def normal_form(text: str, form: str = "NFC") -> str:
    """Return a text in a Unicode normal form, in linear time.

    Args:
        text: The text.
        form: ``NFC``, ``NFD`` or ``NFKC``.
    """
    if text.isascii():
        return text
    if _long_marks().search(text):
        text = _long_marks().sub(rf"\1{_JOINER}", text)
    return normalize(form, text)  # type: ignore[arg-type]  # a name of a form


def continues(text: str, position: int) -> bool:
    """Return whether the character before a position goes on there, as with a combining mark."""
    if position >= len(text):
        return False
    return category(text[position]).startswith("M") or is_within_sign(text, position)


def is_within_sign(text: str, position: int) -> bool:
    """Return whether a position is within a flag, or within a picture with a tone or a joiner."""
    if not 0 < position < len(text) or text[position] < _JOINED:
        return False
    letter, before = text[position], text[position - 1]
    if letter in _TONES or letter in _TAGS:
        return True
    if letter == _JOINED:
        return _picture().match(before) is not None
    if before == _JOINED:
        earlier = text[max(position - _LONGEST_SIGN, 0) : position - 1].rstrip(_TONES + "\ufe0f")
        return _picture().match(letter) is not None and _picture().match(earlier[-1:]) is not None
    flags = text[max(position - _LONGEST_FLAGS, 0) : position]
    return letter in _FLAGS and (len(flags) - len(flags.rstrip(_FLAGS))) % 2 == 1


def is_mainly_in(text: str, scripts: Iterable[str]) -> bool:
    """Return whether most letters of a text belong to scripts; true for a text without letters.

    Args:
        text: The text, of which a sample is counted.
        scripts: Names of Unicode scripts, for example ``Latin``.
    """
    sample = _sample(text)
    letters = sum(map(str.isalpha, sample))
    return len(_letters(tuple(scripts)).findall(sample)) >= _MAJORITY * letters


def is_only_in(text: str, scripts: Iterable[str]) -> bool:
    """Return whether every letter of a text belongs to scripts."""
    letters = sum(map(str.isalpha, text))
    return len(_letters(tuple(scripts)).findall(text)) >= letters


def accented_share(text: str) -> float:
    """Return the share of letters that are not in ASCII; 0 for a text of few letters."""
    letters = [letter for letter in normal_form(_sample(text)) if letter.isalpha()]
    if len(letters) < _FEW_LETTERS:
        return 0.0
    return sum(not letter.isascii() for letter in letters) / len(letters)


def scripts_of(text: str) -> str:
    """Name the most frequent script of a text, for a message: ``Cyrillic``."""
    counts = {name: len(_letters((name,)).findall(_sample(text))) for name in _NAMED}
    name = max(counts, key=counts.__getitem__)
    return name if counts[name] else "another script"


_NAMED = (
    "Latin", "Cyrillic", "Greek", "Arabic", "Hebrew", "Devanagari", "Bengali", "Tamil", "Telugu",
    "Thai", "Han", "Hiragana", "Katakana", "Hangul", "Georgian", "Armenian", "Ethiopic", "Khmer",
    "Lao", "Myanmar", "Sinhala", "Gujarati", "Gurmukhi", "Kannada", "Malayalam", "Tibetan",
)  # fmt: skip


def _sample(text: str) -> str:
    """Take the start and the end of a long text, because a text may change its script."""
    if len(text) <= _SAMPLE:
        return text
    return text[: _SAMPLE // 2] + text[-_SAMPLE // 2 :]


@cache
def _picture() -> Any:
    import regex

    return regex.compile(r"[\p{Extended_Pictographic}\ufe0f\U0001f3fb-\U0001f3ff]")


@cache
def _long_marks() -> Any:
    import regex

    mark = rf"[\p{{M}}--{_JOINER}]"
    return regex.compile(rf"(?V1)({mark}{{{_MARKS}}})(?={mark})")


@cache
def _letters(scripts: tuple[str, ...]) -> Any:
    import regex

    names = "".join(rf"\p{{{name}}}" for name in scripts)
    return regex.compile(rf"(?V1)[[{names}]&&\p{{L}}]")
