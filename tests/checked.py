"""Checks as the evaluation of a case makes them, for results that tests write by hand."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from pytest_llmeval.records.result import Check, check_scores
from pytest_llmeval.records.score import Score
from pytest_llmeval.records.threshold import Threshold


def checks_of(scores: Sequence[Score], thresholds: Iterable[Threshold]) -> tuple[Check, ...]:
    """Each threshold, held against the scores of its metric that have its arguments."""
    return tuple(
        check_scores(
            threshold,
            [
                (index, score)
                for index, score in enumerate(scores)
                if (score.name, score.params) == (threshold.metric, threshold.params)
            ],
        )
        for threshold in thresholds
    )
