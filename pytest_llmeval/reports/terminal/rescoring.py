"""The changes after a run's answers were judged again."""

from __future__ import annotations

import statistics
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from pytest_llmeval.records.interval import Interval
from pytest_llmeval.records.result import CaseResult, Outcome
from pytest_llmeval.records.run import Note, Run
from pytest_llmeval.records.score import Score
from pytest_llmeval.stats.intervals import mean_interval
from pytest_llmeval.text import and_more, average, count, mean_text, number, one_line, usd

_WIDTH = 110
_SHOWN = 20
"""Flipped cases in the terminal. The JSON object has all."""


@dataclass(frozen=True)
class ScoreChange:
    """One score before and after.

    Attributes:
        name: Name of the score.
        before: Mean before, over the answers scored both times.
        after: Mean after, over the same answers.
        difference: Mean of the differences (after minus before) with its 95% interval (Student,
            paired).
        changed: Answers with a changed score.
        unscored_before: Answers without a score before.
        unscored_after: Answers without a score after.
        versions_before: Fingerprints of the judges before.
        versions_after: Fingerprints of the judges after.
    """

    name: str
    before: float | None
    after: float | None
    difference: Interval
    changed: int
    unscored_before: int
    unscored_after: int
    versions_before: tuple[str, ...]
    versions_after: tuple[str, ...]


@dataclass(frozen=True)
class Flip:
    """A case with a changed outcome.

    Attributes:
        id: Id of the case.
        nodeid: Its node id.
        before: Its outcome before.
        after: Its outcome now.
        scores: Its judged scores as ``NAME BEFORE -> AFTER``.
        reason: Reason of the judge after, or why the case could not be judged.
    """

    id: str
    nodeid: str
    before: Outcome
    after: Outcome
    scores: str
    reason: str


@dataclass(frozen=True)
class Rescoring:
    """The changes.

    Attributes:
        source: The run with the judged answers.
        run: The run with the new scores.
        cases: Results of the run.
        judged: Number of new scores.
        scores: Every new score, by name.
        flips: Every case with a changed outcome.
        notes: What was left as it was, and why.
    """

    source: Run
    run: Run
    cases: int
    judged: int
    scores: tuple[ScoreChange, ...]
    flips: tuple[Flip, ...]
    notes: tuple[Note, ...]


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


def flip(old: CaseResult, new: CaseResult, pairs: list[tuple[Score, Score]]) -> Flip:
    """Make the record of a case with a changed outcome.

    Args:
        old: Its result before.
        new: Its result now.
        pairs: Its judged scores before and after.
    """
    scores = ", ".join(
        f"{before.name} {_value(before)} -> {_value(after)}" for before, after in pairs
    )
    reason = next((text for _, score in pairs if (text := score.error or score.reason)), "")
    return Flip(new.case.id, new.nodeid, old.outcome, new.outcome, scores, reason)


def rescoring_lines(rescoring: Rescoring) -> Iterator[str]:
    """Write the changes for a terminal."""
    amounts = f"{count(rescoring.cases, 'case')}, {count(rescoring.judged, 'score')}"
    yield f"{rescoring.source.id} judged again as {rescoring.run.id}: {amounts}"
    for change in rescoring.scores:
        yield from _change_lines(change)
    yield count(len(rescoring.flips), "outcome") + " changed" + (":" if rescoring.flips else "")
    for case in rescoring.flips[:_SHOWN]:
        reason = f": {case.reason}" if case.reason else ""
        text = f"{case.id}: {case.before} -> {case.after}, {case.scores}{reason}"
        yield f"  {one_line(text, _WIDTH)}"
    if len(rescoring.flips) > _SHOWN:
        yield f"  {and_more(len(rescoring.flips) - _SHOWN)} (--json PATH has all)"
    traffic = rescoring.run.traffic
    more = f" and {count(traffic.unpriced, 'unpriced call')}" if traffic.unpriced else ""
    yield f"{count(traffic.calls, 'call')} made, {usd(traffic.usd)}{more}"
    yield from (f"note: {note.text}" for note in rescoring.notes)


def rescoring_object(rescoring: Rescoring) -> dict[str, Any]:
    """Return the same for ``json.dumps(…, default=fields_of)``."""
    return dict(vars(rescoring))


def _change_lines(change: ScoreChange) -> Iterator[str]:
    values = f"mean {average(change.before)} -> {average(change.after)}"
    difference = f"difference {mean_text(change.difference)}, n={change.difference.n:,}"
    unscored = ""
    if change.unscored_before or change.unscored_after:
        unscored = f", unscored {change.unscored_before} -> {change.unscored_after}"
    yield f"{change.name:<9} {values}, {difference}, {change.changed:,} changed{unscored}"
    before = ", ".join(change.versions_before)
    after = ", ".join(change.versions_after)
    judges = f"by {before} -> {after}" if before != after else f"by the same judge, {after}"
    yield f"{'':<9} {judges}"


def _value(score: Score) -> str:
    return "unscored" if score.value is None else number(score.value)
