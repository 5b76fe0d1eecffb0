"""The records that a run leaves behind: one for each case, and one for the run itself. All are frozen."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from pytest_llmeval.records.call import Completion, Request
from pytest_llmeval.records.case import Case
from pytest_llmeval.records.score import Score, finite
from pytest_llmeval.records.threshold import Threshold

Outcome = Literal["passed", "failed", "error", "skipped", "xfailed"]
"""``failed``: the answer is worse than required. ``error``: it could not be judged."""

Cause = Literal[
    "",
    "threshold",
    "assertion",
    "exception",
    "unscored",
    "undecided",
    "call",
    "not_sent",
    "no_model",
    "input",
    "store",
    "skip",
    "xfail",
    "xpass",
]
"""Why a case ended as it did; empty: it passed.

``threshold``: a score misses a threshold. ``assertion``, ``exception``: the test's own code failed,
by an assertion or otherwise. ``unscored``: a score that was needed has no value. ``undecided``: a
case that must pass misses a threshold, and further samples settle nothing. ``call``: a model call
failed. ``not_sent``: a call was not allowed, or is not recorded. ``no_model``: nothing is
configured that could answer or judge. ``input``: a setting or a golden file cannot be used.
``store``: the store, a recording or the run log failed. ``skip``, ``xfail``: the test said so.
``xpass``: it passed although it was strictly expected to fail.
"""


@dataclass(frozen=True)
class Sample:
    """One of several completions of a case.

    Attributes:
        number: Its number, from 0; it makes the key of the call.
        completion: The answer; ``None`` if none came.
        scores: The scores of this answer alone.
        met: Whether this sample alone meets every threshold; ``None`` where there is none, or a
            score with one was not taken or is unscored.
        is_draw: Whether it was drawn by the sequential test of a case that must pass.
        error: Why there is no answer; empty if there is one.
    """

    number: int
    completion: Completion | None
    scores: tuple[Score, ...] = ()
    met: bool | None = None
    is_draw: bool = False
    error: str = ""


@dataclass(frozen=True)
class Check:
    """One threshold held against one score of a result.

    Attributes:
        threshold: The threshold in force.
        score: Index of the score in `CaseResult.scores`; ``None``: none was taken.
        value: The number compared; ``None`` if there is none.
        met: Whether the threshold is met; ``None`` if that could not be decided.
    """

    threshold: Threshold
    score: int | None = None
    value: float | None = None
    met: bool | None = None


WORST_FIRST = (False, None, True)


def check_scores(threshold: Threshold, taken: Iterable[tuple[int, Score]]) -> Check:
    """Hold a threshold against every score that it is about; the worst one decides.

    Args:
        threshold: The threshold.
        taken: The scores, each with its index among all scores of the result.
    """
    checks = [_check(threshold, index, score) for index, score in taken]
    return min(checks, key=lambda check: WORST_FIRST.index(check.met), default=Check(threshold))


def _check(threshold: Threshold, index: int, score: Score) -> Check:
    value = finite(score).value
    met = None if value is None else threshold.is_met_by(value)
    return Check(threshold, index, value, met)


@dataclass(frozen=True)
class BeforeScore:
    """A score of a case in a baseline.

    Attributes:
        value: Mean over its samples, in the metric's own unit; ``None``: unscored.
        reason: Why; empty if unknown.
    """

    value: float | None
    reason: str = ""


@dataclass(frozen=True)
class Before:
    """What a baseline says of a case.

    Attributes:
        baseline: The baseline, as it was named.
        outcome: How the case ended; empty if unknown.
        answer: Its answer; ``None`` if there is none, or it is not known.
        scores: By metric; judged again, where the baseline had another judge.
    """

    baseline: str
    outcome: str = ""
    answer: str | None = None
    scores: Mapping[str, BeforeScore] = field(default_factory=dict)


@dataclass(frozen=True)
class CaseResult:
    """Everything about one case in one run. Its identity is (suite, file, case id, sample).

    Attributes:
        suite: The golden file's path, or the test function's node id without parameters.
        case: The case.
        nodeid: pytest's node id; reruns exactly this case.
        outcome: How it ended.
        request: What was asked, or ``None`` if nothing was sent.
        completion: The answer, or ``None``.
        scores: In the order they were taken.
        checks: What became of each threshold in force, in their order.
        cause: Why it ended so, in one word.
        message: Why it did not pass; empty if it did.
        sample: Number of the sample, from 0.
        started_at: ISO 8601 with UTC offset.
        duration_s: Seconds, set-up included.
        worker: Name of the xdist worker, or ``main``.
        samples: Every completion, where more than one was asked for. Of the answer to the case,
            ``scores`` are then reduced over them, and the calls of such a score stand with the
            samples alone.
        before: What each baseline of the run says of the case; none, where it has no such case.
    """

    suite: str
    case: Case
    nodeid: str
    outcome: Outcome
    request: Request | None = None
    completion: Completion | None = None
    scores: tuple[Score, ...] = ()
    checks: tuple[Check, ...] = ()
    cause: Cause = ""
    message: str = ""
    sample: int = 0
    started_at: str = ""
    duration_s: float = 0.0
    worker: str = "main"
    samples: tuple[Sample, ...] = ()
    before: tuple[Before, ...] = ()

    @property
    def key(self) -> tuple[str, str, str]:
        """Which case it is: suite, golden file and id."""
        return (self.suite, self.case.source.file, self.case.id)

    @property
    def judge_model(self) -> str:
        """The models that judged, or failed to; empty if none was asked."""
        judges = (score.judge for score in self.scores if score.judge)
        models = (model for judge in judges for model in judge.split(", "))
        return ", ".join(dict.fromkeys(models))

    def checked_score(self, check: Check) -> Score | None:
        """The score that a check of this result was held against; ``None`` if none was taken."""
        return None if check.score is None else self.scores[check.score]

    def with_scores(self, scores: tuple[Score, ...]) -> CaseResult:
        """The same with other scores, held to the same thresholds.

        A threshold is held against the new scores that have the name and the arguments of the score
        that it was held against before.
        """
        checks = tuple(self._checked_again(check, scores) for check in self.checks)
        return replace(self, scores=scores, checks=checks)

    def _checked_again(self, check: Check, scores: tuple[Score, ...]) -> Check:
        old = self.checked_score(check)
        if old is None:
            return check
        subject = (old.name, old.params)
        taken = [
            (index, score)
            for index, score in enumerate(scores)
            if (score.name, score.params) == subject
        ]
        return check_scores(check.threshold, taken)

    @property
    def identity(self) -> tuple[str, str, str, int]:
        """What results of two runs are joined by."""
        return (*self.key, self.sample)


PASS_RATE = "pass_rate"
"""The metric that is 1 for a case that passed and 0 for one that did not."""

Key = tuple[str, str, str]
"""(suite, file, id). Of a plain table only the id is known."""


def model_of(result: CaseResult) -> str:
    """The model that answered, as the endpoint names it, else as it was asked for; empty if there is none."""
    named = result.completion.model if result.completion else ""
    return named or (result.request.model if result.request else "")
