"""Whether the answer is the expected mathematical object, by computer algebra."""

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
from pytest_llmeval.metrics.as_score import unscored
from pytest_llmeval.metrics.match import accepted_answers, nothing_expected, quoted
from pytest_llmeval.metrics.numbers import last_boxed
from pytest_llmeval.protocols import BaseScorer
from pytest_llmeval.records.call import Completion
from pytest_llmeval.records.case import Case
from pytest_llmeval.records.score import UNIT_SCALE, Score

T = TypeVar("T")
_clock = time.monotonic  # a test may freeze the clock of the module `time`
PATIENCE_S = 5
"""Seconds for reading one text, and for one comparison; computer algebra can take for ever."""

MARKS = re.compile(r"\$|\\boxed|\\\(|\\\[")
"""What shows where mathematics stands in a text."""

MINUS = "\N{MINUS SIGN}"
POWER_OF_TEN = re.compile(r"(?<![\w.])(\d+(?:\.\d+)?)[eE]([+-]?\d{1,2})(?!\w)")
MIXED = re.compile(r"(?<![\w./])(\d+) (\d+/\d+)(?![\w./])")
GROUPED = re.compile(r"\s*[+-]?\d{1,3}(,\d{3})+(\.\d+)?\s*%?\s*|[\s\d.%+-]*")
"""A number alone, which math-verify reads better in running text than as a formula."""

PROSE = re.compile(r"(?<!\\)\b[^\W\d_]{2,}")
"""A word; in a formula only names of functions are as long."""

FUNCTIONS = frozenset((
    "sin", "cos", "tan", "log", "ln", "exp", "sqrt", "pi", "in", "or", "and", "cup", "cap", "inf", "oo", "lim", "max",
    "min", "mod", "gcd", "lcm", "deg",
))  # fmt: skip


@dataclass(frozen=True)
class Formula:
    """What a text says in mathematics.

    Attributes:
        readings: What math-verify has made of it: expressions of sympy, and the text itself.
        text: The text.
    """

    readings: tuple[Any, ...] = field(compare=False)
    text: str


class Mathematics(BaseScorer):
    r"""1 if the answer is mathematically the same as the expected text, else 0.

    In the answer, what stands in the last ``\boxed{}`` counts, else formulas between ``$`` and so
    on, else the last expression. Numbers, fractions, roots, polynomials, equations (``x = 3`` is
    ``3``), intervals, unordered sets, ordered tuples, matrices and complex numbers are compared;
    units are ignored (for them see ``numeric``). A comparison that takes longer than five seconds
    is unscored.
    """

    name = "math"
    scale = UNIT_SCALE
    about = "1 if the answer is mathematically the expected one (LaTeX, \\boxed{}, fractions, intervals, sets), else 0"
    source = "math-verify, Hugging Face 2025, on sympy; for answers as in MATH: Hendrycks et al. 2021, arXiv 2103.03874"
    family = "equivalence"

    def __init__(self) -> None:
        versions = (f"{name} {metadata.version(name)}" for name in ("math-verify", "sympy"))
        self.version = f"{', '.join(versions)}/1"

    def score(self, case: Case, completion: Completion) -> Score:
        """Compare the answer with each accepted one.

        Args:
            case: Has the expected text.
            completion: The answer.

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
        found = self.parse(completion.text)
        if found is None:
            return Score(self.name, 0.0, self.scale, "the answer has no mathematics", self.version)
        is_same = any(self.same(each, found) for each in wanted)
        shown = quoted(each.text for each in wanted)
        reason = f"{quoted([found.text])} is {'' if is_same else 'not '}{shown}"
        return Score(self.name, float(is_same), self.scale, reason, self.version)

    def parse(self, text: str) -> Formula | None:
        """What a text says in mathematics; ``None`` if it says nothing.

        Raises:
            InputError: Reading took too long.
        """
        for written in _spellings(text):
            readings = _bounded(partial(_read, written))
            if readings:
                return Formula(tuple(readings), str(readings[-1]))
        return None

    def same(self, one: Formula, other: Formula) -> bool:
        """Whether two parsed formulas are the same.

        Raises:
            InputError: Comparing took too long.
        """
        return self._verified(one, other) or self._verified(other, one)

    def _verified(self, one: Formula, other: Formula) -> bool:
        """math-verify's comparison, which is not the same in both directions."""
        from math_verify import verify

        readings = (list(one.readings), list(other.readings))
        options = {"allow_set_relation_comp": True, "raise_on_error": True}
        return bool(_bounded(lambda limit: verify(*readings, timeout_seconds=limit, **options)))


