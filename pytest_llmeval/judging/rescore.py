"""Rescoring: the stored answers of a run are judged again, without generating."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from datetime import datetime, timezone
from typing import TYPE_CHECKING

from pytest_llmeval.assembly.judges import NO_JUDGE
from pytest_llmeval.assembly.roles import judging_role, setting_notes
from pytest_llmeval.assembly.run_record import adaptation_notes, started_run
from pytest_llmeval.errors import InputError, NotConfiguredError
from pytest_llmeval.gating.sampling import Sampling, sampling_of
from pytest_llmeval.judging.ask import begin_score, start_ahead
from pytest_llmeval.judging.score_changes import ScoreChanges, flip_of
from pytest_llmeval.records.process import ALONE
from pytest_llmeval.records.rescoring import Flip, Rescoring, ScoreChange
from pytest_llmeval.records.result import CaseResult, Outcome, Sample
from pytest_llmeval.records.run import Note, Run, Traffic
from pytest_llmeval.records.score import Score
from pytest_llmeval.records.threshold import Threshold
from pytest_llmeval.records.verdicts import case_exit_code
from pytest_llmeval.summary.outcome import Conclusion, conclude
from pytest_llmeval.text import count, timestamp

if TYPE_CHECKING:
    from pytest_llmeval.assembly.session import Session
    from pytest_llmeval.runlog.log import RunLog
    from pytest_llmeval.settings.table import Settings


@dataclass
class Rescorer:
    """Judges results again, and counts what that changes.

    Attributes:
        session: The session whose engine makes the calls.
        settings: The settings of the judge.
        cases: Number of results so far.
        judged: Number of new scores so far.
        unchanged: Number of scores that were not judged again, by reason.
        changes: Old and new scores, by name.
        flips: Cases whose outcome changed.
        outcomes: Number of new outcomes, by outcome.
    """

    session: Session
    settings: Settings
    cases: int = 0
    judged: int = 0
    unchanged: Counter[str] = field(default_factory=Counter)
    changes: dict[str, ScoreChanges] = field(default_factory=dict)
    flips: list[Flip] = field(default_factory=list)
    outcomes: Counter[Outcome] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        # Only scores of judges are made again, so these are a judge's here.
        self.settings = replace(self.settings, toxicity="judge", bias="judge")

    def rescore(self, results: Iterable[CaseResult]) -> Iterator[CaseResult]:
        """Yield the results with new scores and outcomes, in their order.

        Raises:
            InputError: There is no such judge, or none is configured.
        """
        for old, pending in start_ahead(self.session, self._start(results)):
            scores = {index: future.result() for index, future in pending.items()}
            yield self._renew(old, scores)

    def count_scores(self, results: Iterable[CaseResult]) -> int:
        """Return the number of scores to make again, and check that their judges can be made.

        Raises:
            InputError: There is no such judge, or none is configured.
        """
        number = 0
        for old in results:
            for index in self._to_judge(old):
                score = old.scores[index]
                self.session.scorer(score.name, score.params, self.settings)
                number += 1
        return number

    @property
    def exit_code(self) -> int:
        """The exit code of pytest for the new outcomes."""
        return case_exit_code(self.outcomes)

    def score_changes(self) -> tuple[ScoreChange, ...]:
        """Return the old and new scores, by name."""
        return tuple(self.changes[name].change(name) for name in sorted(self.changes))

    def notes(self) -> tuple[Note, ...]:
        """Return notes on the scores that were not judged again."""
        return tuple(
            Note("rescoring", f"{count(number, 'score')} not judged again: {reason}")
            for reason, number in self.unchanged.items()
        )

    def _start(
        self, results: Iterable[CaseResult]
    ) -> Iterator[tuple[CaseResult, dict[int, Future[Score]]]]:
        for order, old in enumerate(results):
            pending: dict[int, Future[Score]] = {}
            for index in self._to_judge(old):
                score = old.scores[index]
                scorer = self.session.scorer(score.name, score.params, self.settings)
                if old.completion is not None:
                    pending[index] = begin_score(
                        self.session, scorer, old.case, old.completion, order
                    )
            yield old, pending

    def _to_judge(self, old: CaseResult) -> Iterator[int]:
        """Yield the indexes of the scores to make again."""
        judged = [(index, score) for index, score in enumerate(old.scores) if score.judge]
        scorers = [score.scorer for _, score in judged]
        for index, score in judged:
            if old.completion is None:
                self.unchanged["their answer is not in the log"] += 1
            elif scorers.count(score.scorer) > 1:
                # A test with several such scores has scored several texts; the log holds one.
                self.unchanged["the test scored several texts, and the log holds one"] += 1
            else:
                yield index

    def _renew(self, old: CaseResult, scores: Mapping[int, Score]) -> CaseResult:
        """Make the new result of a case."""
        completion = old.completion
        if completion is not None:
            completion = replace(completion, cached=True)  # an earlier run has paid for it
        samples = old.samples
        if scores and samples:
            self.unchanged["they belong to further samples of a case"] += len(samples) - 1
            samples = ()  # their scores are those of the old judge
        all_scores = tuple(scores.get(index, score) for index, score in enumerate(old.scores))
        new = replace(
            old.with_scores(all_scores),
            completion=completion,
            samples=samples,
            started_at=timestamp(),
            duration_s=_live_seconds(scores.values()),
            worker=ALONE,
            basis=_basis(old, samples),
        )
        now = judged_outcome(old, new)
        new = replace(new, outcome=now.outcome, cause=now.cause, message=now.message)
        self._count(old, new, [(old.scores[index], score) for index, score in scores.items()])
        return new

    def _count(self, old: CaseResult, new: CaseResult, pairs: list[tuple[Score, Score]]) -> None:
        self.cases += 1
        self.judged += len(pairs)
        self.outcomes[new.outcome] += 1
        for before, after in pairs:
            self.changes.setdefault(before.name, ScoreChanges()).add(before, after)
        if old.outcome != new.outcome:
            self.flips.append(flip_of(old, new, pairs))


def _basis(old: CaseResult, samples: Sequence[Sample]) -> Mapping[str, str]:
    """Return what the new outcome rests on, as far as it is known.

    The scorers of the run are not those of its tests.
    """
    sampling = sampling_of(old.basis)
    if sampling is None:
        return {}
    number = sum(not sample.is_draw for sample in samples)
    return Sampling.of(max(1, number), sampling.reducer, sampling.pattern).basis()


def _live_seconds(scores: Iterable[Score]) -> float:
    """Return the seconds of the calls of this run."""
    seconds = 0.0
    for score in scores:
        seconds += sum(call.latency_s for call in score.calls if not call.cached)
    return seconds


def judged_outcome(old: CaseResult, new: CaseResult) -> Conclusion:
    """Decide a result with new scores by its thresholds, unless the test itself has failed."""
    before = Conclusion(old.outcome, old.cause, old.message)
    now = decide_by_thresholds(new)
    if old.outcome == "passed":
        return now
    if not _is_decided_by_thresholds(old):
        return before
    if old.outcome == "xfailed" and now.outcome == "failed":
        return before
    return now


def _is_decided_by_thresholds(result: CaseResult) -> bool:
    """Return whether only its thresholds kept a case from passing."""
    if result.cause == "unscored":
        return any(check.met is None and check.score is not None for check in result.checks)
    return result.cause == "threshold"


def decide_by_thresholds(result: CaseResult) -> Conclusion:
    """Decide a result by its thresholds alone."""
    held: list[tuple[Threshold, Score]] = []
    for check in result.checks:
        score = result.checked_score(check)
        if score is not None:
            held.append((check.threshold, score))
    return conclude(result.case, held)


def count_rescoring(session: Session, log: RunLog, source: Run) -> None:
    """Count the calls of a rescoring in a dry run.

    Raises:
        InputError: Nothing can be judged.
    """
    _check(session, log, source)
    for _ in Rescorer(session, session.settings).rescore(log.results(source.id)):
        pass


def rescore(session: Session, log: RunLog, source: Run, run_id: str) -> Rescoring:
    """Judge the answers of a run again, and enter the result into the log as a new run.

    Args:
        session: The session whose engine makes the calls.
        log: The log of the run, and of the new one.
        source: The run.
        run_id: Id of the new run.

    Raises:
        InputError: Nothing can be judged.
        RunLogError: The log cannot be read or written.
    """
    _check(session, log, source)
    settings = session.settings
    run = session.secrets.hide_in(started_run(run_id, settings, datetime.now(timezone.utc), {}))
    run = replace(
        run,
        name=run.name or f"{source.name or source.id} rescored",
        rescored_from=source.id,
        # What the run lacks, its new scores lack, too.
        lost=source.lost,
        is_cut_off=source.is_cut_off,
        early_stop=source.early_stop,
        is_narrowed=source.is_narrowed,
    )
    log.begin(run)
    rescorer = Rescorer(session, settings)
    for result in rescorer.rescore(log.results(source.id)):
        log.add(run.id, result)
    report = session.worker_report()
    notes = (*_gaps(source), *rescorer.notes(), *adaptation_notes([report["adapted"]]))
    run = replace(
        run,
        finished_at=timestamp(),
        exit_code=rescorer.exit_code,
        notes=(*setting_notes(settings, judged=True), *notes),
        traffic=Traffic(**report["traffic"]),
        judges=session.trust.facts(),
    )
    log.finish(run)
    changes = rescorer.score_changes()
    flips = tuple(rescorer.flips)
    return Rescoring(source, run, rescorer.cases, rescorer.judged, changes, flips, notes)


def _gaps(source: Run) -> tuple[Note, ...]:
    """Return the notes on cases that a run lacks."""
    return tuple(note for note in source.notes if note.kind in ("incomplete", "cut_off"))


def has_bounds(log: RunLog, source: Run) -> bool:
    """Return whether a case of a run has a threshold, which a dry run does not judge."""
    return any(result.checks for result in log.results(source.id))


def _check(session: Session, log: RunLog, source: Run) -> None:
    """Refuse a run without scores to judge, before anything is sent; set the self-test's cases."""
    if judging_role(session.settings) is None:
        raise NotConfiguredError(NO_JUDGE)
    session.trust.cases = [result.case for result in log.results(source.id)]
    if not Rescorer(session, session.settings).count_scores(log.results(source.id)):
        raise InputError(
            f"run {source.id}: found no score that a judge could make again; allowed: a run with "
            "one"
        )
