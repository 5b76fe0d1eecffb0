"""The change of each case of a run, against its baselines and by its outcome."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal

from pytest_llmeval.records.comparison import CaseChange
from pytest_llmeval.records.result import Before, CaseResult, Key
from pytest_llmeval.records.run import Run
from pytest_llmeval.records.scorer import RUBRIC
from pytest_llmeval.records.verdicts import BAD, DOUBTFUL, GOOD, NEUTRAL, UNDECIDED, Tone, flip

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
    """The presentation of a change.

    Attributes:
        title: Text for one case.
        tone: Tone of the text.
        heading: Heading for several cases in a review; empty if a review leaves them out.
        is_flip: Whether the outcome of the case differs from the baseline.
    """

    title: str
    tone: Tone
    heading: str = ""
    is_flip: bool = False


CHANGES: Mapping[Change, ChangeRow] = {
    "lost": ChangeRow("passed before, fails now", BAD, "Passed before, fail now", is_flip=True),
    "failed": ChangeRow("missed its threshold", BAD, "Missed their threshold"),
    "error": ChangeRow("could not be judged", UNDECIDED, "Could not be judged"),
    "dropped": ChangeRow("scored lower than before", BAD, "Scored lower than before"),
    "still": ChangeRow("fails as before", BAD, "Fail as before"),
    "gained": ChangeRow("failed before, passes now", GOOD, "Failed before, pass now", is_flip=True),
    "flipped": ChangeRow("different outcome", DOUBTFUL, is_flip=True),
    "worse": ChangeRow("score is worse", BAD),
    "better": ChangeRow("score is better", GOOD),
    "reworded": ChangeRow("only the answer changed", NEUTRAL),
    "same": ChangeRow("unchanged", NEUTRAL),
    "new": ChangeRow("not in the baseline", NEUTRAL),
}
"""Changes of a case, the worst first."""

REVIEWED = tuple(change for change, row in CHANGES.items() if row.heading)
"""Changes that a review shows, the worst first: `Changes.reviewed` returns one of them."""

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
"""Changes of a case against one baseline: `change_of` returns one of them."""

_DUST = 1e-9  # means over samples may differ by less from rounding


@dataclass(frozen=True)
class Changes:
    """The cases that differ from a baseline of the run.

    Attributes:
        lost: Cases that passed before and fail now.
        dropped: Metric and change of cases with a lower score of a gated metric, the most
            suspicious first.
        gained: Cases that failed before and pass now.
    """

    lost: Collection[Key] = frozenset()
    dropped: Mapping[Key, tuple[str, CaseChange]] = field(default_factory=dict)
    gained: Collection[Key] = frozenset()

    def reviewed(self, result: CaseResult) -> Change | None:
        """Return the change that a review shows for a case; ``None`` if there is none."""
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
    """Collect the changed cases from the comparisons of a run."""
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
    """Return the change of a case against one baseline.

    If the outcome is the same, the first changed score decides, starting with the rubric.

    Args:
        result: The case now.
        before: The case in the baseline; ``None`` if it is not there.
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
    """Return whether the case failed in a baseline."""
    return any(flip(before.outcome, "passed") == "gained" for before in result.before)


def _key(change: CaseChange) -> Key:
    return (change.suite, change.file, change.id)


def _gains(result: CaseResult, before: Before) -> Iterator[float]:
    """Yield the gain of each changed score, below 0 if it is worse."""
    for score in sorted(result.scores, key=lambda score: score.name != RUBRIC):
        now = score.value
        then = before.scores.get(score.name)
        if now is None or then is None or then.value is None:
            continue
        if abs(now - then.value) > _DUST:
            yield now - then.value if score.scale.higher_is_better else then.value - now
