"""Formulas compared by computer algebra, in a process of its own, because it may never end."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from typing import Any

from pytest_llmeval.metrics.algebra.relations import (
    are_same_relations,
    has_value,
    is_equation,
    is_relation,
    relations_of,
    set_of,
    variable_of,
)
from pytest_llmeval.metrics.algebra.values import UnreadableFormula, are_equal
from pytest_llmeval.metrics.numbers.opposites import Direction, opposite_words
from pytest_llmeval.metrics.numbers.wording import are_alike

_OR = "or"


@dataclass(frozen=True)
class _Parts:
    """Formulas with commas, or with "or" or "and", between them.

    Attributes:
        items: The formulas.
        connective: ``or``, ``and``, or an empty text for commas.
    """

    items: tuple[Any, ...]
    connective: str = ""


def compare(expected: Sequence[Mapping[str, Any]], answer: Mapping[str, Any]) -> list[bool | str]:
    """Compare an answer with each expected formula.

    Args:
        expected: Formulas, as `Formula.as_job` gives them.
        answer: A formula.

    Returns:
        For each expected formula whether the answer is the same, or why that cannot be told.
    """
    return [_verdict(formula, answer) for formula in expected]


def _verdict(expected: Mapping[str, Any], answer: Mapping[str, Any]) -> bool | str:
    if expected == answer:
        return True
    try:
        objects = [_read(tuple(job["parts"]), job["connective"]) for job in (expected, answer)]
        is_same = any(
            _are_same_in(objects, (expected, answer), units)
            for units in _readings(expected["units"], answer["units"])
        )
    except UnreadableFormula as error:
        return str(error)
    if not is_same and _has_different_functions(expected, answer):
        return "what the derivatives and functions in the formulas are worth is not known"
    doubt = _doubt(expected, answer) if is_same else ""
    if is_same and not doubt:
        doubt = _contradiction(expected["directions"], answer["directions"])
    return doubt or is_same


def _has_different_functions(first: Mapping[str, Any], second: Mapping[str, Any]) -> bool:
    """Return whether two formulas have different derivatives and functions without a value.

    An equation that gives a value to one of them is compared by that value with a formula that is
    no equation.
    """
    notations = first["notation"], second["notation"]
    if all(notations) and notations[0] != notations[1]:
        return True
    if first["is_defined"] != second["is_defined"]:
        defined, plain = (first, second) if first["is_defined"] else (second, first)
        is_equation = any("=" in part for part in plain["parts"])
        is_doubtful = bool(defined["applied"] and is_equation) or bool(plain["applied"])
        return is_doubtful or len(defined["applied"]) > 1
    return bool(first["applied"] != second["applied"])


def _are_same_in(objects: Sequence[Any], jobs: Sequence[Mapping[str, Any]], units: _Units) -> bool:
    """Compare two objects in a pair of units."""
    first, second = (
        _converted(formula, unit) if unit else formula
        for formula, unit in zip(objects, units, strict=True)
    )
    return any(
        _are_same(_scaled(first, one), _scaled(second, two))
        for one, two in _shares(jobs[0]["is_percent"], jobs[1]["is_percent"])
    )


_Units = tuple[Sequence[str], Sequence[str]]


def _readings(first: Sequence[Sequence[str]], second: Sequence[Sequence[str]]) -> Iterator[_Units]:
    """Yield the units by which two formulas may be converted; none if their kinds differ."""
    if first and second:
        for one in first:
            yield from ((one, two) for two in second if one[0] == two[0])
        return
    yield ((), ())
    if _is_degrees(first) or _is_degrees(second):
        yield (_DEGREES if first else (), _DEGREES if second else ())


_DEGREES = ("degrees", "", "0")
"""The unit of an angle that is compared with one in radians."""


def _is_degrees(units: Sequence[Sequence[str]]) -> bool:
    return [list(unit[:2]) for unit in units] == [["angle", "1"]]


def _doubt(first: Mapping[str, Any], second: Mapping[str, Any]) -> str:
    """Say why two formulas of one value may differ after all; empty if they don't."""
    if first["order"] != second["order"]:
        written = first["order"] or second["order"]
        return f"the order, the nesting or the limits in {written[:80]} cannot be compared"
    words = first["words"], second["words"]
    labels = [bool(job["words"] or job["units"] or job["is_percent"]) for job in (first, second)]
    are_values = first["is_value"] and second["is_value"]
    are_known = bool(first["units"] and second["units"]) and not any(
        word.startswith("/") for word in words
    )
    if not any(words) or (are_values and not (all(labels) and (all(words) or not are_known))):
        return ""
    if all(words) and are_alike(*words):
        return ""
    return f"whether {(words[0] or words[1])!r} makes a difference is not known"


