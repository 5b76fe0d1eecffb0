"""The metric that compares the last number of the answer with the expected number."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from unicodedata import numeric

from pytest_llmeval.errors import SettingError
from pytest_llmeval.metrics.as_score import unscored, version_with
from pytest_llmeval.metrics.match import accepted_answers, nothing_expected
from pytest_llmeval.protocols import BaseScorer
from pytest_llmeval.records.call import Completion
from pytest_llmeval.records.case import Case
from pytest_llmeval.records.score import UNIT_SCALE, Score

_DEFAULTS = {"tolerance": 0.0, "rel_tolerance": 1e-6, "decimal": "."}


class Numeric(BaseScorer):
    r"""1 if the last number of the answer is the last number of the expected text, else 0.

    A number in ``\boxed{}`` comes first. Notation does not matter: ``1,000`` is ``1000``, ``1/2``
    is ``0.5``, ``1.5e3`` is ``1.5 * 10^3``, and ``2 million`` is read. Units of one kind are
    converted (``3 km`` is ``3000 m``), and units of different kinds differ (``3 kg``). If only one
    of the numbers has a unit, the unit is ignored. ``50%`` equals ``0.5`` and ``50``. Numbers in
    words are not read.

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
        self, tolerance: float = 0.0, rel_tolerance: float = 1e-6, decimal: str = "."
    ) -> None:
        for name, value in (("tolerance", tolerance), ("rel_tolerance", rel_tolerance)):
            if not 0 <= value < math.inf:
                raise SettingError(f"numeric {name}", value, "a number from 0")
        if decimal not in (".", ","):
            raise SettingError("numeric decimal", decimal, "'.' or ','")
        self._tolerance = tolerance
        self._rel_tolerance = rel_tolerance
        self._decimal = decimal
        params = {"tolerance": tolerance, "rel_tolerance": rel_tolerance, "decimal": decimal}
        self.version = version_with("1", params, _DEFAULTS)

    def score(self, case: Case, completion: Completion) -> Score:
        """Compare the answer's number with that of each accepted answer."""
        accepted = accepted_answers(case)
        if not accepted:
            return nothing_expected(self)
        wanted = [quantity for quantity in map(self.parse, accepted) if quantity is not None]
        if not wanted:
            return unscored(self, f"{case.source}: the expected text has no number")
        answer = self.parse(completion.text)
        if answer is None:
            return Score(self.name, 0.0, self.scale, "the answer has no number", self.version)
        is_same = any(self._is(answer, quantity) for quantity in wanted)
        allowed = " or ".join(quantity.text for quantity in wanted)
        return Score(
            self.name,
            float(is_same),
            self.scale,
            f"{answer.text} is {'' if is_same else 'not '}{allowed}",
            self.version,
        )

    def parse(self, text: str) -> _Quantity | None:
        """Read the last number of a text with its unit; ``None`` if there is none."""
        return last_quantity(text, self._decimal)

    def same(self, first: _Quantity, second: _Quantity) -> bool:
        """Return whether two parsed numbers are equal within the tolerance, in either unit."""
        return self._is(first, second) or self._is(second, first)

    def _is(self, answer: _Quantity, wanted: _Quantity) -> bool:
        if answer.kind == wanted.kind:
            return self._near(answer.in_unit_of(wanted), wanted.number)
        if answer.kind and wanted.kind:
            return False
        share = [
            self._near(quantity.number, second.number * second.factor)
            for quantity, second in ((answer, wanted), (wanted, answer))
            if second.kind == "percent"
        ]
        return self._near(answer.number, wanted.number) or any(share)

    def _near(self, first: float, second: float) -> bool:
        return math.isclose(first, second, rel_tol=self._rel_tolerance, abs_tol=self._tolerance)


_MINUSES = ("-", "\N{MINUS SIGN}", "\N{EN DASH}")
_VULGAR = "¼½¾⅐⅑⅒⅓⅔⅕⅖⅗⅘⅙⅚⅛⅜⅝⅞"
_SUPERSCRIPTS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻⁺", "0123456789-+")
_WORDS: Mapping[str, float] = {
    "hundred": 1e2,
    "thousand": 1e3,
    "million": 1e6,
    "billion": 1e9,
    "trillion": 1e12,
    "bn": 1e9,
}
_LATEX = (
    (r"(?<!\\)\$(?=\S)([^$\n]*?[^\s\\])\$(?!\d)", r" \1 "),
    (r"\\[dt]?frac\s*\{\s*([^{}]+?)\s*\}\s*\{\s*([^{}]+?)\s*\}", r" \1/\2 "),
    (r"\\[dt]?frac\s*(\d)\s*(\d)", r" \1/\2 "),
    (r"\s*\\(?:text|mathrm|textbf|mbox)\s*\{\s*([^{}]*)\}", r" \1"),
    (r"\^\s*\{?\s*\\circ\s*\}?", "°"),
    (r"\\times|\\cdot", "*"),
    (r"\{,\}", ","),
    (r"\\([%$#])", r"\1"),
    (r"\\[,;:! ]|~", " "),
)
"""Patterns of LaTeX notation, with the plain text that replaces them."""


@dataclass(frozen=True)
class _Quantity:
    """A number with its unit.

    Attributes:
        number: The number in its unit.
        kind: The kind of the unit; empty without a known unit.
        factor: Factor that converts the number into the base unit of its kind.
        offset: Number that is added after that.
        text: The text of the quantity.
    """

    number: float
    kind: str = ""
    factor: float = 1.0
    offset: float = 0.0
    text: str = ""

    def in_unit_of(self, second: _Quantity) -> float:
        """Convert the number into the unit of a second quantity of the same kind."""
        return (self.number * self.factor + self.offset - second.offset) / second.factor


