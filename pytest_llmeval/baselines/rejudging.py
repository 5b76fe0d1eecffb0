"""Judging a baseline's answers again, where another judge has scored them: scores of two judges are not compared."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, cast

from pytest_llmeval.assembly.judges import asks_judge
from pytest_llmeval.assembly.roles import judges_itself
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

if TYPE_CHECKING:
    from pytest_llmeval.assembly.scorers import ReadyScorer
    from pytest_llmeval.assembly.session import Session
    from pytest_llmeval.cases.plan import Plan
    from pytest_llmeval.gating.scores import BaselineCase


_PendingScores = dict[tuple[int, str], Future[Score]]
"""New scores on their way, by the number of the answer and the name of the score."""


@dataclass(frozen=True)
class Rejudged:
    """A baseline whose scores can be compared.

    Attributes:
        baseline: The baseline, with the new scores.
        scores: What was made again, by case and metric.
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
    """Score the baseline's answers again where its judge was another, and decide anew whether they pass.

    What cannot be scored as the run was, because a test has made its judge in a way of its own, is
    left as it is: the comparison then says that the judges differ.

    Args:
        session: Whose engine asks; its calls count for the run and its budget.
        before: The baseline.
        read_cases: Reads its cases, with their answers.
        after: The run.
        results: Those of the run, in any order.
    """
    stale = dict(_stale(before, after))
    if not stale or judges_itself(
        session.settings
    ):  # the latter may not gate, whatever the baseline says
        return Rejudged(before, {})
    answers = {each.key: each for each in read_cases() if each.key in stale and each.answers}
    if not session.trust.cases:  # in the process of xdist that runs no test
        session.trust.cases = [result.case for result in results]
    entries, scores = dict(before.entries), {}
    for result, asked in start_ahead(session, _started(session, stale, answers, results)):
        key = result.key
        made = {place: future.result() for place, future in asked.items()}
        if made:
            entries[key] = _entry(entries[key], result, answers[key], made)
            scores[key] = _scores(entries[key], made)
    return Rejudged(replace(before, entries=entries), scores)


def count_rejudging(
    session: Session, before: RunScores, cases: Iterable[BaselineCase], plans: Iterable[Plan]
) -> None:
    """Ask, in a dry run, what `rejudge` would ask; its session counts it.

    Args:
        session: The session of the dry run.
        before: The baseline.
        cases: Its cases, with their answers.
        plans: What the tests of the run declare.
    """
    answers = {each.key: each for each in cases}
    asked: list[Future[Score]] = []
    for plan in plans:
        key = (plan.suite, plan.case.source.file, plan.case.id)
        if key in answers and key in before.entries:
            declared = (*((bound.metric, bound.params) for bound in plan.thresholds), *plan.metrics)
            for scorer in _foreseen(session, plan, declared, before.entries[key]):
                asked += _begun(session, scorer, plan.case, answers[key], plan.order)
    for future in asked:
        future.result()


def _foreseen(
    session: Session, plan: Plan, declared: Iterable[tuple[str, Mapping[str, Any]]], old: CaseScores
) -> Iterator[ReadyScorer]:
    """The judges that a test declares, and that are not those of the baseline."""
    for name, params in declared:
        if name in old.marks and asks_judge(name, session.settings):
            scorer = session.scorer(name, params, session.settings)
            version = _version(scorer, plan.case)
            is_own = version == _version(session.scorer(name, params, plan.settings), plan.case)
            if is_own and _differ(old.marks[name], MetricValues((), version)):
                yield scorer


def _stale(before: RunScores, after: RunScores) -> Iterator[tuple[Key, tuple[str, ...]]]:
    """The cases whose scores are of different versions, with the names of these scores."""
    for key, new in after.entries.items():
        old = before.entries.get(key)
        names = (
            []
            if old is None
            else [name for name, mark in old.marks.items() if _differ(mark, new.marks.get(name))]
        )
        if names:
            yield key, tuple(names)


def _differ(old: MetricValues, new: MetricValues | None) -> bool:
    return new is not None and bool(old.version and new.version) and old.version != new.version


