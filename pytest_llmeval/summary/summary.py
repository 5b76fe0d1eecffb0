"""A run in numbers, counted in one pass over its results."""

from __future__ import annotations

import heapq
from array import array
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from pytest_llmeval.records.call import Completion
from pytest_llmeval.records.interval import Interval
from pytest_llmeval.records.result import CaseResult, Outcome, model_of
from pytest_llmeval.records.run import Run
from pytest_llmeval.records.score import Score
from pytest_llmeval.records.verdicts import (
    UNJUDGED,
    WORSE,
    RunOutcome,
    case_exit_code,
    gate_exit_code,
    joint_exit_code,
)
from pytest_llmeval.stats.intervals import percentile, wilson_interval
from pytest_llmeval.summary.checks import flicker_text
from pytest_llmeval.summary.costs import Cost, Ledger, answers, scoring_calls
from pytest_llmeval.summary.tallies import (
    SampleSummary,
    ScoreSummary,
    ScoreTally,
    Spending,
    SpendingTally,
    selftest_cost,
    unused_calls,
)
from pytest_llmeval.text import count, first_of, instant

SLOWEST, NAMED = 5, 5
FIRST_SCORE = "rubric"  # what a reader looks for first


@dataclass(frozen=True)
class Slow:
    """A case that took long, with its seconds."""

    nodeid: str
    duration_s: float


@dataclass(frozen=True)
class Summary:
    """A run in numbers.

    Attributes:
        verdict: ``failed`` if a case failed or a gate is missed; else ``error`` if a case could not
            be judged or was lost, or a gate not be decided, or no gate that was to decide;
            ``empty`` if no case was tried; else
            ``passed``.
        headline: The verdict in words.
        total: Results.
        passed: Cases that passed.
        failed: Cases whose answer is worse than asked.
        error: Cases that could not be judged.
        skipped: Cases that were not tried.
        xfailed: Cases that were worse than asked, and expected to be.
        lost: Tests that died with their worker.
        pass_rate: Passed among passed, failed and xfailed, with its 95 % interval (Wilson).
        scores: Each score over all cases; ``rubric`` first, the others by name.
        generation: Calls of the model under test.
        judging: Calls of scorers, without those that are counted as generation.
        selftest: Calls that tested the judges.
        unused: Calls of the run that no result shows: its case was cut off, or asked more than
            once.
        failed_attempts: Attempts that gave no answer; most were made again.
        oldest_cached_at: When the oldest of the cached completions was made, ISO 8601; empty if
            none is known.
        latency_p50_s: Median seconds of an answer that did not come from a store.
        latency_p95_s: The 95th percentile of the same.
        duration_s: Seconds from the run's start to its end; ``None`` if it has none.
        slowest: The cases that took longest, the slowest first.
        models: Models that answered; if none did, those that were asked.
        judge_models: Models that judged.
        unbounded: Cases that were tried without any threshold.
        notes: What a reader should know before trusting the numbers; the run's warnings are not
            repeated.
        samples: How many samples keep their bounds; ``None`` where no case has several that were
            judged.
    """

    verdict: RunOutcome
    headline: str
    total: int
    passed: int
    failed: int
    error: int
    skipped: int
    xfailed: int
    lost: int
    pass_rate: Interval
    scores: tuple[ScoreSummary, ...]
    generation: Spending
    judging: Spending
    selftest: Cost
    unused: Cost
    failed_attempts: int
    oldest_cached_at: str
    latency_p50_s: float | None
    latency_p95_s: float | None
    duration_s: float | None
    slowest: tuple[Slow, ...]
    models: tuple[str, ...]
    judge_models: tuple[str, ...]
    unbounded: int
    notes: tuple[str, ...]
    samples: SampleSummary | None = None


def summarize(run: Run, results: Iterable[CaseResult]) -> Summary:
    """Count a run's results in one pass.

    Args:
        run: The run.
        results: Its results, in any order.
    """
    tally = Tally()
    for result in results:
        tally.add(result)
    return tally.summary(run)


