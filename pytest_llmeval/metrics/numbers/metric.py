"""The metric that compares the last number of the answer with the expected number."""

from __future__ import annotations

import math
from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING

from pytest_llmeval.errors import InputError, SettingError
from pytest_llmeval.metrics.as_score import unscored, version_with
from pytest_llmeval.metrics.match import accepted_answers, nothing_expected
from pytest_llmeval.metrics.numbers.bounds import Bound
from pytest_llmeval.metrics.numbers.opposites import is_downward, opposite_words
from pytest_llmeval.metrics.numbers.rounding import is_rounded
from pytest_llmeval.metrics.numbers.wording import is_times
from pytest_llmeval.protocols import BaseScorer
from pytest_llmeval.records.call import Completion
from pytest_llmeval.records.case import Case
from pytest_llmeval.records.score import UNIT_SCALE, Score

if TYPE_CHECKING:
    from pytest_llmeval.metrics.numbers.reading import Quantity

_PERCENT = Fraction(1, 100)
_MONTH_S = Fraction(2_629_746)
_CALENDAR = Fraction(1, 10)
"""Share by which months differ from each other."""
_DEFAULTS = {"tolerance": 0.0, "rel_tolerance": None, "decimal": "."}


class Numeric(BaseScorer):
    r"""1 if the last number of the answer is the last number of the expected text, else 0.

    A number in ``\boxed{}`` comes first, with the sign, the currency, the power and the unit that
    stand around the box. Notation and script of the digits do not matter: ``1,000``
    is ``1000``, ``1/2`` is ``0.5``, ``1.5e3`` is ``1.5 * 10^3``, ``10^6`` is a million, and
    ``$5M``, ``2 million``, ``5 Mio.``, ``3 lakh`` and ``5万`` are read. A billion is a thousand
    millions, but a million millions where ``decimal`` is a comma or the other text has a word such
    as *Milliarde*.

    Units of one kind are converted (``3 km`` is ``3000 m``, ``2 h 30 min`` is ``150 min``,
    ``36 km per hour`` is ``10 m/s``), and units of different kinds differ (``3 kg``, ``3 m²``). If
    only one of the numbers has a unit, the unit is ignored. ``50%`` equals ``0.5`` and ``50``.
    Numbers in words are not read, but *minus 5* and *3 and a half* are. Words next to digits
    (*twenty 5*, ``5 twenty``, *one point 5*, *two hours and 30 minutes*) and a number in words that
    a text states behind its digits (*Of these 12, the answer is forty*) leave it unscored, and so
    does an answer in words alone (*minus five*, 一百二十).

    Without a tolerance numbers must be equal, but a decimal fraction may be rounded or cut off in
    its sixth significant digit or later: ``0.333333`` is ``1/3``.

    A number is read as a whole or not at all: ``1.000,5`` (with a decimal point), ``5x``, ``5
    squared``, ``±5``, *not 5* and ``1m80`` leave the answer unscored. So do a minus at a distance,
    one that may be the mark of a list (``- 5`` alone), an amount in brackets, and equal numbers
    with different words that have no known meaning (``5 apples`` and ``5 pears``, ``5 school
    days`` and ``5 days``), or with one that may be a power of ten (``5 zillion``). Dates (``5
    January 2024``), times, versions, ratios and ranges (``1 to 5``) are no numbers. ``$(1,000)``
    and ``Loss: (1,000)`` are -1000.

    A bound (*at least 5*, ``> 5``, ``5+``) is the same bound of an equal number, and against
    anything else with that number it is unscored.

    Equal numbers with opposite words near to them leave the answer unscored: ``5 left`` and ``5
    right``, *a gain of 5* and *a loss of 5*. So does a number that is the minus of the other by
    such a word (*a loss of 5* and ``-5``), and *5 times as many* against ``5``. A text without such
    a word says nothing of it: ``5`` is *a loss of 5* and *about 5*.

    Args:
        tolerance: Allowed difference, in the unit of the expected number.
        rel_tolerance: Allowed difference as a share of the greater number. The larger of the two
            tolerances counts.
        decimal: Decimal separator: a point, or a comma as in ``1.000,5``.

    Raises:
        SettingError: A tolerance is negative, or ``decimal`` neither point nor comma.
    """

    name = "numeric"
    scale = UNIT_SCALE
    about = (
        "1 if the answer's last number is the expected one, whatever its notation and unit, else 0"
    )
    source = "as the last-number rule for GSM8K: Cobbe et al. 2021, arXiv 2110.14168"
    family = "equivalence"

    def __init__(
        self, tolerance: float = 0.0, rel_tolerance: float | None = None, decimal: str = "."
    ) -> None:
        for name, value in (("tolerance", tolerance), ("rel_tolerance", rel_tolerance)):
            if value is not None and not 0 <= value < math.inf:
                raise SettingError(f"numeric {name}", value, "a number from 0")
        if decimal not in (".", ","):
            raise SettingError("numeric decimal", decimal, "'.' or ','")
        self._tolerance = Fraction(str(tolerance))
        self._rel_tolerance = Fraction(str(rel_tolerance or 0))
        self._is_exact = not tolerance and rel_tolerance is None
        self._decimal = decimal
        params = {"tolerance": tolerance, "rel_tolerance": rel_tolerance, "decimal": decimal}
        self.version = version_with("5", params, _DEFAULTS)

    def score(self, case: Case, completion: Completion) -> Score:
        """Compare the answer's number with that of each accepted answer."""
        accepted = accepted_answers(case)
        if not accepted:
            return nothing_expected(self)
        try:
            wanted = [quantity for text in accepted if (quantity := self._read(text)) is not None]
        except InputError as error:
            return unscored(self, f"{case.source}: the expected text: {error}")
        if not wanted:
            return unscored(self, f"{case.source}: the expected text has no number")
        try:
            answer = self._read(completion.text)
        except InputError as error:
            return unscored(self, f"the answer: {error}")
        if answer is None:
            words = self._words(completion.text)
            if words:
                return unscored(self, f"the answer: {words!r} is a number in words")
            return Score(self.name, 0.0, self.scale, "the answer has no number", self.version)
        verdicts = [self._verdict(answer, quantity) for quantity in wanted]
        if True not in verdicts and None in verdicts:
            quantity = wanted[verdicts.index(None)]
            return unscored(self, _doubt(answer, quantity))
        is_same = True in verdicts
        allowed = " or ".join(quantity.text for quantity in wanted)
        reason = f"{answer.text} is {'' if is_same else 'not '}{allowed}"
        return Score(self.name, float(is_same), self.scale, reason, self.version)

    def parse(self, text: str) -> Quantity | None:
        """Read the last number of a text with its unit; ``None`` if there is none to be read."""
        try:
            return self._read(text)
        except InputError:
            return None

    def same(self, first: Quantity, second: Quantity) -> bool:
        """Return whether two parsed numbers are equal within the tolerance, in either unit."""
        return True in (self._verdict(first, second), self._verdict(second, first))

    def _read(self, text: str) -> Quantity | None:
        from pytest_llmeval.metrics.numbers.reading import (
            last_quantity,  # late: the registry imports every metric
        )

        return last_quantity(text, self._decimal)

    def _words(self, text: str) -> str:
        from pytest_llmeval.metrics.numbers.reading import (
            number_in_words,  # late: the registry imports every metric
        )

        return number_in_words(text)

    def _verdict(self, answer: Quantity, wanted: Quantity) -> bool | None:
        """Compare two numbers; ``None`` if words without a known meaning may tell them apart."""
        is_same = self._is_same_number(answer, wanted)
        if not is_same:
            return is_same
        is_doubtful = (
            opposite_words(answer.directions, wanted.directions) is not None
            or _is_factor_of_one(answer, wanted)
            or answer.bound is not wanted.bound
            or answer.may_differ_from(wanted)
        )
        return None if is_doubtful else True

    def _is_same_number(self, answer: Quantity, wanted: Quantity) -> bool | None:
        """Compare two numbers by what a billion is in their languages; ``None`` if it decides."""
        is_long = self._decimal == "," or bool(answer.scale or wanted.scale)
        one, two = answer.counted(is_long), wanted.counted(is_long)
        is_same = self._is_in_any_sense(one, two)
        if is_long and (answer.is_doubtful_with(wanted) or wanted.is_doubtful_with(answer)):
            is_same_in_english = self._is_in_any_sense(answer, wanted)
            if is_same_in_english != is_same:
                is_german = "German" in (answer.scale, wanted.scale)
                return False if is_same and is_german else None
        if is_same:
            return True
        is_known = not _is_calendar(one, two) and not self._is_loss(one, two)
        return False if is_known and not one.may_equal(two) else None

    def _is_loss(self, first: Quantity, second: Quantity) -> bool:
        """Return whether the words around one number may be the minus of the other: a loss of 5."""
        positive = first if first.number > 0 else second
        if not first.number * second.number < 0 or not is_downward(positive.directions):
            return False
        return self._is_in_any_sense(replace(first, number=-first.number), second)

    def _is_in_any_sense(self, answer: Quantity, wanted: Quantity) -> bool:
        """Compare two numbers by each meaning of their units: a pound is a mass and money."""
        return any(
            self._is(replace(answer, unit=one), replace(wanted, unit=two))
            for one in answer.unit.all_senses()
            for two in wanted.unit.all_senses()
        )

    def _is(self, answer: Quantity, wanted: Quantity) -> bool:
        if answer.kind == wanted.kind:
            return self._near(answer.in_unit_of(wanted), wanted)
        if answer.kind and wanted.kind:
            return False
        is_share = any(
            self._near(quantity, share.as_share())
            for quantity, share in ((answer, wanted), (wanted, answer))
            if share.kind == "percent"
        )
        if is_share or _is_small_share(answer) or _is_small_share(wanted):
            return is_share
        return self._near(answer, wanted)

    def _near(self, first: Quantity, second: Quantity) -> bool:
        if first.number == second.number:
            return True
        if self._is_exact:
            return is_rounded(first.number, first.step, second.number, second.step)
        allowed = self._rel_tolerance * max(abs(first.number), abs(second.number))
        return abs(first.number - second.number) <= max(allowed, self._tolerance)


