"""Judging the answers of a baseline again, because scores of two judges cannot be compared."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, cast

from pytest_llmeval.assembly.judges import asks_judge
from pytest_llmeval.assembly.roles import judges_itself
from pytest_llmeval.cases.reducing import reduce_scores
from pytest_llmeval.errors import InputError
from pytest_llmeval.gating.scores import CaseScores, MetricValues, RunScores
from pytest_llmeval.judging.ask import begin_score, start_ahead
from pytest_llmeval.judging.rescore import decide_by_thresholds, judged_outcome
from pytest_llmeval.records.call import Completion
from pytest_llmeval.records.case import Case
from pytest_llmeval.records.result import (
    PASS_RATE,
    BeforeScore,
    CaseResult,
    Cause,
    Key,
    Outcome,
)
from pytest_llmeval.records.score import Score
from pytest_llmeval.records.verdicts import PASS_VALUES
from pytest_llmeval.stats.reducers import Reducer, parse_reducer

if TYPE_CHECKING:
    from pytest_llmeval.assembly.scorers import ReadyScorer
    from pytest_llmeval.assembly.session import Session
    from pytest_llmeval.cases.plan import Plan
    from pytest_llmeval.gating.scores import BaselineCase


_PendingScores = dict[tuple[int, str], Future[Score]]
"""Pending scores by the number of the answer and the name of the score."""


@dataclass(frozen=True)
class Rejudged:
    """A baseline after judging it again.

    Attributes:
        baseline: The baseline including the new scores.
        scores: The new scores by case and metric.
    """

    baseline: RunScores
    scores: Mapping[Key, Mapping[str, BeforeScore]]


def rejudge(
    session: Session,
    before: RunScores,
    read_cases: Callable[[], Iterable[BaselineCase]],
    after: RunScores,
    results: Iterable[CaseResult],
) -> Rejudged:
    """Score the answers of a baseline with the judge of the run, and decide again if they pass.

    Scores of a judge that a test configures itself cannot be made again. They stay, and the
    comparison reports that the judges differ.

    Args:
        session: The session that judges; its calls count for the run and its budget.
        before: The baseline.
        read_cases: Reads the cases of the baseline with their answers.
        after: Scores of the run.
        results: Results of the run in any order.
    """
    stale = dict(_stale(before, after))
    # A model that judges itself may not gate anyway.
    if not stale or judges_itself(session.settings):
        return Rejudged(before, {})
    cases = {case.key: case for case in read_cases() if case.key in stale and case.answers}
    if not session.trust.cases:
        # The controller of xdist runs no tests, so it knows no cases yet.
        session.trust.cases = [result.case for result in results]
    reducer = parse_reducer(session.settings.reducer, session.settings.samples)
    renewed = dict(before.cases)
    scores = {}
    for result, pending in start_ahead(session, _started(session, stale, cases, results)):
        key = result.key
        new_scores = {index: future.result() for index, future in pending.items()}
        if new_scores:
            renewed[key] = _renewed(renewed[key], result, cases[key], new_scores, reducer)
            scores[key] = _before_scores(renewed[key], new_scores)
    return Rejudged(replace(before, cases=renewed), scores)


def count_rejudging(
    session: Session, before: RunScores, cases: Iterable[BaselineCase], plans: Iterable[Plan]
) -> None:
    """Count in a dry run the calls that `rejudge` would make for the plans of the tests."""
    by_key = {case.key: case for case in cases}
    futures: list[Future[Score]] = []
    for plan in plans:
        key = (plan.suite, plan.case.source.file, plan.case.id)
        if key in by_key and key in before.cases:
            for scorer in _declared_judges(session, plan, before.cases[key]):
                futures += _start_scores(session, scorer, plan.case, by_key[key], plan.order)
    for future in futures:
        future.result()


def _declared_judges(session: Session, plan: Plan, old: CaseScores) -> Iterator[ReadyScorer]:
    """Yield the judges that a test declares and that differ from those of the baseline."""
    for name, params in plan.declared:
        if name not in old.by_metric or not asks_judge(name, session.settings):
            continue
        scorer = session.scorer(name, params, session.settings)
        version = _version(scorer, plan.case)
        is_usual = version == _version(session.scorer(name, params, plan.settings), plan.case)
        if is_usual and not old.by_metric[name].may_be_like(MetricValues((), version)):
            yield scorer


def _stale(before: RunScores, after: RunScores) -> Iterator[tuple[Key, tuple[str, ...]]]:
    """Yield the cases with scores of a different judge, and the names of these scores."""
    for key, new in after.cases.items():
        old = before.cases.get(key)
        if old is None:
            continue
        names = [
            name
            for name, values in old.by_metric.items()
            if name in new.by_metric and not values.may_be_like(new.by_metric[name])
        ]
        if names:
            yield key, tuple(names)


def _started(
    session: Session,
    stale: Mapping[Key, tuple[str, ...]],
    cases: Mapping[Key, BaselineCase],
    results: Iterable[CaseResult],
) -> Iterator[tuple[CaseResult, _PendingScores]]:
    """Start the new scores of every case, and yield them with the results of the run."""
    for order, result in enumerate(results):
        pending: _PendingScores = {}
        if result.key in cases:
            names = stale[result.key]
            pending = _start_case(session, names, cases[result.key], result, order)
        yield result, pending


def _start_case(
    session: Session,
    names: tuple[str, ...],
    case_before: BaselineCase,
    result: CaseResult,
    order: int,
) -> _PendingScores:
    pending: _PendingScores = {}
    for name in names:
        scorer = _scorer(session, result, name)
        if scorer is None:
            continue
        futures = _start_scores(session, scorer, result.case, case_before, order)
        for number, future in enumerate(futures):
            pending[number, name] = future
    return pending


def _start_scores(
    session: Session, scorer: ReadyScorer, case: Case, case_before: BaselineCase, order: int
) -> list[Future[Score]]:
    """Start a new score of every answer of a baseline's case."""
    answers = (
        Completion(text, endpoint="baseline", cost_usd=0.0, cached=True)
        for text in case_before.answers
    )
    return [begin_score(session, scorer, case, answer, order) for answer in answers]


