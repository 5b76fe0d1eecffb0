"""The history of the runs of a log, with the changes from run to run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pytest_llmeval.records.interval import Interval
from pytest_llmeval.records.plan import Plan
from pytest_llmeval.records.result import Outcome
from pytest_llmeval.records.score import Scale
from pytest_llmeval.records.verdicts import RunOutcome
from pytest_llmeval.summary.costs import Cost

SCHEMA = "urn:pytest-llm-golden:history-1"
ANOTHER_JUDGE = "another judge"
ANOTHER_VERSION = "another version"
DIFFERENT_CASES = "other cases"
"""Reasons why a mean cannot be compared with that of the run before."""


@dataclass(frozen=True)
class Change:
    """The change of a mean since the whole run before.

    Attributes:
        value: Mean of after minus before, over the cases with a value of the same scorer in both
            runs; ``None`` without such a case.
        n: Number of these cases.
        why: Why there is no such case: `ANOTHER_JUDGE`, `ANOTHER_VERSION` (of a metric) or
            `DIFFERENT_CASES`; else empty.
    """

    value: float | None
    n: int = 0
    why: str = ""


@dataclass(frozen=True)
class MetricPoint:
    """One metric in one run.

    Attributes:
        name: Name of the metric or judge.
        scale: Range and direction.
        mean: Mean of the scored cases with its 95% interval (Student), as in the summary of the
            run.
        unscored: Cases that the scorer could not score.
        versions: Versions of the scorer; for a judge its fingerprints.
        is_judged: Whether a judge gave it.
        change: Change since the whole run before; ``None`` without such a run or metric, or if
            this run was cut off.
    """

    name: str
    scale: Scale
    mean: Interval
    unscored: int = 0
    versions: tuple[str, ...] = ()
    is_judged: bool = False
    change: Change | None = None


@dataclass(frozen=True)
class RunPoint:
    """One run in numbers, those of its summary.

    Attributes:
        id: Experiment id.
        name: The name from ``--llm-name``; empty without one.
        started_at: ISO 8601 with UTC offset.
        exit_code: pytest's exit code; ``None`` if the run was killed or still goes on.
        is_whole: Whether it came to its end. Only whole runs are compared.
        is_stopped_early: Whether it left out cases because its verdict was certain.
        verdict: The outcome of the run, as in the summary.
        outcomes: Number of cases by outcome, and of ``lost`` ones.
        pass_rate: Passed among passed, failed and xfailed, with its exact 95% interval.
        change: Change of the pass rate since the whole run before; ``None`` without such a run, or
            if this one was cut off.
        metrics: Metrics by name, ``rubric`` first.
        generation: Calls of the model under test.
        judging: Calls of scorers.
        cost: All calls, including self-tests of judges and calls without a result.
        latency_p50_s: Median seconds of an answer that did not come from a store.
        latency_p95_s: 95th percentile of these seconds.
    """

    id: str
    name: str
    started_at: str
    exit_code: int | None
    is_whole: bool
    verdict: RunOutcome
    outcomes: Mapping[str, int]
    pass_rate: Interval
    change: Change | None
    metrics: tuple[MetricPoint, ...]
    generation: Cost
    judging: Cost
    cost: Cost
    latency_p50_s: float | None
    latency_p95_s: float | None
    is_stopped_early: bool = False


@dataclass(frozen=True)
class CaseFlips:
    """A case whose outcome changes between runs.

    Attributes:
        suite: Golden file or test function.
        file: The golden file.
        line: Its line in the newest of the runs.
        id: The case's id.
        flips: Number of changes of the outcome between whole runs that ran the case.
        last: Its newest outcome.
        marks: Marks of its outcomes in the whole runs, oldest first; `NOT_RUN` where it was not
            run.
    """

    suite: str
    file: str
    line: int
    id: str
    flips: int
    last: Outcome
    marks: str


@dataclass(frozen=True)
class StreamEvidence:
    """The evidence of a drop over all runs since a baseline was accepted.

    Attributes:
        baseline: The baseline.
        runs: Number of runs that were compared with it.
        since: When the first of them started.
        value: The evidence (`stats.stream`).
        required: The evidence that shows a drop: 1 by the level.
    """

    baseline: str
    runs: int
    since: str
    value: float
    required: float


@dataclass(frozen=True)
class History:
    """Some runs of a log.

    Attributes:
        runs: The runs, oldest first.
        cases: Number of cases in the whole runs.
        flips: The cases whose outcome changed, most flips first.
        evidence: The evidence of a drop since each baseline in use was accepted.
        plan: What today's suite shows; ``None`` if the runs do not tell.
    """

    runs: tuple[RunPoint, ...]
    cases: int = 0
    flips: tuple[CaseFlips, ...] = ()
    evidence: tuple[StreamEvidence, ...] = ()
    plan: Plan | None = None


@dataclass(frozen=True)
class CaseScore:
    """One score of a case in one run.

    Attributes:
        name: Name of the metric or judge.
        value: The value; ``None`` if unscored.
        reason: The reason of the scorer, or why there is no value.
        version: Version of the scorer; for a judge its fingerprint.
        is_judged: Whether a judge gave it.
    """

    name: str
    value: float | None
    reason: str
    version: str
    is_judged: bool


@dataclass(frozen=True)
class CasePoint:
    """One case in one run.

    Attributes:
        run: Experiment id.
        name: Name of the run; empty without one.
        started_at: When the run started, ISO 8601 with UTC offset.
        exit_code: pytest's exit code; ``None`` if the run was killed or still goes on.
        is_whole: Whether the run came to its end.
        is_stopped_early: Whether the run left out cases because its verdict was certain.
        outcome: Outcome of the case.
        message: Why it did not pass; empty if it did.
        scores: The scores, in the order in which they were taken.
        answer: The answer; ``None`` if there is none.
        model: Model that answered or failed to answer; empty if there is none.
    """

    run: str
    name: str
    started_at: str
    exit_code: int | None
    is_whole: bool
    outcome: Outcome
    message: str
    scores: tuple[CaseScore, ...]
    answer: str | None
    model: str
    is_stopped_early: bool = False


@dataclass(frozen=True)
class CaseHistory:
    """One case in every run that has it.

    Attributes:
        suite: Golden file or test function.
        file: The golden file.
        line: Its line in the newest of the runs.
        id: The case's id.
        points: The runs with the case, oldest first.
    """

    suite: str
    file: str
    line: int
    id: str
    points: tuple[CasePoint, ...]


def history_object(history: History) -> dict[str, Any]:
    """Turn a history into built-in types.

    Returns:
        ``{"schema", "runs", "cases", "flips"}``: the fields of `History`. Records are objects with
        the names of their attributes. Unknown values are ``None``.
    """
    from pytest_llmeval.records.wire import to_builtin

    return {"schema": SCHEMA, **to_builtin(history)}


def case_history_object(cases: tuple[CaseHistory, ...]) -> dict[str, Any]:
    """Turn histories of cases into built-in types, as ``{"schema", "cases"}``."""
    from pytest_llmeval.records.wire import to_builtin

    return {"schema": SCHEMA, "cases": to_builtin(cases)}
