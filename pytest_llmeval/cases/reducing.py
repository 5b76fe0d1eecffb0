"""The Score of a case from those of its samples."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from pytest_llmeval.records.score import finite
from pytest_llmeval.stats.voting import Vote, vote

if TYPE_CHECKING:
    from pytest_llmeval.protocols import BaseScorer
    from pytest_llmeval.records.score import Score
    from pytest_llmeval.stats.reducers import Reducer


def reduced(reducer: Reducer, scores: Sequence[Score]) -> Score:
    """One Score of the scores of all samples.

    Samples without a score are left out and counted; where the reducer says something of every
    sample, the case is unscored.

    Args:
        reducer: How the values become one; no vote.
        scores: One a sample, in their order.
    """
    found = [finite(score) for score in scores]
    scored = [score for score in found if score.value is not None]
    values = [float(score) for score in scored]
    like = scored[0] if scored else found[0]
    calls = tuple(call for score in scores for call in score.calls)
    whole = replace(
        like,
        value=None,
        reason="",
        error=None,
        raw="",
        parts=_parts(reducer, scores, values),
        calls=calls,
    )
    error = _why_not(reducer, found, len(scored), like.scale.higher_is_better)
    if error:
        return replace(whole, error=error)
    value = reducer.reduce(values, like.scale.higher_is_better)
    nearest = min(scored, key=lambda score: abs(float(score) - value))
    of = f"{len(scores)}" if len(scored) == len(scores) else f"{len(scored)} of {len(scores)}"
    return replace(whole, value=value, reason=_said(f"{reducer} of {of} samples", nearest.reason))


def counted(scorer: BaseScorer, answers: Sequence[str | None]) -> Vote:
    """The vote over answers, as the scorer compares them.

    Args:
        scorer: Reads and compares answers.
        answers: The answers; ``None`` for one that never came.
    """
    return vote(answers, scorer.parse, scorer.same)


def elected(score: Score, result: Vote, samples: int) -> Score:
    """The score of the answer that won, with the vote beside it.

    Args:
        score: That of the answer.
        result: The vote.
        samples: How many samples there are.
    """
    reason = _said(f"{result.votes} of {samples} samples agree", score.reason)
    return replace(score, reason=reason, parts=vote_parts(result, samples))


def vote_parts(result: Vote, samples: int) -> dict[str, float]:
    """A vote as the numbers behind a score."""
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
    return {**parts, "k": reducer.k} if reducer.k else parts


def _why_not(reducer: Reducer, scores: Sequence[Score], scored: int, higher_is_better: bool) -> str:
    """Why the case cannot be scored; empty if it can."""
    if scored == len(scores):
        return ""
    first = next(score.error or "no reason given" for score in scores if score.value is None)
    if not scored:
        return f"none of {len(scores)} samples is scored; the first: {first}"
    if reducer.claims_all(higher_is_better) or scored < reducer.k:
        return f"{reducer} needs samples that are unscored, {len(scores) - scored} of {len(scores)}; the first: {first}"
    return ""


def _said(head: str, reason: str) -> str:
    return f"{head}: {reason}" if reason else head