def _doubt(answer: Quantity, wanted: Quantity) -> str:
    """Say why it is not known whether two numbers are the same."""
    words = opposite_words(answer.directions, wanted.directions)
    if words is not None:
        return f"{answer.text} is {wanted.text}, but {words[0]!r} is the opposite of {words[1]!r}"
    if _is_factor_of_one(answer, wanted):
        factor, plain = (answer, wanted) if answer.is_factor else (wanted, answer)
        return f"{factor.text} says how many times as much, and {plain.text} does not"
    if answer.bound is not wanted.bound:
        limit, plain = (answer, wanted) if answer.bound is not Bound.NONE else (wanted, answer)
        return (
            f"{limit.text} is a bound ({limit.bound.value}), and {plain.text} is not the same one"
        )
    return f"whether {_shown(answer)} is {_shown(wanted)} is not known"


def _is_factor_of_one(first: Quantity, second: Quantity) -> bool:
    """Return whether one of two numbers alone says how many times as much."""
    if first.is_factor == second.is_factor:
        return False
    plain = second if first.is_factor else first
    return not is_times(plain.word)


def _shown(quantity: Quantity) -> str:
    return f"{quantity.text} {quantity.word}".strip()


def _is_small_share(quantity: Quantity) -> bool:
    """Return whether a number is in thousandths or the like, of which nobody drops the sign."""
    return quantity.kind == "percent" and quantity.unit.factor != _PERCENT


def _is_calendar(first: Quantity, second: Quantity) -> bool:
    """Return whether months and days are so near that the calendar decides: 12 months, 365 days."""
    if {first.kind, second.kind} != {"months", "time"}:
        return False
    days = [
        row.number * row.unit.factor * (_MONTH_S if row.kind == "months" else 1)
        for row in (first, second)
    ]
    return abs(days[0] - days[1]) <= _CALENDAR * max(map(abs, days))
