"""What changed when the answers of a run were judged again."""

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

WIDTH = 110
SHOWN = 20
"""Flipped cases that the terminal names; the JSON object has all."""


@dataclass(frozen=True)
class ScoreChange:
    """One score before and after.

    Attributes:
        name: Name of the score.
        before: Mean before, over the answers that are scored both times.
        after: The same after.
        difference: Mean of the differences, after less before, with its 95 % interval (Student,
            paired).
        changed: Answers whose score changed.
        unscored_before: Answers without a score before.
        unscored_after: Answers without one now.
        versions_before: Fingerprints of the judges before.
        versions_after: Of those now.
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
    """A case whose outcome changed.

    Attributes:
        id: Id of the case.
        nodeid: Its node id.
        before: Its outcome before.
        after: Its outcome now.
        scores: Its judged scores as ``NAME BEFORE -> AFTER``.
        reason: Why, in the judge's words now, or why it could not be judged.
    """

    id: str
    nodeid: str
    before: Outcome
    after: Outcome
    scores: str
    reason: str


@dataclass(frozen=True)
class Rescoring:
    """What changed.

    Attributes:
        source: The run whose answers were judged.
        run: The run that holds the new scores.
        cases: Results of the run.
        judged: Scores that were made again.
        scores: Every score that was made again, by name.
        flips: Every case whose outcome changed.
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
        for place, score in enumerate((old, new)):
            self.unscored[place] += score.value is None
            self.versions[place].add(score.version)
        if old.value is not None and new.value is not None:
            self.before.append(old.value)
            self.after.append(new.value)

    def change(self, name: str) -> ScoreChange:
        """The change over all answers counted."""
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
    """A case whose outcome changed.

    Args:
        old: Its result before.
        new: Its result now.
        pairs: Its judged scores before and now.
    """
    scores = ", ".join(f"{one.name} {_value(one)} -> {_value(other)}" for one, other in pairs)
    reason = next((text for _, score in pairs if (text := score.error or score.reason)), "")
    return Flip(new.case.id, new.nodeid, old.outcome, new.outcome, scores, reason)


def rescoring_lines(found: Rescoring) -> Iterator[str]:
    """The lines for a terminal."""
    told = f"{count(found.cases, 'case')}, {count(found.judged, 'score')}"
    yield f"{found.source.id} judged again as {found.run.id}: {told}"
    for change in found.scores:
        yield from _change_lines(change)
    yield count(len(found.flips), "outcome") + " changed" + (":" if found.flips else "")
    for each in found.flips[:SHOWN]:
        reason = f": {each.reason}" if each.reason else ""
        yield "  " + one_line(
            f"{each.id}: {each.before} -> {each.after}, {each.scores}{reason}", WIDTH
        )
    if len(found.flips) > SHOWN:
        yield f"  {and_more(len(found.flips) - SHOWN)} (--json PATH has all)"
    traffic = found.run.traffic
    more = f" and {count(traffic.unpriced, 'unpriced call')}" if traffic.unpriced else ""
    yield f"{count(traffic.calls, 'call')} made, {usd(traffic.usd)}{more}"
    yield from (f"note: {note.text}" for note in found.notes)


def rescoring_object(found: Rescoring) -> dict[str, Any]:
    """The same for a program; ``json.dumps(…, default=fields_of)`` writes it."""
    return dict(vars(found))


def _change_lines(change: ScoreChange) -> Iterator[str]:
    means = f"mean {average(change.before)} -> {average(change.after)}, difference {mean_text(change.difference)}"
    silent = (change.unscored_before, change.unscored_after)
    unscored = f", unscored {silent[0]} -> {silent[1]}" if any(silent) else ""
    yield f"{change.name:<9} {means}, n={change.difference.n:,}, {change.changed:,} changed{unscored}"
    before, after = (
        ", ".join(versions) for versions in (change.versions_before, change.versions_after)
    )
    yield f"{'':<9} " + (
        f"by {before} -> {after}" if before != after else f"by the same judge, {after}"
    )


def _value(score: Score) -> str:
    return "unscored" if score.value is None else number(score.value)
