"""The runs of a log as a history: how each did, and what changed since the run before."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pytest_llmeval.records.interval import Interval
from pytest_llmeval.records.result import Outcome
from pytest_llmeval.records.score import Scale
from pytest_llmeval.records.verdicts import RunOutcome
from pytest_llmeval.summary.costs import Cost

SCHEMA = "urn:pytest-llm-golden:history-1"
ANOTHER_JUDGE, ANOTHER_VERSION, OTHER_CASES = "another judge", "another version", "other cases"


@dataclass(frozen=True)
class Change:
    """How a mean changed since the whole run before.

    Attributes:
        value: Mean of after less before, over the cases that have a value from the same scorer in
            both runs; ``None`` where there is no such case.
        n: How many these are.
        why: Why there is none: `ANOTHER_JUDGE`, `ANOTHER_VERSION` (of a metric) or `OTHER_CASES`;
            else empty.
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
        mean: Mean of the scored cases with its 95 % interval (Student), as in the summary of the
            run.
        unscored: Cases that the scorer could not score.
        versions: Versions of the scorer; for a judge its fingerprints.
        is_judged: Whether a judge gave it.
        change: Since the whole run before; ``None`` if there is none, it has no such metric, or
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
        name: What the user called it; empty if nothing.
        started_at: ISO 8601 with UTC offset.
        exit_code: pytest's exit code; ``None``: it was killed, or still runs.
        is_whole: Whether it came to its end. Nothing is compared with a run that did not.
        verdict: As in the summary.
        outcomes: How many cases ended how: the words of an outcome, and ``lost``.
        pass_rate: Passed among passed, failed and xfailed, with its 95 % interval (Wilson).
        change: Of the pass rate since the whole run before; ``None`` if there is none, or this one
            was cut off.
        metrics: By name, ``rubric`` first.
        generation: Calls of the model under test.
        judging: Calls of scorers.
        cost: Everything that was sent: also self-tests of judges, and calls that no result shows.
        latency_p50_s: Median seconds of an answer that did not come from a store.
        latency_p95_s: The 95th percentile of the same.
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


@dataclass(frozen=True)
class CaseFlips:
    """A case whose outcome changes between runs.

    Attributes:
        suite: Golden file or test function.
        file: The golden file.
        line: Its line there, in the newest of the runs.
        id: The case's id.
        sample: Number of the sample.
        flips: How often the outcome is another one than in the whole run before in which the case
            was run.
        last: Its newest outcome.
        marks: The mark of its outcome for each whole run, oldest first; `NOT_RUN` where it was not
            run.
    """

    suite: str
    file: str
    line: int
    id: str
    sample: int
    flips: int
    last: Outcome
    marks: str


@dataclass(frozen=True)
class History:
    """Some runs of a log.

    Attributes:
        runs: Oldest first.
        cases: Cases that were run in any whole one of them.
        flips: Every case whose outcome changed, the most flips first.
    """

    runs: tuple[RunPoint, ...]
    cases: int = 0
    flips: tuple[CaseFlips, ...] = ()


@dataclass(frozen=True)
class CaseScore:
    """One score of a case in one run.

    Attributes:
        name: Name of the metric or judge.
        value: ``None``: unscored.
        reason: Why, or why it is unscored.
        version: Of the scorer; for a judge its fingerprint.
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
        name: What the user called the run; empty if nothing.
        started_at: When the run started, ISO 8601 with UTC offset.
        exit_code: pytest's exit code; ``None``: it was killed, or still runs.
        is_whole: Whether the run came to its end.
        outcome: How the case ended.
        message: Why it did not pass; empty if it did.
        scores: In the order they were taken.
        answer: ``None`` if there is none.
        model: Model that answered, or was asked; empty if none was.
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


@dataclass(frozen=True)
class CaseHistory:
    """One case in every run that has it.

    Attributes:
        suite: Golden file or test function.
        file: The golden file.
        line: Its line there, in the newest of the runs.
        id: The case's id.
        sample: Number of the sample.
        points: Oldest first.
    """

    suite: str
    file: str
    line: int
    id: str
    sample: int
    points: tuple[CasePoint, ...]


def history_object(history: History) -> dict[str, Any]:
    """The history for a program, in built-in types.

    Returns:
        ``{"schema", "runs", "cases", "flips"}``: the fields of `History`, whose records are objects
        with the names of
        their attributes. What is not known is ``None``.
    """
    from pytest_llmeval.records.wire import to_builtin

    return {"schema": SCHEMA, **to_builtin(history)}


def case_history_object(found: tuple[CaseHistory, ...]) -> dict[str, Any]:
    """The histories of some cases for a program: ``{"schema", "cases"}``, with objects made as in `history_object`."""
    from pytest_llmeval.records.wire import to_builtin

    return {"schema": SCHEMA, "cases": to_builtin(found)}