def _started(
    session: Session,
    stale: Mapping[Key, tuple[str, ...]],
    answers: Mapping[Key, BaselineCase],
    results: Iterable[CaseResult],
) -> Iterator[tuple[CaseResult, _PendingScores]]:
    for order, result in enumerate(results):
        key = result.key
        yield (
            result,
            _asked(session, stale[key], answers[key], result, order) if key in answers else {},
        )


def _asked(
    session: Session,
    names: tuple[str, ...],
    case_before: BaselineCase,
    result: CaseResult,
    order: int,
) -> _PendingScores:
    found: _PendingScores = {}
    for name in names:
        scorer = _scorer(session, result, name)
        if scorer is not None:
            for number, future in enumerate(
                _begun(session, scorer, result.case, case_before, order)
            ):
                found[number, name] = future
    return found


def _begun(
    session: Session, scorer: ReadyScorer, case: Case, case_before: BaselineCase, order: int
) -> list[Future[Score]]:
    """A new score of each of the baseline's answers, on its way."""
    answers = (
        Completion(text, endpoint="baseline", cost_usd=0.0, cached=True)
        for text in case_before.answers
    )
    return [begin_score(session, scorer, case, answer, order) for answer in answers]


def _scorer(session: Session, result: CaseResult, name: str) -> ReadyScorer | None:
    """The scorer that the run has used; ``None`` if it cannot be had here."""
    own = [score for score in result.scores if score.name == name]
    if len(own) != 1:
        return None
    try:
        scorer = session.scorer(name, own[0].params, session.settings)
    except InputError:  # no judge is configured, or the metric is one of the tests' own
        return None
    return scorer if _version(scorer, result.case) == own[0].version else None


def _version(ready: ReadyScorer, case: Case) -> str:
    """The version of the scores of a case: a row may have a criterion of its own, and so another judge."""
    return ready.scorer.for_case(case).version


def _entry(
    old: CaseScores,
    result: CaseResult,
    case_before: BaselineCase,
    made: Mapping[tuple[int, str], Score],
) -> CaseScores:
    """The case of the baseline with its new scores, and whether each of its answers passes under them."""
    marks = dict(old.marks)
    for name in {name for _, name in made}:
        own = [score for (_, each), score in made.items() if each == name]
        values = tuple(score.value for score in own if score.value is not None)
        marks[name] = MetricValues(values, own[0].version)
    if PASS_RATE in marks:
        ends = [
            _outcome(result, case_before, number, made)
            for number in range(len(case_before.answers))
        ]
        kept = tuple(passed for end in ends if (passed := PASS_VALUES.get(end)) is not None)
        marks[PASS_RATE] = MetricValues(kept if len(kept) == len(ends) else ())
    return replace(old, marks=marks)


def _outcome(
    result: CaseResult,
    case_before: BaselineCase,
    number: int,
    made: Mapping[tuple[int, str], Score],
) -> Outcome:
    """How the case would have ended with this answer, by the run's bounds; the word of a test's own code stands."""
    known = [
        replace(score, value=case_before.scores.marks[score.name].mean, calls=(), error="")
        for score in result.scores
        if score.name in case_before.scores.marks
    ]
    answer = Completion(case_before.answers[number])
    old = replace(
        result.with_scores(tuple(known)),
        outcome=cast(Outcome, case_before.scores.outcome),
        completion=answer,
        samples=(),
    )
    old = replace(old, cause=_cause_before(old))
    new = old.with_scores(tuple(made.get((number, score.name), score) for score in known))
    return judged_outcome(old, new).outcome


def _cause_before(old: CaseResult) -> Cause:
    """Why the case ended as it did in the baseline, which holds no cause: its thresholds, if they explain it."""
    explained = decide_by_thresholds(old)
    outcome = "failed" if old.outcome == "xfailed" else old.outcome
    return explained.cause if outcome == explained.outcome else "exception"


def _scores(entry: CaseScores, made: Mapping[tuple[int, str], Score]) -> dict[str, BeforeScore]:
    first = {name: score for (number, name), score in made.items() if number == 0}
    return {
        name: BeforeScore(entry.marks[name].mean, score.reason or score.error or "")
        for name, score in first.items()
    }
