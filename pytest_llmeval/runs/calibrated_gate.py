"""The gate on the pass rate that people would see."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from pytest_llmeval.gating.bounds import check_bound
from pytest_llmeval.gating.rules import CALIBRATED_LOW, BoundRule
from pytest_llmeval.gating.scores import RunScores
from pytest_llmeval.records.comparison import GateOutcome
from pytest_llmeval.records.result import CaseResult
from pytest_llmeval.records.run import JudgeFacts, Run
from pytest_llmeval.records.verdicts import GateState
from pytest_llmeval.stats.comparability import UNSCORED_PERCENT
from pytest_llmeval.summary.calibrated import calibrated_pass_rate
from pytest_llmeval.text import count, percent, rate_text


def check_figure(
    rule: BoundRule,
    scores: RunScores,
    run: Run,
    results: Callable[[], Iterable[CaseResult]],
) -> GateOutcome:
    """Check a bound on a figure of a run.

    Args:
        rule: The bound.
        scores: The cases that count.
        run: The run, with its traffic and its judges.
        results: Reads all results of the run.
    """
    if rule.is_calibrated:
        return _check_calibrated(rule, scores, results(), run.judges)
    return check_bound(rule, scores, run.traffic)


def _check_calibrated(
    rule: BoundRule,
    scores: RunScores,
    results: Iterable[CaseResult],
    judges: Sequence[JudgeFacts],
) -> GateOutcome:
    """Check a bound on the calibrated pass rate; without a fit calibration it is an error."""
    counted = [result for result in results if result.key in scores.cases]
    corrected = calibrated_pass_rate(counted, judges)
    unjudged = scores.lost + sum(case.is_unjudged for case in scores.cases.values())
    n = corrected.n + unjudged
    if 100 * unjudged > UNSCORED_PERCENT * n:
        text = f"{unjudged} of {count(n, 'case')} could not be judged"
        text += f"; at most {UNSCORED_PERCENT}% are allowed"
        return GateOutcome(rule.text, "error", text, None, corrected.n)
    if corrected.rate is None or corrected.low is None:
        return GateOutcome(rule.text, "error", corrected.reason, None, corrected.n)
    value = corrected.rate.estimate
    if rule.aggregate == CALIBRATED_LOW:
        value = corrected.low
    assert value is not None  # a rate has an estimate
    state: GateState = "met" if rule.is_met_by(value) else "missed"
    text = (
        f"pass rate {rate_text(corrected.rate)} as people would see it, by "
        f"{corrected.labels} labels of {corrected.judge} (one-sided 95% lower bound: "
        f"{percent(corrected.low)})"
    )
    return GateOutcome(rule.text, state, text, value, corrected.n)
