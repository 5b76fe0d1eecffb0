"""What became of each case of a run: against its baselines, and by itself."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal

from pytest_llmeval.records.comparison import CaseChange
from pytest_llmeval.records.result import Before, CaseResult, Key
from pytest_llmeval.records.run import Run
from pytest_llmeval.records.score import finite
from pytest_llmeval.records.verdicts import BAD, DOUBTFUL, GOOD, NEUTRAL, UNDECIDED, Tone, flip
from pytest_llmeval.summary.summary import FIRST_SCORE

Change = Literal[
    "lost",
    "failed",
    "error",
    "dropped",
    "still",
    "gained",
    "flipped",
    "worse",
    "better",
    "reworded",
    "same",
    "new",
]


@dataclass(frozen=True)
class ChangeRow:
    """How a change is shown.

    Attributes:
        title: Of one case.
        tone: How good or bad it looks.
        heading: Of several cases, where a review lists them.
        is_flip: Whether the case has another outcome than before.
    """

    title: str
    tone: Tone
    heading: str = ""
    is_flip: bool = False


CHANGES: Mapping[Change, ChangeRow] = {
    "lost": ChangeRow("passed before, fails now", BAD, "Passed before, fail now", is_flip=True),
    "failed": ChangeRow("worse than asked", BAD, "Worse than asked"),
    "error": ChangeRow("could not be judged", UNDECIDED, "Could not be judged"),
    "dropped": ChangeRow("scored lower than before", BAD, "Scored lower than before"),
    "still": ChangeRow("fails as before", BAD, "Fail as before"),
    "gained": ChangeRow("failed before, passes now", GOOD, "Failed before, pass now", is_flip=True),
    "flipped": ChangeRow("another outcome otherwise", DOUBTFUL, is_flip=True),
    "worse": ChangeRow("score is worse", BAD),
    "better": ChangeRow("score is better", GOOD),
    "reworded": ChangeRow("only the answer changed", NEUTRAL),
    "same": ChangeRow("unchanged", NEUTRAL),
    "new": ChangeRow("not in the baseline", NEUTRAL),
}
"""What can become of a case, what a reviewer has to see first."""

REVIEWED = tuple(change for change, row in CHANGES.items() if row.heading)
"""What a reviewer has to see, the worst first: `Changes.reviewed` finds one of them."""

AGAINST_BASELINE: tuple[Change, ...] = (
    "lost",
    "gained",
    "flipped",
    "worse",
    "better",
    "reworded",
    "same",
    "new",
)
"""What can be said of a case against one baseline: `change_of` returns one of them."""

_DUST = 1e-9  # a mean over samples may differ by less


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

    def reviewed(self, result: CaseResult) -> Change | None:
        """Return what a reviewer has to see of a case; ``None`` if there is nothing."""
        key = result.key
        if key in self.lost:
            return "lost"
        if result.outcome == "error":
            return "error"
        if result.outcome == "failed":
            return "still" if _failed_before(result) else "failed"
        if key in self.dropped:
            return "dropped"
        return "gained" if key in self.gained else None


def changes_of(run: Run) -> Changes:
    """Return what the comparisons of a run say of its cases."""
    comparisons = run.comparisons
    dropped: dict[Key, tuple[str, CaseChange]] = {}
    for comparison in comparisons:
        for metric in comparison.metrics:
            for change in metric.dropped if metric.is_gated else ():
                dropped.setdefault(_key(change), (metric.name, change))
    return Changes(
        frozenset(_key(change) for comparison in comparisons for change in comparison.lost),
        dropped,
        frozenset(_key(change) for comparison in comparisons for change in comparison.gained),
    )


def change_of(result: CaseResult, before: Before | None) -> Change:
    """Return what became of a case against one baseline.

    Where its outcome stayed, the first score that moved decides, the rubric's before others.

    Args:
        result: The case now.
        before: What the baseline says of it; ``None``: nothing.
    """
    if before is None:
        return "new"
    if before.outcome and before.outcome != result.outcome:
        return flip(before.outcome, result.outcome) or "flipped"
    for gain in _gains(result, before):
        return "better" if gain > 0 else "worse"
    answer = result.completion.text if result.completion else None
    return "same" if before.answer is None or before.answer == answer else "reworded"


def _failed_before(result: CaseResult) -> bool:
    """Whether a baseline says that the case failed there."""
    return any(flip(before.outcome, "passed") == "gained" for before in result.before)


def _key(change: CaseChange) -> Key:
    return (change.suite, change.file, change.id)


def _gains(result: CaseResult, before: Before) -> Iterator[float]:
    """How much each score that moved has gained, below 0 where it is worse."""
    for score in sorted(result.scores, key=lambda score: score.name != FIRST_SCORE):
        now, then = finite(score).value, before.scores.get(score.name)
        if now is None or then is None or then.value is None:
            continue
        if abs(now - then.value) > _DUST:
            yield now - then.value if score.scale.higher_is_better else then.value - now
