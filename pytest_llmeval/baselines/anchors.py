"""Judge anchors: stored answers of the baseline that a judge scores again in every live run.

The model behind a pinned name may change. The fingerprint of the judge stays the same, and so do
the stored answers: if they get other scores now, it is the judge that has changed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_llmeval.baselines.stored import is_as_judged, stored_answers
from pytest_llmeval.gating.pairing import Pair, ends
from pytest_llmeval.goldens.selection import random_subset
from pytest_llmeval.judging.ask import begin_score
from pytest_llmeval.records.comparison import AnchorCheck
from pytest_llmeval.records.result import CaseResult, Key
from pytest_llmeval.records.score import Scale, Score
from pytest_llmeval.stats.drift import FEWEST, judge_shift
from pytest_llmeval.text import count

if TYPE_CHECKING:
    from pytest_llmeval.assembly.scorers import ReadyScorer
    from pytest_llmeval.assembly.session import Session
    from pytest_llmeval.gating.scores import BaselineCase, RunScores

_SEED = 0
_FAILED_PERCENT = 5
"""Percentage of the anchors that may stay without a score: the others may be those that moved."""


@dataclass(frozen=True)
class _Scored:
    """A stored answer with its score then, and its score now.

    Attributes:
        then: Score in the baseline.
        now: Its score now, which may be pending.
    """

    then: float
    now: Future[Score]


LiveScores = dict[str, dict[Key, Key]]
"""Cases with a live score of a judge by metric: the key in the baseline, by that in the run."""


def live_scores(pairs: Iterable[Pair], results: Iterable[CaseResult]) -> LiveScores:
    """Return the cases by metric whose judge was asked in this run, and has judged the baseline.

    Scores from the store or a recording are of the judge as it was.

    Args:
        pairs: The cases of both runs.
        results: Results of the run.
    """
    partners = {new.key: old for old, new in pairs if old.content.may_accept_like(new.content)}
    live: LiveScores = {}
    for result in results:
        old = partners.get(result.key)
        if old is None:
            continue
        for _, score in result.all_scores():
            before = old.by_metric.get(score.name)
            if before is None or before.version != score.version or not before.values:
                continue
            if score.judge and any(not call.cached for call in score.calls):
                live.setdefault(score.name, {})[result.key] = old.key
    return live


def check_anchors(
    session: Session,
    before: RunScores,
    live: LiveScores,
    results: Iterable[CaseResult],
    scorer_of: Callable[[CaseResult, str], ReadyScorer | None],
) -> Iterator[AnchorCheck]:
    """Score some answers of the baseline again, and yield how each judge has changed.

    Args:
        session: The session that judges.
        before: The baseline, from which its cases can be read.
        live: The cases that can be anchors, by metric.
        results: Results of the run.
        scorer_of: Returns the judge of a result's score, or ``None`` if it cannot be made here.
    """
    chosen = {metric: _chosen(keys, session.settings.anchors) for metric, keys in live.items()}
    wanted = {keys[key] for metric, keys in live.items() for key in chosen[metric]}
    if not wanted or before.read_cases is None:
        return
    cases = {case.key: case for case in before.read_cases() if case.key in wanted}
    scored: dict[str, list[_Scored]] = {}
    for order, result in enumerate(results):
        for metric, keys in live.items():
            case = cases.get(keys[result.key]) if result.key in chosen[metric] else None
            if case is None:
                continue
            scorer = scorer_of(result, metric)
            then = _first_value(case, metric)
            if scorer is None or then is None or not is_as_judged(case, result):
                continue
            answer = stored_answers(case)[0]
            now = begin_score(session, scorer, result.case, answer, order, is_fresh=True)
            scored.setdefault(metric, []).append(_Scored(then, now))
    for metric, anchors in scored.items():
        yield _check(metric, anchors, before.scales[metric])


def _chosen(keys: Mapping[Key, Key], number: int) -> set[Key]:
    """Draw the anchors, the same ones in each run over the same cases."""
    names = {"\0".join(key): key for key in keys}
    return {names[name] for name in random_subset(list(names), number, _SEED)}


def _first_value(case: BaselineCase, metric: str) -> float | None:
    """Return the score of a case's first answer, if it is known which score is of which answer."""
    values = case.scores.by_metric[metric].values
    return values[0] if values and len(values) == len(case.answers) else None


def _check(metric: str, anchors: list[_Scored], scale: Scale) -> AnchorCheck:
    known = [(anchor.then, anchor.now.result()) for anchor in anchors]
    pairs = [(then, score.value) for then, score in known if score.value is not None]
    errors = [score.error for _, score in known if score.error]
    low, high = ends(scale) or (0.0, 1.0)
    unscored = len(known) - len(pairs)
    if not pairs or 100 * unscored > _FAILED_PERCENT * len(known):
        number = f"only {len(pairs)} of {count(len(known), 'stored answer')} could be scored again"
        return AnchorCheck(metric, len(pairs), error=": ".join([number, *errors[:1]]))
    then = [(value - low) / (high - low) for value, _ in pairs]
    now = [(value - low) / (high - low) for _, value in pairs]
    shift = judge_shift(then, now)
    if shift.changed and len(pairs) < FEWEST:
        few = (
            f"{count(len(pairs), 'stored answer')} cannot tell, and {shift.changed} scores changed"
        )
        return AnchorCheck(metric, len(pairs), shift.changed, shift.mean, shift.p, error=few)
    return AnchorCheck(metric, len(pairs), shift.changed, shift.mean, shift.p, shift.is_drift)
