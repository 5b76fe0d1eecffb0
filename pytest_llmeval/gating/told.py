"""What a baseline tells of a case in words and numbers: more than a verdict needs, and what a person wants to see."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import NamedTuple

from pytest_llmeval.gating.sides import PASS_RATE, Key, answers_of, entry_of
from pytest_llmeval.results import Before, BeforeScore, CaseResult


class Told(NamedTuple):
    """One case of a baseline.

    Attributes:
        key: What two runs are joined by.
        outcome: How it ended; empty if unknown.
        answers: Of each of its samples, the case's own first; none if there is none.
        scores: By metric.
    """

    key: Key
    outcome: str
    answers: tuple[str, ...]
    scores: Mapping[str, BeforeScore]

    def before(
        self, baseline: str, again: Mapping[str, BeforeScore] | None = None, unlike: Collection[str] = ()
    ) -> Before:
        """The record for a report.

        Args:
            baseline: The baseline, as it was named.
            again: Scores that were made again.
            unlike: Metrics that another judge has scored: they are left out, because nothing can be compared with them.
        """
        answer = self.answers[0] if self.answers else None
        scores = {name: score for name, score in self.scores.items() if name not in unlike}
        return Before(baseline, self.outcome, answer, {**scores, **(again or {})})


def told_of(result: CaseResult) -> Told:
    """What the result of an earlier run tells."""
    entry = entry_of(result)
    reasons = {score.name: score.reason for score in result.scores if score.reason}
    scores = {
        name: BeforeScore(mark.mean, reasons.get(name, "")) for name, mark in entry.marks.items() if name != PASS_RATE
    }
    return Told(entry.key, result.outcome, tuple(answer.text for answer in answers_of(result)), scores)