def _read(text: str, timeout_s: int | None) -> list[Any]:
    from math_verify import parse

    return list(parse(text, parsing_timeout=timeout_s, raise_on_error=True))


def _spellings(text: str) -> Iterator[str]:
    """How a text is put to math-verify: as it is, or, where nothing shows where the formula is, also as one."""
    text = POWER_OF_TEN.sub(lambda match: format(Decimal(f"{match[1]}e{match[2]}"), "f"), text)
    text = MIXED.sub(r"(\1+\2)", text).replace(MINUS, "-").replace("\\%", "%")
    inner = last_boxed(text)
    if inner is not None:
        yield f"\\boxed{{{inner}}}"
    elif not MARKS.search(text) and not GROUPED.fullmatch(text) and _is_formula(text):
        yield f"${_as_latex(text.strip())}$"
    yield text


def _is_formula(text: str) -> bool:
    """Whether a text is nothing but a formula."""
    bare = re.sub(r"\\(?:begin|end)\{\w+\}|\\text\{[^{}]*\}", "", text)
    return "\n" not in text.strip() and all(
        word.lower() in FUNCTIONS for word in PROSE.findall(bare)
    )


def _as_latex(text: str) -> str:
    """A formula as it is typed, in LaTeX."""
    text = re.sub(r"(?<!\\)\bsqrt\(([^()]*)\)", r"\\sqrt{\1}", text.replace("**", "^"))
    text = re.sub(r"(?<!\\)\b(sin|cos|tan|log|ln|exp|pi)(?![a-z])", r"\\\1", text)
    return re.sub(r"\s+(?:or|and)\s+", ", ", text)


def _bounded(work: Callable[[int | None], T]) -> T | None:
    """Do something that math-verify bounds by a signal, where a signal can be had: in the main thread, not on Windows.

    Returns:
        What it returns; ``None`` where the algebra does not know what to do.

    Raises:
        InputError: It took too long.
    """
    from math_verify.errors import TimeoutException

    has_signals = threading.current_thread() is threading.main_thread() and hasattr(
        signal, "setitimer"
    )
    try:
        with _quiet(), _alarm_of_others_kept(has_signals):
            return work(PATIENCE_S if has_signals else None)
    except TimeoutException as error:
        raise InputError(f"math gave up after {PATIENCE_S} seconds: {error}") from error
    except Exception:  # sympy raises errors of every kind
        return None


@contextmanager
def _quiet() -> Iterator[None]:
    """No warnings of math-verify in the user's log: what they tell is in the score."""
    logger = logging.getLogger("math_verify")
    level = logger.level
    logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        logger.setLevel(level)


@contextmanager
def _alarm_of_others_kept(has_signals: bool) -> Iterator[None]:
    """Set again the alarm that math-verify takes for itself; pytest-timeout, for example, may wait for it."""
    if not has_signals:
        yield
        return
    (left_s, every_s), handler, started = (
        signal.getitimer(signal.ITIMER_REAL),
        signal.getsignal(signal.SIGALRM),
        _clock(),
    )
    try:
        yield
    finally:
        if handler is not None:
            signal.signal(signal.SIGALRM, handler)
        if left_s:
            signal.setitimer(signal.ITIMER_REAL, max(left_s - (_clock() - started), 0.001), every_s)
