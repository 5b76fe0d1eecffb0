"""The changes of scores and outcomes while answers are judged again."""

from __future__ import annotations

import statistics
from dataclasses import dataclass, field

from pytest_llmeval.records.rescoring import Flip, ScoreChange
from pytest_llmeval.records.result import CaseResult
from pytest_llmeval.records.score import Score
from pytest_llmeval.stats.intervals import mean_interval
from pytest_llmeval.summary.outcome import shown_value


@dataclass
class ScoreChanges:
    """One score before and after, counted so far."""

    before: list[float] = field(default_factory=list)
    after: list[float] = field(default_factory=list)
    unscored: list[int] = field(default_factory=lambda: [0, 0])
    versions: tuple[set[str], set[str]] = field(default_factory=lambda: (set(), set()))

    def add(self, old: Score, new: Score) -> None:
        """Count one answer."""
        for index, score in enumerate((old, new)):
            self.unscored[index] += score.value is None
            self.versions[index].add(score.version)
        if old.value is not None and new.value is not None:
            self.before.append(old.value)
            self.after.append(new.value)

    def change(self, name: str) -> ScoreChange:
        """Return the change over all counted answers."""
        differences = [
            after - before for before, after in zip(self.before, self.after, strict=True)
        ]
        before, after = (tuple(sorted(versions)) for versions in self.versions)
        return ScoreChange(
            name=name,
            before=statistics.fmean(self.before) if self.before else None,
            after=statistics.fmean(self.after) if self.after else None,
            difference=mean_interval(differences),
            changed=sum(map(bool, differences)),
            unscored_before=self.unscored[0],
            unscored_after=self.unscored[1],
            versions_before=before,
            versions_after=after,
        )


def flip_of(old: CaseResult, new: CaseResult, pairs: list[tuple[Score, Score]]) -> Flip:
    """Make the record of a case with a changed outcome.

    Args:
        old: Its result before.
        new: Its result now.
        pairs: Its judged scores before and after.
    """
    scores = ", ".join(
        f"{before.name} {shown_value(before)} -> {shown_value(after)}" for before, after in pairs
    )
    reason = next((text for _, score in pairs if (text := score.error or score.reason)), "")
    return Flip(new.case.id, new.nodeid, old.outcome, new.outcome, scores, reason)
