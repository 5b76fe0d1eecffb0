"""Which cases of a run went which way: against its baselines, and by themselves."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal, get_args

from pytest_llmeval.records.comparison import CaseChange
from pytest_llmeval.records.result import Before, CaseResult, Key
from pytest_llmeval.records.run import Run
from pytest_llmeval.records.score import finite
from pytest_llmeval.summary.summary import FIRST_SCORE

Way = Literal["lost", "failed", "error", "dropped", "still", "gained"]
"""The worst first. ``lost``: passed before and fails now. ``failed``: worse than asked. ``error``: not judged.
``dropped``: scored lower than before. ``still``: fails as before. ``gained``: failed before and
passes now."""

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
        dropped: Cases with a lower score of a metric that is gated, the most suspicious first: the
            metric, the change.
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


Change = Literal["lost", "gained", "flipped", "worse", "better", "reworded", "same", "new"]
"""``lost``: it passed before and fails now. ``flipped``: its outcome changed in another way. ``reworded``: only its
answer changed. ``new``: the baseline does not say."""

FLIPS: tuple[Change, ...] = ("lost", "gained", "flipped")
FAILED = ("failed", "xfailed")
DUST = 1e-9  # a mean over samples may differ by less


def change_of(result: CaseResult, before: Before | None) -> Change:
    """What became of a case. Where its outcome stayed, the first score that moved decides, the rubric's before others.

    Args:
        result: The case now.
        before: What the baseline says of it; ``None``: nothing.
    """
    if before is None:
        return "new"
    if before.outcome and before.outcome != result.outcome:
        if before.outcome == "passed" and result.outcome in FAILED:
            return "lost"
        return "gained" if before.outcome in FAILED and result.outcome == "passed" else "flipped"
    for gain in _gains(result, before):
        return "better" if gain > 0 else "worse"
    answer = result.completion.text if result.completion else None
    return "same" if before.answer is None or before.answer == answer else "reworded"


def _gains(result: CaseResult, before: Before) -> Iterator[float]:
    """How much each score that moved has gained, below 0 where it is worse."""
    for score in sorted(result.scores, key=lambda score: score.name != FIRST_SCORE):
        now, then = finite(score).value, before.scores.get(score.name)
        if (
            now is not None
            and then is not None
            and then.value is not None
            and abs(now - then.value) > DUST
        ):
            yield now - then.value if score.scale.higher_is_better else then.value - now
