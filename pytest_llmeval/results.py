"""The records that a run leaves behind: one for each case, and one for the run itself. All are frozen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from pytest_llmeval.records import Case, Completion, Request, Score, Threshold

Outcome = Literal["passed", "failed", "error", "skipped", "xfailed"]
"""``failed``: the answer is worse than asked. ``error``: it could not be judged."""


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

    @property
    def identity(self) -> tuple[str, str, str, int]:
        """What results of two runs are joined by."""
        return (self.suite, self.case.source.file, self.case.id, self.sample)


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
