"""The reduction of the scores of several samples to the Score of their case."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from pytest_llmeval.stats.voting import Vote, vote

if TYPE_CHECKING:
    from pytest_llmeval.protocols import BaseScorer
    from pytest_llmeval.records.score import Score
    from pytest_llmeval.stats.reducers import Reducer


def reduce_scores(reducer: Reducer, scores: Sequence[Score]) -> Score:
    """Reduce the scores of all samples to one Score.

    Unscored samples are left out and counted. A reducer that needs every sample makes the case
    unscored.

    Args:
        reducer: Any reducer but a vote.
        scores: The score of every sample, in the order of the samples.
    """
    scored = [score for score in scores if score.value is not None]
    values = [float(score) for score in scored]
    model = scored[0] if scored else scores[0]
    calls = tuple(call for score in scores for call in score.calls)
    whole = replace(
        model,
        value=None,
        reason="",
        error=None,
        raw="",
        parts=_parts(reducer, scores, values),
        calls=calls,
    )
    error = _complaint(reducer, scores, len(scored), model.scale.higher_is_better)
    if error:
        return replace(whole, error=error)
    value = reducer.reduce(values, model.scale.higher_is_better)
    nearest = min(scored, key=lambda score: abs(float(score) - value))
    samples = f"{len(scores)} samples"
    if len(scored) < len(scores):
        samples = f"{len(scored)} of {samples}"
    reason = _with_reason(f"{reducer} of {samples}", nearest.reason)
    return replace(whole, value=value, reason=reason)


def count_votes(scorer: BaseScorer, answers: Sequence[str | None]) -> Vote:
    """Count equal answers, as the scorer compares them; ``None`` stands for a failed call."""
    return vote(answers, scorer.parse, scorer.same)


def add_vote(score: Score, result: Vote, samples: int) -> Score:
    """Add the vote to the score of the winning answer."""
    reason = _with_reason(f"{result.votes} of {samples} samples agree", score.reason)
    return replace(score, reason=reason, parts=vote_parts(result, samples))


def vote_parts(result: Vote, samples: int) -> dict[str, float]:
    """Return a vote as the parts of a score."""
    return {
        "n": samples,
        "votes": result.votes,
        "classes": result.classes,
        "unparsable": result.unparsable,
    }


def _parts(reducer: Reducer, scores: Sequence[Score], values: Sequence[float]) -> dict[str, float]:
    parts: dict[str, float] = {
        "n": len(scores),
        "scored": len(values),
        "unscored": len(scores) - len(values),
    }
    if values:
        parts |= {"min": min(values), "max": max(values), "mean": float(statistics.mean(values))}
    if len(values) > 1:
        parts["sd"] = statistics.stdev(values)
    if reducer.k:
        parts["k"] = reducer.k
    return parts


def _complaint(
    reducer: Reducer, scores: Sequence[Score], scored: int, higher_is_better: bool
) -> str:
    """Return why the case cannot be scored; empty if it can."""
    if scored == len(scores):
        return ""
    first = next(score.error or "no reason given" for score in scores if score.value is None)
    if not scored:
        return f"none of {len(scores)} samples is scored. The first error: {first}"
    if reducer.claims_all(higher_is_better) or scored < reducer.k:
        unscored = f"{len(scores) - scored} of {len(scores)} samples"
        return f"{reducer} needs {unscored} that are unscored. The first error: {first}"
    return ""


def _with_reason(head: str, reason: str) -> str:
    return f"{head}: {reason}" if reason else head
