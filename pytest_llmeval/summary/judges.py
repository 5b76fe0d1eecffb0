"""The reliability of judges in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_llmeval.text import count, mean_text, p_text, points

if TYPE_CHECKING:
    from pytest_llmeval.records.comparison import AnchorCheck
    from pytest_llmeval.records.run import JudgeFacts

_DAY = len("2026-11-30")


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
    if not facts.is_tested_here and test.made_at:
        result = f"{result} ({test.made_at[:_DAY]})"
    return result if test.passed else f"FAILED its {result}"


def anchors_text(check: AnchorCheck) -> str:
    """Write the check of a judge on stored answers: ``rubric: 25 scored again, +0.4 points``."""
    if check.error:
        return f"{check.metric}: {check.error}"
    return (
        f"{check.metric}: {check.n} scored again, {check.changed} changed, on average "
        f"{points(check.shift)} points ({p_text(check.p)})"
    )


def drift_text(baseline: str, check: AnchorCheck) -> str:
    """Write that a judge has changed, or that nobody can tell."""
    if check.error:
        return (
            f"whether the judge of {check.metric} has changed since {baseline} is not known: "
            f"{check.error}"
        )
    answers = count(check.n, "stored answer")
    direction = "lower" if check.shift < 0 else "higher"
    text = (
        f"the judge of {check.metric} has changed: it scores {answers} of {baseline} "
        f"{points(abs(check.shift), signed=False)} points {direction} than before "
        f"({p_text(check.p)})"
    )
    if check.rejudged:
        cases = count(check.rejudged, "case")
        return f"{text}, so the answers of {cases} were judged again"
    return f"{text}, and the answers of {baseline} could not be judged again"


def calibration_text(facts: JudgeFacts) -> str:
    """Write the agreement of a judge with people, if it was measured."""
    if facts.calibration is None:
        return "uncalibrated"
    figures = facts.calibration.figures
    known = [name for name in ("kappa", "weighted_kappa", "spearman") if name in figures]
    named = next((name for name in known if figures[name].estimate is not None), None)
    figure = f"{named} {mean_text(figures[named])}" if named else "calibrated"
    return f"{figure}, n={facts.calibration.cases:,}"
