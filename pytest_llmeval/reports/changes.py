"""Which cases of a run went which way: against its baselines, and by themselves."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Literal, get_args

from pytest_llmeval.comparisons import CaseChange
from pytest_llmeval.gating.sides import Key
from pytest_llmeval.results import CaseResult, Run

Way = Literal["lost", "failed", "error", "dropped", "still", "gained"]
"""The worst first. ``lost``: passed before and fails now. ``failed``: worse than asked. ``error``: not judged.
``dropped``: scored lower than before. ``still``: fails as before. ``gained``: failed before and passes now."""

WAYS: tuple[Way, ...] = get_args(Way)
WORDS: Mapping[Way, str] = {
    "lost": "passed before, fails now",
    "failed": "worse than asked",
    "still": "fails as before",
    "error": "could not be judged",
    "dropped": "scored lower than before",
}
"""What is said of one case."""


@dataclass(frozen=True)
class Changes:
    """The cases that differ from a baseline of the run.

    Attributes:
        lost: Cases that passed before and fail now.
        dropped: Cases with a lower score of a metric that is gated, the most suspicious first: the metric, the change.
        gained: Cases that failed before and pass now.
    """

    lost: Collection[Key] = frozenset()
    dropped: Mapping[Key, tuple[str, CaseChange]] = field(default_factory=dict)
    gained: Collection[Key] = frozenset()

    def way(self, result: CaseResult) -> Way | None:
        """Which way a case went; ``None`` if there is nothing to say."""
        key = result.key
        if key in self.lost:
            return "lost"
        if result.outcome == "error":
            return "error"
        if result.outcome == "failed":
            return "still" if failed_before(result) else "failed"
        if key in self.dropped:
            return "dropped"
        return "gained" if key in self.gained else None


def changes_of(run: Run) -> Changes:
    """What the comparisons of a run say of its cases."""
    found = run.comparisons
    metrics = [metric for comparison in found for metric in comparison.metrics if metric.is_gated]
    dropped: dict[Key, tuple[str, CaseChange]] = {}
    for metric in metrics:
        for change in metric.dropped:
            dropped.setdefault(_key(change), (metric.name, change))
    return Changes(
        frozenset(_key(change) for comparison in found for change in comparison.lost),
        dropped,
        frozenset(_key(change) for comparison in found for change in comparison.gained),
    )


def failed_before(result: CaseResult) -> bool:
    """Whether a baseline says that the case failed there."""
    return any(before.outcome in ("failed", "xfailed") for before in result.before)


def _key(change: CaseChange) -> Key:
    return (change.suite, change.file, change.id)