def _scorer(session: Session, result: CaseResult, name: str) -> ReadyScorer | None:
    """Return the scorer of the run, or ``None`` if it is not available here."""
    scores = [score for score in result.scores if score.name == name]
    if len(scores) != 1:
        return None
    try:
        scorer = session.scorer(name, scores[0].params, session.settings)
    except InputError:
        # No judge is configured, or a test defines the metric.
        return None
    return scorer if scorer.scorer.for_case(result.case).has_made(scores[0]) else None


def _version(ready: ReadyScorer, case: Case) -> str:
    """Return the version of the scorer for a case, whose row may change the criterion."""
    return ready.scorer.for_case(case).version


def _renewed(
    old: CaseScores,
    result: CaseResult,
    case_before: BaselineCase,
    new_scores: Mapping[tuple[int, str], Score],
    reducer: Reducer,
) -> CaseScores:
    """Return the case of the baseline with its new scores and pass rate."""
    by_metric = dict(old.by_metric)
    by_name: dict[str, list[Score]] = {}
    for (_, name), score in new_scores.items():
        by_name.setdefault(name, []).append(score)
    for name, scores in by_name.items():
        by_metric[name] = _reduced(scores, reducer)
    if PASS_RATE in by_metric:
        outcomes = [
            _outcome(result, case_before, number, _of_answer(new_scores, number))
            for number in range(len(case_before.answers))
        ]
        passes = tuple(PASS_VALUES[outcome] for outcome in outcomes if outcome in PASS_VALUES)
        by_metric[PASS_RATE] = MetricValues(passes if len(passes) == len(outcomes) else ())
        if len(passes) > 1:
            whole = {
                name: replace(scores[0], value=by_metric[name].value)
                for name, scores in by_name.items()
            }
            outcome = _outcome(result, case_before, 0, whole)
            by_metric[PASS_RATE] = by_metric[PASS_RATE]._replace(reduced=PASS_VALUES.get(outcome))
    return replace(old, by_metric=by_metric)


def _reduced(scores: Sequence[Score], reducer: Reducer) -> MetricValues:
    """Reduce the new scores of a case's answers, as those of the run are reduced."""
    values = tuple(score.value for score in scores if score.value is not None)
    version = scores[0].version
    # What a vote would choose, and what more samples than these would show, is not known.
    if len(scores) == 1 or reducer.is_vote or len(scores) < reducer.k:
        return MetricValues(values, version)
    value = reduce_scores(reducer, scores).value
    return MetricValues(values if value is not None else (), version, value)


def _of_answer(new_scores: Mapping[tuple[int, str], Score], answer: int) -> Mapping[str, Score]:
    return {name: score for (number, name), score in new_scores.items() if number == answer}


def _outcome(
    result: CaseResult,
    case_before: BaselineCase,
    number: int,
    new_scores: Mapping[str, Score],
) -> Outcome:
    """Return the outcome of the case with these scores, by the thresholds of the run."""
    known = [
        replace(score, value=case_before.scores.by_metric[score.name].value, calls=(), error="")
        for score in result.scores
        if score.name in case_before.scores.by_metric
    ]
    answer = Completion(case_before.answers[number])
    old = replace(
        result.with_scores(tuple(known)),
        outcome=cast(Outcome, case_before.scores.outcome),
        completion=answer,
        samples=(),
    )
    old = replace(old, cause=_cause_before(old))
    new = old.with_scores(tuple(new_scores.get(score.name, score) for score in known))
    return judged_outcome(old, new).outcome


def _cause_before(old: CaseResult) -> Cause:
    """Return the cause of a baseline's outcome: its thresholds, or else the test itself."""
    explained = decide_by_thresholds(old)
    outcome = "failed" if old.outcome == "xfailed" else old.outcome
    return explained.cause if outcome == explained.outcome else "exception"


def _before_scores(
    renewed: CaseScores, new_scores: Mapping[tuple[int, str], Score]
) -> dict[str, BeforeScore]:
    """Return the new means, with the reasons for the case's first answer."""
    return {
        name: BeforeScore(renewed.by_metric[name].value, score.reason or score.error or "")
        for (number, name), score in new_scores.items()
        if number == 0
    }
