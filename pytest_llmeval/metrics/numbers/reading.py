r"""The last number of a text, read as a whole or not at all."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import cache
from typing import Any

from pytest_llmeval.errors import InputError
from pytest_llmeval.metrics.boxes import last_box, unsigned
from pytest_llmeval.metrics.numbers.bounds import Bound, bound_at
from pytest_llmeval.metrics.numbers.dates import is_in_date
from pytest_llmeval.metrics.numbers.layout import plain_text
from pytest_llmeval.metrics.numbers.notation import SUPERSCRIPTS, VULGAR, Written, read_number
from pytest_llmeval.metrics.numbers.opposites import Direction, directions_at
from pytest_llmeval.metrics.numbers.restated import is_restatement
from pytest_llmeval.metrics.numbers.spelled import check_joined, check_spelled, stated_number
from pytest_llmeval.metrics.numbers.surroundings import (
    check_ends,
    check_money,
    loss_at,
    quoted_run,
    sign_and_currency,
)
from pytest_llmeval.metrics.numbers.units import Unit, goes_on, unit_at, with_currency, with_rate
from pytest_llmeval.metrics.numbers.wording import (
    are_alike,
    is_factor,
    label_behind,
    neutral_word,
)
from pytest_llmeval.metrics.numbers.words import (
    SIGNS,
    SPACELESS,
    has_short_billion,
    is_like_power,
    long_scale,
    power_at,
)

_LAST = 64
"""Runs of digits at the end of a text of which one has to be a number."""
_CONTEXT = 200
"""Characters before and behind a number in which the unit of another may be named."""
_NO_UNIT = Unit(0)
_GAP = 12
"""Characters between the parts of ``2 hours and 30 minutes`` at most."""
_POWERS = tuple(Fraction(10) ** exponent for exponent in (*range(2, 34), *range(-33, -1)))
"""What an unknown word for a power of ten may multiply a number by."""


@dataclass(frozen=True)
class Quantity:
    """A number with its unit.

    Attributes:
        number: The number in its unit.
        step: Place value of its last decimal; ``None`` if it is exact.
        unit: Its unit; of no kind without a known one.
        text: The text of the quantity.
        long_number: The number if a billion is a million millions.
        scale: The languages in which it is one, by another word of the text; empty without one.
        word: A word behind it that is no known unit, or a phrase that ends with a known one.
        qualified: The known unit of such a phrase: *years* of *light years*.
        is_closing: Whether the phrase ends with that word.
        context: The text around it.
        directions: What the words around it say of pairs of opposites, as *gain* and *loss*.
        is_factor: Whether it says how many times as much: ``5 times as many``, ``5倍``.
        bound: What it is a bound of: *at least 5*.
    """

    number: Fraction
    step: Fraction | None = None
    unit: Unit = _NO_UNIT
    text: str = ""
    long_number: Fraction = Fraction(0)
    scale: str = ""
    word: str = ""
    qualified: Unit = _NO_UNIT
    is_closing: bool = False
    context: str = ""
    directions: tuple[Direction, ...] = ()
    is_factor: bool = False
    bound: Bound = Bound.NONE

    @property
    def kind(self) -> str:
        """What its unit measures; empty without a known unit."""
        return self.unit.kind

    def counted(self, is_long: bool) -> Quantity:
        """Return the number as it is where a billion is a million millions, or a thousand."""
        if not is_long or self.long_number == self.number:
            return self
        return replace(self, number=self.long_number)

    def is_doubtful_with(self, second: Quantity) -> bool:
        """Return whether it is an English *billion* and the other number is in another language."""
        return bool(second.scale) and not self.scale and has_short_billion(self.text)

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

    def may_differ_from(self, second: Quantity) -> bool:
        """Return whether words of two quantities without a known meaning may tell them apart."""
        if self.unit.rest != second.unit.rest and (self.has_unit and second.has_unit):
            return True
        if self._may_be_power or second._may_be_power:
            return not are_alike(self.word, second.word)
        if self.qualified.kind or second.qualified.kind:
            is_measured = self.has_unit and second.has_unit
            return is_measured and not are_alike(self._label(False), second._label(False))
        is_known = bool(self.kind and second.kind)
        if not (self.has_unit and second.has_unit and (self.is_closing or second.is_closing)):
            return False
        if is_known and not (self.word and second.word):
            return False
        one, two = self._label(is_known), second._label(is_known)
        is_named = are_alike(one, two) or _names(self.context, two) or _names(second.context, one)
        return bool(one and two) and not is_named

    def may_equal(self, second: Quantity) -> bool:
        """Return whether a word without a known meaning may make an unequal number the same."""
        if self._may_be_power != second._may_be_power and self.number and second.number:
            return second.number / self.number in _POWERS
        for one, two in ((self.qualified, second.unit), (second.qualified, self.unit)):
            if one.kind and one.kind == two.kind and one.factor != two.factor:
                return True
        return False

    @property
    def _may_be_power(self) -> bool:
        """Whether the word behind it may be one for a power of ten, which was not read."""
        return is_like_power(self.word)

    def _label(self, is_known: bool) -> str:
        """Return the word of its unit, or the one behind a known unit."""
        if is_known or not self.kind or self.qualified.kind:
            return self.word
        return self.text.lstrip("+-0123456789., ")

    @property
    def has_unit(self) -> bool:
        """Whether it has a unit, known or not."""
        return bool(self.kind or self.unit.rest or self.word)


def _names(text: str, word: str) -> bool:
    return re.search(rf"(?<![^\W\d_]){re.escape(word.casefold())}", text) is not None


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
    plain, start, end = _plain_part(text)
    runs = list(deque(_runs_until(plain, start, end), maxlen=_LAST))
    if end == len(plain):
        _check_behind(plain, runs, decimal)
    others: list[str] = []
    while runs:
        run = runs.pop()
        if run.start() < start:
            break
        number = read_number(run[0].strip(), decimal)
        if number == "":
            continue
        if is_in_date(plain, run.start(), run.end()):
            number = "a part of a date"
        if isinstance(number, str):
            others.append(f"{quoted_run(run[0])} is {number}, not a number")
            continue
        if number is None:
            remedy = "" if decimal == "," else " If its decimals follow a comma: decimal=','."
            raise InputError(f"{quoted_run(run[0])} cannot be read as one number.{remedy}")
        return _quantity(plain, run, number, list(runs), decimal)
    if others:
        raise InputError(others[0])
    return None


def _check_behind(text: str, runs: Sequence[Any], decimal: str) -> None:
    """Check that words behind the last digits state no other number: ``twenty-5``."""
    words = _words_behind(text, runs[-1].end() if runs else 0)
    if words and not _is_repeated(words, text, runs, decimal):
        raise _unread(words)


def _words_behind(text: str, position: int) -> str:
    check_joined(text, position)
    return stated_number(text, position) if position else ""


def _is_repeated(words: str, text: str, runs: Sequence[Any], decimal: str) -> bool:
    """Return whether words repeat the last number in digits, with all that stands behind it."""
    run = runs[-1]
    written = read_number(run[0].strip(), decimal)
    if not isinstance(written, Written) or written.value.denominator != 1:
        return False
    quantity = _quantity(text, run, written, runs[:-1], decimal)
    factor = _with_powers(text, run, written).factor
    if quantity.number != written.value * factor:
        return False  # it has a sign, or is the end of `12 hours 5 minutes`
    # Without its power or its percent, five is another number than 5 million and 5%.
    is_scaled = factor != 1 or quantity.kind == "percent"
    return is_restatement(words, int(written.value), text[run.end() :], is_scaled)


def _unread(words: str) -> InputError:
    return InputError(f"{quoted_run(words)} is a number in words, which is not read.")


def _runs_until(text: str, start: int, end: int) -> Iterator[Any]:
    """Yield what is written like a number, up to the end of a part of a text.

    Raises:
        InputError: A number goes on across the start or the end of the part.
    """
    for run in _run().finditer(text):
        if run.start() >= end:
            return
        if run.end() > end or run.start() < start < run.end():
            raise InputError(f"{quoted_run(run[0])} goes on behind or before a box")
        yield run


def _plain_part(text: str) -> tuple[str, int, int]:
    """Return a text in plain notation, and the part of it in which its number is.

    That is the content of its last box, if it has one, and all of it otherwise.
    """
    box = last_box(text)
    if box is None:
        plain = plain_text(text)
        return plain, 0, len(plain)
    box = unsigned(box)
    head, content = plain_text(box.before), plain_text(box.content).strip()
    behind = plain_text(box.behind)
    start = len(head)
    return head + content + behind, start, start + len(content)


def check_words_behind(text: str, formula: str | None) -> None:
    """Check that no number in words is what a text states, or goes on in digits.

    Args:
        text: The text.
        formula: Its formula, if it has one that is not in a box. Words may repeat a number.

    Raises:
        InputError: One is.
    """
    plain = plain_text(text)
    digits = deque(re.finditer(r"\d", plain), maxlen=1)
    if formula is not None and digits:
        whole = formula.replace(",", "")
        words = _words_behind(plain, digits[0].end())
        runs = list(_run().finditer(plain)) if words and whole.isdecimal() else []
        if words and not (runs and _is_repeated(words, plain, runs, ".")):
            raise _unread(words)
    elif formula is None and "\\boxed" not in text:
        check_joined(plain, 0)


def number_in_words(text: str) -> str:
    """Return a number in words that a text without digits states; empty without one."""
    return stated_number(plain_text(text), 0)


def quantity_between(before: str, number: str, behind: str, decimal: str = ".") -> Quantity:
    """Read a number that stands between two texts, with what they say of it.

    Args:
        before: The text before the number.
        number: The number, perhaps with a sign or a currency.
        behind: The text behind it.
        decimal: The decimal separator, a point or a comma.

    Raises:
        InputError: It cannot be read as a whole.
    """
    head = plain_text(before)
    tail = plain_text(number + behind) if number.isdecimal() else number + plain_text(behind)
    text = head + tail
    runs = list(_run().finditer(text))
    for index, run in enumerate(runs):
        if run.start() >= len(head):
            written = read_number(run[0].strip(), decimal)
            if is_in_date(text, run.start(), run.end()):
                raise InputError(f"{quoted_run(number)} is a part of a date, not a number")
            if not isinstance(written, Written):
                break
            return _quantity(text, run, written, runs[:index], decimal)
    raise InputError(f"{quoted_run(number)} cannot be read as one number.")


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
    unit = _unit_behind(text, piece.end)
    total, long_total = _sums(pieces)
    first = pieces[0].start
    for larger, size in _larger(
        text, before[: len(before) + 1 - len(pieces)], first, unit, decimal
    ):
        total, long_total, first = total + size, long_total + size, larger.start
    sign, currency, start = sign_and_currency(text, first)
    check_money(text, start, unit)
    unit = with_currency(unit, currency, piece.end)
    end = max(unit.end, piece.end)
    loss = loss_at(text, start, end, bool(currency))
    if loss is not None:
        sign, start, end = -sign, loss.start, loss.end
        unit = replace(with_currency(unit, loss.currency, piece.end), end=end)
    check_ends(text, start, end)
    check_spelled(text, start, end, unit)
    if goes_on(text, unit, piece.end) or (end > piece.end and text[end : end + 1].isdigit()):
        raise InputError(f"{quoted_run(text[start : end + _GAP])} has two units.")
    unit = with_rate(text, start, unit)
    is_multiple = is_factor(text, end)
    label = label_behind(text, start, end, is_counted=bool(unit.rest) or is_multiple)
    step = piece.written.step
    return Quantity(
        sign * total,
        None if step is None else step * piece.factor,
        unit,
        " ".join(text[start:end].split()),
        sign * long_total,
        long_scale(text),
        label.word,
        label.unit,
        label.is_closing,
        text[max(start - _CONTEXT, 0) : end + _CONTEXT].casefold(),
        directions_at(text, start, end),
        is_multiple,
        bound_at(text, start, end),
    )


def _unit_behind(text: str, position: int) -> Unit:
    """Read the unit behind a number, or behind a word such as *more*: ``5 more days``."""
    unit = unit_at(text, position)
    if unit.kind or unit.rest:
        return unit
    start = neutral_word(text, position)
    behind = unit_at(text, start) if start > position else unit
    return behind if behind.kind else unit


def _sums(pieces: Sequence[_Piece]) -> tuple[Fraction, Fraction]:
    """Add the pieces of a number, with a billion of a thousand and of a million millions."""
    total = sum((row.written.value * row.factor for row in pieces), Fraction(0))
    return total, sum((row.written.value * row.long_factor for row in pieces), Fraction(0))


def _larger(
    text: str, before: Sequence[Any], start: int, unit: Unit, decimal: str
) -> Iterator[tuple[_Piece, Fraction]]:
    """Yield the parts of ``2 h 30 min`` before the last one, with their sizes in its unit.

    Raises:
        InputError: A quantity stands before the number that cannot be added.
    """
    scale, size = unit.factor, unit.factor
    for run in reversed(before):
        number = read_number(run[0].strip(), decimal)
        written = number if isinstance(number, Written) else None
        piece = _with_powers(text, run, written or Written(Fraction(0)))
        larger = unit_at(text, piece.end)
        gap = _gap().fullmatch(text[larger.end : start]) if start - larger.end < _GAP else None
        if not larger.kind or gap is None:
            return
        if text[piece.end : larger.end].strip() == "m" and unit.kind == "time":
            larger = replace(larger, kind="time", factor=Fraction(60))
        senses = [sense for sense in larger.all_senses() if sense.kind == unit.kind]
        is_joined = gap["loose"] is None or "," not in gap["loose"] or unit.kind == "time"
        is_part = written is not None and bool(senses) and senses[0].factor > size
        if is_part and is_joined:
            yield piece, piece.written.value * piece.factor * senses[0].factor / scale
            start, size = piece.start, senses[0].factor
        elif gap["loose"] is not None and not is_part:
            return
        else:
            whole = text[piece.start : start]
            raise InputError(f"{quoted_run(whole)} and what follows are not one quantity.")


@cache
def _gap() -> Any:
    import regex

    words = "and|und|et|y|e|и|i|en|og|och|ve"
    return regex.compile(rf"[ \t\u00a0]{{0,2}}(?P<loose>,|,?[ \t](?:{words})(?= ))?[ \t]{{0,2}}")


def _with_powers(text: str, run: re.Match[str], number: Written) -> _Piece:
    """Read the words for powers of ten behind a number: ``5 hundred million``."""
    end = run.end()
    factor = long_factor = Fraction(1)
    is_money = text[max(run.start() - 2, 0) : run.start()].strip().endswith(SIGNS)
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
    if not gap and earlier.factor > 1 and text[piece.start : piece.end].strip().isdecimal():
        digits = piece.end - piece.start
        if digits == 1:
            # In speech 1万5 is 15,000.
            raise InputError(f"{quoted_run(text[run.start() : piece.end])} has two readings.")
    is_smaller = piece.written.value * piece.factor < earlier.factor
    if earlier.factor == 1 or gap.strip() or len(gap) > 1 or not is_smaller:
        return None
    return earlier if not gap or piece.factor > 1 else None


@cache
def _run() -> Any:
    """Compile the pattern of everything that is written like a number, in linear time."""
    import regex

    joint = r"\.{1,3}|[,'`\u00b4\u2019_\u066b\u066c:·~～〜∼…\u2212\u2013\u2014-]"
    joint += r"|\s?[/\u2044]\s?|[*×xX]|[eE][-+\u2212]?"
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
