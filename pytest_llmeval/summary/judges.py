"""Numbers as people read them, the same in every report."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_llmeval.text import mean_text

if TYPE_CHECKING:
    from pytest_llmeval.records.run import JudgeFacts


def judge_text(facts: JudgeFacts) -> str:
    """What is known of a judge: ``rubric by gpt-4o: self-test 25 of 25, kappa 0.71 [0.50, 0.85], n=40``."""
    who = f"{facts.name} by {facts.model}" if facts.model else facts.name
    return f"{who}: {selftest_text(facts)}, {calibration_text(facts)}"


def selftest_text(facts: JudgeFacts) -> str:
    """How a judge did in its self-test, or why it had none."""
    test = facts.selftest
    if test is None:
        return f"no self-test ({facts.untested})"
    told = f"self-test {sum(test.right.values())} of {test.tried * len(test.right)}"
    return told if test.passed else f"FAILED its {told}"


def calibration_text(facts: JudgeFacts) -> str:
    """How well a judge agrees with people, as far as that was measured."""
    if facts.calibration is None:
        return "uncalibrated"
    figures = facts.calibration.figures
    known = [name for name in ("kappa", "weighted_kappa", "spearman") if name in figures]
    named = next((name for name in known if figures[name].estimate is not None), None)
    figure = f"{named} {mean_text(figures[named])}" if named else "calibrated"
    return f"{figure}, n={facts.calibration.cases:,}"
