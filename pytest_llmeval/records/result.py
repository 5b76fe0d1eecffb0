"""The records that a run leaves behind: one for each case, and one for the run itself. All are frozen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from pytest_llmeval.records.call import Completion, Request
from pytest_llmeval.records.case import Case
from pytest_llmeval.records.score import Score
from pytest_llmeval.records.threshold import Threshold

Outcome = Literal["passed", "failed", "error", "skipped", "xfailed"]
"""``failed``: the answer is worse than asked. ``error``: it could not be judged."""


@dataclass(frozen=True)
class Sample:
    """One of several completions of a case.

    Attributes:
        number: Its number, from 0; it makes the key of the call.
        completion: The answer; ``None`` if none came.
        scores: The scores of this answer alone.
        kept: Whether this sample alone keeps every bound; ``None`` where there is no bound, or a
            score with one was not taken or is unscored.
        is_draw: Whether it was drawn by the sequential test of a case that must pass.
        error: Why there is no answer; empty if there is one.
    """

    number: int
    completion: Completion | None
    scores: tuple[Score, ...] = ()
    kept: bool | None = None
    is_draw: bool = False
    error: str = ""


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
        thresholds: The bounds in force.
        message: Why it did not pass; empty if it did.
        judge_model: The model that judged; empty if none did.
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
    thresholds: tuple[Threshold, ...] = ()
    message: str = ""
    judge_model: str = ""
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
