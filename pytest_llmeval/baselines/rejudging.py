"""Scoring the answers of a baseline again, where its scores cannot be compared with those of a run.

They cannot if another judge gave them, if the judge has changed behind its name
(`baselines.anchors`), or if the reference of the case was edited since.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, cast

from pytest_llmeval.assembly.judges import asks_judge
from pytest_llmeval.assembly.roles import judges_itself
from pytest_llmeval.baselines.anchors import AnchorScorers, LiveScores, check_anchors, live_scores
from pytest_llmeval.baselines.extracting import extracted_again
from pytest_llmeval.baselines.stored import first_answer, is_as_judged, stored_answers
from pytest_llmeval.cases.reducing import reduce_scores
from pytest_llmeval.errors import InputError
from pytest_llmeval.gating.content import content_of
from pytest_llmeval.gating.lost_samples import settled_by
from pytest_llmeval.gating.pairing import Pair, join
from pytest_llmeval.gating.sampling import differs_in_pattern, sampling_of
from pytest_llmeval.gating.scores import CaseScores, RunScores
from pytest_llmeval.gating.values import MetricValues
from pytest_llmeval.judging.ask import begin_score, start_ahead
from pytest_llmeval.judging.rescore import decide_by_thresholds, judged_outcome
from pytest_llmeval.records.call import Completion
from pytest_llmeval.records.case import Case
from pytest_llmeval.records.comparison import AnchorCheck
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
from pytest_llmeval.settings.table import OFF, RECORD_ALL
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
    """A baseline after scoring it again.

    Attributes:
        baseline: The baseline including the new scores.
        scores: The new scores by case of the baseline and metric.
        edited: Cases of the baseline whose reference was edited, and that were scored again.
        anchors: The checks of the judges.
    """

    baseline: RunScores
    scores: Mapping[Key, Mapping[str, BeforeScore]]
    edited: frozenset[Key] = frozenset()
    anchors: tuple[AnchorCheck, ...] = ()


@dataclass(frozen=True)
class _Stale:
    """A case of the baseline with scores that cannot be compared.

    Attributes:
        key: The case in the baseline.
        metrics: The metrics of these scores.
        is_edited: Whether its reference, another column or the pattern of its answer was edited.
        pattern: The pattern that takes its answers out of the replies now; ``None`` if it has not
            changed.
        is_like: Whether its scores stand if it takes out the same answers.
        drifted: Those of the metrics whose judge has changed behind its name.
    """

    key: Key
    metrics: tuple[str, ...]
    is_edited: bool = False
    pattern: str | None = None
    is_like: bool = False
    drifted: frozenset[str] = frozenset()


def rejudge(
    session: Session, before: RunScores, after: RunScores, results: Iterable[CaseResult]
) -> Rejudged:
    """Score the answers of a baseline as the run does, and decide again if they pass.

    Scores of a judge or metric that a test configures itself cannot be made again. They stay, and
    the comparison reports that the judges differ, or leaves out the edited cases.

    Args:
        session: The session that scores; its calls count for the run and its budget.
        before: The baseline, from which its cases can be read.
        after: Scores of the run.
        results: Results of the run in any order.
    """
    if before.read_cases is None:
        return Rejudged(before, {})
    stale, anchors = _examine(session, before, after, results)
    if not stale:
        return Rejudged(before, {}, anchors=anchors)
    keys = {case.key for case in stale.values()}
    cases = {case.key: case for case in before.read_cases() if case.key in keys and case.answers}
    renewed = dict(before.cases)
    stale = dict(_with_answers_of_run(stale, cases, renewed))
    for case in stale.values():
        if case.drifted:
            unlike = frozenset({*case.drifted, PASS_RATE})
            renewed[case.key] = replace(renewed[case.key], drifted=unlike)
    scores = {}
    edited = set()
    rejudged: Counter[str] = Counter()
    for result, pending in start_ahead(session, _started(session, stale, cases, results)):
        new_scores = {index: future.result() for index, future in pending.items()}
        if not new_scores:
            continue
        case = stale[result.key]
        reducer = _reducer(session, result)
        new = _renewed(renewed[case.key], result, cases[case.key], new_scores, reducer)
        scores[case.key] = _before_scores(new, new_scores)
        names = {name for _, name in new_scores}
        if case.drifted <= names:
            new = replace(new, drifted=frozenset())
        rejudged.update(case.drifted & names)
        if case.is_edited:
            new = replace(new, rescored=_rescored(result, names))
            edited.add(case.key)
        renewed[case.key] = new
    anchors = tuple(replace(check, rejudged=rejudged[check.metric]) for check in anchors)
    again = {name for by_metric in scores.values() for name in by_metric}
    baseline = replace(before, cases=renewed, renewed=frozenset({*again, PASS_RATE}))
    return Rejudged(baseline, scores, frozenset(edited), anchors)


def _with_answers_of_run(
    stale: Mapping[Key, _Stale], cases: dict[Key, BaselineCase], renewed: dict[Key, CaseScores]
) -> Iterator[tuple[Key, _Stale]]:
    """Take the answers out of the replies as the run does, and yield the cases to score again.

    Args:
        stale: The cases with scores that cannot be compared, by key in the run.
        cases: The cases of the baseline; those whose answers are not known are removed.
        renewed: Their scores, which get what the answers have changed.
    """
    for key, case in stale.items():
        stored = cases.get(case.key)
        if case.pattern is None or stored is None:
            yield key, case
            continue
        extracted = extracted_again(stored, case.pattern)
        if extracted is None:
            del cases[case.key]
            continue
        cases[case.key] = extracted
        old = renewed[case.key]
        if extracted.answers != stored.answers:
            renewed[case.key] = old.with_answers(extracted.answers)
        elif case.is_like and not case.drifted:
            renewed[case.key] = replace(old, rescored=frozenset(old.by_metric))
            continue
        yield key, case


def _reducer(session: Session, result: CaseResult) -> Reducer:
    """Return the reducer of a case, which its test may have set."""
    sampling = sampling_of(result.basis)
    if sampling is None:
        return parse_reducer(session.settings.reducer, session.settings.samples)
    return parse_reducer(sampling.reducer, sampling.samples)


def _examine(
    session: Session, before: RunScores, after: RunScores, results: Iterable[CaseResult]
) -> tuple[dict[Key, _Stale], tuple[AnchorCheck, ...]]:
    """Return the cases with scores that cannot be compared, by key in the run, and the checks."""
    pairs = join(before, after).pairs
    stale = dict(_stale(session, pairs))
    live: LiveScores = {}
    if session.settings.anchors and not judges_itself(session.settings):
        live = live_scores(pairs, results)
    if (live or stale) and not session.trust.cases:
        # The controller of xdist runs no tests, so it knows no cases yet.
        session.trust.cases = [result.case for result in results]
    scorers_of = partial(_anchor_scorers, session)
    anchors = tuple(check_anchors(session, before, live, results, scorers_of))
    for check in anchors:
        for key, old_key in live[check.metric].items() if check.is_drift else ():
            stale[key] = _with_drift(stale.get(key, _Stale(old_key, ())), check.metric)
    return stale, anchors


def _with_drift(case: _Stale, metric: str) -> _Stale:
    metrics = tuple(dict.fromkeys((*case.metrics, metric)))
    return replace(case, metrics=metrics, drifted=case.drifted | {metric})


def _rescored(result: CaseResult, names: Collection[str]) -> frozenset[str]:
    """Return the metrics of an edited case that were made again.

    Whether it passes is known again only for a golden row: the body of a test may have read the
    reference, too.
    """
    return frozenset({*names, PASS_RATE} if result.is_row else names)


def count_rejudging(session: Session, before: RunScores, plans: Iterable[Plan]) -> None:
    """Count in a dry run the calls that `rejudge` would make for the plans of the tests.

    Anchors are counted as if the judges were asked live, and had not changed.
    """
    if before.read_cases is None:
        return
    by_key = {case.key: case for case in before.read_cases()}
    futures: list[Future[Score]] = []
    anchors: Counter[str] = Counter()
    for plan in plans:
        key = (plan.suite, plan.case.source.file, plan.case.id)
        if key not in by_key or key not in before.cases:
            continue
        stored = by_key[key]
        extracted = _extracted_for(plan, stored)
        if extracted is None:
            continue
        is_changed = extracted.answers != stored.answers
        for scorer, is_stale in _declared_judges(session, plan, before.cases[key], is_changed):
            answers = extracted
            if not is_stale:
                anchors[scorer.version] += 1
                if anchors[scorer.version] > session.settings.anchors:
                    continue
                answers = first_answer(answers)
            futures += _start_scores(
                session, scorer, plan.case, answers, plan.order, is_fresh=not is_stale
            )
    for future in futures:
        future.result()


def _extracted_for(plan: Plan, stored: BaselineCase) -> BaselineCase | None:
    """Return a case with the answers that the pattern of a test takes out; ``None`` without any."""
    pattern = plan.settings.answer_pattern or ""
    sampling = stored.scores.sampling
    if sampling is None or sampling.pattern == pattern:
        return stored
    return extracted_again(stored, pattern)


def _declared_judges(
    session: Session, plan: Plan, old: CaseScores, has_new_answers: bool
) -> Iterator[tuple[ReadyScorer, bool]]:
    """Yield the judges that a test declares, and whether its baseline needs them."""
    is_edited = has_new_answers or not old.content.may_accept_like(content_of(plan.case))
    for name, params in plan.declared:
        if name not in old.by_metric or not asks_judge(name, session.settings):
            continue
        scorer = session.scorer(name, params, session.settings)
        version = _version(scorer, plan.case)
        is_usual = version == _version(session.scorer(name, params, plan.settings), plan.case)
        is_stale = is_edited or not old.by_metric[name].may_be_like(MetricValues((), version))
        if is_usual and (is_stale or session.settings.record in (OFF, RECORD_ALL)):
            yield scorer, is_stale


def _stale(session: Session, pairs: Iterable[Pair]) -> Iterator[tuple[Key, _Stale]]:
    """Yield the cases with scores that cannot be compared, by their name in the run."""
    # A model that judges itself may not gate anyway.
    is_trusted = not judges_itself(session.settings)
    for old, new in pairs:
        is_edited = not old.content.may_accept_like(new.content)
        has_edited = bool(old.content.edited_columns(new.content))
        has_extracted = differs_in_pattern(old.sampling, new.sampling)
        is_like = not (is_edited or has_edited)
        names = []
        for name, values in old.by_metric.items():
            if name not in new.by_metric or name == PASS_RATE:
                continue
            is_judged = asks_judge(name, session.settings)
            is_of_new_judge = not values.may_be_like(new.by_metric[name])
            is_like = is_like and not is_of_new_judge
            is_unlike = is_edited or has_extracted or is_of_new_judge
            # A metric costs nothing, and may read any column.
            if (is_unlike or (has_edited and not is_judged)) and (is_trusted or not is_judged):
                names.append(name)
        if names:
            is_edited = is_edited or has_edited or has_extracted
            pattern = new.sampling.pattern if has_extracted and new.sampling else None
            yield new.key, _Stale(old.key, tuple(names), is_edited, pattern, is_like)


def _started(
    session: Session,
    stale: Mapping[Key, _Stale],
    cases: Mapping[Key, BaselineCase],
    results: Iterable[CaseResult],
) -> Iterator[tuple[CaseResult, _PendingScores]]:
    """Start the new scores of every case, and yield them with the results of the run."""
    for order, result in enumerate(results):
        pending: _PendingScores = {}
        case = stale.get(result.key)
        if case is not None and case.key in cases and is_as_judged(cases[case.key], result):
            pending = _start_case(session, case, cases[case.key], result, order)
        yield result, pending


def _start_case(
    session: Session,
    case: _Stale,
    case_before: BaselineCase,
    result: CaseResult,
    order: int,
) -> _PendingScores:
    pending: _PendingScores = {}
    for name in case.metrics:
        scorer = _scorer(session, result, name)
        if scorer is None:
            continue
        is_fresh = name in case.drifted
        futures = _start_scores(session, scorer, result.case, case_before, order, is_fresh)
        for number, future in enumerate(futures):
            pending[number, name] = future
    return pending


def _start_scores(
    session: Session,
    scorer: ReadyScorer,
    case: Case,
    case_before: BaselineCase,
    order: int,
    is_fresh: bool = False,
) -> list[Future[Score]]:
    """Start a new score of every answer of a baseline's case."""
    return [
        begin_score(session, scorer, case, answer, order, is_fresh=is_fresh)
        for answer in stored_answers(case_before)
    ]


