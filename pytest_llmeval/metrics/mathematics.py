"""The metric that compares mathematical answers by computer algebra."""

from __future__ import annotations

import logging
import re
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from functools import partial
from importlib import metadata
from typing import Any, TypeVar

from pytest_llmeval.errors import InputError
from pytest_llmeval.extras import Extra
from pytest_llmeval.metrics.as_score import unscored
from pytest_llmeval.metrics.match import accepted_answers, nothing_expected, quoted
from pytest_llmeval.metrics.plain import last_boxed
from pytest_llmeval.protocols import BaseScorer
from pytest_llmeval.records.call import Completion
from pytest_llmeval.records.case import Case
from pytest_llmeval.records.score import UNIT_SCALE, Score

_T = TypeVar("_T")
# A user's test may freeze the clock of the module `time`.
_clock = time.monotonic
PATIENCE_S = 5
"""Seconds for reading one text and for one comparison, because computer algebra may never end."""

_MARKS = re.compile(r"\$|\\boxed|\\\(|\\\[")
"""Marks that delimit mathematics in a text."""

_MINUS = "\N{MINUS SIGN}"
_POWER_OF_TEN = re.compile(r"(?<![\w.])(\d+(?:\.\d+)?)[eE]([+-]?\d{1,2})(?!\w)")
_MIXED = re.compile(r"(?<![\w./])(\d+) (\d+/\d+)(?![\w./])")
_GROUPED = re.compile(r"\s*[+-]?\d{1,3}(,\d{3})+(\.\d+)?\s*%?\s*|[\s\d.%+-]*")
"""A number alone, which math-verify reads better in running text than as a formula."""

_PROSE = re.compile(r"(?<!\\)\b[^\W\d_]{2,}")
"""A word; in a formula only names of functions are as long."""

_FUNCTIONS = frozenset((
    "sin", "cos", "tan", "log", "ln", "exp", "sqrt", "pi", "in", "or", "and", "cup", "cap", "inf",
    "oo", "lim", "max", "min", "mod", "gcd", "lcm", "deg",
))  # fmt: skip


@dataclass(frozen=True)
class Formula:
    """The mathematics of a text.

    Attributes:
        readings: Expressions of sympy that math-verify has parsed, and the text.
        text: The text.
    """

    readings: tuple[Any, ...] = field(compare=False)
    text: str


class Mathematics(BaseScorer):
    r"""1 if the answer is mathematically the same as the expected text, else 0.

    The content of the last ``\boxed{}`` counts, or formulas between ``$`` and the like, or the last
    expression. The metric compares numbers, fractions, roots, polynomials, equations (``x = 3`` is
    ``3``), intervals, unordered sets, ordered tuples, matrices and complex numbers. It ignores
    units, which ``numeric`` compares. A comparison of more than five seconds is unscored.
    """

    name = "math"
    scale = UNIT_SCALE
    about = (
        "1 if the answer is mathematically the expected one "
        "(LaTeX, \\boxed{}, fractions, intervals, sets), else 0"
    )
    source = (
        "math-verify, Hugging Face 2025, on sympy; "
        "for answers as in MATH: Hendrycks et al. 2021, arXiv 2103.03874"
    )
    family = "equivalence"
    extra = Extra("math", ("math_verify",))

    def __init__(self) -> None:
        self.extra.require(self.name)
        versions = (f"{name} {metadata.version(name)}" for name in ("math-verify", "sympy"))
        self.version = f"{', '.join(versions)}/1"

    def score(self, case: Case, completion: Completion) -> Score:
        """Compare the answer with each accepted one.

        Raises:
            InputError: Reading or comparing took too long.
        """
        accepted = accepted_answers(case)
        if not accepted:
            return nothing_expected(self)
        wanted = [formula for formula in map(self.parse, accepted) if formula is not None]
        if not wanted:
            return unscored(
                self, f"{case.source}: the expected text {quoted(accepted)} is no mathematics"
            )
        answer = self.parse(completion.text)
        if answer is None:
            return Score(self.name, 0.0, self.scale, "the answer has no mathematics", self.version)
        is_same = any(self.same(formula, answer) for formula in wanted)
        shown = quoted(formula.text for formula in wanted)
        reason = f"{quoted([answer.text])} is {'' if is_same else 'not '}{shown}"
        return Score(self.name, float(is_same), self.scale, reason, self.version)

    def parse(self, text: str) -> Formula | None:
        """Parse the mathematics of a text; ``None`` if it has none.

        Raises:
            InputError: Reading took too long.
        """
        for written in _spellings(text):
            readings = _bounded(partial(_read, written))
            if readings:
                return Formula(tuple(readings), str(readings[-1]))
        return None

    def same(self, first: Formula, second: Formula) -> bool:
        """Return whether two parsed formulas are the same.

        Raises:
            InputError: Comparing took too long.
        """
        return self._verified(first, second) or self._verified(second, first)

    def _verified(self, first: Formula, second: Formula) -> bool:
        """Compare with math-verify, whose result depends on the order."""
        from math_verify import verify

        readings = (list(first.readings), list(second.readings))
        options = {"allow_set_relation_comp": True, "raise_on_error": True}
        return bool(_bounded(lambda limit: verify(*readings, timeout_seconds=limit, **options)))


