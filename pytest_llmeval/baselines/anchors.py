"""Judge anchors: stored answers of the baseline that a judge scores again in every live run.

The model behind a pinned name may change. The fingerprint of the judge stays the same, and so do
the stored answers: if they get other scores now, it is the judge that has changed.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_llmeval.baselines.stored import is_as_judged, stored_answers
from pytest_llmeval.gating.pairing import Pair, ends
from pytest_llmeval.gating.values import by_name, metric_values
from pytest_llmeval.goldens.selection import draw_order
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
_NO_ANSWER = "the baseline does not say which of its scores is of which answer"
_FAILED_PERCENT = 5
"""Percentage of the anchors that may stay without a score: the others may be those that moved."""


@dataclass(frozen=True)
class AnchorScorers:
    """What scores a stored answer again as a case of the run was scored.

    Attributes:
        scorers: The judges whose mean is the score: one, or one per criterion.
        obstacle: Why there are none; empty if there are.
    """

    scorers: tuple[ReadyScorer, ...] = ()
    obstacle: str = ""


@dataclass(frozen=True)
class _Anchor:
    """A case of the run whose stored answer can be scored again.

    Attributes:
        rank: Its position in the draw.
        order: Its position in the run.
        metric: The score.
        result: The case.
        scorers: The judges whose mean is the score.
    """

    rank: int
    order: int
    metric: str
    result: CaseResult
    scorers: tuple[ReadyScorer, ...]


@dataclass(frozen=True)
class _Scored:
    """A stored answer with its score then, and its score now.

    Attributes:
        then: Score in the baseline.
        now: Its scores now, one per criterion, which may be pending.
        obstacle: Why it cannot be scored again; empty if it can.
    """

    then: float
    now: tuple[Future[Score], ...]
    obstacle: str = ""

    def value(self) -> float | None:
        """Return its score now, as `metric_values` makes it of several; ``None`` without one."""
        values = [future.result().value for future in self.now]
        known = [value for value in values if value is not None]
        return math.fsum(known) / len(known) if known and len(known) == len(values) else None

    def errors(self) -> list[str]:
        """Return why it has no score now."""
        errors = [future.result().error or "" for future in self.now]
        return [error for error in (self.obstacle, *errors) if error]


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
        for name in {score.name for _, score in result.all_scores() if _is_live(score)}:
            before = old.by_metric.get(name)
            scores = by_name(result.scores).get(name)
            if before is None or not before.values or not scores:
                continue
            if before.version == metric_values(scores).version:
                live.setdefault(name, {})[result.key] = old.key
    return live


def _is_live(score: Score) -> bool:
    return bool(score.judge) and any(not call.cached for call in score.calls)


def check_anchors(
    session: Session,
    before: RunScores,
    live: LiveScores,
    results: Iterable[CaseResult],
    scorers_of: Callable[[CaseResult, str], AnchorScorers],
) -> Iterator[AnchorCheck]:
    """Score some answers of the baseline again, and yield how each judge has changed.

    Args:
        session: The session that judges.
        before: The baseline, from which its cases can be read.
        live: The cases that can be anchors, by metric.
        results: Results of the run.
        scorers_of: Returns the judges of a result's score, or why they cannot be made here.
    """
    if before.read_cases is None:
        return
    anchors, obstacles = _drawn(live, results, session.settings.anchors, scorers_of)
    wanted = {live[anchor.metric][anchor.result.key] for anchor in anchors}
    cases: dict[Key, BaselineCase] = {}
    if wanted:
        cases = {case.key: case for case in before.read_cases() if case.key in wanted}
    scored: dict[str, list[_Scored]] = {}
    for anchor in anchors:
        case = cases.get(live[anchor.metric][anchor.result.key])
        if case is not None:
            scored.setdefault(anchor.metric, []).append(_begun(session, anchor, case))
    for metric in live:
        if metric in scored:
            yield _check(metric, scored[metric], before.scales[metric])
        else:
            yield AnchorCheck(metric, 0, error=obstacles.get(metric, _NO_ANSWER))


def _drawn(
    live: LiveScores,
    results: Iterable[CaseResult],
    number: int,
    scorers_of: Callable[[CaseResult, str], AnchorScorers],
) -> tuple[list[_Anchor], dict[str, str]]:
    """Draw the anchors, the same ones in each run over the same cases.

    Of a case whose judges cannot be made here, the next in the order of the draw takes the place.

    Returns:
        The anchors in the order of the results, and the first obstacle by metric.
    """
    ranks = {metric: _ranks(keys) for metric, keys in live.items()}
    able: dict[str, list[_Anchor]] = {metric: [] for metric in live}
    obstacles: dict[str, str] = {}
    start, end = 0, number
    lacking = list(live)
    while lacking:
        part = {metric: _between(ranks[metric], start, end) for metric in lacking}
        for order, result, metric in _of_part(results, part):
            judges = scorers_of(result, metric)
            if judges.obstacle:
                obstacles.setdefault(metric, judges.obstacle)
                continue
            rank = ranks[metric][result.key]
            able[metric].append(_Anchor(rank, order, metric, result, judges.scorers))
        lacking = [
            metric for metric in live if len(able[metric]) < number and end < len(ranks[metric])
        ]
        # The results are read again for each part of the draw, so there must be few parts.
        start, end = end, 3 * end
    chosen = [anchor for anchors in able.values() for anchor in sorted(anchors, key=_rank)[:number]]
    return sorted(chosen, key=lambda anchor: anchor.order), obstacles


def _ranks(keys: Iterable[Key]) -> dict[Key, int]:
    """Return the position of each case in the draw."""
    names = {"\0".join(key): key for key in keys}
    return {names[name]: rank for rank, name in enumerate(draw_order(names, _SEED))}


def _between(ranks: Mapping[Key, int], start: int, end: int) -> set[Key]:
    return {key for key, rank in ranks.items() if start <= rank < end}


def _of_part(
    results: Iterable[CaseResult], part: Mapping[str, set[Key]]
) -> Iterator[tuple[int, CaseResult, str]]:
    """Yield the results in a part of the draw with their position, by metric."""
    for order, result in enumerate(results):
        for metric, keys in part.items():
            if result.key in keys:
                yield order, result, metric


def _rank(anchor: _Anchor) -> int:
    return anchor.rank


def _begun(session: Session, anchor: _Anchor, case: BaselineCase) -> _Scored:
    """Start the new scores of the first stored answer of a case."""
    result = anchor.result
    then = _first_value(case, anchor.metric)
    if then is None:
        return _Scored(0.0, (), _NO_ANSWER)
    if not is_as_judged(case, result):
        return _Scored(then, (), "the baseline does not hold the passages that were retrieved then")
    answer = stored_answers(case)[0]
    now = tuple(
        begin_score(session, judge, result.case, answer, anchor.order, is_fresh=True)
        for judge in anchor.scorers
    )
    return _Scored(then, now)


def _first_value(case: BaselineCase, metric: str) -> float | None:
    """Return the score of a case's first answer, if it is known which score is of which answer."""
    values = case.scores.by_metric[metric].values
    return values[0] if values and len(values) == len(case.answers) else None


def _check(metric: str, anchors: list[_Scored], scale: Scale) -> AnchorCheck:
    known = [(anchor.then, anchor.value()) for anchor in anchors]
    pairs = [(then, value) for then, value in known if value is not None]
    errors = [error for anchor in anchors for error in anchor.errors()]
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
