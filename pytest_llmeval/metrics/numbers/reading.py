r"""The last number of a text, read as a whole or not at all."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cache
from typing import Any

from pytest_llmeval.errors import InputError
from pytest_llmeval.metrics.numbers.notation import (
    MINUSES,
    SUPERSCRIPTS,
    VULGAR,
    Written,
    read_number,
)
from pytest_llmeval.metrics.numbers.words import (
    SPACELESS,
    Unit,
    has_long_scale,
    power_at,
    unit_at,
    unit_named,
)
from pytest_llmeval.metrics.plain import last_boxed, plain_digits, without_markdown
from pytest_llmeval.metrics.scripts import normal_form

_CURRENCIES = ("US$", "$", "€", "£", "¥", "₹", "₽", "₩")
_LOOKED_BACK = 12
"""Characters before a number that hold its sign and its currency."""
_LOOKED_AHEAD = 80
"""Characters behind a number that hold its power and its unit."""
_LAST = 64
"""Runs of digits at the end of a text of which one has to be a number."""
_SHOWN = 40
"""Characters of a run in a message."""


_NO_UNIT = Unit(0)


@dataclass(frozen=True)
class Quantity:
    """A number with its unit.

    Attributes:
        number: The number in its unit.
        step: Place value of its last decimal; ``None`` if it is exact.
        unit: Its unit; of no kind without a known one.
        text: The text of the quantity.
        long_number: The number if a billion is a million millions.
        is_long: Whether a word of the text says so, such as *Milliarde*.
    """

    number: Fraction
    step: Fraction | None = None
    unit: Unit = _NO_UNIT
    text: str = ""
    long_number: Fraction = Fraction(0)
    is_long: bool = False

    @property
    def kind(self) -> str:
        """What its unit measures; empty without a known unit."""
        return self.unit.kind

    def counted(self, is_long: bool) -> Quantity:
        """Return the number as it is where a billion is a million millions, or a thousand."""
        if not is_long or self.long_number == self.number:
            return self
        return replace(self, number=self.long_number)

    def as_share(self) -> Quantity:
        """Return a percentage as a share of one."""
        step = None if self.step is None else self.step * self.unit.factor
        return replace(self, number=self.number * self.unit.factor, step=step)

    def in_unit_of(self, second: Quantity) -> Quantity:
        """Convert the number into the unit of a second quantity of the same kind."""
        factor = self.unit.factor / second.unit.factor
        offset = (self.unit.offset - second.unit.offset) / second.unit.factor
        step = None if self.step is None else self.step * factor
        return replace(self, number=self.number * factor + offset, step=step, unit=second.unit)


@dataclass(frozen=True)
class _Piece:
    """A number in a text, before the pieces of ``1億2000万`` are joined.

    Attributes:
        start: Position of its first digit.
        end: Position after its powers.
        written: The number as it was written.
        factor: The product of the words for powers behind it.
        long_factor: The same, where a billion is a million millions.
    """

    start: int
    end: int
    written: Written
    factor: Fraction
    long_factor: Fraction


def last_quantity(text: str, decimal: str = ".") -> Quantity | None:
    r"""Read the last number of a text, or of its last ``\boxed{…}``; ``None`` if it has none.

    Dates, times, versions, ratios and ranges are no numbers, and are passed over.

    Args:
        text: The text.
        decimal: The decimal separator, a point or a comma.

    Raises:
        InputError: The last number cannot be read as a whole.
    """
    boxed = last_boxed(text)
    plain = _plain_text(text if boxed is None else boxed)
    runs = deque(_run().finditer(plain), maxlen=_LAST)
    others: list[str] = []
    while runs:
        run = runs.pop()
        number = read_number(run[0].strip(), decimal)
        if number == "":
            continue
        if isinstance(number, str):
            others.append(f"{_quoted(run[0])} is {number}, not a number")
            continue
        if number is None:
            remedy = "" if decimal == "," else " If its decimals follow a comma: decimal=','."
            raise InputError(f"{_quoted(run[0])} cannot be read as one number.{remedy}")
        return _quantity(plain, run, number, list(runs), decimal)
    if others:
        raise InputError(others[0])
    return None


def _plain_text(text: str) -> str:
    """Return a text in normal form, without Markdown and LaTeX and with ASCII digits."""
    return _without_latex(without_markdown(plain_digits(normal_form(text))))


def _quantity(
    text: str, run: re.Match[str], number: Written, before: Sequence[Any], decimal: str
) -> Quantity:
    """Read sign, currency, powers and unit around a number."""
    piece = _with_powers(text, run, number)
    pieces = [piece]
    for earlier in reversed(before):
        joined = _joined(text, earlier, pieces[0], decimal)
        if joined is None:
            break
        pieces.insert(0, joined)
    sign, currency, start = _before(text, pieces[0].start)
    unit = unit_at(text, piece.end)
    if not unit.kind and currency:
        unit = replace(unit_named(currency), end=piece.end)
    _check_ends(text, start, max(unit.end, piece.end))
    total = sum((row.written.value * row.factor for row in pieces), Fraction(0))
    long_total = sum((row.written.value * row.long_factor for row in pieces), Fraction(0))
    step = piece.written.step
    return Quantity(
        sign * total,
        None if step is None else step * piece.factor,
        unit,
        " ".join(text[start : max(unit.end, piece.end)].split()),
        sign * long_total,
        has_long_scale(text),
    )


def _with_powers(text: str, run: re.Match[str], number: Written) -> _Piece:
    """Read the words for powers of ten behind a number: ``5 hundred million``."""
    end = run.end()
    factor = long_factor = Fraction(1)
    is_money = text[max(run.start() - 2, 0) : run.start()].strip().endswith(_CURRENCIES)
    while power := power_at(text, end, is_money):
        factor *= power.factor
        long_factor *= power.long_factor
        end = power.end
    return _Piece(run.start(), end, number, factor, long_factor)


def _joined(text: str, run: re.Match[str], piece: _Piece, decimal: str) -> _Piece | None:
    """Return the number before a piece, if both are one: ``1億2000万``, ``5 lakh 20 thousand``."""
    number = read_number(run[0].strip(), decimal)
    if not isinstance(number, Written):
        return None
    earlier = _with_powers(text, run, number)
    gap = text[earlier.end : piece.start]
    is_smaller = piece.written.value * piece.factor < earlier.factor
    if earlier.factor == 1 or gap.strip() or len(gap) > 1 or not is_smaller:
        return None
    return earlier if not gap or piece.factor > 1 else None


def _before(text: str, start: int) -> tuple[int, str, int]:
    """Read sign and currency before a number, and return the position where they start."""
    head = text[max(start - _LOOKED_BACK, 0) : start]
    length = len(head)
    sign, currency = 1, ""
    for _ in range(2):
        if head.endswith((*MINUSES, "+")) and not _ends_operand(head[:-1]):
            sign = -sign if head[-1] in MINUSES else sign
            head = head[:-1]
        bare = head.rstrip()
        symbol = next((name for name in _CURRENCIES if bare.endswith(name)), "")
        if symbol and not currency:
            currency = symbol
            head = bare.removesuffix(symbol)
    if head.endswith(tuple(f"{minus} " for minus in MINUSES)) and _is_alone(head[:-2].rstrip()):
        sign, head = -sign, head[:-2]
    return sign, currency, start - (length - len(head))


def _ends_operand(head: str) -> bool:
    """Return whether a minus after this is a subtraction or a hyphen."""
    return head[-1:].isalnum() or head[-1:] in (")", "]", "}", "%", "°")


def _is_alone(head: str) -> bool:
    """Return whether a minus with a space behind it, after this, is a sign."""
    return head == "" or head[-1] in "=:(,[{<>≤≥≈~\n"


def _check_ends(text: str, start: int, end: int) -> None:
    """Check that the number is no part of a word or of a calculation: ``5x``, ``x + 5``, ``2*5``.

    Raises:
        InputError: It is.
    """
    first = max(start - _LOOKED_BACK, 0)
    head = _head().search(text, first, start)
    tail = _tail().match(text, end)
    if head is not None or tail is not None:
        whole = text[head.start() if head else start : tail.end() if tail else end]
        raise InputError(f"{_quoted(whole)} cannot be read as one number.")


def _quoted(run: str) -> str:
    shown = run.strip()
    return repr(shown if len(shown) <= _SHOWN else f"{shown[:_SHOWN]}…")


@cache
def _head() -> Any:
    """Compile the pattern of an operand and an operator before a number."""
    import regex

    operand = r"(?:[\p{N})\]}%]\s?[-+*×·÷/\u2212\u2013\u2014]|(?<!\p{L})\p{L}\s?[+*×·÷/])"
    return regex.compile(rf"{operand}\s?$")


@cache
def _tail() -> Any:
    """Compile the pattern of what goes on behind a number, so that it was not read as a whole."""
    import regex

    ordinal = (
        r"(?:st|nd|rd|th|er|ère|re|e|è|ème|eme|de|ste|й|я|е|го|ая|ый|s|º|ª)(?![\p{L}\p{M}\p{N}])"
    )
    return regex.compile(
        rf"(?V1)(?!{ordinal})[[\p{{L}}\p{{M}}_]--[{SPACELESS}]][\p{{L}}\p{{M}}\p{{N}}_]*+"
        r"|\^[{(]?[\p{L}\p{N}]|/(?![smhlgLdS]\b)\p{L}\b|[_\\]\p{L}"
        r"|\s?[+*×·÷]\s?(?:\p{N}|\p{L}(?!\p{L}))"
    )


@cache
def _run() -> Any:
    """Compile the pattern of everything that is written like a number, in linear time."""
    import regex

    joint = r"[.,'\u2019_\u066b\u066c:·~\u2013\u2014-]|\s?[/\u2044]\s?|[*×xX]|[eE][-+\u2212]?"
    raised = rf"[⁻⁺]?[{SUPERSCRIPTS}]++"
    power = rf"(?:\^\s?\{{?\s?[-+\u2212\u2013]?\d++\s?\}}?+|\*\*[-+\u2212]?\d++|{raised})"
    grouped = r"\d{1,3}+(?:[ \u00a0\u2009\u202f]\d{3})++(?:[.,\u066b]\d++)?+(?!\d)"
    mixed = r"\d++\s\d++\s?[/\u2044]\s?\d++(?!\d|\s?[/\u2044])"
    joined = rf"\d++(?:(?:{joint})\d++)*+"
    number = rf"(?:{mixed}|{grouped}|{joined}|[.,\u066b]\d++)"
    exponent = rf"(?:\s?[\u00d7xX*·⋅∙]\s?10{power}|{power})?+"
    vulgar = rf"(?:\d++\s?)?[{VULGAR}]"
    spaced = rf"[[\p{{L}}\p{{M}}\p{{N}}_]--[{SPACELESS}]]"
    before = (
        rf"(?<!{spaced})(?<!\p{{N}}[.,'\u2019_:·/\u2044])(?<![\p{{L}}--[{SPACELESS}]][-\u2011])"
    )
    before += r"(?<![\p{L}\p{M}\p{N})\]}]\^\{?[-+\u2212]?)"
    return regex.compile(rf"(?V1){before}(?:{vulgar}|{number}{exponent})")


_LATEX = (
    (re.compile(r"(?<!\\)\$(?=\S)([^$\n]*[^\s\\$])\$(?!\d)"), r" \1 "),
    (re.compile(r"\\(?:text|mathrm|textbf|mbox|mathbf)\s?\{([^{}]*)\}"), r" \1 "),
    (re.compile(r"\^\s?\{?\s?\\circ\s?\}?"), "°"),
    (re.compile(r"\\times|\\cdot"), "×"),
    (re.compile(r"\\left|\\right"), ""),
    (re.compile(r"\{,\}"), ","),
    (re.compile(r"\\([%$#])"), r"\1"),
    (re.compile(r"\\[,;:! ]|~"), " "),
)
"""Patterns of LaTeX notation, with the plain text that replaces them, in linear time."""
_FRAC = re.compile(r"\\[dtc]?frac\s?(?:\{([^{}]*)\}\s?\{([^{}]*)\}|(\d)\s?(\d))")


def _without_latex(text: str) -> str:
    if "\\" in text:
        text = _FRAC.sub(_plain_fraction, text)
    for pattern, plain in _LATEX:
        text = pattern.sub(plain, text)
    return text


def _plain_fraction(match: re.Match[str]) -> str:
    above, below = (match[1], match[2]) if match[2] is not None else (match[3], match[4])
    return f" {above.strip()}/{below.strip()} "
