"""The records of the results of a run, case by case. All are frozen."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from pytest_llmeval.records.call import Completion, Request
from pytest_llmeval.records.case import Case
from pytest_llmeval.records.process import ALONE
from pytest_llmeval.records.score import Score
from pytest_llmeval.records.threshold import Threshold

Outcome = Literal["passed", "failed", "error", "skipped", "xfailed"]
"""``failed``: the answer is worse than required. ``error``: the answer could not be judged."""

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
    "early_stop",
]
"""The cause of an outcome; empty if the case passed.

``threshold``: a score misses a threshold. ``assertion``, ``exception``: the code of the test
failed, by an assertion or otherwise. ``unscored``: a required score has no value. ``undecided``: a
case that must pass misses a threshold, and further samples are inconclusive. ``call``: a model call
failed. ``not_sent``: a call was not allowed, or is not recorded. ``no_model``: no model is
configured that could answer or judge. ``input``: a setting or a golden file cannot be used.
``store``: the store, a recording or the run log failed. ``skip``, ``xfail``: the test skipped or
failed as expected. ``xpass``: it passed although a failure was strictly expected. ``early_stop``:
it was not run, because the verdict was certain.
"""


@dataclass(frozen=True)
class Sample:
    """One of several completions of a case.

    Attributes:
        number: Its number, from 0, which is a part of the key of the call.
        completion: The answer; ``None`` if the call failed.
        scores: The scores of this answer alone.
        met: Whether this sample alone meets every threshold; ``None`` without a threshold, or
            where a score with a threshold is missing.
        is_draw: Whether the sequential test of a case that must pass has drawn it.
        error: Error of the call; empty if there is an answer.
    """

    number: int
    completion: Completion | None
    scores: tuple[Score, ...] = ()
    met: bool | None = None
    is_draw: bool = False
    error: str = ""

    @property
    def is_lost(self) -> bool:
        """Whether it has no answer, or lacks a score that it should have."""
        return bool(self.error) or any(score.value is None for score in self.scores)


def requested_samples(samples: Iterable[Sample]) -> list[Sample]:
    """Return the requested samples, without the extra ones of a case that must pass."""
    return [sample for sample in samples if not sample.is_draw]


@dataclass(frozen=True)
class Check:
    """One threshold compared with one score of a result.

    Attributes:
        threshold: The threshold in force.
        score: Index of the score in `CaseResult.scores`; ``None`` if no score was taken.
        value: The number compared; ``None`` if there is none.
        met: Whether the threshold is met; ``None`` if undecided.
    """

    threshold: Threshold
    score: int | None = None
    value: float | None = None
    met: bool | None = None


def check_indexes(checks: Iterable[Check], scores: Sequence[Score]) -> None:
    """Refuse checks of scores that are not there, which a stranger may have written.

    Raises:
        ValueError: A check has no such score.
    """
    for check in checks:
        if check.score is not None and check.score not in range(len(scores)):
            raise ValueError(f"a check is of score {check.score}, of {len(scores)} scores")


_WORST_FIRST = (False, None, True)


def check_scores(threshold: Threshold, taken: Iterable[tuple[int, Score]]) -> Check:
    """Compare a threshold with all its scores; the worst one decides.

    Args:
        threshold: The threshold.
        taken: Its scores, with their indexes among the scores of the result.
    """
    checks = [_check(threshold, index, score) for index, score in taken]
    return min(checks, key=lambda check: _WORST_FIRST.index(check.met), default=Check(threshold))


def _check(threshold: Threshold, index: int, score: Score) -> Check:
    return Check(threshold, index, score.value, is_met(threshold, score))


def is_met(threshold: Threshold, score: Score) -> bool | None:
    """Return whether a score meets a threshold; ``None`` if it is unscored."""
    return None if score.value is None else threshold.is_met_by(score)


@dataclass(frozen=True)
class BeforeScore:
    """A score of a case in a baseline.

    Attributes:
        value: Mean over its samples, in the unit of the metric; ``None`` if unscored.
        reason: Reason of the scorer; empty if unknown.
    """

    value: float | None
    reason: str = ""


@dataclass(frozen=True)
class Before:
    """Outcome, answer and scores of a case in a baseline.

    Attributes:
        baseline: The baseline, as the user named it.
        outcome: Outcome of the case; empty if unknown.
        answer: Answer of the case; ``None`` if there is none, or it is unknown.
        scores: Scores by metric, judged again where the baseline had another judge.
    """

    baseline: str
    outcome: str = ""
    answer: str | None = None
    scores: Mapping[str, BeforeScore] = field(default_factory=dict)


@dataclass(frozen=True)
class CaseResult:
    """Everything about one case in one run. Its key is (suite, file, case id).

    Attributes:
        suite: The golden file's path, or the test function's node id without parameters.
        case: The case.
        nodeid: pytest's node id; reruns exactly this case.
        outcome: The outcome.
        request: The request; ``None`` if nothing was sent.
        completion: The answer; ``None`` if there is none.
        scores: The scores, in the order in which they were taken.
        checks: The checks of the thresholds in force, in their order.
        cause: Cause of the outcome, in one word.
        message: Why it did not pass; empty if it did.
        started_at: ISO 8601 with UTC offset.
        duration_s: Seconds, including set-up.
        worker: Name of the xdist worker, or ``main``.
        samples: Every sample, if there are several. ``scores`` are then reduced over the samples,
            which alone hold the calls of these scores.
        before: The case in the baselines of the run that have it.
        request_key: Key of the request of the first sample, the same in every run; empty if the
            provider cannot be told from another one in a later run.
        basis: What the outcome rests on besides the answer and the provider, in texts or hashes by
            subject (`cases.basis`); an empty text is unknown.
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
    started_at: str = ""
    duration_s: float = 0.0
    worker: str = ALONE
    samples: tuple[Sample, ...] = ()
    before: tuple[Before, ...] = ()
    request_key: str = ""
    basis: Mapping[str, str] = field(default_factory=dict)

    @property
    def key(self) -> tuple[str, str, str]:
        """Suite, golden file and id of the case, which join the results of two runs."""
        return (self.suite, self.case.source.file, self.case.id)

    @property
    def judge_model(self) -> str:
        """The models that judged or failed to judge; empty if there are none."""
        judges = (score.judge for score in self.scores if score.judge)
        models = (model for judge in judges for model in judge.split(", "))
        return ", ".join(dict.fromkeys(models))

    def all_scores(self) -> Iterator[tuple[int | None, Score]]:
        """Yield the scores, then those of the samples with the number of their sample."""
        for score in self.scores:
            yield None, score
        for sample in self.samples:
            for score in sample.scores:
                yield sample.number, score

    def checked_score(self, check: Check) -> Score | None:
        """Return the score of a check of this result; ``None`` if no score was taken."""
        if check.score is None:
            return None
        return self.scores[check.score]

    @property
    def is_row(self) -> bool:
        """Whether it is a row of a golden file, which no test function can fail."""
        return self.suite == self.case.source.file

    @property
    def is_bounded(self) -> bool:
        """Whether a threshold that can be missed was held against it, or should have been."""
        in_error = self.outcome == "error"
        held = (check for check in self.checks if in_error or check.score is not None)
        return any(self._requires_something(check) for check in held)

    def _requires_something(self, check: Check) -> bool:
        score = self.checked_score(check)
        return score is None or not check.threshold.requires_nothing(score.scale.low)

    def with_scores(self, scores: tuple[Score, ...]) -> CaseResult:
        """Return the result with new scores, checked by the same thresholds.

        A threshold applies to the new scores with the name and arguments of its old score.
        """
        checks = tuple(self._checked_again(check, scores) for check in self.checks)
        return replace(self, scores=scores, checks=checks)

    def _checked_again(self, check: Check, scores: tuple[Score, ...]) -> Check:
        old = self.checked_score(check)
        if old is None:
            return check
        scorer = old.scorer
        taken = [(index, score) for index, score in enumerate(scores) if score.scorer == scorer]
        return check_scores(check.threshold, taken)


PASS_RATE = "pass_rate"
"""The metric that is 1 for a case that passed and 0 for one that did not."""

Key = tuple[str, str, str]
"""(suite, file, id). A plain table has only the id."""


def model_of(result: CaseResult) -> str:
    """Return the model as the endpoint names it, or as requested; empty if there is none."""
    if result.completion and result.completion.model:
        return result.completion.model
    return result.request.model if result.request else ""