def _contradiction(first: Sequence[Any], second: Sequence[Any]) -> str:
    """Say which words around two formulas are opposites; empty without any."""
    rows = [
        [Direction(axis, frozenset(poles), word) for axis, poles, word in directions]
        for directions in (first, second)
    ]
    words = opposite_words(rows[1], rows[0])
    return f"{words[0]!r} is the opposite of {words[1]!r}" if words is not None else ""


def _shares(first: bool, second: bool) -> Sequence[tuple[Fraction, Fraction]]:
    """Return what percentages may be multiplied by: 50 % is 0.5 and 50."""
    one, share = Fraction(1), Fraction(1, 100)
    if first == second:
        return [(one, one)]
    return [(one, one), (share, one) if first else (one, share)]


@lru_cache(maxsize=64)
def _read(parts: tuple[str, ...], connective: str) -> Any:
    """Read the LaTeX of a formula."""
    items = tuple(map(_read_part, parts))
    return items[0] if len(items) == 1 else _Parts(items, connective)


def _read_part(latex: str) -> Any:
    from latex2sympy2_extended.latex2sympy2 import ConversionConfig, latex2sympy
    from sympy import Basic, I, MatrixBase, Symbol, nan, zoo
    from sympy.concrete.expr_with_limits import ExprWithLimits

    try:
        formula = latex2sympy(
            latex,
            is_real=True,
            convert_degrees=False,
            normalization_config=None,
            conversion_config=ConversionConfig(lowercase_symbols=False),
        )
    # The parser and sympy raise errors of every kind.
    except Exception as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise UnreadableFormula(f"{latex[:80]} cannot be read ({reason})") from error
    if not isinstance(formula, (Basic, MatrixBase)):
        raise UnreadableFormula(f"{latex[:80]} cannot be read")
    if formula.has(nan, zoo):
        raise UnreadableFormula(f"{latex[:80]} divides by zero")
    imaginary = Symbol("i", real=True)
    if imaginary in formula.free_symbols and not formula.has(ExprWithLimits):
        formula = formula.subs(imaginary, I)
    return formula


def _scaled(formula: Any, factor: Fraction) -> Any:
    """Multiply a number, or what a variable is set to."""
    if factor == 1:
        return formula
    return _with_value(formula, lambda value: value * _rational(factor))


def _converted(formula: Any, unit: Sequence[str]) -> Any:
    """Convert a number into the base unit of its kind."""
    from sympy import pi

    if unit is _DEGREES:
        return _with_value(formula, lambda value: value * pi / 180)
    _, factor, offset = unit
    return _with_value(
        formula, lambda value: value * _rational(Fraction(factor)) + _rational(Fraction(offset))
    )


def _with_value(formula: Any, change: Callable[[Any], Any]) -> Any:
    from sympy import Eq, Expr

    if isinstance(formula, Expr):
        return change(formula)
    if is_equation(formula):
        relations = relations_of(formula)
        return Eq(relations[0].lhs, change(relations[-1].rhs), evaluate=False)
    return formula


def _rational(value: Fraction) -> Any:
    from sympy import Rational

    return Rational(value.numerator, value.denominator)


