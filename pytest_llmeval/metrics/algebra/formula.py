"""A formula with its unit, as answers are compared by it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from pytest_llmeval.metrics.algebra.finding import Excerpt, find_formula
from pytest_llmeval.metrics.algebra.notation import write_formula
from pytest_llmeval.metrics.numbers.units import Unit, is_unit, unit_at, unit_named

_CURRENCY = re.compile(r"([+\N{MINUS SIGN}-]?)\s*\\?(US\$|[$€£¥₹₽₩])\s*(?=[\d.])")
_CURRENCY_BEHIND = re.compile(r"(?<=\d)\s*\\?([$€£¥₹₽₩])$")
_PERCENT = re.compile(r"(?:\\?%|\\text\{\s*(?:percent|per cent)\s*\})$")
_DEGREES = re.compile(
    r"(?P<number>[+\N{MINUS SIGN}-]?[\d.,]+)\s*(?:°|\^\s?\{?\s?\\circ\s?\}?)\s*(?P<scale>[CF]?)"
)
_TEXT_UNIT = re.compile(
    r"(?:\\[,;: ]|~|\s)*\\(?:text|mathrm|textrm|mbox|textbf|mathbf)\s?\{(?P<name>[^{}]*)\}"
    r"(?:\s?\^\s?\{?(?P<power>[23])\}?)?$"
)
_TYPED_UNIT = re.compile(
    r"(?<=[\d)}])(?P<gap>\s*)(?P<name>[^\W\d_]+(?:/[^\W\d_]+)?(?:[²³]|\^\{?[23]\}?)?)$"
)
_ORDINAL = re.compile(r"(?<=\d)(?:st|nd|rd|th)$")
_OPERATOR_AT_END = re.compile(r"(?:[-+*/=<>^_(,]|\\[a-z]+)\s*$")
_VALUE = re.compile(r"(?:\w\s*=)?[^A-Za-z\\]*")
"""A number, or a variable that is set to one, behind which a letter is a unit."""
_UNITS_OF_ONE_LETTER = frozenset("mgslLhJWVNA")


@dataclass(frozen=True)
class Formula:
    """The mathematics of a text.

    Attributes:
        text: The text of the formula.
        parts: LaTeX of each part, for the parser.
        connective: What stands between the parts: ``or``, ``and``, or an empty text.
        unit: Kind, factor and offset of its unit; empty without a known one.
        is_percent: Whether a percent sign stands behind it.
    """

    text: str = field(compare=False)
    parts: tuple[str, ...]
    connective: str = ""
    unit: tuple[str, ...] = ()
    is_percent: bool = False

    def as_job(self) -> dict[str, Any]:
        """Return what another process needs to compare it."""
        return {
            "parts": list(self.parts),
            "connective": self.connective,
            "unit": list(self.unit),
            "is_percent": self.is_percent,
        }


def formula_of(text: str) -> Formula | None:
    """Read the formula of a text; ``None`` if it has none.

    Raises:
        InputError: It cannot be read.
    """
    excerpt = find_formula(text)
    if excerpt is None:
        return None
    bare, unit, is_percent = _without_unit(excerpt)
    written = write_formula(bare)
    facts = (unit.kind, str(unit.factor), str(unit.offset)) if unit and unit.kind else ()
    return Formula(excerpt.text, written.parts, written.connective, facts, is_percent)


def _without_unit(excerpt: Excerpt) -> tuple[str, Unit | None, bool]:
    """Take the unit off a formula."""
    text = _ORDINAL.sub("", excerpt.text)
    degrees = _DEGREES.fullmatch(text)
    if degrees is not None:
        return degrees["number"], unit_named(f"°{degrees['scale']}"), False
    currency = _CURRENCY.match(text)
    if currency is not None:
        return currency[1] + text[currency.end() :], unit_named(currency[2]), False
    behind = _CURRENCY_BEHIND.search(text)
    if behind is not None:
        return text[: behind.start()], unit_named(behind[1]), False
    percent = _PERCENT.search(text)
    if percent is not None:
        return text[: percent.start()], None, True
    text, name = _split_unit(text)
    name = name or excerpt.following
    unit = unit_at(name, 0) if name else None
    if unit is not None and unit.end != len(name):
        unit = None
    is_percent = unit is not None and unit.kind == "percent"
    return text, None if is_percent else unit, is_percent


def _split_unit(text: str) -> tuple[str, str]:
    """Split a formula from the words behind it, of which the first may be no unit."""
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
    if not is_unit(name) or (len(name) == 1 and not is_letter):
        return text, ""
    return head, name