def _scorer(session: Session, result: CaseResult, name: str) -> ReadyScorer | None:
    """Return the scorer of the run, or ``None`` if it is not available here."""
    scores = [score for score in result.scores if score.name == name]
    return _scorer_of(session, result, scores[0]) if len(scores) == 1 else None


def _scorer_of(session: Session, result: CaseResult, score: Score) -> ReadyScorer | None:
    """Return the scorer of one score, or ``None`` if it is not available here."""
    try:
        scorer = session.scorer(score.name, score.params, session.settings)
    except InputError:
        # No judge is configured, or a test defines the metric.
        return None
    return scorer if scorer.scorer.for_case(result.case).has_made(score) else None


def _anchor_scorers(session: Session, result: CaseResult, name: str) -> AnchorScorers:
    """Return the judges of a score, which is the mean of several where a test asked for more."""
    scores = [score for score in result.scores if score.name == name]
    if len({score.scorer for score in scores}) < len(scores):
        # A test scores the same text once, so these were several.
        return AnchorScorers(obstacle="a test has scored several texts, and the baseline holds one")
    scorers = [_scorer_of(session, result, score) for score in scores]
    known = tuple(scorer for scorer in scorers if scorer is not None)
    if not known or len(known) < len(scorers):
        return AnchorScorers(obstacle="a test configures this judge itself, so it cannot be made")
    return AnchorScorers(known)


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
        by_metric[name] = _reduced(scores, reducer, old.samples - len(case_before.answers))
    if PASS_RATE in by_metric:
        whole = {
            name: replace(scores[0], value=by_metric[name].value)
            for name, scores in by_name.items()
        }
        by_metric[PASS_RATE] = _renewed_pass_rate(result, case_before, new_scores, whole)
    return replace(old, by_metric=by_metric)