def _are_same(first: Any, second: Any) -> bool:
    """Return whether two objects are mathematically the same."""
    from sympy import Expr, MatrixBase

    first, second = _listed(first), _listed(second)
    if not _has_equation(second):
        first = _unwrapped(first)
    if not _has_equation(first):
        second = _unwrapped(second)
    if isinstance(first, _Parts) or isinstance(second, _Parts):
        return _are_same_parts(first, second)
    if is_relation(first) or is_relation(second):
        return are_same_relations(first, second, _are_same)
    if isinstance(first, MatrixBase) or isinstance(second, MatrixBase):
        return _are_same_matrices(first, second)
    if isinstance(first, Expr) and isinstance(second, Expr):
        return are_equal(first, second)
    return _are_same_sets(first, second)


def _listed(formula: Any) -> Any:
    """Take a finite set for its elements, and one of a single element for that."""
    from sympy import Eq, FiniteSet

    if isinstance(formula, FiniteSet):
        return formula.args[0] if len(formula.args) == 1 else _Parts(tuple(formula.args))
    if isinstance(formula, Eq) and isinstance(formula.rhs, FiniteSet):
        equations = tuple(Eq(formula.lhs, value, evaluate=False) for value in formula.rhs.args)
        return equations[0] if len(equations) == 1 else _Parts(equations)
    return formula


def _has_equation(formula: Any) -> bool:
    items = formula.items if isinstance(formula, _Parts) else (formula,)
    return any(map(is_equation, items))


def _unwrapped(formula: Any) -> Any:
    """Take ``x = 3`` for 3, ``x = 1 or x = 2`` for 1 and 2, and ``2 + 3 = 5`` for 5."""
    items = formula.items if isinstance(formula, _Parts) else (formula,)
    variables = {str(variable_of(item)) for item in items if is_equation(item)}
    if len(variables) != 1 or not all(is_equation(item) and has_value(item) for item in items):
        return formula
    values = tuple(relations_of(item)[-1].rhs for item in items)
    return _Parts(values) if isinstance(formula, _Parts) else _listed(values[0])


def _are_same_parts(first: Any, second: Any) -> bool:
    """Compare formulas whose order does not matter."""
    parts = [row if isinstance(row, _Parts) else _Parts((row,)) for row in (first, second)]
    one, two = parts
    is_alike = _has_equation(one) == _has_equation(two)
    is_read_alike = not one.connective or not two.connective or one.connective == two.connective
    is_alike = is_alike and is_read_alike and len(one.items) == len(two.items)
    if is_alike and _are_matched(one.items, two.items):
        return True
    sets = [_set_of(row) for row in parts]
    return None not in sets and _are_same_sets(*sets)


def _are_matched(first: Sequence[Any], second: Sequence[Any]) -> bool:
    """Return whether each item of a list has its equal in the other one."""
    left = list(second)
    for item in first:
        position = next((i for i, row in enumerate(left) if _are_same(item, row)), None)
        if position is None:
            return False
        del left[position]
    return not left


def _set_of(parts: _Parts) -> Any | None:
    """Return the numbers that meet inequalities; ``None`` if the parts are anything else."""
    from sympy import Intersection, Union

    sets = [set_of(item) for item in parts.items]
    if None in sets or (len(sets) > 1 and not parts.connective):
        return None
    return Union(*sets) if parts.connective == _OR else Intersection(*sets)


def _are_same_matrices(first: Any, second: Any) -> bool:
    from sympy import MatrixBase

    if not (isinstance(first, MatrixBase) and isinstance(second, MatrixBase)):
        return False
    return first.shape == second.shape and all(
        _are_same(one, two) for one, two in zip(first.flat(), second.flat(), strict=True)
    )


def _are_same_sets(first: Any, second: Any) -> bool:
    """Compare tuples, intervals and other sets; a number is no set."""
    from sympy import Interval, Set, Tuple

    if isinstance(first, Tuple) and isinstance(second, Tuple):
        return len(first) == len(second) and all(map(_are_same, first, second))
    if isinstance(first, Interval) and isinstance(second, Interval):
        ends = (first.left_open, first.right_open) == (second.left_open, second.right_open)
        return ends and _are_same(first.start, second.start) and _are_same(first.end, second.end)
    if not (isinstance(first, Set) and isinstance(second, Set)):
        return False
    first, second = first.doit(), second.doit()
    return bool(first == second or first.symmetric_difference(second).is_empty)
