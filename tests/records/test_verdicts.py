"""The tables of verdicts, states and outcomes: complete, in order, and of one mind about exit codes."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import Any, get_args

import pytest

from pytest_llmeval.records.result import Outcome
from pytest_llmeval.records.verdicts import (
    FINE,
    GATE_STATES,
    OUTCOMES,
    RUN_OUTCOMES,
    UNJUDGED,
    VERDICTS,
    WORSE,
    GateState,
    RunOutcome,
    Verdict,
    case_exit_code,
    gate_exit_code,
    gate_state,
    worst_verdict,
)

TABLES = (
    (Verdict, VERDICTS),
    (GateState, GATE_STATES),
    (RunOutcome, RUN_OUTCOMES),
    (Outcome, OUTCOMES),
)


@pytest.mark.parametrize(("words", "table"), TABLES)
def test_every_word_has_a_row(words: Any, table: Mapping[str, object]) -> None:
    assert set(get_args(words)) == set(table)


@pytest.mark.parametrize("table", [GATE_STATES, RUN_OUTCOMES, OUTCOMES])
def test_the_rows_stand_in_the_order_of_their_severity(table: Mapping[str, Any]) -> None:
    severities = [row.severity for row in table.values()]
    assert severities == sorted(severities, reverse=True)


@pytest.mark.parametrize(
    ("better", "worse"), list(itertools.combinations(reversed(tuple(VERDICTS)), 2))
)
def test_the_verdict_of_a_run_is_its_worst(better: Verdict, worse: Verdict) -> None:
    assert worst_verdict([better, worse, better]) == worse


def test_of_no_verdict_the_worst_is_an_error() -> None:
    assert worst_verdict([]) == "ERROR"


def test_what_is_worse_goes_before_what_could_not_be_judged() -> None:
    assert case_exit_code(["passed", "skipped", "xfailed"]) == FINE
    assert case_exit_code(["passed", "error"]) == UNJUDGED
    assert case_exit_code(["error", "failed"]) == WORSE
    assert gate_exit_code(["open", "met"]) == FINE
    assert gate_exit_code(["open", "error"]) == UNJUDGED
    assert gate_exit_code(["error", "missed"]) == WORSE


@pytest.mark.parametrize(
    ("verdict", "is_shown", "usual", "strict"),
    [
        ("OK", True, "met", "met"),
        ("WARN", True, "met", "met"),
        ("WARN", False, "met", "missed"),
        ("INCONCLUSIVE", False, "open", "missed"),
        ("NO BASELINE", False, "open", "error"),
        ("REGRESSED", False, "missed", "missed"),
        ("ERROR", False, "error", "error"),
    ],
)
def test_a_strict_gate_passes_only_what_is_shown(
    verdict: Verdict, is_shown: bool, usual: GateState, strict: GateState
) -> None:
    assert gate_state(verdict, is_shown=is_shown) == usual
    assert gate_state(verdict, is_strict=True, is_shown=is_shown) == strict
