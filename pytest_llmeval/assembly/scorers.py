"""A scorer together with what its scores must say of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from inspect import iscoroutinefunction
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pytest_llmeval.protocols import BaseScorer
    from pytest_llmeval.records.score import Score


@dataclass(frozen=True, eq=False)
class ReadyScorer:
    """A metric or judge, ready to score. What it scores carries its arguments and its judge.

    Attributes:
        scorer: Gives the scores.
        params: Its arguments, as built-in types.
        judge: The model that judges; empty for a metric.
    """

    scorer: BaseScorer
    params: Mapping[str, Any] = field(default_factory=dict)
    judge: str = ""

    @property
    def name(self) -> str:
        """Name of its scores."""
        return self.scorer.name

    @property
    def version(self) -> str:
        """Version of its scores."""
        return self.scorer.version

    @property
    def is_awaited(self) -> bool:
        """Whether its scores are awaited, because it asks a model."""
        return iscoroutinefunction(self.scorer.score)

    def complete(self, score: Score) -> Score:
        """The score with the arguments and the judge; a scorer of the user may name its own judge."""
        return replace(score, params=self.params, judge=self.judge or score.judge)

    def as_score(self, result: object) -> Score:
        """What the scorer returned, as a Score."""
        from pytest_llmeval.metrics.as_score import as_score

        return self.complete(as_score(self.scorer, result))

    def unscored(self, error: Exception | str) -> Score:
        """The Score of an answer that could not be scored."""
        from pytest_llmeval.metrics.as_score import unscored

        return self.complete(unscored(self.scorer, error))