def last_quantity(text: str, decimal: str = ".") -> _Quantity | None:
    r"""Read the last number of a text or of its last ``\boxed{…}``; ``None`` if it has none."""
    plain = _without_latex(last_boxed(text) or text)
    last = None
    position = 0
    while match := _number(decimal).search(plain, position):
        quantity, position = _quantity(match, plain, decimal)
        last = quantity or last
    return last


def last_boxed(text: str) -> str | None:
    r"""Return the content of the last ``\boxed{…}`` of a text; ``None`` if there is none."""
    start = text.rfind("\\boxed{")
    if start < 0:
        return None
    depth = 0
    for position in range(begin := start + len("\\boxed"), len(text)):
        depth += {"{": 1, "}": -1}.get(text[position], 0)
        if depth == 0:
            return text[begin + 1 : position]
    return None


def _without_latex(text: str) -> str:
    for pattern, plain in _LATEX:
        text = re.sub(pattern, plain, text)
    return text


@cache
def _number(decimal: str) -> re.Pattern[str]:
    group = "," if decimal == "." else r"\."
    whole = (
        rf"(?:\d{{1,3}}(?:(?P<by>[{group}'\u2019 \u00a0\u2009\u202f])\d{{3}}"
        r"(?:(?P=by)\d{3})*)(?!\d)|\d+)"
    )
    point = re.escape(decimal)
    return re.compile(
        rf"(?P<currency>US\$|[$€£¥]\s?)?(?<![\w{point}])"
        r"(?P<sign>(?<![\w)\]}])[-+\u2212\u2013]\s?)?(?P<currency2>[$€£¥]\s?)?(?:"
        rf"(?:(?P<mixed>\d+)\s+)?(?<!\d/)(?P<above>\d+)\s?[/\u2044]\s?(?P<below>\d+)(?![\d/])"
        rf"|(?P<units>\d+)?\s?(?P<vulgar>[{_VULGAR}])"
        rf"|(?P<digits>(?:{whole}(?:{point}\d+)?|{point}\d+)(?:[eE][-+]?\d+)?)"
        r"(?:\s?[\u00d7x*·⋅]\s?10\s?"
        r"(?:\^\s?\{?\s?(?P<power>[-+\u2212]?\d+)\s?\}?|(?P<super>[⁻⁺]?[⁰¹²³⁴⁵⁶⁷⁸⁹]+)))?"
        r")"
    )


def _quantity(match: re.Match[str], text: str, decimal: str) -> tuple[_Quantity | None, int]:
    """Read the quantity at a number, and return the position after it."""
    number = _value(match, decimal)
    if number is None or not math.isfinite(number):
        return None, match.end()
    rest = text[match.end() :]
    word = re.match(rf"[\s-]?({'|'.join(_WORDS)}|k(?=\b))(?!\w)", rest)
    if word:
        number *= _WORDS.get(word[1], 1e3)
        rest = rest[word.end() :]
    symbol, length = _unit_at(rest)
    symbol = symbol or (match["currency"] or match["currency2"] or "").strip()
    end = len(text) - len(rest) + length
    written = text[match.start() : end].strip()
    if not symbol:
        return _Quantity(number, text=written), end
    kind, factor, offset = _units()[symbol]
    return _Quantity(number, kind, factor, offset, written), end


def _value(match: re.Match[str], decimal: str) -> float | None:
    if match["vulgar"]:
        value = int(match["units"] or 0) + numeric(match["vulgar"])
    elif match["above"]:
        if not int(match["below"]):
            return None
        value = int(match["mixed"] or 0) + int(match["above"]) / int(match["below"])
    else:
        digits = re.sub(rf"[^\d{re.escape(decimal)}eE+-]", "", match["digits"]).replace(
            decimal, "."
        )
        value = float(digits)
        power = (match["power"] or (match["super"] or "").translate(_SUPERSCRIPTS)).replace(
            _MINUSES[1], "-"
        )
        if power:
            value = (
                float(f"{value!r}e{power}")
                if "e" not in repr(value)
                else value * 10.0 ** min(int(power), 308)
            )
    return -value if (match["sign"] or "").strip() in _MINUSES else value


def _unit_at(rest: str) -> tuple[str, int]:
    """Return the unit with which a text begins and its length; an empty text and 0 for none."""
    match = re.match(
        r"[\s-]?(°[CF]?|[%$€£¥]|[^\W\d_]+(?:/[a-z]+|[²³]|\^?[23](?!\d))?(?: [^\W\d_]+)?)", rest
    )
    if not match:
        return "", 0
    for written in dict.fromkeys((match[1], match[1].partition(" ")[0])):
        for name in (
            written,
            written.lower(),
            written.removesuffix("s"),
            written.lower().removesuffix("s"),
        ):
            if name in _units() and (len(name) > 2 or written == name):
                return name, match.start(1) + len(written)
    return "", 0


@cache
def _units() -> Mapping[str, tuple[str, float, float]]:
    """Load kind, factor and offset of each unit."""
    text = resources.files(__package__).joinpath("units.json").read_text("utf-8")
    return {
        name: (kind, *map(float, value)) if isinstance(value, list) else (kind, float(value), 0.0)
        for kind, units in json.loads(text).items()
        for name, value in units.items()
    }
