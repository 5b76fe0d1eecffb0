"""The metric that compares mathematical answers by computer algebra."""

from __future__ import annotations

from importlib import metadata
from typing import TYPE_CHECKING

from pytest_llmeval.errors import InputError, OutOfTime
from pytest_llmeval.extras import Extra
from pytest_llmeval.metrics.as_score import unscored
from pytest_llmeval.metrics.bounded import run_bounded
from pytest_llmeval.metrics.match import accepted_answers, nothing_expected, quoted
from pytest_llmeval.protocols import BaseScorer
from pytest_llmeval.records.call import Completion
from pytest_llmeval.records.case import Case
from pytest_llmeval.records.score import UNIT_SCALE, Score

if TYPE_CHECKING:
    from pytest_llmeval.metrics.algebra.formula import Formula

_COMPARING = "pytest_llmeval.metrics.algebra.comparing"


class Mathematics(BaseScorer):
    r"""1 if the answer is mathematically the same as the expected text, else 0.

    The content of the last ``\boxed{}`` counts, with a sign, a power and a unit around it, or what
    stands behind "the answer is", or the last formula between ``$`` and the like, or the last
    expression. The metric compares numbers, fractions, roots, polynomials, equations (``x = 3`` is
    ``3``), intervals, unordered sets, ordered tuples, matrices and complex numbers.

    Numbers must be equal, whatever their size, but a decimal fraction may be rounded or cut off in
    its sixth significant digit or later: ``0.333333`` is ``1/3``. Units, words such as *million*
    and signs are read as `numeric` reads them; if only one of the numbers has a unit, the unit is
    ignored.

    Formulas with variables are the same if they have the same value wherever both have one:
    ``\sqrt{x}^2`` is ``x``. They are compared at random points with hundreds of digits, and
    those with breaks (``|x|``, ``\max``, roots) around their numbers, too. A decimal fraction is
    never an irrational number: ``3.14159265`` is not ``\pi``. Letters are numbers, so that
    ``ab`` is ``ba``, but a bold letter is a vector and not the plain one. A derivative
    (``\frac{dy}{dx}``) and a function of what stands in brackets (``E[X^2]``, ``f'(2x)``) are
    unknown numbers of their own. Whether two different expectations are the same is not known.

    A formula that is not read as a whole leaves the answer unscored: a version, a date, a range,
    a bound (*at least 5*), two numbers without an operator, a box that is a part of the formula
    around it (``2\boxed{5}``). So do formulas that differ in what the
    comparison does not know: other words (*odd* and *even*), opposite words near to them (*loss*
    and *gain*), the order of a product of vectors or of letters with a cross alone
    (``u\times v``), the nesting of sets, an integral without limits, and ``≈``. So does a
    comparison of more than four seconds.
    """

    name = "math"
    scale = UNIT_SCALE
    about = (
        "1 if the answer is mathematically the expected one "
        "(LaTeX, \\boxed{}, fractions, intervals, sets), else 0"
    )
    source = (
        "sympy, with the LaTeX parser of math-verify, Hugging Face 2025; "
        "for answers as in MATH: Hendrycks et al. 2021, arXiv 2103.03874"
    )
    family = "equivalence"
    extra = Extra("math", ("latex2sympy2_extended", "sympy"))

    def __init__(self) -> None:
        self.extra.require(self.name)
        versions = (
            f"{name} {metadata.version(name)}" for name in ("latex2sympy2_extended", "sympy")
        )
        self.version = f"{', '.join(versions)}/5"

    def score(self, case: Case, completion: Completion) -> Score:
        """Compare the answer with each accepted one.

        Raises:
            OutOfTime: Comparing took too long.
        """
        accepted = accepted_answers(case)
        if not accepted:
            return nothing_expected(self)
        try:
            wanted = [formula for text in accepted if (formula := _formula_of(text)) is not None]
        except InputError as error:
            return unscored(self, f"{case.source}: the expected text: {error}")
        if not wanted:
            return unscored(
                self, f"{case.source}: the expected text {quoted(accepted)} is no mathematics"
            )
        try:
            answer = _formula_of(completion.text)
        except InputError as error:
            return unscored(self, f"the answer: {error}")
        if answer is None:
            words = _words_in(completion.text)
            if words:
                return unscored(self, f"the answer: {words!r} is a number in words")
            return Score(self.name, 0.0, self.scale, "the answer has no mathematics", self.version)
        verdicts = self._compare(wanted, answer)
        problems = [verdict for verdict in verdicts if isinstance(verdict, str)]
        is_same = any(verdict is True for verdict in verdicts)
        if problems and not is_same:
            return unscored(self, problems[0])
        shown = quoted(formula.text for formula in wanted)
        reason = f"{quoted([answer.text])} is {'' if is_same else 'not '}{shown}"
        return Score(self.name, float(is_same), self.scale, reason, self.version)

    def parse(self, text: str) -> Formula | None:
        """Parse the mathematics of a text; ``None`` if it has none that can be read."""
        try:
            return _formula_of(text)
        except InputError:
            return None

    def same(self, first: Formula, second: Formula) -> bool:
        """Return whether two parsed formulas are the same; formulas that take too long are not."""
        try:
            return self._compare([first], second) == [True]
        except OutOfTime:
            return False

    def _compare(self, wanted: list[Formula], answer: Formula) -> list[bool | str]:
        if answer in wanted:
            return [formula == answer for formula in wanted]
        jobs = [formula.as_job() for formula in wanted]
        verdicts: list[bool | str] = run_bounded(
            self.name, _COMPARING, "compare", [jobs, answer.as_job()], "the formulas"
        )
        return verdicts


def _words_in(text: str) -> str:
    from pytest_llmeval.metrics.numbers.reading import (
        number_in_words,  # late: the registry imports every metric
    )

    return number_in_words(text)


def _formula_of(text: str) -> Formula | None:
    from pytest_llmeval.metrics.algebra.formula import (
        formula_of,  # late: the registry imports every metric
    )

    return formula_of(text)
