"""Whether the answer's number is the expected one."""

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

    A number in ``\boxed{}`` goes before all others. Numbers are the same however they are written:
    ``1,000`` and
    ``1000``, ``1/2`` and ``0.5``, ``1.5e3`` and ``1.5 * 10^3``, ``2 million``. Units of one kind
    are converted (``3 km`` is ``3000 m``), those of different kinds differ (``3 kg``); where only
    one of the two has a unit, the numbers are compared. A percentage without its sign may be meant
    as a number or as a share: ``50%`` is ``0.5`` and is ``50``. Numbers in words are not read.

    Args:
        tolerance: How far the answer may be off, in the unit of the expected number.
        rel_tolerance: The same as a share of the greater number; the larger of the two counts.
        decimal: What stands before the decimals: a point, or a comma as in ``1.000,5``.

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
        self._tolerance, self._rel_tolerance, self._decimal = tolerance, rel_tolerance, decimal
        params = {"tolerance": tolerance, "rel_tolerance": rel_tolerance, "decimal": decimal}
        self.version = version_with("1", params, _DEFAULTS)

    def score(self, case: Case, completion: Completion) -> Score:
        """Compare the answer's number with that of each accepted answer.

        Args:
            case: Has the expected text.
            completion: The answer.
        """
        accepted = accepted_answers(case)
        if not accepted:
            return nothing_expected(self)
        wanted = [quantity for quantity in map(self.parse, accepted) if quantity is not None]
        if not wanted:
            return unscored(self, f"{case.source}: the expected text has no number")
        found = self.parse(completion.text)
        if found is None:
            return Score(self.name, 0.0, self.scale, "the answer has no number", self.version)
        is_same = any(self._is(found, each) for each in wanted)
        allowed = " or ".join(each.text for each in wanted)
        return Score(
            self.name,
            float(is_same),
            self.scale,
            f"{found.text} is {'' if is_same else 'not '}{allowed}",
            self.version,
        )

    def parse(self, text: str) -> _Quantity | None:
        """The last number of a text with its unit; ``None`` if there is none."""
        return last_quantity(text, self._decimal)

    def same(self, one: _Quantity, other: _Quantity) -> bool:
        """Whether two parsed numbers are the same within the tolerance, in the unit of either."""
        return self._is(one, other) or self._is(other, one)

    def _is(self, found: _Quantity, wanted: _Quantity) -> bool:
        if found.kind == wanted.kind:
            return self._near(found.in_unit_of(wanted), wanted.number)
        if found.kind and wanted.kind:
            return False
        share = [
            self._near(each.number, other.number * other.factor)
            for each, other in ((found, wanted), (wanted, found))
            if other.kind == "percent"
        ]
        return self._near(found.number, wanted.number) or any(share)

    def _near(self, one: float, other: float) -> bool:
        return math.isclose(one, other, rel_tol=self._rel_tolerance, abs_tol=self._tolerance)


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
"""What LaTeX writes for what a text would write."""


@dataclass(frozen=True)
class _Quantity:
    """A number with its unit.

    Attributes:
        number: The number as it is written.
        kind: What the unit measures; empty without a unit that is known.
        factor: What turns the number into the base unit of its kind, by multiplication.
        offset: What is added then.
        text: How it is written.
    """

    number: float
    kind: str = ""
    factor: float = 1.0
    offset: float = 0.0
    text: str = ""

    def in_unit_of(self, other: _Quantity) -> float:
        """The number in the unit of another quantity of the same kind."""
        return (self.number * self.factor + self.offset - other.offset) / other.factor


def last_quantity(text: str, decimal: str = ".") -> _Quantity | None:
    r"""The last number of a text, or of what its last ``\boxed{…}`` holds; ``None`` if it has none.

    Args:
        text: The text.
        decimal: What stands before the decimals, a point or a comma; the other one groups
            thousands.
    """
    plain = _without_latex(last_boxed(text) or text)
    found, place = None, 0
    while match := _number(decimal).search(plain, place):
        quantity, place = _quantity(match, plain, decimal)
        found = quantity or found
    return found


def last_boxed(text: str) -> str | None:
    r"""What the last ``\boxed{…}`` of a text holds; ``None`` if there is none."""
    start = text.rfind("\\boxed{")
    if start < 0:
        return None
    depth = 0
    for place in range(begin := start + len("\\boxed"), len(text)):
        depth += {"{": 1, "}": -1}.get(text[place], 0)
        if depth == 0:
            return text[begin + 1 : place]
    return None


def _without_latex(text: str) -> str:
    for pattern, plain in _LATEX:
        text = re.sub(pattern, plain, text)
    return text


@cache
def _number(decimal: str) -> re.Pattern[str]:
    group = "," if decimal == "." else r"\."
    whole = rf"(?:\d{{1,3}}(?:(?P<by>[{group}'\u2019 \u00a0\u2009\u202f])\d{{3}}(?:(?P=by)\d{{3}})*)(?!\d)|\d+)"
    point = re.escape(decimal)
    return re.compile(
        rf"(?P<currency>US\$|[$€£¥]\s?)?(?<![\w{point}])(?P<sign>(?<![\w)\]}}])[-+\u2212\u2013]\s?)?(?P<currency2>[$€£¥]\s?)?(?:"
        rf"(?:(?P<mixed>\d+)\s+)?(?<!\d/)(?P<above>\d+)\s?[/\u2044]\s?(?P<below>\d+)(?![\d/])"
        rf"|(?P<units>\d+)?\s?(?P<vulgar>[{_VULGAR}])"
        rf"|(?P<digits>(?:{whole}(?:{point}\d+)?|{point}\d+)(?:[eE][-+]?\d+)?)"
        r"(?:\s?[\u00d7x*·⋅]\s?10\s?(?:\^\s?\{?\s?(?P<power>[-+\u2212]?\d+)\s?\}?|(?P<super>[⁻⁺]?[⁰¹²³⁴⁵⁶⁷⁸⁹]+)))?"
        r")"
    )


def _quantity(match: re.Match[str], text: str, decimal: str) -> tuple[_Quantity | None, int]:
    """The quantity at a number, and where the text goes on."""
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
    """The unit with which a text begins, and how many characters it takes; nothing and 0 for none."""
    found = re.match(
        r"[\s-]?(°[CF]?|[%$€£¥]|[^\W\d_]+(?:/[a-z]+|[²³]|\^?[23](?!\d))?(?: [^\W\d_]+)?)", rest
    )
    if not found:
        return "", 0
    for written in dict.fromkeys((found[1], found[1].partition(" ")[0])):
        for name in (
            written,
            written.lower(),
            written.removesuffix("s"),
            written.lower().removesuffix("s"),
        ):
            if name in _units() and (len(name) > 2 or written == name):
                return name, found.start(1) + len(written)
    return "", 0


@cache
def _units() -> Mapping[str, tuple[str, float, float]]:
    """Kind, factor and offset of each unit."""
    text = resources.files(__package__).joinpath("units.json").read_text("utf-8")
    return {
        name: (kind, *map(float, value)) if isinstance(value, list) else (kind, float(value), 0.0)
        for kind, units in json.loads(text).items()
        for name, value in units.items()
    }
