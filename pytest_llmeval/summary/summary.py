"""A run in numbers, counted in one pass over its results."""

from __future__ import annotations

import heapq
from array import array
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime

from pytest_llmeval.providers.finish import is_unknown
from pytest_llmeval.providers.reading import answer_in
from pytest_llmeval.records.answer_text import answer_text, answers_of
from pytest_llmeval.records.call import LENGTH, Completion
from pytest_llmeval.records.interval import Interval
from pytest_llmeval.records.result import CaseResult, Outcome, model_of
from pytest_llmeval.records.run import Run
from pytest_llmeval.records.score import Score
from pytest_llmeval.records.scorer import RUBRIC
from pytest_llmeval.records.verdicts import (
    UNJUDGED,
    WORSE,
    RunOutcome,
    case_exit_code,
    gate_exit_code,
    joint_exit_code,
)
from pytest_llmeval.stats.answer_texts import AnswerTally
from pytest_llmeval.stats.intervals import percentile, proportion_interval
from pytest_llmeval.summary.calibrated import CalibratedTally
from pytest_llmeval.summary.costs import Cost, Ledger, scoring_calls
from pytest_llmeval.summary.doubts import doubts
from pytest_llmeval.summary.headline import headline_sentence
from pytest_llmeval.summary.notes import lost_sample_notes, summary_notes
from pytest_llmeval.summary.samples import flaky_text
from pytest_llmeval.summary.tallies import (
    LostSamples,
    SampleSummary,
    ScoreSummary,
    ScoreTally,
    Spending,
    SpendingTally,
    selftest_cost,
    unused_calls,
)
from pytest_llmeval.text import instant

_SLOWEST = 5


@dataclass(frozen=True)
class Slow:
    """A slow case and its duration in seconds."""

    nodeid: str
    duration_s: float


