"""Equations and inequalities."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from pytest_llmeval.metrics.algebra.values import UnreadableFormula, factor_between, is_zero


def is_relation(formula: Any) -> bool:
    """Return whether an object is an equation, an inequality or a chain of them."""
    return bool(relations_of(formula))


def is_equation(formula: Any) -> bool:
    """Return whether an object is an equation or a chain of equations."""
    from sympy import Eq

    relations = relations_of(formula)
    return bool(relations) and all(isinstance(relation, Eq) for relation in relations)


def relations_of(formula: Any) -> Sequence[Any]:
    """List the relations of a chain such as ``1 < x < 2``; none if the object is no relation."""
    from latex2sympy2_extended.logic import And
    from sympy.core.relational import Relational

    if isinstance(formula, Relational):
        return (formula,)
    if isinstance(formula, And):
        # The parser keeps the order in which they were written here only.
        return tuple(formula._unsorted_args)
    return ()


def variable_of(equation: Any) -> Any | None:
    """Return the variable, or the function of one, to which an equation gives a value."""
    from latex2sympy2_extended import is_expr_of_only_symbols
    from sympy.core.function import AppliedUndef

    side = relations_of(equation)[0].lhs
    is_variable = isinstance(side, AppliedUndef) or is_expr_of_only_symbols(side)
    return side if is_variable and side.free_symbols else None


def has_value(equation: Any) -> bool:
    """Return whether an equation says what a variable is, or is one of numbers: ``2 + 3 = 5``."""
    return variable_of(equation) is not None or not equation.free_symbols


def are_same_relations(first: Any, second: Any, are_same: Callable[[Any, Any], bool]) -> bool:
    """Return whether two relations, or a relation and a set of numbers, are the same.

    Args:
        first: A relation, or a set.
        second: A relation, or a set.
        are_same: Compares the terms of equations between sets and tuples.
    """
    if is_equation(first) and is_equation(second):
        return _are_same_equations(first, second, are_same)
    one, two = relations_of(first), relations_of(second)
    if one and len(one) == len(two) and all(map(_are_same_inequalities, one, two)):
        return True
    if len(one) == len(two) == 2 and all(map(_are_same_inequalities, one, reversed(two))):
        return True
    left, right = set_of(first), set_of(second)
    if left is None or right is None:
        return False
    return bool(left.symmetric_difference(right).is_empty)


def set_of(formula: Any) -> Any | None:
    """Return the real numbers that meet inequalities of one variable, or a set as it is."""
    from sympy import Interval, Set

    if isinstance(formula, Set):
        return formula.doit()
    relations = relations_of(formula)
    if not relations or is_equation(formula) or len(formula.free_symbols) != 1:
        return None
    numbers = Interval(float("-inf"), float("inf"))
    try:
        for relation in relations:
            numbers = numbers.intersect(relation.as_set())
    # sympy raises errors of every kind.
    except Exception as error:
        raise UnreadableFormula(f"{str(formula)[:80]} cannot be solved") from error
    return numbers


def _are_same_equations(first: Any, second: Any, are_same: Callable[[Any, Any], bool]) -> bool:
    from sympy import Expr

    one, two = relations_of(first), relations_of(second)
    terms = (one[0].lhs, one[-1].rhs, two[0].lhs, two[-1].rhs)
    if not all(isinstance(side, Expr) for side in terms):
        return str(terms[0]) == str(terms[2]) and are_same(terms[1], terms[3])
    if not first.free_symbols or not second.free_symbols:
        is_of_numbers = not first.free_symbols and not second.free_symbols
        return is_of_numbers and are_same(terms[1], terms[3])
    if terms[0] == terms[2]:
        return are_same(terms[1], terms[3])
    left, right = terms[0] - terms[1], terms[2] - terms[3]
    if is_zero(left) or is_zero(right):
        # Every identity is true; only the same one is meant.
        return are_same(terms[0], terms[2]) and are_same(terms[1], terms[3])
    return factor_between(left, right) is not None


def _are_same_inequalities(first: Any, second: Any) -> bool:
    """Compare ``a < b`` with ``c > d``, by what is below zero."""
    from sympy import Expr, Ne, StrictGreaterThan, StrictLessThan

    if not all(isinstance(side, Expr) for row in (first, second) for side in row.args):
        return False
    strict = (StrictLessThan, StrictGreaterThan)
    if isinstance(first, strict) != isinstance(second, strict):
        return False
    if isinstance(first, Ne) != isinstance(second, Ne):
        return False
    factor = factor_between(_below_zero(first), _below_zero(second))
    if factor is None:
        return False
    return isinstance(first, Ne) or bool(factor.is_positive)


def _below_zero(relation: Any) -> Any:
    """Return the difference that an inequality says is below zero."""
    from sympy import GreaterThan, StrictGreaterThan

    difference = relation.lhs - relation.rhs
    return -difference if isinstance(relation, (GreaterThan, StrictGreaterThan)) else difference