@dataclass
class Tally:
    """A run's results, counted so far. Of each only a few numbers are kept."""

    outcomes: Counter[Outcome] = field(default_factory=Counter)
    scores: dict[str, ScoreTally] = field(default_factory=dict)
    ledger: Ledger = field(default_factory=Ledger)
    generation: SpendingTally = field(init=False)
    judging: SpendingTally = field(init=False)
    oldest: tuple[datetime, str] | None = None
    latencies: array[float] = field(default_factory=lambda: array("d"))
    slowest: list[tuple[float, str]] = field(default_factory=list)
    models: set[str] = field(default_factory=set)
    asked: set[str] = field(default_factory=set)
    judge_models: set[str] = field(default_factory=set)
    unbounded: int = 0
    truncated: int = 0
    samples: SampleSummary = field(default_factory=SampleSummary)
    flickering: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.generation, self.judging = SpendingTally(self.ledger), SpendingTally(self.ledger)

    def add(self, result: CaseResult) -> None:
        """Count one result."""
        self.outcomes[result.outcome] += 1
        self.unbounded += result.outcome != "skipped" and not result.checks
        heapq.heappush(self.slowest, (result.duration_s, result.nodeid))
        if len(self.slowest) > SLOWEST:
            heapq.heappop(self.slowest)
        if result.judge_model:
            self.judge_models.add(result.judge_model)
        self.samples = self.samples.after(result)
        if flicker_text(result):
            self.flickering.append(result.case.id)
        self._add_answers(result)
        self._add_scores(result)

    def add_answer(self, answer: Completion) -> None:
        """Count one answer."""
        self._add_call(answer, self.generation)
        if not answer.cached and answer.latency_s > 0:  # zero: a text that no call made
            self.latencies.append(answer.latency_s)

    def add_score(self, score: Score) -> None:
        """Count one score of a case, without its calls."""
        self.scores.setdefault(score.name, ScoreTally(score.scale)).add(score)

    def add_scoring_call(self, call: Completion) -> None:
        """Count one call that a score cost."""
        self._add_call(call, self.judging)

    def summary(self, run: Run) -> Summary:
        """What was counted."""
        counts, selftests = self.outcomes, selftest_cost(run)
        scores = sorted(self.scores, key=lambda name: (name != FIRST_SCORE, name))
        return Summary(
            verdict=self._verdict(run),
            headline=("No gate has decided. " if self._is_undecided(run) else _gates_told(run))
            + self._headline(run),
            total=counts.total(),
            passed=counts["passed"],
            failed=counts["failed"],
            error=counts["error"],
            skipped=counts["skipped"],
            xfailed=counts["xfailed"],
            lost=len(run.lost),
            pass_rate=wilson_interval(
                counts["passed"], counts["passed"] + counts["failed"] + counts["xfailed"]
            ),
            scores=tuple(self.scores[name].summary(name) for name in scores),
            generation=self.generation.summary(),
            judging=self.judging.summary(),
            selftest=selftests,
            unused=unused_calls(run.traffic, self.ledger, selftests),
            failed_attempts=max(run.traffic.attempts - run.traffic.calls, 0),
            oldest_cached_at=self.oldest[1] if self.oldest else "",
            latency_p50_s=percentile(self.latencies, 50),
            latency_p95_s=percentile(self.latencies, 95),
            duration_s=_seconds_between(run.started_at, run.finished_at),
            slowest=tuple(
                Slow(nodeid, seconds) for seconds, nodeid in sorted(self.slowest, reverse=True)
            ),
            models=tuple(sorted(self.models or self.asked)),
            judge_models=tuple(sorted(self.judge_models)),
            unbounded=self.unbounded,
            notes=tuple(self._notes(run)),
            samples=self.samples if self.samples.cases else None,
        )

    def _add_answers(self, result: CaseResult) -> None:
        (self.asked if result.completion is None else self.models).update(
            filter(None, [model_of(result)])
        )
        found = list(answers(result))
        self.truncated += any(answer.finish_reason == "length" for answer in found)
        for answer in found:
            self.add_answer(answer)

    def _add_scores(self, result: CaseResult) -> None:
        for score in result.scores:
            self.add_score(score)
        for call in scoring_calls(result):
            self.add_scoring_call(call)
        for check in result.checks:
            if check.threshold.metric in self.scores:
                self.scores[check.threshold.metric].bounds += 1
                self.scores[check.threshold.metric].missed += check.met is False

    def _add_call(self, call: Completion, kind: SpendingTally) -> None:
        kind.add(call)
        if call.cached and (made := instant(call.made_at)):
            self.oldest = min(self.oldest or (made, call.made_at), (made, call.made_at))

    def _verdict(self, run: Run) -> RunOutcome:
        cases = case_exit_code(self.outcomes)
        code = joint_exit_code((cases, gate_exit_code(gate.state for gate in run.gates)))
        if code == WORSE:
            return "failed"
        if code == UNJUDGED or run.lost or self._is_undecided(run):
            return "error"
        return "passed" if self.outcomes.keys() - {"skipped"} else "empty"

    def _is_undecided(self, run: Run) -> bool:
        """Whether gates were to decide, and could not: there is none, or what they need could not be had."""
        is_explained = run.gates or run.lost or self.outcomes["error"]
        return run.exit_code == UNJUDGED and not is_explained

    def _headline(self, run: Run) -> str:
        counts, lost = self.outcomes, len(run.lost)
        tried = counts.total() - counts["skipped"] + lost
        told = [
            (counts["failed"], "is worse than asked", "are worse than asked"),
            (counts["error"], "could not be judged", "could not be judged"),
            (lost, "was lost with its worker", "were lost with their worker"),
            (counts["xfailed"], *_xfailed_words(run)),
        ]
        said = [
            f"{number:,} {one if number == 1 else many}" for number, one, many in told if number
        ]
        skipped = f" {counts['skipped']:,} skipped." if counts["skipped"] else ""
        if said:
            first, _, rest = "; ".join(said).partition(" ")
            return f"{first} of {count(tried, 'case')} {rest}.{skipped}"
        if not tried:
            return f"No case was tried.{skipped}"
        return f"{'All ' if tried > 1 else ''}{count(tried, 'case')} passed.{skipped}"

    def _notes(self, run: Run) -> Iterable[str]:
        if not run.finished_at:
            yield "The run has not finished, or was cut off: these are the results so far."
        if run.lost:
            yield f"{count(len(run.lost), 'test')} died with a worker and left no result: {first_of(run.lost, NAMED)}"
        if self.flickering:
            told = f"{count(len(self.flickering), 'case')} that must pass flickered; further samples settled it"
            yield f"{told}: {first_of(self.flickering, NAMED)}"
        if self.unbounded:
            yield f"{count(self.unbounded, 'case')} had no threshold: only an assertion of the test could fail."
        if self.truncated:
            yield f"{count(self.truncated, 'case')} had an answer cut at the token limit; raise --llm-max-tokens."
        for name, values in sorted(self.scores.items()):
            if values.unscored:
                yield f"{name}: {count(values.unscored, 'case')} unscored; the mean is that of the others."
            if len(values.versions) > 1:
                yield f"{name}: scored by {len(values.versions)} versions; their scores cannot be compared."


def _xfailed_words(run: Run) -> tuple[str, str]:
    if run.settings.get("fail_on") == "gate":
        return "fails, left to the gates", "fail, left to the gates"
    return "failed as expected", "failed as expected"


def _gates_told(run: Run) -> str:
    """How many gates are not kept, for the headline; empty where none is missed or undecided."""
    states = Counter(gate.state for gate in run.gates)
    told = {"missed": states["missed"], "could not be decided": states["error"]}
    said = [f"{count(number, 'gate')} {words}" for words, number in told.items() if number]
    return f"{', '.join(said)}. " if said else ""


def _seconds_between(start: str, end: str) -> float | None:
    began, ended = instant(start), instant(end)
    return (
        (ended - began).total_seconds() if began and ended else None
    )  # empty: the run goes on, or was cut off
