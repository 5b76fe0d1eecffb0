"""A number in English words that repeats the one in digits before it."""

from __future__ import annotations

import re

_SMALL = (
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten",
    "eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen",
    "nineteen",
)  # fmt: skip
_TENS = ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
_SCALES = ((10**9, "billion"), (10**6, "million"), (10**3, "thousand"))
_END = 10**12
"""The first number without words here."""


def is_restatement(words: str, number: int, behind: str, is_scaled: bool = False) -> bool:
    """Return whether words state a number again, with no further word but those behind it.

    Args:
        words: The words: *forty-two apples*.
        number: The number that was written in digits.
        behind: The text behind its digits.
        is_scaled: Whether the word behind the digits has to be repeated: *million*.
    """
    if not 0 <= number < _END:
        return False
    spelled = _in_words(number)
    tokens = [token for token in _letters(words) if token != "and"]
    rest = tokens[len(spelled) :]
    if tokens[: len(spelled)] != spelled or (is_scaled and not rest):
        return False
    return _letters(behind)[: len(rest)] == rest


def _letters(text: str) -> list[str]:
    return re.findall(r"[^\W\d_]+", text.casefold())


def _in_words(number: int) -> list[str]:
    words: list[str] = []
    rest = number
    for size, scale in _SCALES:
        if rest >= size:
            words += [*_below_thousand(rest // size), scale]
            rest %= size
    return words + _below_thousand(rest) if rest or not words else words


def _below_thousand(number: int) -> list[str]:
    hundreds, rest = divmod(number, 100)
    words = [_SMALL[hundreds], "hundred"] if hundreds else []
    if rest >= 20:
        words.append(_TENS[rest // 10 - 2])
        rest %= 10
        return [*words, _SMALL[rest]] if rest else words
    return [*words, _SMALL[rest]] if rest or not words else words