def _renewed_pass_rate(
    result: CaseResult,
    case_before: BaselineCase,
    new_scores: Mapping[tuple[int, str], Score],
    whole: Mapping[str, Score],
) -> MetricValues:
    """Return whether each answer of the baseline passes, and whether its case does.

    Args:
        result: The case in the run, with the thresholds.
        case_before: The case in the baseline.
        new_scores: The new scores by answer and name.
        whole: Those of the case, reduced over its answers.
    """
    outcomes = [
        _outcome(result, case_before, number, _of_answer(new_scores, number))
        for number in range(len(case_before.answers))
    ]
    passes = tuple(PASS_VALUES[outcome] for outcome in outcomes if outcome in PASS_VALUES)
    is_known = all(score.value is not None for score in whole.values())
    values = passes if is_known and len(passes) == len(outcomes) else ()
    if len(passes) <= 1:
        return MetricValues(values)
    return MetricValues(values, reduced=PASS_VALUES.get(_outcome(result, case_before, 0, whole)))


def _reduced(scores: Sequence[Score], reducer: Reducer, lost: int) -> MetricValues:
    """Reduce the new scores of a case's answers, as those of the run are reduced.

    Args:
        scores: The scores.
        reducer: The reducer of the run.
        lost: Number of samples of the baseline without an answer.
    """
    values = tuple(score.value for score in scores if score.value is not None)
    version = scores[0].version
    lost = max(lost, 0) + len(scores) - len(values)
    if lost:
        value = settled_by(reducer, values, lost, scores[0].scale)
        return MetricValues(values if value is not None else (), version, value, lost=lost)
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
