"""A scorer with the arguments and the judge that its scores record."""

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
    """A metric or judge, with the arguments and the judge that its scores record.

    Attributes:
        scorer: The metric or judge.
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
        """Whether its scores are awaited, because it calls a model."""
        return iscoroutinefunction(self.scorer.score)

    def complete(self, score: Score) -> Score:
        """Add the arguments and the judge to a score, unless a custom scorer has named a judge."""
        return replace(score, params=self.params, judge=self.judge or score.judge)

    def as_score(self, result: object) -> Score:
        """Turn the result of the scorer into a Score."""
        from pytest_llmeval.metrics.as_score import as_score

        return self.complete(as_score(self.scorer, result))

    def unscored(self, error: Exception | str) -> Score:
        """Make the Score of an answer that could not be scored."""
        from pytest_llmeval.metrics.as_score import unscored

        return self.complete(unscored(self.scorer, error))
