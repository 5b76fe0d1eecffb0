"""The records that a run leaves behind: one for each case, and one for the run itself. All are frozen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from pytest_llmeval.comparisons import Comparison, GateOutcome, Interval
from pytest_llmeval.records import Case, Completion, Request, Score, Threshold

Outcome = Literal["passed", "failed", "error", "skipped", "xfailed"]
"""``failed``: the answer is worse than asked. ``error``: it could not be judged."""

SELFTEST_SHARE = 0.8
"""Share of each kind of answers that a judge must judge as it should, to be let near a gate."""

WORSE = 1
"""Exit code: a case or a gate is worse than asked."""

UNJUDGED = 10
"""Exit code: nothing is worse, but something could not be judged."""

JUDGED_CODES = (0, WORSE, UNJUDGED)
"""Exit codes of a run that came to its end."""


@dataclass(frozen=True)
class Sample:
    """One of several completions of a case.

    Attributes:
        number: Its number, from 0; it makes the key of the call.
        completion: The answer; ``None`` if none came.
        scores: The scores of this answer alone.
        kept: Whether this sample alone keeps every bound; ``None`` where there is no bound, or a score with one was
            not taken or is unscored.
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
        samples: Every completion, where more than one was asked for. Of the answer to the case, ``scores`` are then
            reduced over them, and the calls of such a score stand with the samples alone.
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


@dataclass(frozen=True)
class Traffic:
    """What a run has sent, also for cases that left no result because the run was cut off.

    Attributes:
        calls: Calls that gave an answer.
        attempts: Everything that was sent, failed attempts included.
        usd: US dollars for the answers whose price is known.
        unpriced: Answers whose price is unknown.
    """

    calls: int = 0
    attempts: int = 0
    usd: float = 0.0
    unpriced: int = 0

    def __add__(self, other: Traffic) -> Traffic:
        return Traffic(*(mine + theirs for mine, theirs in zip(vars(self).values(), vars(other).values(), strict=True)))


@dataclass(frozen=True)
class SelfTest:
    """How a judge did on answers whose worth is known.

    Attributes:
        right: By kind of answer (``expected``, ``empty``, ``constant``, ``other``, ``injection``): how many it judged
            as it should.
        tried: How many it judged of each kind.
        complaint: What went wrong, where something did; empty if nothing.
        calls: Model calls that were made for it; those that a store answered are not counted.
        usd: US dollars for them; ``None`` if a price is unknown.
        made_at: ISO 8601 with UTC offset.
    """

    right: Mapping[str, int]
    tried: int
    complaint: str = ""
    calls: int = 0
    usd: float | None = 0.0
    made_at: str = ""

    @property
    def passed(self) -> bool:
        """Whether at least four in five of every kind were judged as they should be."""
        return bool(self.right) and all(right >= SELFTEST_SHARE * self.tried for right in self.right.values())


@dataclass(frozen=True)
class Calibration:
    """How well a judge agrees with people.

    Attributes:
        figures: By name (``kappa``, ``weighted_kappa``, ``alpha``, ``pearson``, ``spearman``, ``kendall``, ``offset``,
            ``mean``, …), each with its bootstrap interval.
        cases: Labelled cases with a score.
        unscored: Labelled cases that the judge could not score.
        labels: The file of the labels, as it was named.
        made_at: ISO 8601 with UTC offset.
    """

    figures: Mapping[str, Interval]
    cases: int
    unscored: int = 0
    labels: str = ""
    made_at: str = ""


@dataclass(frozen=True)
class JudgeFacts:
    """What is known of a judge that scored in a run.

    Attributes:
        fingerprint: The version of its scores.
        name: Name of the score.
        model: Model that judges.
        selftest: Its self-test; ``None`` if it had none.
        untested: Why it had none; empty if it had one.
        calibration: ``None``: uncalibrated.
    """

    fingerprint: str
    name: str
    model: str = ""
    selftest: SelfTest | None = None
    untested: str = ""
    calibration: Calibration | None = None


@dataclass(frozen=True)
class Run:
    """One session, without its results.

    Attributes:
        id: Experiment id, unique.
        name: What the user called it; empty if nothing.
        started_at: ISO 8601 with UTC offset.
        finished_at: The same; empty while it runs.
        settings: The settings that differ from their defaults, as text.
        versions: Of this package, Python and pytest.
        warnings: What the user was warned of, for example an unset judge.
        lost: Node ids of tests that died with their worker.
        exit_code: pytest's exit code; ``None`` while it runs.
        traffic: What the run has sent.
        judges: What is known of the judges that scored in it.
        gates: What became of each of its gates, the worst first.
        comparisons: One for each baseline that could be read.
    """

    id: str
    name: str = ""
    started_at: str = ""
    finished_at: str = ""
    settings: Mapping[str, str] = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    lost: tuple[str, ...] = ()
    exit_code: int | None = None
    traffic: Traffic = field(default_factory=Traffic)
    judges: tuple[JudgeFacts, ...] = ()
    gates: tuple[GateOutcome, ...] = ()
    comparisons: tuple[Comparison, ...] = ()

    @property
    def is_whole(self) -> bool:
        """Whether it came to its end; if not, it was cut off, or still runs."""
        return self.exit_code in JUDGED_CODES
