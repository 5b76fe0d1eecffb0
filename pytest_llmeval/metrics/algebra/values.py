"""Values of expressions: exact numbers, irrational numbers by sixty digits, variables at points."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import product
from typing import TYPE_CHECKING, Any

from pytest_llmeval.metrics.numbers.rounding import is_rounded

if TYPE_CHECKING:
    from sympy import Expr

_DIGITS = 60
"""Digits of an irrational number in a first comparison, which tells nearly all that differ."""
_MORE_DIGITS = 500
"""Digits in the second one, of numbers that the first could not tell apart."""
_GUARD = 20
"""Last digits that may differ."""
_POINTS = 8
"""Points at which expressions with variables are compared."""
_ENOUGH = 3
"""Points at which both must have a value."""
_SEED = 20240131
_MOST_DIGITS = 4_000
"""Digits of the most precise comparison."""
_MOST_BREAKS = 6
"""Numbers of two expressions near to which they are compared, if they have breaks."""
_REACH = 3
"""How far from such a number the points are, as a multiple of it."""


class UnreadableFormula(Exception):
    """A formula, or a pair of formulas, means nothing that could be compared."""


def are_equal(first: Expr, second: Expr) -> bool:
    """Return whether two expressions have the same value, wherever they have one.

    Raises:
        UnreadableFormula: They have no value that could be computed.
    """
    first, second = _evaluated(first), _evaluated(second)
    if first == second:
        return True
    if first.is_infinite or second.is_infinite:
        return False
    if first.is_Rational and second.is_Rational:
        return _are_equal_numbers(_fraction(first), _fraction(second))
    pairs = list(_valued(first, second, _DIGITS))
    if not all(_are_close(one, two, _DIGITS) for one, two in pairs):
        return False
    digits = min(_MORE_DIGITS + _smallest(first, second), _MOST_DIGITS)
    if not all(_are_close(one, two, digits) for one, two in _valued(first, second, digits)):
        return False
    at_breaks = _valued_at_breaks(first, second)
    return all(_are_close(one, two, _DIGITS) for one, two in at_breaks)


def factor_between(first: Expr, second: Expr) -> Any | None:
    """Return the number by which the first expression is the second; ``None`` if there is none.

    Raises:
        UnreadableFormula: They have no values that could be computed.
    """
    first, second = _evaluated(first), _evaluated(second)
    factor = None
    for digits in (_DIGITS, _MORE_DIGITS):
        ratios = []
        for one, two in _valued(first, second, digits):
            if not two or not one:
                return None
            ratios.append(one / two)
        factor = ratios[0]
        if not all(_are_close(ratio, factor, digits) for ratio in ratios):
            return None
    return factor


def is_zero(expression: Expr) -> bool:
    """Return whether an expression is zero wherever it has a value."""
    from sympy import Integer

    return are_equal(expression, Integer(0))


def _are_equal_numbers(first: Fraction, second: Fraction) -> bool:
    if first == second:
        return True
    return is_rounded(first, _step(first), second, _step(second))


def _step(value: Fraction) -> Fraction | None:
    """Return the place value of the last decimal; ``None`` for a whole or a recurring number."""
    below = value.denominator
    twos = fives = 0
    while below % 2 == 0:
        below //= 2
        twos += 1
    while below % 5 == 0:
        below //= 5
        fives += 1
    decimals = max(twos, fives)
    return Fraction(1, 10**decimals) if below == 1 and decimals else None


def _fraction(number: Any) -> Fraction:
    return Fraction(int(number.p), int(number.q))


def _valued(first: Expr, second: Expr, digits: int) -> list[tuple[Any, Any]]:
    """List the values of two expressions at points where both have one.

    Raises:
        UnreadableFormula: There are too few such points.
    """
    symbols = sorted(first.free_symbols | second.free_symbols, key=str)
    points = _points(len(symbols)) if symbols else iter([()])
    pairs: list[tuple[Any, Any]] = []
    for numbers in points:
        point = dict(zip(symbols, numbers, strict=True))
        values = (_value(first.subs(point), digits), _value(second.subs(point), digits))
        if None not in values:
            pairs.append(values)
        if len(pairs) == _POINTS:
            break
    if len(pairs) < (_ENOUGH if symbols else 1):
        raise UnreadableFormula(f"{_shown(first)} and {_shown(second)} have no values to compare")
    return pairs


def _points(dimensions: int) -> Iterator[Sequence[Any]]:
    """Yield points: fractions of both signs, and then whole numbers."""
    from sympy import Integer, Rational

    source = random.Random(_SEED)
    for _ in range(2 * _POINTS):
        yield [
            Rational(source.randint(-400, 400) * 2 + 1, source.choice((101, 103, 107, 109)))
            for _ in range(dimensions)
        ]
    for _ in range(_POINTS):
        yield [Integer(source.randint(1, 12)) for _ in range(dimensions)]


def _valued_at_breaks(first: Expr, second: Expr) -> Iterator[tuple[Any, Any]]:
    """Yield the values of expressions with breaks, as ``|x - 100|``, around their numbers.

    Smooth expressions that agree in a region agree everywhere, and these need not.
    """
    symbols = sorted(first.free_symbols | second.free_symbols, key=str)
    if not symbols or not (_has_breaks(first) or _has_breaks(second)):
        return
    for numbers in _points_near(_numbers(first, second), len(symbols)):
        point = dict(zip(symbols, numbers, strict=True))
        values = (_value(first.subs(point), _DIGITS), _value(second.subs(point), _DIGITS))
        if None not in values:
            yield values


def _has_breaks(expression: Expr) -> bool:
    """Return whether an expression has absolute values, roundings, roots or logarithms."""
    from sympy import Abs, Max, Min, Mod, Piecewise, Pow, ceiling, floor, log, sign

    breaks = (Abs, Max, Min, Mod, Piecewise, ceiling, floor, log, sign)
    return expression.has(*breaks) or any(
        power.base.free_symbols and not power.exp.is_Integer for power in expression.atoms(Pow)
    )


def _numbers(first: Expr, second: Expr) -> Sequence[Any]:
    """List the largest numbers of two expressions, and quotients of them."""
    from sympy import Integer, Rational

    numbers = {abs(value) for value in (*first.atoms(Rational), *second.atoms(Rational))}
    largest = sorted(numbers - {Integer(0)}, reverse=True)[:_MOST_BREAKS]
    return list(dict.fromkeys([*largest, *(largest[0] / number for number in largest[1:])]))


def _points_near(numbers: Sequence[Any], dimensions: int) -> Iterator[Sequence[Any]]:
    """Yield whole numbers, and points near to numbers or as large as they are, of both signs."""
    from sympy import Integer, Rational

    source = random.Random(_SEED)
    for _ in range(_POINTS):
        yield [Integer(source.randint(-_POINTS, _POINTS)) for _ in range(dimensions)]
    for number in numbers:
        for start, reach in product((number, -number), (1, 1, 1, _REACH * number, _REACH * number)):
            yield [
                start + reach * Rational(source.randint(-999, 999) * 2 + 1, 2003)
                for _ in range(dimensions)
            ]


def _smallest(first: Expr, second: Expr) -> int:
    """Return how many digits the smallest and the largest terms of two expressions have."""
    from sympy import Add, N, log

    most = 0
    for addition in first.atoms(Add) | second.atoms(Add):
        for term in addition.args:
            factor = term if term.is_number else term.as_coeff_Mul()[0]
            size = N(log(abs(factor), 10), 5) if factor != 0 else N(0)
            if size.is_finite:
                most = max(most, abs(int(size)))
    return most


def _evaluated(expression: Expr) -> Expr:
    """Evaluate sums, limits and integrals, and take ``f(x)`` for a variable."""
    from sympy import Symbol
    from sympy.core.function import AppliedUndef

    expression = expression.doit()
    calls = {call: Symbol(f"value of {call}", real=True) for call in expression.atoms(AppliedUndef)}
    return expression.xreplace(calls) if calls else expression


def _value(expression: Expr, digits: int) -> Any | None:
    """Compute the value of a constant; ``None`` if it has no finite one."""
    from sympy import N

    try:
        number = N(expression, digits)
    except (ArithmeticError, TypeError, ValueError, AttributeError):
        return None
    parts = number.as_real_imag() if number.is_number and number.is_finite else ()
    return number if parts and all(part.is_Number for part in parts) else None


def _are_close(first: Any, second: Any, digits: int) -> bool:
    """Return whether two numbers agree in all digits but the last ones, relative to their size."""
    from sympy import Rational

    share = Rational(1, 10 ** (digits - _GUARD))
    return bool(abs(first - second) <= share * max(abs(first), abs(second)))


def _shown(expression: Any) -> str:
    return str(expression)[:80]