@dataclass(frozen=True)
class Summary:
    """A run in numbers.

    Attributes:
        verdict: ``failed`` if a case failed or a gate is missed. Otherwise ``error`` if a case
            could not be judged or was lost, a gate could not be decided, the run is not complete,
            or nothing decided although it should. Otherwise ``empty`` if no case was tried,
            ``open`` if a gate showed nothing, else ``passed``.
        headline: The sentence of the headline, without the verdict.
        total: Number of results.
        passed: Cases that passed.
        failed: Cases that missed a threshold or an assertion.
        error: Cases that could not be judged.
        skipped: Cases that were not tried.
        xfailed: Cases that failed as expected.
        lost: Tests that died with their worker.
        pass_rate: Share of passed among passed, failed and xfailed, with its exact 95% interval.
        scores: Each score over all cases: ``rubric`` first, then by name.
        generation: Calls of the model under test.
        judging: Calls of scorers, without those counted as generation.
        selftest: Calls of the judges' self-tests.
        unused: Calls of the run without a result: their case was cut off, or its test called more
            than once.
        failed_attempts: Attempts without an answer. Most were repeated.
        oldest_cached_at: Time of the oldest cached completion, ISO 8601; empty if unknown.
        latency_p50_s: Median duration of a live answer in seconds.
        latency_p95_s: The 95th percentile of the same durations.
        duration_s: Seconds from start to end of the run; ``None`` without an end.
        slowest: The slowest cases, the slowest first.
        models: Models that answered, or the requested models if none did.
        judge_models: Models that judged.
        unbounded: Cases without any threshold.
        notes: What a reader should know about the numbers, besides the warnings of the run.
        samples: Samples that meet their thresholds; ``None`` without a case of several judged
            samples.
        doubts: Number of the first notes, which are doubts about the answers themselves.
        calibrated: The pass rate corrected by the sensitivity and specificity of the judge;
            ``None`` unless one calibrated judge decides all cases.
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
    doubts: int = 0
    calibrated: Interval | None = None

    def warnings(self, run: Run) -> tuple[str, ...]:
        """Return what a reader should know: doubts about the answers, then all further notes."""
        return (*self.notes[: self.doubts], *run.further_notes, *self.notes[self.doubts :])


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
    """A run's results, counted so far. Only a few numbers of each result are stored."""

    outcomes: Counter[Outcome] = field(default_factory=Counter)
    scores: dict[str, ScoreTally] = field(default_factory=dict)
    ledger: Ledger = field(default_factory=Ledger)
    generation: SpendingTally = field(init=False)
    judging: SpendingTally = field(init=False)
    oldest: tuple[datetime, str] | None = None
    latencies: array[float] = field(default_factory=lambda: array("d"))
    slowest: list[tuple[float, str]] = field(default_factory=list)
    models: set[str] = field(default_factory=set)
    requested_models: set[str] = field(default_factory=set)
    judge_models: set[str] = field(default_factory=set)
    unbounded: int = 0
    truncated: int = 0
    unknown_endings: Counter[str] = field(default_factory=Counter)
    run_on: Counter[str] = field(default_factory=Counter)
    samples: SampleSummary = field(default_factory=SampleSummary)
    lost_samples: LostSamples = field(default_factory=LostSamples)
    flaky: list[str] = field(default_factory=list)
    answers: AnswerTally = field(default_factory=AnswerTally)
    calibrated: CalibratedTally = field(default_factory=CalibratedTally)

    def __post_init__(self) -> None:
        self.generation = SpendingTally(self.ledger)
        self.judging = SpendingTally(self.ledger)

    def add(self, result: CaseResult) -> None:
        """Count one result."""
        self.outcomes[result.outcome] += 1
        self.unbounded += result.outcome != "skipped" and not result.checks
        heapq.heappush(self.slowest, (result.duration_s, result.nodeid))
        if len(self.slowest) > _SLOWEST:
            heapq.heappop(self.slowest)
        if result.judge_model:
            self.judge_models.add(result.judge_model)
        self.samples = self.samples.after(result)
        self.lost_samples = self.lost_samples.after(result)
        self.calibrated.add(result)
        if flaky_text(result):
            self.flaky.append(result.case.id)
        text = answer_text(result)
        if text is not None:
            self.answers.add(text)
        self._add_answers(result)
        self._add_scores(result)

    def add_answer(self, answer: Completion) -> None:
        """Count one answer."""
        self._add_call(answer, self.generation)
        if not answer.cached and answer.latency_s > 0:  # zero: the answer needed no call
            self.latencies.append(answer.latency_s)

    def add_score(self, score: Score) -> None:
        """Count one score of a case, without its calls."""
        self.scores.setdefault(score.name, ScoreTally(score.scale)).add(score)

    def add_scoring_call(self, call: Completion) -> None:
        """Count one call of a score."""
        self._add_call(call, self.judging)

    def summary(self, run: Run) -> Summary:
        """Return the counts."""
        counts = self.outcomes
        selftests = selftest_cost(run)
        scores = sorted(self.scores, key=lambda name: (name != RUBRIC, name))
        doubted = tuple(doubts(run.comparisons, self.answers))
        return Summary(
            verdict=self._verdict(run),
            headline=headline_sentence(run, counts, self._is_undecided(run)),
            total=counts.total(),
            passed=counts["passed"],
            failed=counts["failed"],
            error=counts["error"],
            skipped=counts["skipped"],
            xfailed=counts["xfailed"],
            lost=len(run.lost),
            pass_rate=proportion_interval(
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
            models=tuple(sorted(self.models or self.requested_models)),
            judge_models=tuple(sorted(self.judge_models)),
            unbounded=self.unbounded,
            notes=(*doubted, *self._notes(run)),
            doubts=len(doubted),
            samples=self.samples if self.samples.cases else None,
            calibrated=self.calibrated.summary(run.judges).rate,
        )

    def _notes(self, run: Run) -> Iterator[str]:
        yield from lost_sample_notes(self.lost_samples)
        yield from summary_notes(
            run,
            self.scores,
            flaky=self.flaky,
            unbounded=self.unbounded,
            truncated=self.truncated,
            unknown_endings=self.unknown_endings,
            run_on=self.run_on,
        )

    def _add_answers(self, result: CaseResult) -> None:
        models = self.requested_models if result.completion is None else self.models
        model = model_of(result)
        if model:
            models.add(model)
        completions = answers_of(result, with_draws=True)
        reasons = {answer.finish_reason for answer in completions}
        self.truncated += LENGTH in reasons
        self.unknown_endings.update(filter(is_unknown, reasons))
        tokens = {answer_in(answer.raw_text).token for answer in completions if answer.raw_text}
        self.run_on.update(filter(None, tokens))
        for answer in completions:
            self.add_answer(answer)

    def _add_scores(self, result: CaseResult) -> None:
        for score in result.scores:
            self.add_score(score)
        for call in scoring_calls(result):
            self.add_scoring_call(call)
        # A case that an early stop left out has missed nothing.
        for check in () if result.cause == "early_stop" else result.checks:
            if check.threshold.metric in self.scores:
                self.scores[check.threshold.metric].bounds += 1
                self.scores[check.threshold.metric].missed += check.met is False

    def _add_call(self, call: Completion, kind: SpendingTally) -> None:
        kind.add(call)
        if call.cached and (made := instant(call.made_at)):
            self.oldest = min(self.oldest or (made, call.made_at), (made, call.made_at))

    def _verdict(self, run: Run) -> RunOutcome:
        cases = case_exit_code(self.outcomes)
        if run.unchanged_failures:
            cases = WORSE
        code = joint_exit_code((cases, gate_exit_code(gate.state for gate in run.gates)))
        if code == WORSE:
            return "failed"
        if code == UNJUDGED or run.is_broken or self._is_undecided(run):
            return "error"
        if not (self.outcomes.keys() - {"skipped"} or run.unchanged):
            return "empty"
        return "open" if any(gate.state == "open" for gate in run.gates) else "passed"

    def _is_undecided(self, run: Run) -> bool:
        """Return whether gates should have decided the run but none could."""
        is_explained = run.gates or run.is_broken or self.outcomes["error"]
        return run.exit_code == UNJUDGED and not is_explained


def _seconds_between(start: str, end: str) -> float | None:
    began = instant(start)
    ended = instant(end)
    if began is None or ended is None:
        return None  # the run continues, or was cut off
    return (ended - began).total_seconds()
