"""The samples of a case without a score, and whether the score of the case is known all the same.

The scores of the other samples may be so good because the worst are missing.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from pytest_llmeval.errors import SettingError
from pytest_llmeval.gating.sampling import Sampling
from pytest_llmeval.records.result import Sample, requested_samples
from pytest_llmeval.records.score import Scale, Score
from pytest_llmeval.stats.reducers import Reducer, parse_reducer

_VOTES, _ANSWERS, _UNPARSABLE = "votes", "n", "unparsable"
"""Parts of the score that a vote has chosen (`cases.reducing`)."""


def lost_of(name: str, samples: Iterable[Sample]) -> int:
    """Count the samples whose score of a metric has no value."""
    return sum(
        any(score.name == name and score.value is None for score in sample.scores)
        for sample in requested_samples(samples)
    )


def is_voted(score: Score) -> bool:
    """Return whether a score is that of the answer that a vote has chosen."""
    return _VOTES in score.parts and _UNPARSABLE in score.parts


def is_vote_open(score: Score, samples: Iterable[Sample]) -> bool:
    """Return whether answers that never came could have chosen another answer."""
    missing = sum(bool(sample.error) for sample in requested_samples(samples))
    parts = score.parts
    rest = parts.get(_ANSWERS, 0) - parts[_UNPARSABLE] - parts[_VOTES]
    return missing > 0 and parts[_VOTES] <= rest + missing


def settled(
    known: Sequence[float], lost: int, sampling: Sampling | None, scale: Scale
) -> float | None:
    """Return the score of a case that has lost samples; ``None`` if it depends on them.

    Args:
        known: Scores of the other samples.
        lost: Number of samples without a score.
        sampling: How the scores were reduced; ``None`` if unknown.
        scale: The scale of the scores.
    """
    if sampling is None:
        return None
    try:
        reducer = parse_reducer(sampling.reducer, sampling.samples)
    except SettingError:
        return None
    return settled_by(reducer, known, lost, scale)


def settled_by(reducer: Reducer, known: Collection[float], lost: int, scale: Scale) -> float | None:
    """Return the same as `settled`, for a reducer."""
    if reducer.is_vote or scale.low is None or scale.high is None:
        return None
    if len(known) + lost < max(reducer.k, 1):
        return None
    low, high = (
        reducer.reduce((*known, *[end] * lost), scale.higher_is_better)
        for end in (scale.low, scale.high)
    )
    return low if low == high else None
