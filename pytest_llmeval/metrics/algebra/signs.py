"""Signs of Unicode, layout, and other notations of numbers, rewritten in LaTeX."""

from __future__ import annotations

import re

from pytest_llmeval.errors import InputError
from pytest_llmeval.metrics.algebra.symbols import LAYOUT, SIGNS

_MAX_EXPONENT = 1_000
"""Largest power of ten of a decimal number."""
_SUPERSCRIPTS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻⁺ⁿ", "0123456789-+n")
_SUBSCRIPTS = str.maketrans("₀₁₂₃₄₅₆₇₈₉", "0123456789")
_RAISED = re.compile(r"[⁻⁺]?[⁰¹²³⁴⁵⁶⁷⁸⁹ⁿ]+")
_LOWERED = re.compile(r"[₀₁₂₃₄₅₆₇₈₉]+")
_GROUPED = re.compile(
    r"(?<![\d.,])\d{1,3}(?:(?: |\\,|\\;|\\ |~|\{,\}\\!|,\\!|\{,\})\d{3})+(?![\d])"
)
_RECURRING = re.compile(r"(\d+)\.(\d*)\\(?:overline|bar)\s?\{(\d+)\}")
_SCIENTIFIC = re.compile(r"(?<![A-Za-z\d.,\\])(\d+(?:\.\d+)?)[eE]([+-]?\d+)(?![A-Za-z\d.])")
_LAYOUT = re.compile(rf"(?:{'|'.join(map(re.escape, LAYOUT))})(?![A-Za-z])")
_TYPED = (
    ("**", "^"),
    ("<=", "\\leq "),
    (">=", "\\geq "),
    ("!=", "\\neq "),
    ("==", "="),
    ("+/-", "\\pm "),
)


def simplified(text: str) -> str:
    """Replace signs of Unicode, layout and other notations of numbers."""
    text = _RAISED.sub(lambda match: f"^{{{match[0].translate(_SUPERSCRIPTS)}}}", text)
    text = _LOWERED.sub(lambda match: f"_{{{match[0].translate(_SUBSCRIPTS)}}}", text)
    text = _GROUPED.sub(lambda match: re.sub(r"\D", "", match[0]), text)
    text = text.replace("\\!", "")
    text = "".join(SIGNS.get(character, character) for character in text)
    text = _LAYOUT.sub(" ", text).replace("{,}", ",")
    text = _RECURRING.sub(_recurring, text)
    text = _SCIENTIFIC.sub(_scientific, text)
    for typed, plain in _TYPED:
        text = text.replace(typed, plain)
    return text


def _recurring(match: re.Match[str]) -> str:
    """Write a recurring decimal as a fraction: 0.1(6) is (16 - 1) / 90."""
    once, again = match[1] + match[2], match[3]
    below = int("9" * len(again)) * 10 ** len(match[2])
    return f"\\frac{{{int(once + again) - int(once)}}}{{{below}}}"


def _scientific(match: re.Match[str]) -> str:
    whole, _, decimals = match[1].partition(".")
    exponent = int(match[2]) - len(decimals)
    if abs(exponent) > _MAX_EXPONENT:
        raise InputError(f"the exponent of {match[0]} is beyond {_MAX_EXPONENT:,}")
    if exponent >= 0:
        return f"({int(whole + decimals)}\\cdot 10^{{{exponent}}})"
    return f"\\frac{{{int(whole + decimals)}}}{{10^{{{-exponent}}}}}"


def exact_decimal(text: str) -> str:
    """Write a decimal number as a fraction, without rounding."""
    whole, point, decimals = text.partition(".")
    if not point:
        return str(int(text)) if text else ""
    if "." in decimals:
        raise InputError(f"{text} is no number")
    return f"(\\frac{{{int(whole + decimals)}}}{{1{'0' * len(decimals)}}})"


def in_base(digits: str, base: str) -> str:
    """Write a number in the notation of another base as a decimal one: ``101_2`` is 5.

    Raises:
        InputError: It has a digit that the base does not have.
    """
    number = int(base) if base.isdigit() and len(base) < 3 else 0
    try:
        value = int(digits, number) if 2 <= number <= 36 else None
    except ValueError:
        value = None
    if value is None:
        raise InputError(f"{digits}_{base} is no number in another base")
    return str(value)
