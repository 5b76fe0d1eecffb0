"""The pass rate as people would see it, where one calibrated judge decides the cases of a run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from pytest_llmeval.records.calibration import Calibration
from pytest_llmeval.records.interval import Interval
from pytest_llmeval.records.result import CaseResult
from pytest_llmeval.records.run import JudgeFacts
from pytest_llmeval.stats.calibrated_rate import FEWEST_LABELS, calibrated_rate
from pytest_llmeval.text import count

_TRIED = ("passed", "failed", "xfailed")
_SEVERAL = "several bounds or judges decide the cases; one is required"
_UNBOUNDED = "something else than one bound on a judge's score decides a case"


class _Decider(NamedTuple):
    """What decides a case: a bound on the score of one version."""

    metric: str
    version: str
    comparison: str
    bound: float


@dataclass(frozen=True)
class CalibratedRate:
    """A pass rate corrected by the calibration of the judge, or why there is none.

    Attributes:
        rate: The corrected rate with its 95% interval; ``None`` without one.
        low: Its lower bound, one-sided at 95%.
        n: Number of cases that the judge decided.
        reason: Why there is none; empty if there is one.
        judge: The score that decided.
        labels: Number of labelled cases of the calibration.
    """

    rate: Interval | None
    low: float | None
    n: int
    reason: str = ""
    judge: str = ""
    labels: int = 0


@dataclass
class CalibratedTally:
    """What decided the cases so far, and how many passed."""

    deciders: Counter[_Decider] = field(default_factory=Counter)
    passed: int = 0
    undecided: int = 0
    has_samples: bool = False

    def add(self, result: CaseResult) -> None:
        """Count one result, unless it was not tried or not judged."""
        if result.outcome not in _TRIED or not result.checks:
            return
        self.has_samples = self.has_samples or len(result.samples) > 1
        met = [check.met for check in result.checks]
        deciders = {_decider_of(result, index) for index in range(len(result.checks))}
        decider = next(iter(deciders))
        if len(deciders) > 1 or decider is None or all(met) != (result.outcome == "passed"):
            self.undecided += 1
            return
        self.deciders[decider] += 1
        self.passed += all(met)

    def summary(self, judges: Sequence[JudgeFacts]) -> CalibratedRate:
        """Correct the pass rate by the calibration of its judge.

        Args:
            judges: The judges of the run with their calibrations.
        """
        n = self.deciders.total()
        reason = self._obstacle(n)
        if reason:
            return CalibratedRate(None, None, n, reason)
        decider = next(iter(self.deciders))
        calibration = _calibration_of(decider, judges)
        reason = _unfit(decider, calibration)
        if calibration is None or calibration.confusion is None or reason:
            return CalibratedRate(None, None, n, reason)
        rate = calibrated_rate(self.passed, n, calibration.confusion)
        one_sided = calibrated_rate(self.passed, n, calibration.confusion, 0.9)
        if rate is None or one_sided is None:
            reason = f"{decider.metric} passes as many of the answers that people fail as of others"
            return CalibratedRate(None, None, n, reason)
        return CalibratedRate(
            rate, one_sided.low, n, judge=decider.metric, labels=calibration.cases
        )

    def _obstacle(self, n: int) -> str:
        """Return what stands against a correction before any calibration is read."""
        if self.undecided:
            return f"{_UNBOUNDED} ({count(self.undecided, 'case')})"
        if not n:
            return "no case is decided by a bound on a score"
        if len(self.deciders) > 1:
            return _SEVERAL
        if self.has_samples:
            return "a calibration is about single answers, and cases have several samples"
        return ""


def calibrated_pass_rate(
    results: Iterable[CaseResult], judges: Sequence[JudgeFacts]
) -> CalibratedRate:
    """Correct the pass rate of some results by the calibration of their judge."""
    tally = CalibratedTally()
    for result in results:
        tally.add(result)
    return tally.summary(judges)


def _decider_of(result: CaseResult, index: int) -> _Decider | None:
    """Return what decides a case by one check; ``None`` without a score of a judge."""
    check = result.checks[index]
    if check.score not in range(len(result.scores)):
        return None  # no score was taken, or the result was read without its scores
    score = result.checked_score(check)
    if score is None or check.met is None or not score.judge:
        return None
    threshold = check.threshold
    if threshold.comparison != (">=" if score.scale.higher_is_better else "<="):
        return None
    return _Decider(score.name, score.version, threshold.comparison, threshold.bound)


def _calibration_of(decider: _Decider, judges: Sequence[JudgeFacts]) -> Calibration | None:
    for facts in judges:
        if facts.fingerprint == decider.version:
            return facts.calibration
    return None


def _unfit(decider: _Decider, calibration: Calibration | None) -> str:
    """Return why a calibration cannot correct the decisions; empty if it can."""
    if calibration is None:
        return f"{decider.metric} is uncalibrated: llmeval calibrate LABELS"
    confusion = calibration.confusion
    if confusion is None or calibration.bound is None:
        return f"the calibration of {decider.metric} has no bound: calibrate with --threshold X"
    if decider.bound != calibration.bound:
        return (
            f"{decider.metric} is calibrated at {calibration.bound:g}, and the run requires "
            f"{decider.comparison} {decider.bound:g}: calibrate with --threshold {decider.bound:g}"
        )
    passed = confusion.both_pass + confusion.people_pass
    if min(passed, confusion.total - passed) < FEWEST_LABELS:
        return (
            f"the calibration of {decider.metric} has {passed} answers that people pass and "
            f"{confusion.total - passed} that they fail; at least {FEWEST_LABELS} of each are "
            "required"
        )
    return ""
