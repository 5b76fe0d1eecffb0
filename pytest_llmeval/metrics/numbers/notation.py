r"""The notation of one number: ``1,000.5``, ``1/2``, ``2½``, ``1.5 * 10^3``, ``10^6``."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from unicodedata import numeric

VULGAR = "¼½¾⅐⅑⅒⅓⅔⅕⅖⅗⅘⅙⅚⅛⅜⅝⅞"
SUPERSCRIPTS = "⁰¹²³⁴⁵⁶⁷⁸⁹"
MINUSES = "-\N{MINUS SIGN}\N{EN DASH}"
_PLAIN_SUPERSCRIPTS = str.maketrans(f"{SUPERSCRIPTS}⁻⁺", "0123456789-+")
_MAX_EXPONENT = 400
"""Largest exponent of a number, beyond the range of a float."""
_MAX_LENGTH = 1_000
"""Characters of a number that are read."""

_OTHERS: Mapping[str, re.Pattern[str]] = {
    "a date": re.compile(r"\d{1,4}([-/])\d{1,2}\1\d{1,4}|\d{1,2}\.\d{1,2}\.\d{4}"),
    "a time": re.compile(r"\d{1,2}:[0-5]\d(:[0-5]\d)?"),
    "a version": re.compile(r"\d+(\.\d+){2,}"),
    "a ratio": re.compile(r"\d+(\s?:\s?\d+)+"),
    "a range": re.compile(r"[\d.,'\u2019]+?\s?(?:[\u2013\u2014~～〜∼…-]|\.{2,3})\s?[\d.,'\u2019]+"),
    "a number with hyphens": re.compile(r"\d+(-\d+)+"),
    "": re.compile(r"(\d+\s)?\d+\s?[/\u2044]\s?0+"),
}
"""What is written like a number and is none; a division by zero is nothing at all."""


@dataclass(frozen=True)
class Written:
    """A number as it was written.

    Attributes:
        value: The number.
        step: Place value of the last decimal; ``None`` for a whole number and for a fraction, which
            are exact.
    """

    value: Fraction
    step: Fraction | None = None


def read_number(run: str, decimal: str) -> Written | str | None:
    """Read a number that stands alone.

    Args:
        run: What is written like a number, without a sign.
        decimal: The decimal separator, a point or a comma.

    Returns:
        The number; what it is instead, if it is none (``a date``, or an empty text for nothing);
        ``None`` if it cannot be read.
    """
    if len(run) > _MAX_LENGTH:
        return None
    written = (
        _read_scientific(run, decimal) or _read_power(run) or _read_fraction(run)
        or _read_vulgar(run)
    )  # fmt: skip
    if written is not None:
        return written
    return next((name for name, pattern in _OTHERS.items() if pattern.fullmatch(run)), None)


def _read_scientific(run: str, decimal: str) -> Written | None:
    """Read digits with separators and an exponent: ``1,000.5``, ``1.5e3``, ``1.5·10³``."""
    match = _digits(decimal).fullmatch(run)
    if match is None:
        return None
    exponent = _whole(match["exponent"] or "0") + _whole(match["ten"] or match["super"] or "0")
    if abs(exponent) > _MAX_EXPONENT:
        return None
    decimals = match["fraction"] or match["only"] or ""
    digits = re.sub(r"\D", "", match["whole"] or "") + decimals
    step = Fraction(10) ** (exponent - len(decimals))
    is_exact = not decimals and not exponent
    return Written(int(digits) * step, None if is_exact else step)


def _read_power(run: str) -> Written | None:
    match = _POWER.fullmatch(run)
    if match is None:
        return None
    base, exponent = int(match["base"]), _whole(match["exponent"] or match["super"])
    if abs(exponent) > _MAX_EXPONENT or (not base and exponent < 0):
        return None
    return Written(Fraction(base) ** exponent)


def _read_fraction(run: str) -> Written | None:
    match = _FRACTION.fullmatch(run)
    if match is None or not int(match["below"]):
        return None
    return Written(int(match["units"] or 0) + Fraction(int(match["above"]), int(match["below"])))


def _read_vulgar(run: str) -> Written | None:
    match = _VULGAR.fullmatch(run)
    if match is None:
        return None
    part = Fraction(numeric(match["vulgar"])).limit_denominator(10)
    return Written(int(match["units"] or 0) + part)


def _whole(text: str) -> int:
    plain = text.translate(_PLAIN_SUPERSCRIPTS)
    for minus in MINUSES:
        plain = plain.replace(minus, "-")
    return int(plain)


_POWER = re.compile(
    rf"(?P<base>\d+)(?:(?:\^\s?\{{?\s?|\*\*)(?P<exponent>[+{MINUSES}]?\d+)\s?\}}?"
    rf"|(?P<super>[⁻⁺]?[{SUPERSCRIPTS}]+))"
)
_FRACTION = re.compile(r"(?:(?P<units>\d+)\s+)?(?P<above>\d+)\s?[/\u2044]\s?(?P<below>\d+)")
_VULGAR = re.compile(rf"(?:(?P<units>\d+)\s?)?(?P<vulgar>[{VULGAR}])")


@cache
def _digits(decimal: str) -> re.Pattern[str]:
    """Compile the pattern of digits with separators of thousands, decimals and an exponent."""
    group = r"'\u2019_\u066c \u00a0\u2009\u202f"
    if decimal == ".":
        separators, indian, point = f"[,{group}]", r"|\d{1,2}(?:,\d{2})+,\d{3}", r"[.\u066b]"
    else:
        separators, indian, point = f"[.{group}]", "", r"[,\u066b]"
    whole = rf"\d{{1,3}}(?P<by>{separators})\d{{3}}(?:(?P=by)\d{{3}})*{indian}|\d+"
    return re.compile(
        rf"(?:(?P<whole>{whole})(?:{point}(?P<fraction>\d+))?|{point}(?P<only>\d+))"
        rf"(?:[eE](?P<exponent>[+{MINUSES}]?\d+))?"
        r"(?:\s?[\u00d7xX*·⋅∙]\s?10"
        rf"(?:(?:\^\s?\{{?\s?|\*\*)(?P<ten>[+{MINUSES}]?\d+)\s?\}}?"
        rf"|(?P<super>[⁻⁺]?[{SUPERSCRIPTS}]+)))?"
    )
