"""The reliability of judges in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_llmeval.text import mean_text

if TYPE_CHECKING:
    from pytest_llmeval.records.run import JudgeFacts


def judge_text(facts: JudgeFacts) -> str:
    """Write ``rubric by gpt-4o: self-test 25 of 25, kappa 0.71 [0.50, 0.85], n=40``."""
    judge = f"{facts.name} by {facts.model}" if facts.model else facts.name
    return f"{judge}: {selftest_text(facts)}, {calibration_text(facts)}"


def selftest_text(facts: JudgeFacts) -> str:
    """Write the result of a judge's self-test, or why there is none."""
    test = facts.selftest
    if test is None:
        return f"no self-test ({facts.untested})"
    result = f"self-test {sum(test.right.values())} of {test.tried * len(test.right)}"
    return result if test.passed else f"FAILED its {result}"


def calibration_text(facts: JudgeFacts) -> str:
    """Write the agreement of a judge with people, if it was measured."""
    if facts.calibration is None:
        return "uncalibrated"
    figures = facts.calibration.figures
    known = [name for name in ("kappa", "weighted_kappa", "spearman") if name in figures]
    named = next((name for name in known if figures[name].estimate is not None), None)
    figure = f"{named} {mean_text(figures[named])}" if named else "calibrated"
    return f"{figure}, n={facts.calibration.cases:,}"
