"""A formula with its unit, as answers are compared by it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import cache
from typing import Any

from pytest_llmeval.errors import InputError
from pytest_llmeval.metrics.algebra.finding import Excerpt, find_formula, is_label
from pytest_llmeval.metrics.algebra.notation import write_formula
from pytest_llmeval.metrics.algebra.structure import without_emphasis
from pytest_llmeval.metrics.numbers.bounds import Bound, bound_at
from pytest_llmeval.metrics.numbers.layout import plain_text
from pytest_llmeval.metrics.numbers.opposites import Direction, directions_at
from pytest_llmeval.metrics.numbers.reading import (
    Quantity,
    check_words_behind,
    last_quantity,
    quantity_between,
)
from pytest_llmeval.metrics.numbers.spelled import check_spelled, is_number_word
from pytest_llmeval.metrics.numbers.units import (
    Unit,
    is_unit,
    unit_at,
    unit_named,
    with_currency,
)
from pytest_llmeval.metrics.numbers.words import is_like_power, power_at
from pytest_llmeval.metrics.plain import TEXT_COMMANDS

_CURRENCY = re.compile(r"([+\N{MINUS SIGN}-]?)\s*\\?((?:[A-Z]{1,3}\\?)?\$|[€£¥₹₽₩])\s*(?=[\d.])")
_CURRENCY_BEHIND = re.compile(r"(?<=\d)\s*\\?([$€£¥₹₽₩])$")
_PERCENT = re.compile(r"(?:\\?%|\\text\{\s*(?:percent|per cent)\s*\})$")
_DEGREES = re.compile(
    r"(?P<number>[+\N{MINUS SIGN}-]?[\d.,]+)\s*(?:°|\^\s?\{?\s?\\circ\s?\}?)\s*(?P<scale>[CF]?)"
)
_TEXT_UNIT = re.compile(
    r"(?:\\[,;: ]|~|\s)*\\(?!mathbf\s?\{\s?[A-Za-z]\s?\})"
    rf"(?:{TEXT_COMMANDS})\s?\{{(?P<name>[^{{}}]*)\}}"
    r"(?:\s?\^\s?\{?(?P<power>[23])\}?)?$"
)
_TYPED_UNIT = re.compile(
    r"(?:(?<=[\d)}π])|(?<=\\pi))(?P<gap>\s*)(?P<name>(?:/\s?[^\W\d_])?[^\W\d_]+(?:/[^\W\d_]+)?(?:[²³]|\^\{?[23]\}?)?)$"
)
_ORDINAL = re.compile(r"(?<=\d)(?:st|nd|rd|th)$")
_OPERATOR_AT_END = re.compile(
    r"(?:[-+*/=<>^_(,]|\\(?!(?:pi|alpha|beta|gamma|theta|phi|ell|right\))(?![a-z]))[a-z]+)\s*$"
)
_VALUE = re.compile(r"(?:\w\s*=)?[^A-Za-z\\]*")
"""A number, or a variable that is set to one, behind which a letter is a unit."""
_UNITS_OF_ONE_LETTER = frozenset("mgslLhJWVNA")
_PERCENT_FACTOR = Fraction(1, 100)
_WORDS = re.compile(r"[^\W\d_](?:[^\W\d_]|[\u0300-\u036f\u0900-\u0dff\u0e00-\u0e7f.'’ ^23-])*")
"""Words behind a formula that may be a unit."""
_CONSTANT = re.compile(
    r"(?:\w\s*=)?(?:\s|[\d.,()+*/{}\[\]^π√·×-]|\\(?:pi|sqrt|[dtc]?frac|cdot|times|left|right|,|;|!))*"
)
"""A number that is written with roots and π."""

_PLAIN_NUMBER = (
    r"(?:\p{Sc}|[+\u2212\u2013-]|US)*\d[\d.,]*(?: ?/ ?\d+|%|\p{Sc})?"
    r"|\d{1,3}(?: \d{3})+|\(\d[\d.,]*\)"
)
_BOXED_NUMBER = re.compile(
    r"[-+\u2212]?\s?\\?[$€£¥₹]?(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?\s?(?:/\s?\d+|\\?%)?"
)
"""A number in a box; ``1,2`` is a list there."""
_TIGHT_BEHIND = re.compile(r"(?<=[\u3005-\u30ff\u3400-\u9fff\uac00-\ud7a3]) $")
_TIGHT_BEFORE = re.compile(r"^ (?=[\u3005-\u30ff\u3400-\u9fff\uac00-\ud7a3])")
"""The blank between a number and a word of a script without spaces."""
_SCALED = re.compile(
    r"(?:[^=]*=)?\s*[+\u2212-]?\s*(?:[\d.,]+|\\[dt]?frac\s?(?:\{\d+\}\{\d+\}|\d\d))\s*"
)
"""A number, or a variable that is set to one, which a word such as *million* multiplies."""
_TEXT = re.compile(rf"(?:\\[,;: ])?\\(?:{TEXT_COMMANDS})\s?\{{([^{{}}]*)\}}(?:\\[,;: ])?")
_UPRIGHT = re.compile(
    r"\s*(?:[A-Za-z]\s?=\s?)?[-+\u2212]?\s?[$€£¥]?\d[\d.,/^*+\u2212-]*(?:\s?[-+*/\u2212]\s?\d[\d.,]*)*"
    r"(?P<gap>\s*)(?P<word>[^\W\d_]{0,20})\s*[%°]?\s*"
)
"""A number, a quantity or a simple calculation in a text of LaTeX."""

_MARKS = re.compile(r"\$|\\[()\[\]]")
"""Marks of formulas."""
_LETTERS = re.compile(r"[^\W\d_]+")
_COMPOUND = re.compile(r"\s*[+\u2212-]?\d[\d.,]*\s*[^\W\d_]+(?:\s*\d[\d.,]*\s*[^\W\d_]+)+\s*")
"""A quantity of several numbers: ``2 h 30 min``."""
_CODED = re.compile(r"\s*[A-Z]{3} ?\d[\d.,]*\s*")
_DECISIVE = frozenset((
    "or", "and", "if", "when", "where", "mod", "modulo", "remainder", "at", "less", "more", "than",
    "to", "of", "not", "for", "as", "fewer", "least", "most", "below", "above", "except",
))  # fmt: skip
"""Words behind a formula that tell something else of it than a unit."""


@dataclass(frozen=True)
class Formula:
    """The mathematics of a text.

    Attributes:
        text: The text of the formula.
        parts: LaTeX of each part, for the parser.
        connective: What stands between the parts: ``or``, ``and``, or an empty text.
        units: Kind, factor and offset of what its unit may be; empty without a known one.
        is_percent: Whether a percent sign stands behind it.
        words: Words behind it without a known meaning.
        is_value: Whether it is a number, of which such words may be a unit.
        order: What it is written like, if the order or the nesting of its parts matters.
        directions: What the words around it say of pairs of opposites.
        applied: The functions in it of which others may be the same.
        is_defined: Whether it is an equation that gives a value to one of them.
        notation: How its derivatives are written, if it has any.
    """

    text: str = field(compare=False)
    parts: tuple[str, ...]
    connective: str = ""
    units: tuple[tuple[str, str, str], ...] = ()
    is_percent: bool = False
    words: str = ""
    is_value: bool = False
    order: str = ""
    directions: tuple[Direction, ...] = ()
    applied: tuple[str, ...] = ()
    is_defined: bool = False
    notation: str = ""

    def as_job(self) -> dict[str, Any]:
        """Return what another process needs to compare it."""
        return {
            "parts": list(self.parts),
            "connective": self.connective,
            "units": [list(unit) for unit in self.units],
            "is_percent": self.is_percent,
            "words": self.words,
            "is_value": self.is_value,
            "order": self.order,
            "applied": list(self.applied),
            "is_defined": self.is_defined,
            "notation": self.notation,
            "directions": [[row.axis, sorted(row.poles), row.word] for row in self.directions],
        }


def formula_of(text: str) -> Formula | None:
    """Read the formula of a text; ``None`` if it has none.

    Raises:
        InputError: It cannot be read.
    """
    excerpt = find_formula(text)
    unboxed = None if excerpt is None or excerpt.is_boxed else excerpt.text
    check_words_behind(text, unboxed)
    if excerpt is None:
        return None
    excerpt = replace(excerpt, text=_upright(without_emphasis(excerpt.text)))
    if excerpt.is_in_prose:
        whole, start = _with_context(excerpt)
        if bound_at(whole, start, start + len(excerpt.text)) is not Bound.NONE:
            raise InputError(f"{excerpt.text!r} is a bound and no value")
        if excerpt.is_boxed and _BOXED_NUMBER.fullmatch(excerpt.text):
            return _in_prose(excerpt)
        if not excerpt.is_latex and _plain_number().fullmatch(excerpt.text):
            return _in_prose(excerpt)
        if excerpt.text[:1].isdigit() and excerpt.text[-1:].isdigit():
            end = start + len(excerpt.text)
            check_spelled(whole[:end] if excerpt.following else whole, start, end, Unit(0))
    formula = _bare_formula(excerpt)
    return replace(formula, directions=_directions_of(excerpt))


def _upright(text: str) -> str:
    """Return a number in upright letters, with or without a unit, without the command for them."""
    match = _TEXT.fullmatch(text.strip())
    inner = None if match is None else _UPRIGHT.fullmatch(match[1])
    if match is None or inner is None:
        return text
    if inner["gap"] and inner["word"] and not is_unit(inner["word"]):
        return f"{match[1][: inner.start('word')].strip()}\\text{{ {inner['word']}}}"
    return str(match[1]).strip() if not inner["word"] or is_unit(inner["word"]) else text


def _directions_of(excerpt: Excerpt) -> tuple[Direction, ...]:
    """Return what the words around a formula say of pairs of opposites."""
    whole, start = _with_context(excerpt)
    return directions_at(whole, start, start + len(excerpt.text))


def _with_context(excerpt: Excerpt) -> tuple[str, int]:
    """Return a formula with the text around it, and where it begins in that."""
    before = _MARKS.sub("", plain_text(excerpt.before)) if excerpt.is_latex else excerpt.before
    behind = _MARKS.sub("", excerpt.behind or f" {excerpt.following}")
    return before + excerpt.text + behind, len(before)


def _bare_formula(excerpt: Excerpt) -> Formula:
    """Read a formula with its unit, without the words around it."""
    compound = _compound_in(excerpt.text)
    if compound:
        quantity = last_quantity(compound)
        if quantity is not None:
            return _of_quantity(quantity, excerpt.text)
    bare, unit, is_percent, words = _without_unit(excerpt)
    factor = Fraction(1)
    if words:
        is_prose = words == excerpt.following and words.casefold() in _DECISIVE
        factor, unit, words = _read_label("" if is_prose else words)
        is_percent = unit.kind == "percent" and unit.factor == _PERCENT_FACTOR
    if unit is not None and unit.kind == "percent":
        factor *= 1 if is_percent else unit.factor
        unit = None
    if factor != 1:
        if not _SCALED.fullmatch(bare):
            raise InputError(f"what is multiplied in {excerpt.text!r} is not certain")
        bare = f"{bare}\\cdot {_written(factor)}"
    written = write_formula(bare)
    patterns = (_VALUE, _SCALED, _CONSTANT)
    is_value = any(pattern.fullmatch(bare) for pattern in patterns)
    return Formula(
        excerpt.text,
        written.parts,
        written.connective,
        _senses(unit),
        is_percent,
        words,
        is_value,
        written.order,
        applied=written.applied,
        is_defined=written.is_defined,
        notation=written.notation,
    )


def _in_prose(excerpt: Excerpt) -> Formula:
    """Read a number in prose with the words around it, as the metric of numbers does."""
    before = _TIGHT_BEHIND.sub("", excerpt.before)
    behind = _TIGHT_BEFORE.sub("", excerpt.behind)
    quantity = quantity_between(before, excerpt.text, behind)
    if quantity.is_factor:
        raise InputError(f"{excerpt.text!r} says how many times as much")
    return _of_quantity(quantity, quantity.text)


def _compound_in(text: str) -> str:
    """Return a quantity of several numbers, or one with a code of a currency, as plain text."""
    plain = _TEXT.sub(r" \1 ", text)
    if _CODED.fullmatch(plain):
        return plain
    match = _COMPOUND.fullmatch(plain)
    return plain if match and all(map(is_unit, _LETTERS.findall(plain))) else ""


def _of_quantity(quantity: Quantity, text: str) -> Formula:
    unit, number, is_percent = quantity.unit, quantity.number, False
    if unit.kind == "percent":
        is_percent = unit.factor == _PERCENT_FACTOR
        number *= 1 if is_percent else unit.factor
        unit = Unit(0)
    words = unit.rest or (quantity.word.casefold() if quantity.is_closing else "")
    if is_like_power(quantity.word):
        raise InputError(f"whether {quantity.word!r} is a power of ten is not known")
    part = _written(number)
    return Formula(
        text, (part,), "", _senses(unit), is_percent, words, True, directions=quantity.directions
    )


def _written(number: Fraction) -> str:
    sign = "-" if number < 0 else ""
    if number.denominator == 1:
        return str(number)
    return f"{sign}\\frac{{{abs(number.numerator)}}}{{{number.denominator}}}"


def _senses(unit: Unit | None) -> tuple[tuple[str, str, str], ...]:
    if unit is None or not unit.kind:
        return ()
    return tuple((one.kind, str(one.factor), str(one.offset)) for one in unit.all_senses())


def _read_label(text: str) -> tuple[Fraction, Unit, str]:
    """Read the words behind a formula: the factor of powers, a unit, and words that are neither.

    Raises:
        InputError: They are no words.
    """
    plain = text.replace("\\", " ").replace("{", "").replace("}", "").replace("~", " ").strip()
    factor, position = Fraction(1), 0
    while power := power_at(plain, position, False):
        factor *= power.factor
        position = power.end
    unit = unit_at(plain, position)
    rest = plain[unit.end :].strip()
    if rest and (not _WORDS.fullmatch(rest) or _DECISIVE & set(rest.casefold().split())):
        raise InputError(f"{text.strip()!r} cannot be read as a unit or a word")
    if rest and is_number_word(re.split(r"[\s-]", rest)[0]):
        raise InputError(f"{rest!r} is a number in words, which is not read")
    if rest and is_like_power(rest.split()[0]):
        raise InputError(f"whether {rest!r} is a power of ten is not known")
    if rest and unit.end > position and plain[unit.end : unit.end + 1].isalnum():
        return factor, Unit(0), plain[position:].strip().casefold()
    return factor, unit, " ".join(f"{unit.rest} {rest}".casefold().split())


@cache
def _plain_number() -> Any:
    import regex

    return regex.compile(_PLAIN_NUMBER)


def _without_unit(excerpt: Excerpt) -> tuple[str, Unit | None, bool, str]:
    """Take the unit, or the words behind it, off a formula."""
    text = _ORDINAL.sub("", excerpt.text)
    degrees = _DEGREES.fullmatch(text)
    if degrees is not None:
        return degrees["number"], unit_named(f"°{degrees['scale']}"), False, ""
    behind = _CURRENCY_BEHIND.search(text)
    if behind is not None:
        return text[: behind.start()], unit_named(behind[1]), False, ""
    percent = _PERCENT.search(text)
    if percent is not None:
        return text[: percent.start()], None, True, ""
    currency = _CURRENCY.match(text)
    text, name = _split_unit(text)
    if currency is not None:
        factor, unit, words = _read_label(name) if name else (Fraction(1), Unit(0), "")
        bare = currency[1] + text[currency.end() :]
        if factor != 1:
            bare = f"{bare}\\cdot {_written(factor)}"
        symbol = currency[2].replace("\\", "")
        return bare, with_currency(replace(unit, rest=words), symbol, 0), False, ""
    return text, None, False, name or excerpt.following


def _split_unit(text: str) -> tuple[str, str]:
    """Split a formula from the words behind it, of which the first may be no unit."""
    names: list[str] = []
    while True:
        text, name = _split_word(text)
        if not name:
            return text, " ".join(names)
        names.insert(0, name)


def _split_word(text: str) -> tuple[str, str]:
    """Split a formula from its last word, or from the last text in LaTeX."""
    match = _TEXT_UNIT.search(text)
    if match is not None:
        head = text[: match.start()]
        is_value = head.strip() and not _OPERATOR_AT_END.search(head)
        name = match["name"].strip()
        if is_value and name not in ("or", "and"):
            return head, f"{name}^{match['power']}" if match["power"] else name
        return text, ""
    match = _TYPED_UNIT.search(text)
    if match is None:
        return text, ""
    name = match["name"].replace("{", "").replace("}", "")
    head = text[: match.start()]
    is_letter = bool(match["gap"]) and name in _UNITS_OF_ONE_LETTER and _VALUE.fullmatch(head)
    is_known = is_unit(name) or (len(name) > 1 and is_label(name))
    if not is_known or (len(name) == 1 and not is_letter):
        return text, ""
    return head, name
