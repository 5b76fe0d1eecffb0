"""The cases that a note is on."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from pytest_llmeval.records.case import Case
from pytest_llmeval.text import first_of

_MOST_LINES = 3


def lines_of(cases: Sequence[Case]) -> str:
    """Return the first lines of cases: ``line 2, 5 and 3 more``."""
    return f"line {first_of([str(case.source.line) for case in cases], _MOST_LINES)}"


def cases_with(cases: Sequence[Case], predicate: Callable[[Case], bool]) -> list[Case]:
    """Return the cases that something holds of."""
    return [case for case in cases if predicate(case)]
