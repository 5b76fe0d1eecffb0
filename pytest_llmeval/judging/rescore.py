"""Judging the answers of a run again, without asking for an answer."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from datetime import datetime, timezone
from typing import TYPE_CHECKING

from pytest_llmeval.assembly.roles import judging_role, setting_notes
from pytest_llmeval.assembly.run_record import started_run
from pytest_llmeval.errors import InputError, NotConfiguredError
from pytest_llmeval.judging.ask import begin_score, some_ahead
from pytest_llmeval.records.call import Completion
from pytest_llmeval.records.result import CaseResult, Outcome
from pytest_llmeval.records.run import Note, Run, Traffic
from pytest_llmeval.records.score import Score
from pytest_llmeval.records.threshold import Threshold
from pytest_llmeval.records.verdicts import case_exit_code
from pytest_llmeval.reports.terminal.rescoring import (
    Flip,
    Rescoring,
    ScoreChange,
    ScoreChanges,
    flip,
)
from pytest_llmeval.summary.outcome import Conclusion, conclude
from pytest_llmeval.text import count

if TYPE_CHECKING:
    from pytest_llmeval.assembly.session import Session
    from pytest_llmeval.runlog.log import RunLog
    from pytest_llmeval.settings.table import Settings


@dataclass
class Rescorer:
    """Judges results again, and counts what that changes.

    Attributes:
        session: Whose engine asks.
        settings: Which judge, and how.
        cases: Results so far.
        judged: Scores made again so far.
        kept: Why scores were left as they were, with their number.
        changes: Scores before and now, by name.
        flips: Cases whose outcome changed.
        outcomes: Outcomes now, with their number.
    """

    session: Session
    settings: Settings
    cases: int = 0
    judged: int = 0
    kept: Counter[str] = field(default_factory=Counter)
    changes: dict[str, ScoreChanges] = field(default_factory=dict)
    flips: list[Flip] = field(default_factory=list)
    outcomes: Counter[Outcome] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self.settings = replace(
            self.settings, toxicity="judge"
        )  # only what a judge has scored is scored again

    def rescored(self, results: Iterable[CaseResult]) -> Iterator[CaseResult]:
        """The results with new scores and outcomes, in their order; some are asked about ahead.

        Raises:
            InputError: There is no such judge, or none is configured.
        """
        for old, asked in some_ahead(self.session, self._started(results)):
            yield self._renewed(old, {place: future.result() for place, future in asked.items()})

    def foreseen(self, results: Iterable[CaseResult]) -> int:
        """How many scores would be made again; their judges are made, and nothing is sent.

        Raises:
            InputError: There is no such judge, or none is configured.
        """
        found = 0
        for old in results:
            for place in self._to_judge(old):
                score = old.scores[place]
                self.session.scorer(score.name, score.params, self.settings)
                found += 1
        return found

    @property
    def exit_code(self) -> int:
        """The exit code that pytest gives to such outcomes."""
        return case_exit_code(self.outcomes)

    def score_changes(self) -> tuple[ScoreChange, ...]:
        """Every score before and now, by name."""
        return tuple(self.changes[name].change(name) for name in sorted(self.changes))

    def notes(self) -> tuple[Note, ...]:
        """What was left as it was, and why."""
        return tuple(
            Note("rescoring", f"{count(many, 'score')} kept as before: {why}")
            for why, many in self.kept.items()
        )

    def _started(
        self, results: Iterable[CaseResult]
    ) -> Iterator[tuple[CaseResult, dict[int, Future[Score]]]]:
        for order, old in enumerate(results):
            asked = {
                place: self._begin(old, old.completion, old.scores[place], order)
                for place in self._to_judge(old)
                if old.completion is not None
            }
            yield old, asked

    def _begin(
        self, old: CaseResult, answer: Completion, score: Score, order: int
    ) -> Future[Score]:
        scorer = self.session.scorer(score.name, score.params, self.settings)
        return begin_score(self.session, scorer, old.case, answer, order)

    def _to_judge(self, old: CaseResult) -> Iterator[int]:
        """The scores to make again, by their place.

        A test that took several scores with the same arguments has scored several texts. The log
        holds one of them, so these scores stay.
        """
        judged = [(place, score) for place, score in enumerate(old.scores) if score.judge]
        subjects = [(score.name, score.params) for _, score in judged]
        for place, score in judged:
            if old.completion is None:
                self.kept["their answer is not in the log"] += 1
            elif subjects.count((score.name, score.params)) > 1:
                self.kept["the test took several of one name, and the log cannot tell of what"] += 1
            else:
                yield place

    def _renewed(self, old: CaseResult, made: Mapping[int, Score]) -> CaseResult:
        scores = tuple(made.get(place, score) for place, score in enumerate(old.scores))
        new = replace(
            old.with_scores(scores),
            completion=old.completion
            and replace(old.completion, cached=True),  # an earlier run has paid for it
            samples=() if made else old.samples,  # their scores are the old judge's
            started_at=datetime.now(timezone.utc).isoformat(timespec="milliseconds"),
            duration_s=sum(
                call.latency_s for score in made.values() for call in score.calls if not call.cached
            ),
            worker="main",
        )
        if made and old.samples:
            self.kept["they are of further samples of a case; its own answer was judged"] += (
                len(old.samples) - 1
            )
        now = judged_outcome(old, new)
        new = replace(new, outcome=now.outcome, cause=now.cause, message=now.message)
        self._count(old, new, [(old.scores[place], score) for place, score in made.items()])
        return new

    def _count(self, old: CaseResult, new: CaseResult, pairs: list[tuple[Score, Score]]) -> None:
        self.cases += 1
        self.judged += len(pairs)
        self.outcomes[new.outcome] += 1
        for one, other in pairs:
            self.changes.setdefault(one.name, ScoreChanges()).add(one, other)
        if old.outcome != new.outcome:
            self.flips.append(flip(old, new, pairs))


def judged_outcome(old: CaseResult, new: CaseResult) -> Conclusion:
    """The outcome under the new scores.

    The thresholds decide again where they have decided before. Where the test's own code has
    failed, its outcome stands.

    Args:
        old: The result before.
        new: The same with new scores.
    """
    before = Conclusion(old.outcome, old.cause, old.message)
    now = decide_by_thresholds(new)
    if old.outcome == "passed":
        return now
    if not is_decided_by_thresholds(old):
        return before
    return before if old.outcome == "xfailed" and now.outcome == "failed" else now


def is_decided_by_thresholds(result: CaseResult) -> bool:
    """Whether a case did not pass because of its thresholds, and nothing else."""
    if result.cause == "unscored":
        return any(check.met is None and check.score is not None for check in result.checks)
    return result.cause == "threshold"


def decide_by_thresholds(result: CaseResult) -> Conclusion:
    """What the thresholds alone make of a result."""
    held: list[tuple[Threshold, Score]] = []
    for check in result.checks:
        score = result.checked_score(check)
        if score is not None:
            held.append((check.threshold, score))
    return conclude(result.case, held)


NO_JUDGE = (
    "no judge is configured: set --judge-model NAME, LLMEVAL_JUDGE_MODEL or ini llm_judge_model"
)


def count_rescoring(session: Session, log: RunLog, source: Run) -> None:
    """Ask for every score of a dry run, whose session counts them.

    Raises:
        InputError: Nothing can be judged.
    """
    _check(session, log, source)
    for _ in Rescorer(session, session.settings).rescored(log.results(source.id)):
        pass


def rescore(session: Session, log: RunLog, source: Run, run_id: str) -> Rescoring:
    """Judge a run's answers again, and enter the result into the log as a run of its own.

    Args:
        session: Whose engine asks, under whose settings.
        log: Holds the run, and gets the new one, case by case.
        source: The run.
        run_id: Id of the new run.

    Raises:
        InputError: Nothing can be judged.
        RunLogError: The log cannot be read or written.
    """
    _check(session, log, source)
    settings = session.settings
    run = started_run(run_id, settings, datetime.now(timezone.utc), {})
    run = replace(
        run,
        name=run.name or f"{source.name or source.id} rescored",
        settings={**run.settings, "rescored": source.id},
    )
    log.begin(run)
    rescorer = Rescorer(session, settings)
    for result in rescorer.rescored(log.results(source.id)):
        log.add(run.id, result)
    notes = rescorer.notes()
    run = replace(
        run,
        finished_at=datetime.now(timezone.utc).isoformat(timespec="milliseconds"),
        exit_code=rescorer.exit_code,
        notes=(*setting_notes(settings, judged=True), *notes),
        traffic=Traffic(**session.worker_report()["traffic"]),
        judges=session.trust.facts(),
    )
    log.finish(run)
    return Rescoring(
        source,
        run,
        rescorer.cases,
        rescorer.judged,
        rescorer.score_changes(),
        tuple(rescorer.flips),
        notes,
    )


def _check(session: Session, log: RunLog, source: Run) -> None:
    """Refuse before anything is sent or written where nothing can be judged; say which cases a self-test draws from."""
    if judging_role(session.settings) is None:
        raise NotConfiguredError(NO_JUDGE)
    session.trust.cases = [result.case for result in log.results(source.id)]
    if not Rescorer(session, session.settings).foreseen(log.results(source.id)):
        raise InputError(
            f"run {source.id}: found no score that a judge could make again; allowed: a run with one"
        )
