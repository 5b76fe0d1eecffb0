"""Words behind a number that are no known unit, and whether two of them can be one."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from typing import Any

from pytest_llmeval.metrics.numbers.units import Unit, unit_at

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
    "als", "an", "auf", "bei", "das", "der", "die", "für", "im", "insgesamt", "ist", "mit",
    "oder", "sind", "und", "von", "weil", "zu", "zusammen", "à", "au", "ce", "de", "des", "du",
    "en", "est", "et", "la", "le", "les", "ou", "pour", "que", "qui", "sont", "con", "del", "el",
    "es", "los", "para", "por", "son", "una", "y", "che", "di", "il", "per", "sono", "da", "do",
    "e", "o", "são", "het", "op", "van", "i", "jest", "na", "w", "z", "в",
    "и", "на", "не", "с", "это",
))  # fmt: skip
"""Words behind a number that are none of a unit."""
_NEUTRAL = (
    "more|further|additional|extra|full|whole|entire|complete|consecutive|straight|total"
    "|different|individual|weitere|volle|ganze|zusätzliche|aufeinanderfolgende|autres|más|mas|altri"
    "|altre|mais|полных|целых"
)
"""Words between a number and its unit that leave it as it is."""
_NO_PART = frozenset(("every", "daily", "next", "last", "these", "both", "per", "during", "within"))
"""Words that end a phrase which may be a unit."""
_SHORT_UNITS = frozenset(("oz", "kg", "km", "cm", "mm", "ml", "lb", "ft", "mi", "yd"))
"""Units of two letters that are no words."""
_MOST_WORDS = 3
"""Words before the known unit in such a phrase."""
_ADJECTIVES = (
    "lumière|luz|luce|nautiques?|náuticas?|nautiche|nautici|marin(?:s|es|os|as)?|ouvrables?|ouvrés?"
    "|hábiles|laborables?|lavorativi|úteis|robocz\\p{L}+|canadi?[ae]n\\p{L}*|canadesi|australi\\p{L}+"
    "|hongkong\\p{L}*|néo-zélandais|neozel\\p{L}+|singap\\p{L}+|de hong kong|mexicai?n\\p{L}*"
    "|jamai[ck]\\p{L}+"
    "|argentin\\p{L}*|chilen\\p{L}*|colombian\\p{L}*|egyptian|égyptiennes|turques|force|troy"
)
"""Words behind a known unit that make it another one: *años luz*, *dollars canadiens*."""


@dataclass(frozen=True)
class Label:
    """What stands behind a number and its unit.

    Attributes:
        word: A word without a known meaning, or a phrase that ends with a known unit.
        unit: The known unit of such a phrase, as of *light years*.
        is_closing: Whether the phrase ends with it.
    """

    word: str = ""
    unit: Unit = field(default_factory=lambda: Unit(0))
    is_closing: bool = False


def label_behind(text: str, start: int, end: int, is_counted: bool) -> Label:
    """Return an unknown word behind a number, or a phrase of such words and a known unit.

    Args:
        text: The text.
        start: Position of the number.
        end: Position after its unit.
        is_counted: Whether the unit is a rate of unknown words already.
    """
    if is_counted:
        return Label()
    if text[end : end + 1] in _PRIMES and text[start - 1 : start] != text[end : end + 1]:
        return Label(text[end : end + 1], is_closing=True)
    adjective = _adjective().match(text, end)
    if adjective is not None and text[start:end][-1:].isalpha():
        phrase = f"{text[start:end].lstrip('+-0123456789., ')} {adjective['word']}"
        return Label(phrase.casefold(), unit_at(text, _digits_end(text, start, end)), True)
    match = _word().match(text, end)
    if match is None or match["word"].casefold() in _NO_UNITS:
        return Label()
    return _phrase(text, match) or Label(
        match["word"], is_closing=_end().match(text, match.end()) is not None
    )


def _digits_end(text: str, start: int, end: int) -> int:
    """Return the position after the last digit of a quantity."""
    while end > start and not text[end - 1].isdigit():
        end -= 1
    return end


def _phrase(text: str, first: Any) -> Label | None:
    """Return the phrase that begins with an unknown word and ends with a known unit."""
    position = first.end()
    if first["word"].casefold() in _NO_PART:
        return None
    for _ in range(_MOST_WORDS):
        joint = _joint().match(text, position)
        if joint is None:
            return None
        word = joint["word"]
        unit = unit_at(text, joint.start("word"))
        is_long = len(word) > 2 or word in _SHORT_UNITS
        if unit.kind and is_long and word.casefold() not in _NO_UNITS:
            phrase = text[first.start("word") : unit.end].replace("-", " ").replace(".", "")
            return Label(" ".join(phrase.casefold().split()), unit, True)
        if word.casefold() in _NO_UNITS | _NO_PART:
            return None
        position = joint.end()
    return None


def neutral_word(text: str, position: int) -> int:
    """Return the position after a word that leaves the unit behind it as it is: ``5 more days``."""
    match = _neutral().match(text, position)
    return match.end() if match is not None else position


def is_factor(text: str, end: int) -> bool:
    """Return whether a number says how many times as much: ``5 times as many``, ``5-fold``."""
    return _factor().match(text, end) is not None


def is_times(word: str) -> bool:
    """Return whether a word behind a number counts how often something is."""
    return word.casefold() in _TIMES


def are_alike(first: str, second: str) -> bool:
    """Return whether two words may be forms of one: ``apple`` and ``apples``, 个 and 个苹果."""
    one, two = sorted((first.casefold(), second.casefold()), key=len)
    if one.count(" ") != two.count(" "):
        return False
    if len(two) == 1:
        return first == second
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

    return regex.compile(
        r"[ \t\u00a0\u202f]{0,2}-?(?P<word>(?:\p{L}\.){2,}+|[\p{L}\p{M}]++(?:&\p{L}++)*+)"
    )


@cache
def _joint() -> Any:
    """Compile the pattern of the next word of a phrase: *light years*, *bottles of a kg*."""
    import regex

    article = r"(?:(?:of|von|de|di) (?:(?:an?|one|un|une|una|ein|einem|einer|each) )?)?"
    return regex.compile(rf"(?:\.?[ \t\u00a0]|-){article}(?P<word>[\p{{L}}\p{{M}}]++)")


@cache
def _neutral() -> Any:
    import regex

    return regex.compile(rf"(?i)[ -](?:{_NEUTRAL})(?=[ -]\p{{L}})")


@cache
def _adjective() -> Any:
    import regex

    return regex.compile(rf"(?i)[ -](?P<word>{_ADJECTIVES})(?![\p{{L}}\p{{M}}])")


@cache
def _end() -> Any:
    import regex

    return regex.compile(r"(?:[ -][\p{L}\p{M}]++){0,2}+\.?\s*(?:$|[.,;:!?)\]\n。，])")
