"""What every report asks of a result: who answered, which bounds are kept, which scores are numbers."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace

from pytest_llmeval.records import COMPARISONS, Case, Message, Score, Threshold
from pytest_llmeval.results import CaseResult

WORST_FIRST = (False, None, True)


@dataclass(frozen=True)
class Check:
    """One threshold and what became of it.

    Attributes:
        threshold: The bound.
        score: The Score that decides; ``None`` if none was taken.
        value: The number compared; ``None`` if there is none.
        met: Whether the bound is kept; ``None`` if that could not be decided.
    """

    threshold: Threshold
    score: Score | None
    value: float | None
    met: bool | None


def checks(result: CaseResult) -> Iterator[Check]:
    """What became of each threshold of a result, in their order.

    A test may score several answers. The bound is on each of them, so the worst one decides.
    """
    for threshold in result.thresholds:
        found = [_check(threshold, score) for score in _bounded(threshold, result)]
        yield min(found, key=lambda check: WORST_FIRST.index(check.met), default=Check(threshold, None, None, None))


def _bounded(threshold: Threshold, result: CaseResult) -> list[Score]:
    """The scores of a threshold's metric; where it is bounded with several sets of arguments, the n-th for the n-th."""
    scores = [score for score in result.scores if score.name == threshold.metric]
    arguments: list[object] = []
    for other in result.thresholds:
        if other.metric == threshold.metric and other.params not in arguments:
            arguments.append(other.params)
    place = arguments.index(threshold.params)
    return scores if len(arguments) == 1 else scores[place : place + 1]


def _check(threshold: Threshold, score: Score) -> Check:
    value = finite(score).value
    met = None if value is None else COMPARISONS[threshold.comparison](value, threshold.bound)
    return Check(threshold, score, value, met)


def finite(score: Score) -> Score:
    """The score; unscored, with the reason, if its value is infinite or not a number."""
    if score.value is None or math.isfinite(score.value):
        return score
    return replace(score, value=None, error=score.error or f"the scorer gave {score.value}, not a finite number")


def model_of(result: CaseResult) -> str:
    """The model that answered, as the endpoint names it, else as it was asked for; empty if there is none."""
    named = result.completion.model if result.completion else ""
    return named or (result.request.model if result.request else "")


def own_messages(case: Case) -> tuple[Message, ...]:
    """What a model is asked for a case when nothing is added: its chat, or its prompt."""
    return case.messages or ({"role": "user", "content": case.prompt},)