def _read(text: str, timeout_s: int | None) -> list[Any]:
    from math_verify import parse

    return list(parse(text, parsing_timeout=timeout_s, raise_on_error=True))


def _spellings(text: str) -> Iterator[str]:
    """Yield the spellings for math-verify: as a formula if the text looks like one, and as text."""
    text = _POWER_OF_TEN.sub(lambda match: format(Decimal(f"{match[1]}e{match[2]}"), "f"), text)
    text = _MIXED.sub(r"(\1+\2)", text).replace(_MINUS, "-").replace("\\%", "%")
    inner = last_boxed(text)
    if inner is not None:
        yield f"\\boxed{{{inner}}}"
    elif not _MARKS.search(text) and not _GROUPED.fullmatch(text) and _is_formula(text):
        yield f"${_as_latex(text.strip())}$"
    yield text


def _is_formula(text: str) -> bool:
    """Return whether a text is only a formula."""
    bare = re.sub(r"\\(?:begin|end)\{\w+\}|\\text\{[^{}]*\}", "", text)
    return "\n" not in text.strip() and all(
        word.lower() in _FUNCTIONS for word in _PROSE.findall(bare)
    )


def _as_latex(text: str) -> str:
    """Rewrite a typed formula in LaTeX."""
    text = re.sub(r"(?<!\\)\bsqrt\(([^()]*)\)", r"\\sqrt{\1}", text.replace("**", "^"))
    text = re.sub(r"(?<!\\)\b(sin|cos|tan|log|ln|exp|pi)(?![a-z])", r"\\\1", text)
    return re.sub(r"\s+(?:or|and)\s+", ", ", text)


def _bounded(work: Callable[[int | None], _T]) -> _T | None:
    """Run work that math-verify bounds by a signal, or return ``None`` if the algebra fails.

    Signals are available in the main thread only, and not on Windows.

    Raises:
        InputError: The work took too long.
    """
    from math_verify.errors import TimeoutException

    is_main_thread = threading.current_thread() is threading.main_thread()
    has_signals = is_main_thread and hasattr(signal, "setitimer")
    try:
        with _quiet(), _restored_alarm(has_signals):
            return work(PATIENCE_S if has_signals else None)
    except TimeoutException as error:
        raise InputError(f"math gave up after {PATIENCE_S} seconds: {error}") from error
    # sympy raises errors of every kind.
    except Exception:
        return None


@contextmanager
def _quiet() -> Iterator[None]:
    """Silence math-verify's warnings, because the score says the same."""
    logger = logging.getLogger("math_verify")
    level = logger.level
    logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        logger.setLevel(level)


@contextmanager
def _restored_alarm(has_signals: bool) -> Iterator[None]:
    """Restore the alarm that math-verify replaces, for example that of pytest-timeout."""
    if not has_signals:
        yield
        return
    left_s, every_s = signal.getitimer(signal.ITIMER_REAL)
    handler = signal.getsignal(signal.SIGALRM)
    started = _clock()
    try:
        yield
    finally:
        if handler is not None:
            signal.signal(signal.SIGALRM, handler)
        if left_s:
            signal.setitimer(signal.ITIMER_REAL, max(left_s - (_clock() - started), 0.001), every_s)
